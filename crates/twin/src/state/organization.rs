use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The organization of all accounts of the twin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Organization {
    /// The management account, if it is not the ambient account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) management: Option<String>,
    /// Organizational units by ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) units: BTreeMap<String, Unit>,
    /// Services with trusted access.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) service_access: BTreeSet<String>,
    /// Delegated administrators by service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) delegated_administrators: BTreeMap<String, BTreeSet<String>>,
    /// Whether CloudTrail has created the role in the management account that organization trails
    /// need.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) has_service_linked_role: bool,
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub(crate) name: String,
    /// The ID of the parent unit or of the root.
    pub(crate) parent: String,
}

impl Organization {
    /// Returns whether an account is delegated administrator for a service.
    pub(crate) fn delegates(&self, service: &str, account: &str) -> bool {
        self.delegated_administrators.get(service).is_some_and(|accounts| accounts.contains(account))
    }
}
