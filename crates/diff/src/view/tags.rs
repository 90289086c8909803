use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Tags by key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

impl Tags {
    /// Those whose keys `wanted` has too: all other tags are somebody else's.
    pub fn managed(&self, wanted: &Self) -> Self {
        let ours = self.0.iter().filter(|(key, _)| wanted.0.contains_key(*key));
        Self(ours.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    /// Those that `live` lacks or has with another value.
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
