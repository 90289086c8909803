use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A role that a caller created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) path: String,
    /// The trust policy.
    pub(crate) trust: String,
    /// Inline policies by name.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, String>,
    /// The ARN of the permissions boundary.
    #[serde(default)]
    pub(crate) boundary: Option<String>,
    /// ARNs of managed policies, whose content the twin does not know.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) attached: BTreeSet<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}
