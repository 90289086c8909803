use reconcile_policy::{Arn, Ownership, TopicIntent};

use super::{AtRest, Foreign, OnDoubt, Site, Tags};
use crate::names::{AccountName, TopicName};

/// A topic that is told of every log file.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Where it is: the Region is the home Region of its trails.
    pub site: Site,
    /// Its name.
    pub name: TopicName,
    /// Its ARN, which follows from the rest.
    pub arn: Arn,
    /// What encrypts its messages.
    pub encryption: AtRest,
    /// What its policy has to say.
    pub intent: TopicIntent,
    /// Which statements of the policy are ours.
    pub ownership: Ownership,
    /// What becomes of those that are not.
    pub foreign: Foreign,
    /// What the proof does if it says that CloudTrail is not allowed to publish, or cannot tell.
    pub proof: OnDoubt,
    /// Its tags.
    pub tags: Tags,
}

/// A topic of somebody else that is told of every log file. It is only read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTopic {
    /// Its ARN.
    pub arn: Arn,
    /// The account whose credentials read it: its own if the spec has it, else that of the first of its trails.
    pub reader: AccountName,
    /// What the proof does if it says that CloudTrail is not allowed to publish, or cannot tell.
    pub proof: OnDoubt,
}
