mod selectors;

use reconcile_policy::Arn;

use super::{Site, Tags};
use crate::names::{BucketName, TrailName};
pub use selectors::{
    AdvancedSelector, DataResource, EventSelector, FieldSelector, ReadWrite, RecordedCalls, Selectors,
};

/// A trail of one account.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
pub struct Trail {
    /// The account and home Region of the trail.
    pub site: Site,
    /// The name of the trail.
    pub name: TrailName,
    /// The ARN, derived from the other fields.
    pub arn: Arn,
    /// The bucket to which the trail delivers.
    pub bucket: BucketName,
    /// The key prefix of the log files.
    pub prefix: Option<String>,
    /// Whether the trail records all accounts of the organization.
    pub is_organization: bool,
    /// Whether logging is on.
    pub enabled: bool,
    /// Whether the trail records all Regions.
    pub multi_region: bool,
    /// Whether the trail records global services, such as IAM.
    pub global_service_events: bool,
    /// Whether CloudTrail delivers digest files.
    pub log_file_validation: bool,
    /// The recorded events.
    pub selectors: Selectors,
    /// Whether data events include CloudTrail's own deliveries; `None` if the setting is not
    /// managed.
    pub recursive_logging: Option<bool>,
    /// The recorded insights.
    pub insights: Insights,
    /// The templates with which CloudTrail aggregates the data events, by their names in
    /// CloudTrail, sorted; `None` if they are not managed.
    pub event_aggregation: Option<Vec<String>>,
    /// The additional delivery to CloudWatch Logs.
    pub logs: Option<LogDelivery>,
    /// The ARN of the topic to which CloudTrail publishes notifications of log files.
    pub topic: Option<Arn>,
    /// The tags of the trail.
    pub tags: Tags,
}

/// The insights that a trail records, by the category of the analyzed events. Each list has the
/// types by their names in CloudTrail, sorted; `None` if the insights of the category are not
/// managed.
///
/// See
/// [`InsightSelector`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_InsightSelector.html).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Insights {
    /// Insights of management events.
    pub management: Option<Vec<String>>,
    /// Insights of data events.
    pub data: Option<Vec<String>>,
}

impl Insights {
    /// Returns whether the insights of any category are managed.
    pub fn are_managed(&self) -> bool {
        self.management.is_some() || self.data.is_some()
    }
}

/// Delivery to CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDelivery {
    /// The ARN of the log group, with the suffix `:*` that CloudTrail requires.
    pub group: Arn,
    /// The ARN of the role.
    pub role: Arn,
}
