//! Checks bucket tags: S3 protects tags of AWS.
//!
//! A stack adds `aws:cloudformation:…` tags to the buckets that it creates. `PutBucketTagging`
//! replaces all tags of a bucket, and is rejected unless these tags stay unchanged. See
//! "AWS-generated cost allocation tags" in the AWS Billing user guide and "Using cost allocation S3
//! bucket tags" in the S3 user guide.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Document;

use super::super::tags::{LIMIT, is_reserved};
use crate::fault::Fault;
use crate::protocol::escape;

/// Returns the tags in a request that creates a bucket, as a document of tags; `None` if there are
/// no tags.
///
/// See `CreateBucketConfiguration` in the S3 API reference.
pub(super) fn initial_tags(configuration: &Document<'_>) -> Result<Option<String>, Fault> {
    check(None, configuration)?;
    let tag = |(key, value): (String, String)| {
        format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", escape(&key), escape(&value))
    };
    let tags: String = all_tags(configuration).map(tag).collect();
    Ok((!tags.is_empty()).then(|| format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")))
}

/// Rejects a document of tags that removes, changes or adds tags of AWS. `live` is the current
/// document.
pub(super) fn check(live: Option<&String>, new: &Document<'_>) -> Result<(), Fault> {
    let live = live.and_then(|xml| Document::parse(xml).ok().map(|live| system_tags(&live)));
    let refused = |message: &str| Err(Fault::bad("InvalidTag", message));
    let keys: Vec<String> = all_tags(new).map(|(key, _)| key).collect();
    if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
        return refused("Cannot provide multiple Tags with the same key");
    }
    if keys.iter().filter(|key| !is_reserved(key)).count() > LIMIT {
        return refused("Bucket tag count cannot be greater than 50");
    }
    let (live, new) = (live.unwrap_or_default(), system_tags(new));
    if live.keys().any(|key| !new.contains_key(key)) {
        return refused("System tags cannot be removed by requester");
    }
    if live != new {
        return refused("System tags cannot be added/updated by requester");
    }
    Ok(())
}

fn all_tags(document: &Document<'_>) -> impl Iterator<Item = (String, String)> {
    let tags = document.descendants().filter(|node| node.tag_name().name() == "Tag");
    tags.filter_map(|tag| {
        let text = |name: &str| tag.children().find(|it| it.tag_name().name() == name)?.text();
        Some((text("Key")?.to_owned(), text("Value").unwrap_or_default().to_owned()))
    })
}

fn system_tags(document: &Document<'_>) -> BTreeMap<String, String> {
    all_tags(document).filter(|(key, _)| is_reserved(key)).collect()
}
