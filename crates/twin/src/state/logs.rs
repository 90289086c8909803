use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A log group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LogGroup {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retention_days: Option<u64>,
    /// The ARN of the key that encrypts its events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}
