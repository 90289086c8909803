//! Topics.

use reconcile_operations::Error;
use reconcile_policy::Document;

use super::names::NameReceiver;
use super::policy::StoredPolicy;
use crate::view::{AtRest, Topic};

/// A topic with its policy.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTopic {
    /// The topic.
    pub view: Topic,
    /// The policy of the topic. A topic always has a policy.
    pub policy: Document,
    /// The receivers of the messages, or the error of the read.
    pub subscriptions: Result<Vec<NameReceiver>, Error>,
    /// The number of confirmed subscriptions; `None` if SNS does not return the number.
    pub subscribers: Option<u64>,
    /// The number of subscriptions that nobody has confirmed yet.
    pub pending: u64,
}

/// The attributes of a topic that decide whether CloudTrail can publish to it.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicAttributes {
    /// The policy of the topic. A topic always has a policy.
    pub policy: StoredPolicy,
    /// The encryption of the messages.
    pub encryption: AtRest,
    /// The number of confirmed subscriptions; `None` if it is unknown.
    pub subscribers: Option<u64>,
    /// The number of subscriptions that are not confirmed.
    pub pending: u64,
}
