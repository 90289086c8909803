use std::collections::BTreeMap;

use crate::names::SpecName;

/// The tag that says that a resource is ours; its value is the name of the spec.
pub const OWNER_TAG: &str = "reconcile:spec";

/// The tags of every taggable resource. Always holds [`OWNER_TAG`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    pub(crate) fn new(name: &SpecName, given: BTreeMap<String, String>) -> Self {
        let mut tags = given;
        tags.insert(OWNER_TAG.to_owned(), name.to_string());
        Self(tags)
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(key, value)| (key.clone(), value.clone()))
    }
}
