use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A KMS key with its policy and grants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) arn: String,
    pub(crate) description: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, …
    pub(crate) state: String,
    pub(crate) created: i64,
    /// When the key is deleted, if it is pending deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deletion: Option<i64>,
    #[serde(default)]
    pub(crate) material: KeyMaterial,
    /// When imported material expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_to: Option<i64>,
    pub(crate) policy: String,
    /// The rotation period in days, where rotation is on.
    #[serde(default)]
    pub(crate) rotation_days: Option<u64>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// As `ListGrants` gives them.
    #[serde(default)]
    pub(crate) grants: Vec<Value>,
}

/// The material of a key: what it can do, and where it comes from. The values are those of `DescribeKey`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyMaterial {
    /// Such as `ENCRYPT_DECRYPT`.
    pub usage: String,
    /// Such as `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// Such as `AWS_KMS`.
    pub origin: String,
    /// Whether the key is one of several in different Regions, and which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<MultiRegion>,
}

/// The part of a key among the multi-Region keys that share its material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultiRegion {
    /// The primary key, which has the settings that all share.
    Primary,
    /// A replica of the primary key of this ARN.
    ReplicaOf(String),
}

/// The material of a key for which nothing is asked.
impl Default for KeyMaterial {
    fn default() -> Self {
        Self {
            usage: "ENCRYPT_DECRYPT".to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            origin: "AWS_KMS".to_owned(),
            multi_region: None,
        }
    }
}

impl Key {
    /// An enabled key of this ARN and policy.
    pub(crate) fn new(arn: String, policy: String) -> Self {
        Self {
            arn,
            description: String::new(),
            state: "Enabled".to_owned(),
            created: super::now(),
            deletion: None,
            material: KeyMaterial::default(),
            valid_to: None,
            policy,
            rotation_days: None,
            tags: BTreeMap::new(),
            grants: Vec::new(),
        }
    }

    /// Whether a service can encrypt with the key now.
    pub(crate) fn encrypts(&self) -> bool {
        self.state == "Enabled" && self.material.is_symmetric_encryption()
    }
}

impl KeyMaterial {
    /// Whether services of AWS encrypt with keys of the kind.
    pub(crate) fn is_symmetric_encryption(&self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT" && self.usage == "ENCRYPT_DECRYPT"
    }
}
