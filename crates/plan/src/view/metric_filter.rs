use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::View;

/// A metric filter on a log group.
///
/// See `PutMetricFilter` in the CloudWatch Logs API reference. A call of `PutMetricFilter` replaces
/// all of these settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricFilter {
    /// The pattern of the events that the filter counts.
    pub pattern: String,
    /// The metrics that the filter writes.
    pub metrics: Vec<Metric>,
    /// The criteria for the accounts and Regions of the events; `None` if the filter counts events
    /// of all accounts and Regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// Whether the filter reads transformed events.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_transformed: bool,
    /// System fields that become dimensions of the metrics.
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
