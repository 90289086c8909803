mod selectors;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{All, ListOr, Located, RawCloudWatchLogs, RawSnsTopic, WordOr};
pub(crate) use selectors::{RawAdvancedSelector, RawFieldSelector};

/// A trail, in one account or many.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trail")]
pub(crate) struct RawTrail {
    /// The name of the trail.
    pub(crate) name: Located<String>,
    /// The accounts that have the trail: `all`, `members` (all except the account of the bucket),
    /// or a list.
    #[serde(default)]
    pub(crate) accounts: Option<Located<WordOr<RawAccountsWord, Vec<Located<String>>>>>,
    /// Whether this is one trail for the whole organization. Default: false.
    #[serde(default)]
    pub(crate) organization_trail: Option<Located<bool>>,
    /// The home Region of the trail. Default: the Region of the bucket.
    #[serde(default)]
    pub(crate) home_region: Option<Located<String>>,
    /// Whether logging is on. Default: true.
    #[serde(default)]
    pub(crate) enabled: Option<bool>,
    /// Whether the trail records all Regions. Default: true.
    #[serde(default)]
    pub(crate) multi_region: Option<bool>,
    /// Whether the trail records global services, such as IAM. Default: true.
    #[serde(default)]
    pub(crate) global_service_events: Option<Located<bool>>,
    /// Log file validation: whether CloudTrail delivers digest files. Default: true.
    #[serde(default)]
    pub(crate) log_file_validation: Option<bool>,
    /// The management events to record. Default: all.
    #[serde(default)]
    pub(crate) management_events: Option<Located<WordOr<RawReadWrite, RawManagementChoice>>>,
    /// The data events to record. Default: none.
    #[serde(default)]
    pub(crate) data_events: Option<Located<RawDataEvents>>,
    /// Advanced event selectors in the syntax of the CloudTrail API, instead of `management_events`
    /// and `data_events`.
    #[serde(default)]
    pub(crate) advanced_event_selectors: Option<Located<Vec<Located<RawAdvancedSelector>>>>,
    /// Whether data events include CloudTrail's own deliveries of log files and log events.
    /// Default: false if data events for writes cover the log files in the bucket or, with
    /// `cloudwatch_logs`, log groups; otherwise unmanaged.
    #[serde(default)]
    pub(crate) recursive_logging: Option<bool>,
    /// The insights to record: a list for management events, or a map from categories of events to
    /// lists. `reconcile` does not change other categories.
    #[serde(default)]
    pub(crate) insights: Option<Located<RawInsights>>,
    /// The templates with which CloudTrail aggregates data events, in addition to recording the
    /// events. Default: unmanaged.
    #[serde(default)]
    pub(crate) event_aggregation: Option<Located<Vec<RawAggregationTemplate>>>,
    /// Delivery to CloudWatch Logs.
    #[serde(default)]
    pub(crate) cloudwatch_logs: Option<Located<RawCloudWatchLogs>>,
    /// The topic that CloudTrail notifies of every log file.
    #[serde(default)]
    pub(crate) sns_topic: Option<Located<RawSnsTopic>>,
}

impl RawTrail {
    /// Whether this is one trail for the whole organization.
    pub(crate) fn is_organization(&self) -> bool {
        self.organization_trail.as_ref().is_some_and(|it| it.value)
    }
}

/// A word for several accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "AccountsWord")]
pub(crate) enum RawAccountsWord {
    /// Every account.
    All,
    /// Every account except the account of the bucket.
    Members,
}

/// Management events with excluded event sources.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ManagementChoice")]
pub(crate) struct RawManagementChoice {
    /// The management events to record. Default: all.
    #[serde(default)]
    pub(crate) read_write: Option<RawReadWrite>,
    /// Event sources to exclude.
    #[serde(default)]
    pub(crate) exclude: Vec<RawExcluded>,
}

/// A selection of management events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ReadWrite")]
pub(crate) enum RawReadWrite {
    /// Read and write events.
    All,
    /// Only read events.
    Read,
    /// Only write events.
    Write,
    /// No events.
    None,
}

/// An event source that a trail can exclude.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "ExcludedSource")]
pub(crate) enum RawExcluded {
    /// AWS KMS.
    #[serde(rename = "kms.amazonaws.com")]
    Kms,
    /// Amazon RDS Data API.
    #[serde(rename = "rdsdata.amazonaws.com")]
    RdsData,
}

/// `all`, or a list.
pub(crate) type RawDataValues = WordOr<All, Vec<Located<String>>>;

/// `all`, a list, or a map that also selects read or write events.
pub(crate) type RawDataSelection = WordOr<All, ListOr<Vec<Located<String>>, RawDataChoice>>;

/// Data events of some resources, limited to read or write events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DataChoice")]
pub(crate) struct RawDataChoice {
    /// The events to record. Default: all.
    #[serde(default)]
    pub(crate) read_write: Option<RawDataReadWrite>,
    /// The resources: all, or a list.
    pub(crate) resources: Located<RawDataValues>,
}

/// A selection of data events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DataReadWrite")]
pub(crate) enum RawDataReadWrite {
    /// Read and write events.
    All,
    /// Only read events.
    Read,
    /// Only write events.
    Write,
}

/// Data events to record, by type of resource.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DataEvents")]
pub(crate) struct RawDataEvents {
    /// S3 objects: all, or buckets and prefixes, by name or ARN.
    #[serde(default)]
    pub(crate) s3: Option<Located<RawDataSelection>>,
    /// Lambda functions: all, or ARNs.
    #[serde(default)]
    pub(crate) lambda: Option<Located<RawDataSelection>>,
    /// DynamoDB tables: all, or ARNs.
    #[serde(default)]
    pub(crate) dynamodb: Option<Located<RawDataSelection>>,
}

/// Insights of management events, or of each category of events.
pub(crate) type RawInsights = ListOr<Vec<RawInsight>, RawInsightsOfCategories>;

/// The insights to record, by category of events.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InsightsOfCategories")]
pub(crate) struct RawInsightsOfCategories {
    /// Insights of management events. Default: unmanaged.
    #[serde(default)]
    pub(crate) management: Option<Located<Vec<RawInsight>>>,
    /// Insights of data events. Default: unmanaged.
    #[serde(default)]
    pub(crate) data: Option<Located<Vec<RawInsight>>>,
}

/// An insight to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[schemars(rename = "Insight")]
pub(crate) enum RawInsight {
    /// Unusual rates of calls.
    ApiCallRateInsight,
    /// Unusual rates of errors.
    ApiErrorRateInsight,
}

impl RawInsight {
    /// The name in the CloudTrail API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApiCallRateInsight => "ApiCallRateInsight",
            Self::ApiErrorRateInsight => "ApiErrorRateInsight",
        }
    }
}

/// A template with which CloudTrail aggregates data events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "AggregationTemplate")]
pub(crate) enum RawAggregationTemplate {
    /// Aggregate by API activity.
    ApiActivity,
    /// Aggregate by resource.
    ResourceAccess,
    /// Aggregate by principal.
    UserActions,
}

impl RawAggregationTemplate {
    /// The name of the template in the CloudTrail API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApiActivity => "API_ACTIVITY",
            Self::ResourceAccess => "RESOURCE_ACCESS",
            Self::UserActions => "USER_ACTIONS",
        }
    }
}
