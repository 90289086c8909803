//! Implements objects: their contents, their metadata and their times of storage.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response};

use super::owned;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::{escape, response};
use crate::request::Request;
use crate::state::{Object, State, now};

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    bucket: &str,
    key: &str,
) -> Result<Response<Bytes>, Fault> {
    let objects = &mut owned(state, caller, request, bucket)?.objects;
    check_conditions(request, objects.get(key))?;
    match request.method {
        Method::PUT => {
            let object =
                Object { content: content(request)?, metadata: metadata(request), key: None, stored: now() };
            let mut answer = response(200, "application/xml", "");
            with_header(&mut answer, "etag", &object.etag());
            objects.insert(key.to_owned(), object);
            Ok(answer)
        }
        Method::DELETE => {
            objects.remove(key);
            Ok(response(204, "application/xml", ""))
        }
        _ => {
            let object = objects.get(key).ok_or_else(absent)?.clone();
            if object.key.is_some() {
                caller.permitted(state, "kms:Decrypt", "AccessDenied")?;
            }
            read(request, &object)
        }
    }
}

/// Answers with an object, or with its content from a position to the end.
fn read(request: &Request, object: &Object) -> Result<Response<Bytes>, Fault> {
    let length = object.content.len();
    let start = match request.header("range") {
        Some(range) => Some(
            start_of(range)
                .filter(|start| *start < length)
                .ok_or_else(|| Fault::new(416, "InvalidRange", "The requested range is not satisfiable"))?,
        ),
        None => None,
    };
    let content = object.content.slice(start.unwrap_or(0)..);
    let sent = content.len();
    let mut answer = response(if start.is_some() { 206 } else { 200 }, "application/octet-stream", content);
    if let Some(start) = start {
        with_header(&mut answer, "content-range", &format!("bytes {start}-{}/{length}", length - 1));
    }
    // The answer to `HEAD`, which has no body, also contains the length of the object.
    with_header(&mut answer, "content-length", &sent.to_string());
    with_header(&mut answer, "etag", &object.etag());
    with_header(&mut answer, "last-modified", &http_date(object.stored));
    with_header(&mut answer, "date", &http_date(now()));
    match &object.key {
        Some(key) => {
            with_header(&mut answer, "x-amz-server-side-encryption", "aws:kms");
            with_header(&mut answer, "x-amz-server-side-encryption-aws-kms-key-id", key);
        }
        None => with_header(&mut answer, "x-amz-server-side-encryption", "AES256"),
    }
    for (name, value) in &object.metadata {
        if let (Ok(name), Ok(value)) = (format!("{METADATA}{name}").parse(), value.parse()) {
            answer.headers_mut().insert::<http::HeaderName>(name, value);
        }
    }
    Ok(answer)
}

/// Returns the start of a range. The twin supports only ranges that reach to the end of the object.
fn start_of(range: &str) -> Option<usize> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// The prefix of the headers with user-defined metadata. See "Working with object metadata" in the
/// S3 user guide.
const METADATA: &str = "x-amz-meta-";

fn metadata(request: &Request) -> BTreeMap<String, String> {
    let headers = request.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().strip_prefix(METADATA)?.to_owned(), value.to_str().ok()?.to_owned()))
    });
    headers.collect()
}

/// Checks the conditions of a write or a deletion.
///
/// See "How to prevent object overwrites with conditional writes" and "How to perform conditional
/// deletes" in the S3 user guide.
fn check_conditions(request: &Request, object: Option<&Object>) -> Result<(), Fault> {
    let failed = || {
        let message = "At least one of the pre-conditions you specified did not hold";
        Err(Fault::new(412, "PreconditionFailed", message))
    };
    let is_meant = |condition: &str, object: &Object| {
        condition == "*" || condition.trim_matches('"') == object.etag().trim_matches('"')
    };
    if request.method == Method::PUT && request.header("if-none-match") == Some("*") && object.is_some() {
        return failed();
    }
    match (request.header("if-match"), object) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(absent()),
        (Some(condition), Some(object)) if is_meant(condition, object) => Ok(()),
        (Some(_), Some(_)) => failed(),
    }
}

fn absent() -> Fault {
    Fault::new(404, "NoSuchKey", "The specified key does not exist.")
}

fn with_header(answer: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        answer.headers_mut().insert(name, value);
    }
}

/// Formats a Unix time as an HTTP date.
fn http_date(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Lists the objects of a bucket. Each object has only one version.
pub(super) fn versions(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    bucket: &str,
) -> Result<Response<Bytes>, Fault> {
    let most = request.query("max-keys").and_then(|it| it.parse().ok()).unwrap_or(1000_usize);
    let prefix = request.query("prefix").unwrap_or_default();
    let objects = &owned(state, caller, request, bucket)?.objects;
    let keys: Vec<&String> = objects.keys().filter(|key| key.starts_with(prefix)).collect();
    let version = |key: &&String| {
        format!(
            "<Version><Key>{}</Key><VersionId>null</VersionId><IsLatest>true</IsLatest></Version>",
            escape(key)
        )
    };
    let listed: String = keys.iter().take(most).map(version).collect();
    let xml = format!(
        "<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name>\
         <IsTruncated>{}</IsTruncated>{listed}</ListVersionsResult>",
        keys.len() > most
    );
    Ok(response(200, "application/xml", xml))
}

/// Returns the body without the chunks of its checksum.
///
/// See "Signature calculations for the authorization header: transferring a payload in multiple
/// chunks" in the S3 API reference.
fn content(request: &Request) -> Result<Bytes, Fault> {
    let is_chunked = request.header("x-amz-content-sha256").is_some_and(|it| it.starts_with("STREAMING-"));
    if is_chunked { unchunked(&request.body).map(Bytes::from) } else { Ok(request.body.clone()) }
}

fn unchunked(mut body: &[u8]) -> Result<Vec<u8>, Fault> {
    let broken = || Fault::bad("IncompleteBody", "the chunks of the body do not add up");
    let mut bytes = Vec::new();
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n").ok_or_else(broken)?;
        let (head, rest) = (body.get(..end).unwrap_or_default(), body.get(end + 2..).unwrap_or_default());
        let head = std::str::from_utf8(head).map_err(|_| broken())?;
        let size = head.split(';').next().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or_else(broken)?;
        if size == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(rest.get(..size).ok_or_else(broken)?);
        body = rest.get(size + 2..).ok_or_else(broken)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let body = b"4\r\nlock\r\n3\r\ned!\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n";
        assert_eq!(unchunked(body).unwrap(), b"locked!");
        for broken in [&b""[..], b"zz\r\n", b"9\r\nlock\r\n0\r\n"] {
            assert!(unchunked(broken).is_err());
        }
    }
}
