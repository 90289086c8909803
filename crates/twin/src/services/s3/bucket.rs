//! Implements the operations on buckets.

use bytes::Bytes;
use http::Response;

use super::{body, configuration, malformed_xml, owned, tagging};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::response;
use crate::request::Request;
use crate::state::{Bucket, State};

/// The Region of a request that does not name a Region.
const CLASSIC: &str = "us-east-1";

pub(super) fn create(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    if !is_bucket_name(name) {
        return Err(Fault::bad("InvalidBucketName", "The specified bucket is not valid."));
    }
    check_namespace(caller, request.header("x-amz-bucket-namespace"), name)?;
    let New { region, tags } = New::parse(body(request)?)?;
    if tags.is_some() {
        caller.permitted(state, "s3:TagResource", "AccessDenied")?;
    }
    if region.as_deref().unwrap_or(CLASSIC) != caller.region {
        let message = "The location constraint is incompatible for the region specific endpoint this request was sent to.";
        return Err(Fault::bad("IllegalLocationConstraintException", message));
    }
    match state.buckets.get(name) {
        // See `CreateBucket` in the S3 API reference: in this Region, the call succeeds for legacy
        // compatibility, and resets the ACL.
        Some(bucket)
            if bucket.owner == caller.account && caller.region == CLASSIC && bucket.region == CLASSIC =>
        {
            state.buckets.entry(name.to_owned()).and_modify(|bucket| bucket.grants.clear());
            return Ok(created(name));
        }
        Some(bucket) if bucket.owner == caller.account => {
            return Err(Fault::new(409, "BucketAlreadyOwnedByYou", "You already own this bucket."));
        }
        Some(_) => {
            return Err(Fault::new(
                409,
                "BucketAlreadyExists",
                "The requested bucket name is not available.",
            ));
        }
        None => {}
    }
    let ownership = request.header("x-amz-object-ownership").unwrap_or("BucketOwnerEnforced");
    let mut configuration = configuration::defaults(ownership, caller.region);
    configuration.extend(tags.map(|tags| (configuration::TAGGING.to_owned(), tags)));
    let bucket = Bucket::new(caller.account, caller.region, configuration);
    state.buckets.insert(name.to_owned(), bucket.into());
    Ok(created(name))
}

fn created(name: &str) -> Response<Bytes> {
    let mut answer = response(200, "application/xml", "");
    if let Ok(location) = format!("/{name}").parse() {
        answer.headers_mut().insert("location", location);
    }
    answer
}

/// Rejects a name of an account regional namespace in the global namespace, and a global name in an
/// account regional namespace.
///
/// See "Namespaces for general purpose buckets" and "Account regional namespace naming rules" in
/// the S3 user guide.
fn check_namespace(caller: Caller<'_>, namespace: Option<&str>, name: &str) -> Result<(), Fault> {
    let suffix = format!("-{}-{}-an", caller.account, caller.region);
    let is_own = name.ends_with(&suffix);
    match namespace {
        Some("account-regional") if is_own => Ok(()),
        Some("account-regional") => {
            let message = format!("Specify {suffix} as the bucket name suffix, or remove the header.");
            Err(Fault::bad("InvalidNamespaceHeader", message))
        }
        None | Some("global") if is_own => {
            let message = "The requested bucket is an account-regional namespace bucket, but your request is \
                missing the required x-amz-bucket-namespace header.";
            Err(Fault::bad("MissingNamespaceHeader", message))
        }
        None | Some("global") if !name.ends_with("-an") => Ok(()),
        _ => Err(Fault::bad("InvalidBucketName", "The specified bucket is not valid.")),
    }
}

/// The content of a `CreateBucketConfiguration`.
#[derive(Default)]
struct New {
    region: Option<String>,
    /// A document of tags.
    tags: Option<String>,
}

impl New {
    fn parse(xml: &str) -> Result<Self, Fault> {
        if xml.is_empty() {
            return Ok(Self::default());
        }
        let document = roxmltree::Document::parse(xml).map_err(|_| malformed_xml())?;
        let element = document.descendants().find(|node| node.tag_name().name() == "LocationConstraint");
        let region = element.and_then(|node| node.text()).map(str::to_owned);
        Ok(Self { region, tags: tagging::initial_tags(&document)? })
    }
}

/// Returns whether a text is the name of a bucket. See "General purpose bucket naming rules" in the
/// S3 user guide.
fn is_bucket_name(name: &str) -> bool {
    let is_edge = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    (3..=63).contains(&name.len())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
        && is_edge(bytes.first())
        && is_edge(bytes.last())
        && !name.contains("..")
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

pub(super) fn head(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    let bucket = owned(state, caller, request, name)?;
    let mut answer = response(200, "application/xml", "");
    if let Ok(region) = bucket.region.parse() {
        answer.headers_mut().insert("x-amz-bucket-region", region);
    }
    Ok(answer)
}

pub(super) fn delete(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    if !owned(state, caller, request, name)?.objects.is_empty() {
        let message = "The bucket you tried to delete is not empty";
        return Err(Fault::new(409, "BucketNotEmpty", message));
    }
    state.buckets.remove(name);
    Ok(response(204, "application/xml", ""))
}

pub(super) fn location(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    // This is the only operation that every Region answers.
    let anywhere = state.buckets.get(name).map(|bucket| bucket.region.clone()).unwrap_or_default();
    let caller = caller.in_region(&anywhere);
    let region = &owned(state, caller, request, name)?.region;
    let region = if region == CLASSIC { "" } else { region };
    let xml = format!(
        "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</LocationConstraint>"
    );
    Ok(response(200, "application/xml", xml))
}

pub(super) fn list(state: &State, caller: Caller<'_>) -> Response<Bytes> {
    let owned = state.buckets.iter().filter(|(_, bucket)| bucket.owner == caller.account);
    let buckets: String = owned
        .map(|(name, _)| {
            format!("<Bucket><Name>{name}</Name><CreationDate>2026-01-01T00:00:00Z</CreationDate></Bucket>")
        })
        .collect();
    let xml = format!(
        "<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{}</ID></Owner>\
         <Buckets>{buckets}</Buckets></ListAllMyBucketsResult>",
        caller.account
    );
    response(200, "application/xml", xml)
}
