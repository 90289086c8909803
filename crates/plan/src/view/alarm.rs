use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::View;

/// A CloudWatch alarm on one metric.
///
/// See `PutMetricAlarm` in the CloudWatch API reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The namespace of the metric; empty for an alarm on an expression.
    pub namespace: String,
    /// The name of the metric; empty for an alarm on an expression.
    pub metric: String,
    /// The condition under which the alarm goes off.
    pub condition: Condition,
    /// Whether the actions of the alarm are enabled.
    pub actions_enabled: bool,
    /// The ARNs of the topics and other actions that the alarm notifies when it goes off.
    pub actions: BTreeSet<String>,
}

/// The condition under which an alarm goes off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// The statistic of each period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<String>,
    /// The length of a period in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<i32>,
    /// The number of periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periods: Option<i32>,
    /// The number of periods that must be in breach; `None` for all periods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaches: Option<i32>,
    /// The comparison with the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<String>,
    /// The threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The treatment of a period without data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_data: Option<String>,
    /// The dimensions of the metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
    /// The unit of the metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether periods begin at fixed times, and not at each evaluation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_wall_clock: bool,
    /// The number of minutes after each change of the alarm during which the alarm is not
    /// evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<i32>,
}

impl View for Alarm {
    /// Returns the view without foreign actions, which are kept.
    fn managed(&self, wanted: &Self) -> Self {
        Self { actions: self.actions.intersection(&wanted.actions).cloned().collect(), ..self.clone() }
    }
}
