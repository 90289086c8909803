use reconcile_policy::Arn;

use super::{Selectors, Site, Tags};
use crate::names::{BucketName, TrailName};

/// A trail of one account.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
pub struct Trail {
    /// Where it is; the Region is its home Region.
    pub site: Site,
    /// Its name.
    pub name: TrailName,
    /// Its ARN, which follows from the rest.
    pub arn: Arn,
    /// The bucket it delivers to.
    pub bucket: BucketName,
    /// The key prefix of its log files.
    pub prefix: Option<String>,
    /// Whether it records all accounts of the organization.
    pub is_organization: bool,
    /// Whether it records.
    pub enabled: bool,
    /// Whether it records all Regions.
    pub multi_region: bool,
    /// Whether it records services without a Region, such as IAM.
    pub global_service_events: bool,
    /// Whether it delivers digest files.
    pub log_file_validation: bool,
    /// What it records.
    pub selectors: Selectors,
    /// Whether its data events include CloudTrail's own deliveries; `None` leaves the setting alone.
    pub recursive_logging: Option<bool>,
    /// The insights it records.
    pub insights: Insights,
    /// The templates by which CloudTrail aggregates its data events, as CloudTrail names them, sorted; `None` leaves them alone.
    pub event_aggregation: Option<Vec<String>>,
    /// Where in CloudWatch Logs it delivers to, besides.
    pub logs: Option<LogDelivery>,
    /// The ARN of the topic that it tells of log files.
    pub topic: Option<Arn>,
    /// Its tags.
    pub tags: Tags,
}

/// The insights that a trail records, by the category of the events that they are drawn from. Each list has the types as
/// CloudTrail names them, sorted; `None` leaves the insights of that category alone.
///
/// See [`InsightSelector`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_InsightSelector.html).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Insights {
    /// Insights of management events.
    pub management: Option<Vec<String>>,
    /// Insights of data events.
    pub data: Option<Vec<String>>,
}

impl Insights {
    /// Whether the insights of any category are managed.
    pub fn are_managed(&self) -> bool {
        self.management.is_some() || self.data.is_some()
    }
}

/// Delivery to CloudWatch Logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDelivery {
    /// The ARN of the log group, with `:*` behind it, as CloudTrail takes it.
    pub group: Arn,
    /// The ARN of the role.
    pub role: Arn,
}
