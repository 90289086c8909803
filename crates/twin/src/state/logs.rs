use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A log group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LogGroup {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retention_days: Option<u64>,
    /// The ARN of the key that encrypts the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// The class, if it is not `STANDARD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<String>,
    /// The data protection policy, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_protection: Option<String>,
    /// Whether the log group accepts bearer tokens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bearer_tokens: bool,
    /// The resource policy of the log group itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<ResourcePolicy>,
    /// The subscription filters by name, in the form of the answers of CloudWatch Logs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) subscription_filters: BTreeMap<String, Value>,
    /// The metric filters by name, in the form of the answers of CloudWatch Logs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metric_filters: BTreeMap<String, Value>,
}

/// A resource policy of CloudWatch Logs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourcePolicy {
    pub(crate) document: String,
    /// The revision, which changes with every write. Only the policy of a log group has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revision: Option<String>,
}
