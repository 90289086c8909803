use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, RawAtRest, RawProof};

/// The topic that CloudTrail notifies of every log file: a managed topic by `name`, or an existing
/// topic by `arn`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SnsTopic")]
pub(crate) struct RawSnsTopic {
    /// The name of the topic, in the home Region of the trail.
    #[serde(default)]
    pub(crate) name: Option<Located<String>>,
    /// The account of the topic. Default: the account of the bucket.
    #[serde(default)]
    pub(crate) account: Option<Located<String>>,
    /// The encryption of the messages: `key` or `unmanaged`. Default: `reconcile` encrypts a new
    /// topic with the key, if the key is in the Region of the topic, and does not change the
    /// encryption of an existing topic.
    #[serde(default)]
    pub(crate) encryption: Option<Located<RawAtRest>>,
    /// The ARN of an existing topic, in any account and Region. `reconcile` only reads the topic
    /// and its policy.
    #[serde(default)]
    pub(crate) arn: Option<Located<String>>,
    /// The consequence if CloudTrail is not allowed to publish to the topic. Default: refuse.
    #[serde(default)]
    pub(crate) proof: Option<Located<RawProof>>,
}
