use reconcile_policy::Arn;
use serde::{Deserialize, Serialize};

use super::{AtRest, Tags, View};

/// A topic, without its policy, which is a resource of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its ARN.
    pub arn: Arn,
    /// Encryption of its messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<AtRest>,
    /// Tags.
    pub tags: Tags,
}

impl View for Topic {
    fn managed(&self, wanted: &Self) -> Self {
        Self {
            arn: self.arn.clone(),
            encryption: self.encryption.clone().filter(|_| wanted.encryption.is_some()),
            tags: self.tags.managed(&wanted.tags),
        }
    }
}
