use reconcile_policy::{Arn, Ownership, TopicIntent};

use super::{AtRest, Foreign, OnDoubt, Site, Tags};
use crate::names::{AccountName, TopicName};

/// A managed topic to which CloudTrail publishes a notification of every log file.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// The account and Region of the topic. The Region is the home Region of its trails.
    pub site: Site,
    /// The name of the topic.
    pub name: TopicName,
    /// The ARN, derived from the other fields.
    pub arn: Arn,
    /// The encryption of the messages.
    pub encryption: AtRest,
    /// The access that the policy must grant.
    pub intent: TopicIntent,
    /// Decides which statements of the policy are managed.
    pub ownership: Ownership,
    /// The treatment of foreign statements.
    pub foreign: Foreign,
    /// The consequence if the proof shows that CloudTrail is not allowed to publish, or is
    /// uncertain.
    pub proof: OnDoubt,
    /// The tags of the topic.
    pub tags: Tags,
}

/// An unmanaged topic to which CloudTrail publishes a notification of every log file. `reconcile`
/// only reads the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTopic {
    /// The ARN of the topic.
    pub arn: Arn,
    /// The account whose credentials read the topic: the account of the topic if the spec has that
    /// account, else the account of the first trail that notifies the topic.
    pub reader: AccountName,
    /// The consequence if the proof shows that CloudTrail is not allowed to publish, or is
    /// uncertain.
    pub proof: OnDoubt,
}
