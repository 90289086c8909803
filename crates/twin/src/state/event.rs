use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A recorded call in the event history of CloudTrail. Its form in the state file is short, because
/// there are many events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    /// The number of the event in its account and Region.
    #[serde(rename = "n")]
    pub(crate) number: u64,
    /// The time in seconds since 1970.
    #[serde(rename = "at")]
    pub(crate) time: i64,
    /// Service and operation, such as `cloudtrail:StopLogging`. Events of S3 have their own names.
    #[serde(rename = "did")]
    pub(crate) operation: String,
    /// The role and the session name, if the caller has assumed a role.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// The index of the user agent in the state.
    #[serde(rename = "with")]
    pub(crate) user_agent: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The request parameters that are texts, or lists of texts.
    #[serde(rename = "of")]
    pub(crate) parameters: BTreeMap<String, Parameter>,
    /// The ARN of the resource, for the services that record it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arn: Option<String>,
}

/// A request parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Parameter {
    /// A text.
    Text(String),
    /// A list, such as the names of alarms.
    List(Vec<String>),
}

impl Parameter {
    /// The texts: the single text, or the texts of the list.
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        }
    }
}
