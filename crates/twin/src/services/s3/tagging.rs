//! Bucket tags: what S3 refuses to do to the tags of AWS itself.
//!
//! A stack puts `aws:cloudformation:…` tags on the buckets that it creates. `PutBucketTagging` replaces all tags of a
//! bucket, and is refused unless it leaves these as they are. See "AWS-generated cost allocation tags" in the AWS Billing user guide and
//! "Using cost allocation S3 bucket tags" in the S3 user guide.

use std::collections::BTreeMap;

use roxmltree::Document;

use crate::fault::Fault;

/// Refuses a document of tags that removes, changes or adds tags of AWS. `live` is the document that it replaces.
pub(super) fn check(live: Option<&String>, new: &Document<'_>) -> Result<(), Fault> {
    let live = live.and_then(|xml| Document::parse(xml).ok().map(|live| system_tags(&live)));
    let (live, new) = (live.unwrap_or_default(), system_tags(new));
    let refused = |message: &str| Err(Fault::bad("InvalidTag", message));
    if live.keys().any(|key| !new.contains_key(key)) {
        return refused("System tags cannot be removed by requester");
    }
    if live != new {
        return refused("System tags cannot be added/updated by requester");
    }
    Ok(())
}

fn system_tags(document: &Document<'_>) -> BTreeMap<String, String> {
    let tags = document.descendants().filter(|node| node.tag_name().name() == "Tag");
    let tags = tags.filter_map(|tag| {
        let text = |name: &str| tag.children().find(|it| it.tag_name().name() == name)?.text();
        Some((text("Key")?.to_owned(), text("Value").unwrap_or_default().to_owned()))
    });
    tags.filter(|(key, _)| key.starts_with("aws:")).collect()
}
