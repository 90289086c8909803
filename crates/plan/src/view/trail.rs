pub(crate) mod former;
mod insight;

use reconcile_policy::{Arn, KeyIdentifier};
use serde::{Deserialize, Serialize};

use super::{KeyRef, Selectors, Tags, View};
pub use insight::{DATA, Insight, MANAGEMENT};

/// A trail with all its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
pub struct Trail {
    /// The ARN, with which all calls name the trail.
    pub arn: Arn,
    /// The bucket to which the trail delivers.
    pub bucket: String,
    /// The key prefix of the log files.
    pub prefix: Option<String>,
    /// The key that encrypts the log files.
    pub kms_key: Option<KeyRef>,
    /// Whether the trail records all Regions.
    pub multi_region: bool,
    /// Whether the trail records global services, such as IAM.
    pub global_service_events: bool,
    /// Whether CloudTrail delivers digest files, which prove that log files are unaltered.
    pub log_file_validation: bool,
    /// Whether the trail records all accounts of the organization.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub organization: bool,
    /// Whether the trail is logging.
    pub logging: bool,
    /// The recorded events.
    pub selectors: Selectors,
    /// Whether data events include CloudTrail's own deliveries of logs; `None` if the setting is
    /// not managed, or if CloudTrail does not return it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recursive_logging: Option<bool>,
    /// The recorded insights, sorted, each in the text form of [`Insight`](super::Insight).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insights: Option<Vec<String>>,
    /// The templates with which CloudTrail aggregates data events, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_aggregation: Option<Vec<String>>,
    /// Delivery to CloudWatch Logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloudwatch_logs: Option<CloudWatchLogs>,
    /// Notifications of log files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Notification>,
    /// Tags.
    pub tags: Tags,
}

impl Trail {
    /// The ARN of the key that encrypts the log files; `None` if there is no key, or if the key is
    /// not created yet.
    pub fn key_arn(&self) -> Option<&Arn> {
        self.key()?.arn()
    }

    /// The key that encrypts the log files; `None` if there is no key, or if the key is not created
    /// yet.
    pub fn key(&self) -> Option<&KeyIdentifier> {
        self.kms_key.as_ref()?.identifier()
    }

    /// Returns the destinations besides the bucket: the log group, the role that delivers to the
    /// log group, and the topic.
    pub fn destinations(&self) -> impl Iterator<Item = Arn> {
        let mut arns = Vec::new();
        if let Some(CloudWatchLogs::To { group, role }) = &self.cloudwatch_logs {
            arns.extend([group.trim_end_matches(":*"), role.as_str()]);
        }
        if let Some(Notification::To { topic }) = &self.notification {
            arns.push(topic);
        }
        arns.into_iter().filter_map(|arn| arn.parse().ok())
    }

    /// Returns the destinations besides the bucket, and the earlier destinations that the tags
    /// name.
    pub fn named(&self) -> impl Iterator<Item = Arn> {
        self.destinations().chain(former::read(&self.tags))
    }
}

/// Delivery to CloudWatch Logs, in addition to the bucket.
///
/// See "Sending events to CloudWatch Logs" in the CloudTrail user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum CloudWatchLogs {
    /// The trail does not deliver to CloudWatch Logs.
    Off,
    /// The trail delivers to a log group.
    To {
        /// The ARN of the log group, with the suffix `:*`.
        group: String,
        /// The ARN of the role that delivers to the log group.
        role: String,
    },
}

/// Notifications of log files.
///
/// See "Configuring Amazon SNS notifications for CloudTrail" in the CloudTrail user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Notification {
    /// The trail sends no notifications.
    Off,
    /// The trail notifies a topic.
    To {
        /// The ARN of the topic.
        topic: String,
    },
}

/// The settings for the delivery of a trail that the spec does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTrail {
    /// The ARN of the trail.
    pub arn: Arn,
    /// The bucket to which the trail delivers.
    pub bucket: String,
    /// The key prefix of the log files.
    pub prefix: Option<String>,
    /// The key that encrypts the log files.
    pub kms_key: Option<KeyIdentifier>,
    /// The ARN of the topic that the trail notifies.
    pub topic: Option<String>,
    /// Whether CloudTrail delivers digest files.
    pub log_file_validation: bool,
    /// The home Region, in which the trail can be changed.
    pub home_region: String,
    /// Whether the trail records all Regions.
    pub multi_region: bool,
    /// Whether the trail records all accounts of the organization.
    pub organization: bool,
}

impl OtherTrail {
    /// Returns the settings of a trail that affect a spec without this trail.
    pub fn of(trail: &Trail) -> Self {
        Self {
            arn: trail.arn.clone(),
            bucket: trail.bucket.clone(),
            prefix: trail.prefix.clone(),
            kms_key: trail.key().cloned(),
            topic: match &trail.notification {
                Some(Notification::To { topic }) => Some(topic.clone()),
                Some(Notification::Off) | None => None,
            },
            log_file_validation: trail.log_file_validation,
            home_region: trail.arn.region().to_owned(),
            multi_region: trail.multi_region,
            organization: trail.organization,
        }
    }
}

impl View for Trail {
    fn managed(&self, wanted: &Self) -> Self {
        Self {
            // A value that CloudTrail does not report cannot differ: otherwise every plan would
            // change it again.
            recursive_logging: wanted.recursive_logging.map(|value| self.recursive_logging.unwrap_or(value)),
            insights: self.insights.clone().filter(|_| wanted.insights.is_some()),
            event_aggregation: self.event_aggregation.clone().filter(|_| wanted.event_aggregation.is_some()),
            cloudwatch_logs: self.cloudwatch_logs.clone().filter(|_| wanted.cloudwatch_logs.is_some()),
            notification: self.notification.clone().filter(|_| wanted.notification.is_some()),
            tags: self.tags.managed(&wanted.tags),
            ..self.clone()
        }
    }
}

#[cfg(test)]
impl Trail {
    /// Creates a trail without optional settings.
    pub(crate) fn plain(arn: Arn) -> Self {
        Self {
            arn,
            bucket: "logs".to_owned(),
            prefix: None,
            kms_key: None,
            multi_region: true,
            global_service_events: true,
            log_file_validation: true,
            organization: false,
            logging: true,
            selectors: Selectors::Advanced(Vec::new()),
            recursive_logging: None,
            insights: None,
            event_aggregation: None,
            cloudwatch_logs: None,
            notification: None,
            tags: Tags::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(recursive_logging: Option<bool>) -> Trail {
        let arn = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/Trail".parse().unwrap();
        Trail { recursive_logging, ..Trail::plain(arn) }
    }

    #[test]
    fn recursive_logging_is_compared_only_where_it_is_managed_and_reported() {
        for (live, wanted, expected) in [
            (Some(true), Some(false), Some(true)),
            (Some(false), Some(false), Some(false)),
            (None, Some(false), Some(false)),
            (None, Some(true), Some(true)),
            (Some(true), None, None),
            (None, None, None),
        ] {
            let managed = trail(live).managed(&trail(wanted));
            assert_eq!(managed.recursive_logging, expected, "{live:?} {wanted:?}");
        }
    }
}
