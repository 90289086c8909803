use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, RawAlarms, RawAtRest};

/// Delivery to CloudWatch Logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CloudWatchLogs")]
pub(crate) struct RawCloudWatchLogs {
    /// The name of the log group, in the account and home Region of the trail.
    pub(crate) log_group: Located<String>,
    /// Days until events expire. Default: unmanaged.
    #[serde(default)]
    pub(crate) retention_days: Option<Located<u32>>,
    /// The name of the role for the delivery, in the account of the trail. Default:
    /// `reconcile-<name>-cloudtrail`.
    #[serde(default)]
    pub(crate) role_name: Option<Located<String>>,
    /// The permissions boundary of the role: the name of a managed policy in the account of the
    /// trail, or the ARN of an AWS managed policy. Default: unmanaged.
    #[serde(default)]
    pub(crate) permissions_boundary: Option<Located<String>>,
    /// The encryption of the events: `key` or `unmanaged`. Default: `unmanaged`.
    #[serde(default)]
    pub(crate) encryption: Option<Located<RawAtRest>>,
    /// Metric filters on the log group, and alarms on their metrics.
    #[serde(default)]
    pub(crate) alarms: Option<Located<RawAlarms>>,
}
