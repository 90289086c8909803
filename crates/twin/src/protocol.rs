//! Writes answers in the protocols of the services: AWS JSON 1.1, RPC v2 CBOR, AWS query and
//! REST-XML.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::cbor;
use crate::fault::Fault;

const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes an answer in AWS JSON. See "AWS JSON 1.1 protocol" in the Smithy documentation.
pub(crate) fn json(result: &Result<Value, Fault>) -> Response<Bytes> {
    let (status, body) = match result {
        Ok(value) => (200, value.to_string()),
        Err(fault) => (fault.status, json!({ "__type": fault.code, "message": fault.message }).to_string()),
    };
    response(status, "application/x-amz-json-1.1", body)
}

/// Writes an answer in CBOR. See "Smithy RPC v2 CBOR protocol" in the Smithy documentation.
pub(crate) fn cbor(result: &Result<Value, Fault>) -> Response<Bytes> {
    let (status, body) = match result {
        Ok(value) => (200, cbor::encode(value)),
        Err(fault) => {
            (fault.status, cbor::encode(&json!({ "__type": fault.code, "message": fault.message })))
        }
    };
    let mut response = response(status, "application/cbor", body);
    response.headers_mut().insert("smithy-protocol", http::HeaderValue::from_static("rpc-v2-cbor"));
    response
}

/// Writes an answer in the query protocol: the result of `operation`, already in XML, in its
/// envelope.
pub(crate) fn query(namespace: &str, operation: &str, result: &Result<String, Fault>) -> Response<Bytes> {
    let (status, body) = match result {
        Ok(xml) => (
            200,
            format!(
                "<{operation}Response xmlns=\"{namespace}\"><{operation}Result>{xml}\
                 </{operation}Result><ResponseMetadata><RequestId>twin</RequestId></ResponseMetadata></{operation}Response>"
            ),
        ),
        Err(fault) => (
            fault.status,
            format!(
                "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>Sender</Type>{}</Error>\
                 <RequestId>twin</RequestId></ErrorResponse>",
                code_and_message(fault)
            ),
        ),
    };
    response(status, "text/xml", format!("{XML_HEAD}{body}"))
}

/// Writes an error of S3.
pub(crate) fn s3_error(fault: &Fault) -> Response<Bytes> {
    let body = format!("{XML_HEAD}<Error>{}<RequestId>twin</RequestId></Error>", code_and_message(fault));
    response(fault.status, "application/xml", body)
}

pub(crate) fn response(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static(content_type));
    headers.insert("x-amz-request-id", http::HeaderValue::from_static("twin"));
    response
}

fn code_and_message(fault: &Fault) -> String {
    format!("<Code>{}</Code><Message>{}</Message>", fault.code, escape(&fault.message))
}

/// Escapes a text for XML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
