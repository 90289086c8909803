//! Topics.

use reconcile_operations::Error;
use reconcile_policy::Document;

use super::names::Receiver;
use super::policy::StoredPolicy;
use crate::view::{AtRest, Topic};

/// A topic with its policy.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTopic {
    /// The topic.
    pub view: Topic,
    /// Its policy; a topic always has one.
    pub policy: Document,
    /// The receivers of its messages; an error where they could not be read.
    pub subscriptions: Result<Vec<Receiver>, Error>,
}

/// What decides whether CloudTrail can publish to a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicAttributes {
    /// The policy; a topic always has one.
    pub policy: StoredPolicy,
    /// The encryption of the messages.
    pub encryption: AtRest,
    /// How many confirmed subscriptions there are; `None` where that is not known.
    pub subscribers: Option<u64>,
}
