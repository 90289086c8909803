//! What S3 makes of the lifecycle of a bucket, besides keeping it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Response};
use roxmltree::Document;

use crate::fault::Fault;
use crate::request::Request;

/// The header that says how small objects may be and still move; under its name the value is kept.
pub(super) const LEAST_SIZE: &str = "x-amz-transition-default-minimum-object-size";

/// Refuses rules of the two forms side by side: with a filter, and with a prefix in its place.
///
/// See "Lifecycle configuration elements" in the S3 user guide.
pub(super) fn check(document: &Document<'_>) -> Result<(), Fault> {
    let rules = || document.descendants().filter(|node| node.tag_name().name() == "Rule");
    let has = |name: &str| rules().any(|rule| rule.children().any(|child| child.tag_name().name() == name));
    if has("Filter") && has("Prefix") {
        return Err(Fault::bad("InvalidRequest", "Filter element can only be used in Lifecycle V2."));
    }
    Ok(())
}

/// See `PutBucketLifecycleConfiguration` in the S3 API reference.
pub(super) fn least_size(request: &Request) -> String {
    request.header(LEAST_SIZE).unwrap_or("all_storage_classes_128K").to_owned()
}

pub(super) fn tell_least_size(configuration: &BTreeMap<String, String>, response: &mut Response<Bytes>) {
    if let Some(size) = configuration.get(LEAST_SIZE).and_then(|size| HeaderValue::from_str(size).ok()) {
        response.headers_mut().insert(LEAST_SIZE, size);
    }
}
