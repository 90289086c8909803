//! Resolves the tags.

use std::collections::BTreeMap;

use crate::desired::{Installation, OWN_TAGS, Tags};
use crate::problems::Problems;
use crate::raw::{Located, OrUnmanaged, RawTags};

/// The maximum number of tags. AWS accepts 50, one of which marks the owner.
const MAX: usize = 49;

/// Resolves the tags. See "Tag naming limits and requirements" in the guide to tagging AWS
/// resources.
pub(super) fn resolve(
    raw: Option<&Located<RawTags>>,
    installation: &Installation,
    problems: &mut Problems,
) -> Tags {
    let Some(raw) = raw else { return Tags::enforced(installation, BTreeMap::new()) };
    let OrUnmanaged::Value(tags) = &raw.value else { return Tags::unmanaged(installation) };
    if tags.len() > MAX {
        let message = format!(
            "the resource has {} tags, but AWS accepts only {MAX} in addition to the tag of reconcile",
            tags.len()
        );
        problems.add(raw.place, message, "remove some of them");
    }
    let is_allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    for (key, value) in tags {
        let (problem, hint) = if OWN_TAGS.contains(&key.as_str()) {
            ("is reserved for reconcile", "remove it")
        } else if key.to_ascii_lowercase().starts_with("aws:") {
            ("begins with `aws:`, which is reserved for AWS", "rename it")
        } else if key.is_empty() || key.chars().count() > 128 {
            ("must have a key of 1 to 128 characters", "rename it")
        } else if value.value.chars().count() > 256 {
            ("has a value of more than 256 characters", "shorten it")
        } else if !is_allowed(key) || !is_allowed(&value.value) {
            ("has characters that AWS rejects", "use letters, digits, spaces and _.:/=+-@ in key and value")
        } else {
            continue;
        };
        problems.add(value.place, format!("the tag `{key}` {problem}"), hint);
    }
    let texts = tags.iter().map(|(key, value)| (key.clone(), value.value.clone()));
    Tags::enforced(installation, texts.collect())
}
