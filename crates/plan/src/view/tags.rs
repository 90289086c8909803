use std::collections::BTreeMap;

use reconcile_spec::{self as spec, Installation, OWNER_TAG};
use serde::{Deserialize, Serialize};

/// Tags by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// Returns the wanted tags of a new resource, or of a resource with the tags `live`.
    pub(crate) fn wanted(desired: &spec::Tags, live: Option<&Self>) -> Self {
        Self(desired.wanted(live.map(|live| &live.0)))
    }

    /// The name of the installation in the owner tag, if the tag exists.
    pub fn owner(&self) -> Option<&str> {
        self.0.get(OWNER_TAG).map(String::as_str)
    }

    /// Whether the tags contain the tag of this installation, with its present or its previous
    /// name.
    pub fn belong_to(&self, installation: &Installation) -> bool {
        self.owner().is_some_and(|owner| installation.has_name(owner))
    }

    /// Returns the tags whose keys are also in `wanted`. All other tags are foreign.
    pub fn managed(&self, wanted: &Self) -> Self {
        let ours = self.0.iter().filter(|(key, _)| wanted.0.contains_key(*key));
        Self(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    /// Returns the tags that `live` does not have, or has with another value.
    pub fn missing_from(&self, live: &Self) -> Self {
        let missing = self.0.iter().filter(|(key, value)| live.0.get(*key) != Some(value));
        Self(missing.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

impl FromIterator<(String, String)> for Tags {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(tags: I) -> Self {
        Self(tags.into_iter().collect())
    }
}
