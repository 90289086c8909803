use schemars::JsonSchema;
use serde::Deserialize;

use super::{All, ListOr, Located, RawAdvancedSelector, RawProof, WordOr};

/// A trail, in one account or many.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Trail")]
pub(crate) struct RawTrail {
    /// Its name.
    pub(crate) name: Located<String>,
    /// The accounts that have it: `all`, `members` (all but the bucket's), or a list.
    #[serde(default)]
    pub(crate) accounts: Option<Located<WordOr<RawAccountsWord, Vec<Located<String>>>>>,
    /// One trail for the whole organization. Default: false.
    #[serde(default)]
    pub(crate) organization_trail: Option<Located<bool>>,
    /// The Region where it can be changed. Default: the bucket's.
    #[serde(default)]
    pub(crate) home_region: Option<Located<String>>,
    /// Whether it records. Default: true.
    #[serde(default)]
    pub(crate) enabled: Option<bool>,
    /// Whether it records all Regions. Default: true.
    #[serde(default)]
    pub(crate) multi_region: Option<bool>,
    /// Whether it records services without a Region, such as IAM. Default: true.
    #[serde(default)]
    pub(crate) global_service_events: Option<Located<bool>>,
    /// Whether it delivers digest files. Default: true.
    #[serde(default)]
    pub(crate) log_file_validation: Option<bool>,
    /// Which management events. Default: all.
    #[serde(default)]
    pub(crate) management_events: Option<Located<WordOr<RawReadWrite, RawManagementChoice>>>,
    /// Which data events. Default: none.
    #[serde(default)]
    pub(crate) data_events: Option<Located<RawDataEvents>>,
    /// Advanced event selectors, as the CloudTrail API writes them, in place of the two keys above.
    #[serde(default)]
    pub(crate) advanced_event_selectors: Option<Located<Vec<Located<RawAdvancedSelector>>>>,
    /// Whether data events include CloudTrail's own deliveries of logs. Default: false where data events cover the log bucket or
    /// the log group, and otherwise left alone.
    #[serde(default)]
    pub(crate) recursive_logging: Option<bool>,
    /// Insights to record: a list for management events, or a map from categories of events to lists. Categories that are not
    /// named are left alone.
    #[serde(default)]
    pub(crate) insights: Option<Located<RawInsights>>,
    /// The templates by which CloudTrail summarizes data events, in addition to recording them. Default: left alone.
    #[serde(default)]
    pub(crate) event_aggregation: Option<Located<Vec<RawAggregationTemplate>>>,
    /// Delivery to CloudWatch Logs.
    #[serde(default)]
    pub(crate) cloudwatch_logs: Option<Located<RawCloudWatchLogs>>,
    /// Notification of every log file.
    #[serde(default)]
    pub(crate) sns_topic: Option<Located<RawSnsTopic>>,
}

impl RawTrail {
    /// Whether it is one trail for the whole organization.
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
    /// Every account but the bucket's.
    Members,
}

/// Management events with sources to leave out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ManagementChoice")]
pub(crate) struct RawManagementChoice {
    /// Which. Default: all.
    #[serde(default)]
    pub(crate) read_write: Option<RawReadWrite>,
    /// Event sources to leave out.
    #[serde(default)]
    pub(crate) exclude: Vec<RawExcluded>,
}

/// Which events, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ReadWrite")]
pub(crate) enum RawReadWrite {
    /// Both.
    All,
    /// Those that look.
    Read,
    /// Those that change something.
    Write,
    /// Neither.
    None,
}

/// An event source that can be left out.
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

/// `all`, a list, or a map that also says whether reads or writes are recorded.
pub(crate) type RawDataSelection = WordOr<All, ListOr<Vec<Located<String>>, RawDataChoice>>;

/// Data events of some resources, by what they do.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DataChoice")]
pub(crate) struct RawDataChoice {
    /// Which events. Default: all.
    #[serde(default)]
    pub(crate) read_write: Option<RawDataReadWrite>,
    /// The resources: all, or a list.
    pub(crate) resources: Located<RawDataValues>,
}

/// Which data events, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DataReadWrite")]
pub(crate) enum RawDataReadWrite {
    /// Reads and writes.
    All,
    /// Only events that read.
    Read,
    /// Only events that write.
    Write,
}

/// Which data events.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DataEvents")]
pub(crate) struct RawDataEvents {
    /// Objects: all, or buckets and prefixes, by name or ARN.
    #[serde(default)]
    pub(crate) s3: Option<Located<RawDataSelection>>,
    /// Lambda functions: all, or ARNs.
    #[serde(default)]
    pub(crate) lambda: Option<Located<RawDataSelection>>,
    /// DynamoDB tables: all, or ARNs.
    #[serde(default)]
    pub(crate) dynamodb: Option<Located<RawDataSelection>>,
}

/// Insights of management events, or of the categories that are named.
pub(crate) type RawInsights = ListOr<Vec<RawInsight>, RawInsightsOfCategories>;

/// The insights to record, by the category of the events that they are drawn from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InsightsOfCategories")]
pub(crate) struct RawInsightsOfCategories {
    /// Insights of management events. Default: left alone.
    #[serde(default)]
    pub(crate) management: Option<Located<Vec<RawInsight>>>,
    /// Insights of data events. Default: left alone.
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
    /// As CloudTrail names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApiCallRateInsight => "ApiCallRateInsight",
            Self::ApiErrorRateInsight => "ApiErrorRateInsight",
        }
    }
}

/// A template by which CloudTrail summarizes data events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "AggregationTemplate")]
pub(crate) enum RawAggregationTemplate {
    /// By the API calls.
    ApiActivity,
    /// By the resources that are accessed.
    ResourceAccess,
    /// By the principals that make calls.
    UserActions,
}

impl RawAggregationTemplate {
    /// The name that CloudTrail has for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ApiActivity => "API_ACTIVITY",
            Self::ResourceAccess => "RESOURCE_ACCESS",
            Self::UserActions => "USER_ACTIONS",
        }
    }
}

/// Delivery to CloudWatch Logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CloudWatchLogs")]
pub(crate) struct RawCloudWatchLogs {
    /// Name of the log group, in the account and home Region of the trail.
    pub(crate) log_group: Located<String>,
    /// Days until events expire. Default: left alone.
    #[serde(default)]
    pub(crate) retention_days: Option<Located<u32>>,
    /// Name of the role that delivers, in the account of the trail. Default: `reconcile-<name>-cloudtrail`.
    #[serde(default)]
    pub(crate) role_name: Option<Located<String>>,
    /// The permissions boundary of that role: the name of a managed policy in the account of the trail, or the ARN of a policy
    /// of AWS. Default: left alone.
    #[serde(default)]
    pub(crate) permissions_boundary: Option<Located<String>>,
    /// What encrypts the events. Default: `unmanaged`.
    #[serde(default)]
    pub(crate) encryption: Option<Located<RawAtRest>>,
}

/// Notification of every log file: a topic by `name`, or an existing one by `arn`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SnsTopic")]
pub(crate) struct RawSnsTopic {
    /// Name of the topic, in the home Region of the trail.
    #[serde(default)]
    pub(crate) name: Option<Located<String>>,
    /// The account that it is in. Default: the bucket's.
    #[serde(default)]
    pub(crate) account: Option<Located<String>>,
    /// What encrypts the messages. Default: a topic that is created is encrypted with the key, where the key is in its Region;
    /// the encryption of an existing topic is left alone.
    #[serde(default)]
    pub(crate) encryption: Option<Located<RawAtRest>>,
    /// ARN of a topic of somebody else, in any account and Region. The topic and its policy are only read.
    #[serde(default)]
    pub(crate) arn: Option<Located<String>>,
    /// What the proof does where it says that CloudTrail is not allowed to publish, or cannot tell. Default: refuse.
    #[serde(default)]
    pub(crate) proof: Option<Located<RawProof>>,
}

/// What encrypts a topic or a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "AtRest")]
pub(crate) enum RawAtRest {
    /// The key of the spec.
    Key,
    /// Leave the encryption alone.
    Unmanaged,
}
