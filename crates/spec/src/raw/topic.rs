use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, RawAtRest, RawProof};

/// Notification of every log file: a managed topic by `name`, or an existing topic by `arn`.
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
    /// The encryption of the messages: `key` or `unmanaged`. Default: a new topic is encrypted with
    /// the key, if the key is in the Region of the topic; the encryption of an existing topic is
    /// not changed.
    #[serde(default)]
    pub(crate) encryption: Option<Located<RawAtRest>>,
    /// The ARN of an existing topic, in any account and Region. The topic and its policy are only
    /// read.
    #[serde(default)]
    pub(crate) arn: Option<Located<String>>,
    /// Whether the plan refuses the trail if CloudTrail is not allowed to publish. Default: refuse.
    #[serde(default)]
    pub(crate) proof: Option<Located<RawProof>>,
}
