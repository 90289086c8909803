use reconcile_policy::{Arn, Ownership, TopicIntent};

use super::{Foreign, Site, Tags};
use crate::names::TopicName;

/// A topic that is told of every log file.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Where it is: the Region is the home Region of its trails.
    pub site: Site,
    /// Its name.
    pub name: TopicName,
    /// Its ARN, which follows from the rest.
    pub arn: Arn,
    /// What its policy has to say.
    pub intent: TopicIntent,
    /// Which statements of the policy are ours.
    pub ownership: Ownership,
    /// What becomes of those that are not.
    pub foreign: Foreign,
    /// Its tags.
    pub tags: Tags,
}
