use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A KMS key with its policy and grants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) arn: String,
    pub(crate) description: String,
    /// `Enabled`, `Disabled` or `PendingDeletion`.
    pub(crate) state: String,
    pub(crate) created: i64,
    pub(crate) policy: String,
    /// The rotation period in days, where rotation is on.
    #[serde(default)]
    pub(crate) rotation_days: Option<u64>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// As `ListGrants` gives them.
    #[serde(default)]
    pub(crate) grants: Vec<Value>,
}
