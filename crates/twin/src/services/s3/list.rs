//! Lists the objects of a bucket, as `ListObjectsV2` and `ListObjects` do.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::Bytes;
use http::Response;

use super::owned;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::{escape, response};
use crate::request::Request;
use crate::state::{Object, State};

/// The maximum number of entries of a page, whatever the request specifies.
const PAGE: usize = 1000;

/// The start of a continuation token. AWS does not document the form of its tokens.
const TOKEN: &str = "after:";

/// An entry of a page: an object, or the common prefix of objects.
enum Entry<'s> {
    Object(&'s str, &'s Object),
    Prefix(&'s str),
}

impl<'s> Entry<'s> {
    fn name(&self) -> &'s str {
        match *self {
            Self::Object(name, _) | Self::Prefix(name) => name,
        }
    }
}

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    bucket: &str,
    is_second_version: bool,
) -> Result<Response<Bytes>, Fault> {
    let prefix = request.query("prefix").unwrap_or_default();
    let delimiter = request.query("delimiter").filter(|delimiter| !delimiter.is_empty());
    let limit = request.query("max-keys").and_then(|it| it.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let after = after(request, is_second_version)?;
    let objects = &owned(state, caller, request, bucket)?.objects;
    let (entries, is_truncated) = page(objects, prefix, delimiter, after, limit);

    let is_encoded = request.query("encoding-type") == Some("url");
    let named = |name: &str| if is_encoded { encode(name) } else { escape(name) };
    let element = |name: &str, value: &str| format!("<{name}>{}</{name}>", named(value));
    let last = entries.last().map(Entry::name).unwrap_or_default();
    let encoding = if is_encoded { "<EncodingType>url</EncodingType>" } else { "" };
    let of_version = match is_second_version {
        true => {
            let token = format!(
                "<NextContinuationToken>{}</NextContinuationToken>",
                escape(&format!("{TOKEN}{last}"))
            );
            let token = if is_truncated { token } else { String::new() };
            format!("<KeyCount>{}</KeyCount>{token}", entries.len())
        }
        // Without a delimiter, the last key is the next marker.
        false if is_truncated && delimiter.is_some() => {
            element("Marker", after) + &element("NextMarker", last)
        }
        false => element("Marker", after),
    };
    let listed = entries.iter().map(|entry| match entry {
        Entry::Object(key, object) => format!(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>",
            named(key),
            iso(object.stored),
            escape(&object.etag()),
            object.content.len(),
        ),
        Entry::Prefix(prefix) => format!("<CommonPrefixes>{}</CommonPrefixes>", element("Prefix", prefix)),
    });
    let listed: Vec<String> = listed.collect();
    let xml = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name>{}{}{of_version}\
         <MaxKeys>{limit}</MaxKeys>{encoding}<IsTruncated>{is_truncated}</IsTruncated>{}</ListBucketResult>",
        element("Prefix", prefix),
        delimiter.map(|delimiter| element("Delimiter", delimiter)).unwrap_or_default(),
        listed.concat(),
    );
    Ok(response(200, "application/xml", xml))
}

/// The name after which the page starts. A token has precedence over `start-after`.
fn after(request: &Request, is_second_version: bool) -> Result<&str, Fault> {
    if !is_second_version {
        return Ok(request.query("marker").unwrap_or_default());
    }
    match request.query("continuation-token") {
        Some(token) => token
            .strip_prefix(TOKEN)
            .ok_or_else(|| Fault::bad("InvalidArgument", "The continuation token provided is incorrect")),
        None => Ok(request.query("start-after").unwrap_or_default()),
    }
}

/// Returns the entries after a name, at most `limit`, and whether more follow. The cost depends
/// only on the entries of the page: the objects below a common prefix are skipped as a whole.
fn page<'s>(
    objects: &'s BTreeMap<String, Object>,
    prefix: &str,
    delimiter: Option<&str>,
    after: &str,
    limit: usize,
) -> (Vec<Entry<'s>>, bool) {
    let mut entries = Vec::new();
    let mut start =
        if prefix > after { Bound::Included(prefix.to_owned()) } else { Bound::Excluded(after.to_owned()) };
    loop {
        let next = objects.range::<String, _>((start.as_ref(), Bound::Unbounded)).next();
        let Some((key, object)) = next.filter(|(key, _)| key.starts_with(prefix)) else {
            return (entries, false);
        };
        let common = delimiter.and_then(|delimiter| {
            let length = key.get(prefix.len()..)?.find(delimiter)? + prefix.len() + delimiter.len();
            key.get(..length)
        });
        // The previous page can have ended with this prefix.
        let is_new = common.is_none_or(|common| common > after);
        if is_new && entries.len() == limit {
            return (entries, true);
        }
        if is_new {
            entries.push(common.map_or(Entry::Object(key, object), Entry::Prefix));
        }
        start =
            Bound::Excluded(common.map_or_else(|| key.clone(), |common| format!("{common}{}", char::MAX)));
    }
}

/// Encodes a name as S3 does for `encoding-type=url`, without encoding slashes.
fn encode(name: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    encoded.replace('+', "%20").replace("%2F", "/")
}

/// Formats a time in seconds since 1970 as S3 does in XML.
fn iso(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(delimiter: Option<&str>, after: &str, limit: usize) -> (Vec<String>, bool) {
        let keys = ["a/1", "a/2", "a/b/3", "a/b/4", "a/c/5", "b", "ä+ 6"];
        let object = Object::default();
        let objects = keys.iter().map(|key| ((*key).to_owned(), object.clone())).collect();
        let (entries, is_truncated) = page(&objects, "a/", delimiter, after, limit);
        (entries.iter().map(|entry| entry.name().to_owned()).collect(), is_truncated)
    }

    #[test]
    fn pages_have_objects_and_common_prefixes_in_order() {
        let page = |names: &[&str], is_truncated| {
            (names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), is_truncated)
        };
        assert_eq!(list(None, "", 9), page(&["a/1", "a/2", "a/b/3", "a/b/4", "a/c/5"], false));
        assert_eq!(list(None, "", 2), page(&["a/1", "a/2"], true));
        assert_eq!(list(None, "a/2", 9), page(&["a/b/3", "a/b/4", "a/c/5"], false));
        assert_eq!(list(Some("/"), "", 9), page(&["a/1", "a/2", "a/b/", "a/c/"], false));
        assert_eq!(list(Some("/"), "", 3), page(&["a/1", "a/2", "a/b/"], true));
        assert_eq!(list(Some("/"), "a/b/", 9), page(&["a/c/"], false));
        assert_eq!(list(Some("/"), "a/b/3", 9), page(&["a/c/"], false));
        assert_eq!(list(Some("/"), "b", 9), page(&[], false));
        assert_eq!(list(None, "", 0), page(&[], true));
    }

    #[test]
    fn names_are_encoded_except_slashes() {
        assert_eq!(encode("a/ä+ 6"), "a/%C3%A4%2B%206");
    }
}
