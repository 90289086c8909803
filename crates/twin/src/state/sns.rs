use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Topic {
    pub(crate) policy: String,
    /// The key that encrypts messages, as in the request: an ID, an ARN or an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<Subscription>,
}

/// A subscription of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) arn: String,
    /// The account that subscribed.
    pub(crate) owner: String,
    /// The protocol, such as `sqs`.
    pub(crate) protocol: String,
    pub(crate) endpoint: String,
    /// The token that SNS sent to the endpoint, until the subscription is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}
