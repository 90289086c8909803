//! Rejects answers that cannot be from AWS, before the SDK reads them.
//!
//! The SDK reads an empty JSON body as an object without members, and truncated XML as the elements
//! before the truncation. Both look like an absent resource, or like a resource with fewer tags or
//! rules than it has.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;

use crate::call::note;
use crate::endpoint::is_of_aws;

/// A client that checks its answers. A rejected answer counts as a lost answer: the SDK retries the
/// call as after a lost connection.
#[derive(Debug)]
struct CheckedClient<T>(T);

/// The reason why an answer cannot be from AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Implausible {
    #[error("the answer is empty, so it is not from AWS")]
    Empty,
    #[error("the answer is incomplete")]
    Incomplete,
    #[error("the answer is longer than {} MiB, so it is not from AWS", LONGEST >> 20)]
    TooLong,
}

/// The largest number of bytes of an answer that are read. The longest answers of AWS to the calls
/// of this crate (pages of lists, and policies) have a tenth of this size.
const LONGEST: usize = 8 << 20;

/// The longest object that is read as a whole, so that the SDK retries the call after a lost
/// connection. A longer object, such as a log file of many megabytes, is a stream, which its reader
/// continues after a lost connection.
const LONGEST_WHOLE: u64 = 256 << 10;

/// Returns the client with a check of its answers.
pub(crate) fn checked(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(CheckedClient(client))
}

impl HttpClient for CheckedClient<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CheckedClient(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for CheckedClient<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        note(&request);
        // moto returns an empty body for some absent settings, for example in answer to
        // `GetBucketNotificationConfiguration`.
        let has_answer = has_answer(&request) && is_of_aws(request.uri());
        // An object is not a document.
        let is_object =
            request.uri().contains("x-id=GetObject&") || request.uri().ends_with("x-id=GetObject");
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            if is_object && is_long(&answer) {
                return Ok(answer);
            }
            check(answer, has_answer, is_object).await
        })
    }
}

/// Returns whether an object is too long to be read as a whole.
fn is_long(answer: &HttpResponse) -> bool {
    let length = answer.headers().get("content-length").and_then(|length| length.parse::<u64>().ok());
    answer.status().is_success() && length.is_some_and(|length| length > LONGEST_WHOLE)
}

/// Returns whether a successful answer to a request always has a body: every read except `HEAD`.
fn has_answer(request: &HttpRequest) -> bool {
    let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
    match target {
        Some(operation) => ["Get", "List", "Describe"].iter().any(|verb| operation.starts_with(verb)),
        None => request.method() == "GET",
    }
}

async fn check(
    mut answer: HttpResponse,
    has_answer: bool,
    is_object: bool,
) -> Result<HttpResponse, ConnectorError> {
    let bytes = read(answer.take_body(), LONGEST).await?;
    let implausible = implausible(&bytes, answer.status().is_success() && has_answer);
    if let Some(implausible) = implausible.filter(|_| !is_object) {
        return Err(ConnectorError::other(implausible.into(), Some(ErrorKind::TransientError)));
    }
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(answer)
}

/// Reads a body to its end. Gives up a body that is too long, without another attempt
/// ([`ErrorKind::ClientError`]).
async fn read(body: SdkBody, longest: usize) -> Result<Vec<u8>, ConnectorError> {
    let (mut body, mut bytes) = (ByteStream::new(body), Vec::new());
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| ConnectorError::io(error.into()))?;
        if bytes.len() + chunk.len() > longest {
            return Err(ConnectorError::other(Implausible::TooLong.into(), Some(ErrorKind::ClientError)));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn implausible(body: &[u8], has_answer: bool) -> Option<Implausible> {
    let body = body.trim_ascii();
    match body {
        [] | b"{}" => has_answer.then_some(Implausible::Empty),
        [b'<', ..] => (!is_whole(body)).then_some(Implausible::Incomplete),
        _ => None,
    }
}

/// Returns whether XML ends with the end of its first element. The SDK finds every other fault of
/// XML.
fn is_whole(xml: &[u8]) -> bool {
    let Ok(mut rest) = std::str::from_utf8(xml) else { return true };
    // Declarations and comments come before the first element.
    while rest.starts_with("<?") || rest.starts_with("<!") {
        let Some((_, behind)) = rest.split_once('>') else { return false };
        rest = behind.trim_start();
    }
    let Some(root) = rest.strip_prefix('<') else { return false };
    let name = root.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
    let is_single = root.split_once('>').is_some_and(|(tag, behind)| tag.ends_with('/') && behind.is_empty());
    let end = rest.strip_suffix('>').map(str::trim_end).and_then(|rest| rest.strip_suffix(name));
    is_single || end.is_some_and(|rest| rest.ends_with("</"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_empty_or_incomplete() {
        for (body, has_answer, expected) in [
            ("", true, Some(Implausible::Empty)),
            (" \n", true, Some(Implausible::Empty)),
            ("", false, None),
            ("{}", true, Some(Implausible::Empty)),
            ("{}", false, None),
            ("{\"Keys\":[]}", true, None),
            ("<VersioningConfiguration/>", true, None),
            ("<VersioningConfiguration xmlns=\"s3\"/>", true, None),
            ("<?xml version=\"1.0\"?>\n<Tagging><TagSet/></Tagging>\n", true, None),
            ("<!DOCTYPE html><html><body>Not found</body></html>", true, None),
            ("<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag>", true, Some(Implausible::Incomplete)),
            ("<Tagging><TagSet/></Tagg", true, Some(Implausible::Incomplete)),
            ("<Tagging><TagSet/>", true, Some(Implausible::Incomplete)),
            ("<Error><Code>NoSuchBucketPolicy</Code>", false, Some(Implausible::Incomplete)),
            ("<?xml version=\"1.0\"", true, Some(Implausible::Incomplete)),
            ("<?xml version=\"1.0\"?>", true, Some(Implausible::Incomplete)),
        ] {
            assert_eq!(implausible(body.as_bytes(), has_answer), expected, "{body}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_is_given_up() {
        let of = |length: usize| SdkBody::from(vec![b'a'; length]);
        assert_eq!(read(of(0), 4).await.unwrap(), b"");
        assert_eq!(read(of(4), 4).await.unwrap(), b"aaaa");
        let error = read(of(5), 4).await.unwrap_err();
        assert_eq!(error.as_other(), Some(ErrorKind::ClientError), "{error:?}");
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("the answer is longer than 8 MiB, so it is not from AWS"));
    }

    #[test]
    fn only_long_objects_are_streams() {
        let answer = |status: u16, length: Option<u64>| {
            let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            if let Some(length) = length {
                answer.headers_mut().insert("content-length", length.to_string());
            }
            is_long(&answer)
        };
        assert!(answer(200, Some(LONGEST_WHOLE + 1)) && answer(206, Some(LONGEST_WHOLE + 1)));
        assert!(
            !answer(200, Some(LONGEST_WHOLE)) && !answer(200, None) && !answer(404, Some(LONGEST_WHOLE + 1))
        );
    }

    #[test]
    fn a_read_is_answered_with_a_body() {
        let request = |method: &str, target: Option<&'static str>| {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_method(method).unwrap();
            if let Some(target) = target {
                request.headers_mut().insert("x-amz-target", target);
            }
            has_answer(&request)
        };
        assert!(request("POST", Some("TrentService.ListKeys")));
        assert!(!request("POST", Some("TrentService.TagResource")));
        assert!(request("GET", None));
        assert!(!request("PUT", None));
        assert!(!request("HEAD", None));
    }
}
