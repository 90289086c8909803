use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A KMS key with its policy and grants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) arn: String,
    pub(crate) description: String,
    /// The state: `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, …
    pub(crate) state: String,
    pub(crate) created: i64,
    /// The time of the deletion, if the key is pending deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deletion: Option<i64>,
    #[serde(default)]
    pub(crate) material: KeyMaterial,
    /// The time at which imported material expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) valid_to: Option<i64>,
    pub(crate) policy: String,
    /// The rotation period in days, if rotation is on.
    #[serde(default)]
    pub(crate) rotation_days: Option<u64>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// The grants, in the form of `ListGrants`.
    #[serde(default)]
    pub(crate) grants: Vec<Value>,
}

/// The kind and the origin of the material of a key. The values are those of `DescribeKey`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyMaterial {
    /// The usage, such as `ENCRYPT_DECRYPT`.
    pub usage: String,
    /// The key spec, such as `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// The origin, such as `AWS_KMS`.
    pub origin: String,
    /// The role of the key among multi-Region keys; `None` if the key is not a multi-Region key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<MultiRegion>,
}

/// The role of a key among the multi-Region keys that share its material.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultiRegion {
    /// The primary key, which has the shared settings.
    Primary,
    /// A replica of the primary key with this ARN.
    ReplicaOf(String),
}

/// The default material.
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
    /// Creates an enabled key with this ARN and policy.
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

    /// Returns whether a service can currently encrypt with the key.
    pub(crate) fn encrypts(&self) -> bool {
        self.state == "Enabled" && self.material.is_symmetric_encryption()
    }
}

impl KeyMaterial {
    /// Returns whether services of AWS can encrypt with keys of this kind.
    pub(crate) fn is_symmetric_encryption(&self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT" && self.usage == "ENCRYPT_DECRYPT"
    }
}
