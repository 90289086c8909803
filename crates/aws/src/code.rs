//! Reads the error code of an answer, in each protocol of AWS. The SDK reads the code into another
//! type for each operation.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use minicbor::Decoder;
use minicbor::data::Type;
use minicbor::decode::Error;

/// Returns the error code of an answer; `None` for a success, which is not parsed.
///
/// See "Error responses" in the S3 API reference, and the AWS JSON, AWS query and RPC v2 CBOR
/// protocols in the Smithy specification.
pub(crate) fn code(answer: &HttpResponse) -> Option<String> {
    if answer.status().is_success() {
        return None;
    }
    let body = answer.body().bytes()?;
    if answer.headers().get("smithy-protocol") == Some("rpc-v2-cbor") {
        return type_in_cbor(body).ok()?.map(|shape| name(&shape).to_owned());
    }
    if let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) {
        return body["__type"].as_str().map(|shape| name(shape).to_owned());
    }
    let (_, rest) = std::str::from_utf8(body).ok()?.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.trim().to_owned())
}

/// Returns the name of an error without its namespace and without a URL after it. See "Operation
/// error serialization" in the description of the AWS JSON protocols.
fn name(shape: &str) -> &str {
    let shape = shape.split_once(':').map_or(shape, |(shape, _url)| shape);
    shape.rsplit_once('#').map_or(shape, |(_namespace, name)| name)
}

/// Returns the member `__type` of a map.
fn type_in_cbor(body: &[u8]) -> Result<Option<String>, Error> {
    let mut decoder = Decoder::new(body);
    let mut left = decoder.map()?;
    loop {
        match &mut left {
            Some(0) => return Ok(None),
            Some(left) => *left -= 1,
            None if decoder.datatype()? == Type::Break => return Ok(None),
            None => {}
        }
        if text(&mut decoder)? == "__type" {
            return text(&mut decoder).map(Some);
        }
        decoder.skip()?;
    }
}

fn text(decoder: &mut Decoder<'_>) -> Result<String, Error> {
    decoder.str_iter()?.collect()
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn answer(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), body.into())
    }

    #[test]
    fn the_code_is_read_in_json_and_in_xml() {
        for (body, expected) in [
            (r#"{"__type":"ExpiredTokenException","message":"m"}"#, Some("ExpiredTokenException")),
            (r#"{"__type":"com.amazon.coral.service#ExpiredTokenException"}"#, Some("ExpiredTokenException")),
            (r#"{"__type":"aws.protocols#Throttling:http://internal.amazon.com/"}"#, Some("Throttling")),
            (r#"{"__type":"AccessDeniedException","message":"ExpiredToken"}"#, Some("AccessDeniedException")),
            (r#"{"message":"ExpiredToken"}"#, None),
            (
                "<?xml version=\"1.0\"?>\n<Error><Code>ExpiredToken</Code><Message>m</Message></Error>",
                Some("ExpiredToken"),
            ),
            (
                "<ErrorResponse><Error><Type>Sender</Type><Code> Throttling </Code></Error></ErrorResponse>",
                Some("Throttling"),
            ),
            ("<Error><Code>AccessDenied</Code><Message>ExpiredToken</Message></Error>", Some("AccessDenied")),
            ("<Error><Code>Access", None),
            ("", None),
        ] {
            assert_eq!(code(&answer(400, body)).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn the_code_is_read_in_cbor() {
        let mut sized = Vec::new();
        let mut encoder = minicbor::Encoder::new(&mut sized);
        encoder.map(2).unwrap().str("message").unwrap().str("m").unwrap();
        encoder.str("__type").unwrap().str("com.amazonaws.cloudwatch#ExpiredToken").unwrap();
        let mut unsized_map = Vec::new();
        let mut encoder = minicbor::Encoder::new(&mut unsized_map);
        encoder.begin_map().unwrap().str("x").unwrap().begin_array().unwrap().u8(1).unwrap().end().unwrap();
        encoder.str("__type").unwrap().str("LimitExceeded").unwrap().end().unwrap();
        let mut nameless = Vec::new();
        minicbor::Encoder::new(&mut nameless).begin_map().unwrap().end().unwrap();
        for (body, expected) in [
            (sized.clone(), Some("ExpiredToken")),
            (unsized_map, Some("LimitExceeded")),
            (sized[..20].to_vec(), None),
            (nameless, None),
            (Vec::new(), None),
        ] {
            let mut answer = answer(400, body.clone());
            answer.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
            assert_eq!(code(&answer).as_deref(), expected, "{body:?}");
        }
    }

    #[test]
    fn a_success_has_no_code() {
        assert_eq!(code(&answer(200, r#"{"__type":"ExpiredToken"}"#)), None);
        assert_eq!(code(&answer(200, "<Policy><Code>ExpiredToken</Code></Policy>")), None);
    }
}
