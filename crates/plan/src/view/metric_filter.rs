use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::View;

/// A metric filter on a log group.
///
/// See `PutMetricFilter` in the CloudWatch Logs API reference. A write replaces all of these
/// settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// The pattern of the events that it counts.
    pub pattern: String,
    /// The metrics that it writes.
    pub metrics: Vec<Metric>,
    /// The criteria for the accounts and Regions of the events; none if it counts all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// Whether it reads the events after they were transformed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_transformed: bool,
    /// Fields of the system that become dimensions of the metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_dimensions: Vec<String>,
}

/// A metric that a filter writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The value for each event.
    pub value: String,
    /// The value while there are no events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_value: Option<f64>,
    /// The dimensions: fields of the events, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
}

impl View for MetricFilter {
    fn managed(&self, _: &Self) -> Self {
        self.clone()
    }
}
