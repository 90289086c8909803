use std::collections::{BTreeMap, BTreeSet};

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
    /// ARNs of managed policies, of which the twin knows no more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) attached: BTreeSet<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}
