use reconcile_policy::Document;
use serde::{Deserialize, Serialize};

use super::{Tags, View};

/// A KMS key, without its policy, alias and grants, which are separate resources.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The description, which the console shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Automatic rotation of the key material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// Tags.
    pub tags: Tags,
    /// The policy with which the key is created; only in a create. The policy allows only the
    /// administrators. Without a policy, KMS would write a policy that allows access through the
    /// IAM policies of the whole account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_policy: Option<Document>,
}

/// The automatic rotation of the key material.
///
/// See "Rotate AWS KMS keys" in the KMS developer guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// The key is not rotated.
    Off,
    /// The key is rotated after this number of days.
    EveryDays(u32),
}

impl View for Key {
    fn managed(&self, wanted: &Self) -> Self {
        Self {
            description: self.description.clone().filter(|_| wanted.description.is_some()),
            rotation: self.rotation.filter(|_| wanted.rotation.is_some()),
            tags: self.tags.managed(&wanted.tags),
            initial_policy: None,
        }
    }
}
