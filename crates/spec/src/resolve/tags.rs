//! Resolves the tags.

use std::collections::BTreeMap;

use crate::desired::{Installation, OWNER_TAG, Tags};
use crate::problems::Problems;
use crate::raw::{Located, OrUnmanaged};

/// AWS takes 50; one of them is ours.
const MAX: usize = 49;

/// See "Tag naming and usage conventions" in the guide to tagging AWS resources.
pub(super) fn resolve(
    raw: Option<&Located<OrUnmanaged<BTreeMap<String, String>>>>,
    installation: &Installation,
    problems: &mut Problems,
) -> Tags {
    let Some(raw) = raw else { return Tags::enforced(installation, BTreeMap::new()) };
    let OrUnmanaged::Value(tags) = &raw.value else { return Tags::unmanaged(installation) };
    if tags.len() > MAX {
        let message = format!("{} tags are more than {MAX}", tags.len());
        problems.add(raw.place, message, "AWS takes 50, one is ours");
    }
    let is_allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    for (key, value) in tags {
        let problem = if key == OWNER_TAG {
            Some("is set by reconcile itself")
        } else if key.to_ascii_lowercase().starts_with("aws:") {
            Some("is reserved by AWS (`aws:`)")
        } else if key.is_empty() || key.chars().count() > 128 {
            Some("must have 1 to 128 characters")
        } else if value.chars().count() > 256 {
            Some("has a value of more than 256 characters")
        } else if !is_allowed(key) || !is_allowed(value) {
            Some("may hold only letters, digits, spaces and _.:/=+-@, in key and value")
        } else {
            None
        };
        if let Some(problem) = problem {
            problems.add(raw.place, format!("tag `{key}` {problem}"), "");
        }
    }
    Tags::enforced(installation, tags.clone())
}
