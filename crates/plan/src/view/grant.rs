use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{KeyRef, View};

/// A KMS grant. A grant can only be created and revoked, so a plan never updates one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// The name in KMS; it ends in a digest of the content.
    pub name: String,
    /// The key that the grant is on.
    pub key: KeyRef,
    /// The ID of the grant in KMS; `None` if the grant is not live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The grantee: an ARN, or a service such as `cloudtrail.amazonaws.com`.
    pub grantee: String,
    /// The operations, sorted.
    pub operations: Vec<String>,
    /// The required encryption context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Constraints>,
    /// The ARN of the resource on whose behalf a service is allowed to act, if the grantee is a
    /// service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
    /// The principal that can retire the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring_principal: Option<String>,
}

/// The encryption context that a grant requires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraints {
    /// Exactly these pairs.
    EncryptionContextEquals(BTreeMap<String, String>),
    /// At least these pairs.
    EncryptionContextSubset(BTreeMap<String, String>),
}

impl View for Grant {
    fn managed(&self, _: &Self) -> Self {
        self.clone()
    }
}
