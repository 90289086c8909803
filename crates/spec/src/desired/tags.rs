use std::collections::BTreeMap;

use crate::names::SpecName;

/// The tag that says that a resource is ours; its value is the name of the spec.
pub const OWNER_TAG: &str = "reconcile:spec";

/// The tags of every taggable resource. Always holds [`OWNER_TAG`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    tags: BTreeMap<String, String>,
    is_enforced: bool,
}

impl Tags {
    /// Tags that every resource has to have.
    pub(crate) fn enforced(name: &SpecName, given: BTreeMap<String, String>) -> Self {
        Self { tags: with_owner(name, given), is_enforced: true }
    }

    /// What exists keeps its tags; what is made is marked as ours all the same, or it could not be found
    /// again.
    pub(crate) fn unmanaged(name: &SpecName) -> Self {
        Self { tags: with_owner(name, BTreeMap::new()), is_enforced: false }
    }

    /// Keys and values that a resource has to have, by key: one that `exists` already, or one that is to be made.
    pub fn wanted(&self, exists: bool) -> impl Iterator<Item = (String, String)> {
        let wanted = self.tags.iter().filter(move |_| self.is_enforced || !exists);
        wanted.map(|(key, value)| (key.clone(), value.clone()))
    }
}

fn with_owner(name: &SpecName, mut tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
    tags.insert(OWNER_TAG.to_owned(), name.to_string());
    tags
}
