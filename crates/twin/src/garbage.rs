//! Replaces answers by answers that are not from AWS, like those of a proxy, a load balancer or a
//! broken connection.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::{cbor, protocol, services};

/// The answer to every call of a read operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbage {
    /// Service and operation, as in [`Call::operation`](crate::Call::operation): `kms:ListKeys`.
    pub operation: String,
    /// The answer.
    pub answer: GarbageAnswer,
}

/// An answer in place of the answer of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GarbageAnswer {
    /// An HTML page with this HTTP status.
    Page(u16),
    /// An empty body with this HTTP status.
    Empty(u16),
    /// An error with this HTTP status and code, in the protocol of the service.
    Error(u16, &'static str),
    /// The first half of the answer of AWS.
    Half,
    /// A well-formed answer without any of the members of the answer of AWS.
    NoMembers,
    /// The answer of AWS, with the same token for the next page every time.
    Endless,
}

const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Error</title></head><body>Not available</body></html>\n";

impl Garbage {
    /// Returns the replacement of an answer.
    pub(crate) fn in_place_of(&self, answer: &Response<Bytes>) -> Response<Bytes> {
        let body = answer.body();
        let service = self.operation.split(':').next().unwrap_or_default();
        match self.answer {
            GarbageAnswer::Page(status) => protocol::response(status, "text/html", PAGE),
            GarbageAnswer::Empty(status) => protocol::response(status, "text/plain", ""),
            GarbageAnswer::Error(status, code) => {
                services::refusal(service, &Fault::new(status, code, "an answer in place of the one of AWS"))
            }
            GarbageAnswer::Half => with_body(answer, body.slice(..body.len() / 2)),
            GarbageAnswer::Endless if is_cbor(answer) => with_body(answer, endless_cbor(body)),
            GarbageAnswer::Endless => with_body(answer, endless(body)),
            GarbageAnswer::NoMembers if body.starts_with(b"<") => {
                let mut response = with_body(answer, Bytes::from_static(b"<Other><Member/></Other>"));
                *response.status_mut() = StatusCode::OK;
                response
            }
            GarbageAnswer::NoMembers if is_cbor(answer) => protocol::cbor(&Ok(json!({}))),
            GarbageAnswer::NoMembers => protocol::response(200, "application/x-amz-json-1.1", "{}"),
        }
    }
}

/// A token that every list of the twin accepts.
const SAME: &str = "after:again";

/// Adds a next page to the body, in the members of all services.
fn endless(body: &Bytes) -> Bytes {
    if let Ok(Value::Object(page)) = serde_json::from_slice(body) {
        return with_next_page(page).to_string().into();
    }
    let page = String::from_utf8_lossy(body).replace("<IsTruncated>false</IsTruncated>", "");
    let tokens = format!(
        "<IsTruncated>true</IsTruncated><Marker>{SAME}</Marker><NextToken>{SAME}</NextToken>\
         <NextContinuationToken>{SAME}</NextContinuationToken>"
    );
    let start = page.find("Result").and_then(|name| Some(name + page[name..].find('>')? + 1));
    match start {
        Some(start) => format!("{}{tokens}{}", &page[..start], &page[start..]).into(),
        None => body.clone(),
    }
}

fn endless_cbor(body: &Bytes) -> Bytes {
    match cbor::decode(body) {
        Ok(Value::Object(page)) => cbor::encode(&with_next_page(page)).into(),
        Ok(_) | Err(_) => body.clone(),
    }
}

fn with_next_page(mut page: Map<String, Value>) -> Value {
    for name in ["NextToken", "nextToken", "NextMarker"] {
        page.insert(name.to_owned(), json!(SAME));
    }
    page.insert("Truncated".to_owned(), json!(true));
    Value::Object(page)
}

fn is_cbor(answer: &Response<Bytes>) -> bool {
    answer.headers().get("content-type").is_some_and(|kind| kind == "application/cbor")
}

fn with_body(answer: &Response<Bytes>, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    response
}
