use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An alarm of CloudWatch on one metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    /// The settings, in the form of the answers of CloudWatch.
    pub(crate) settings: Value,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
}
