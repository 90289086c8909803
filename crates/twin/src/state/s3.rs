use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A bucket. Its configuration is kept as it was sent, under the name of its query parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) owner: String,
    pub(crate) region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    #[serde(default)]
    pub(crate) configuration: BTreeMap<String, String>,
    /// Texts of objects by key; there is no more to an object here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) objects: BTreeMap<String, String>,
}
