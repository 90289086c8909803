use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A role that somebody made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) path: String,
    /// Who may assume it.
    pub(crate) trust: String,
    /// Inline policies by name.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, String>,
    /// The ARN of the permissions boundary.
    #[serde(default)]
    pub(crate) boundary: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}
