use reconcile_policy::Arn;
use serde::{Deserialize, Serialize};

use super::{AtRest, Tags, View};

/// A topic, without its policy, which is a separate resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// The ARN of the topic.
    pub arn: Arn,
    /// The encryption of the messages.
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
