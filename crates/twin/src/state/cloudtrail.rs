use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
pub(crate) struct Trail {
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) home_region: String,
    pub(crate) bucket: String,
    #[serde(default)]
    pub(crate) prefix: Option<String>,
    #[serde(default)]
    pub(crate) kms_key: Option<String>,
    pub(crate) multi_region: bool,
    pub(crate) global_service_events: bool,
    pub(crate) log_file_validation: bool,
    pub(crate) logging: bool,
    /// Whether data events include CloudTrail's own deliveries.
    #[serde(default = "on", skip_serializing_if = "is_on")]
    pub(crate) recursive_logging: bool,
    /// Whether the trail records all accounts of the organization.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) organization: bool,
    /// The ARN of a log group, with the suffix `:*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_group: Option<String>,
    /// The ARN of the role that delivers to the log group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_role: Option<String>,
    /// The ARN of the topic that receives notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<String>,
    /// The selectors, as in the call of `PutEventSelectors`; either basic or advanced ones.
    pub(crate) event_selectors: Vec<Value>,
    #[serde(default)]
    pub(crate) advanced_event_selectors: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) insight_selectors: Vec<Value>,
    /// The `AggregationConfigurations` of `PutEventConfiguration`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) aggregation: Vec<Value>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// The fields of `GetTrailStatus` that the rest of the state does not determine, such as times
    /// of deliveries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) status: BTreeMap<String, Value>,
}

/// The default of `RecursiveLogging`. See `CreateTrail` in the CloudTrail API reference.
fn on() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_on(value: &bool) -> bool {
    *value
}
