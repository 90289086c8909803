use reconcile_policy::Arn;
use serde::{Deserialize, Serialize};

use super::{Tags, View};

/// A topic, without its policy, which is a resource of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// Its ARN.
    pub arn: Arn,
    /// Tags.
    pub tags: Tags,
}

impl View for Topic {
    fn managed(&self, wanted: &Self) -> Self {
        Self { arn: self.arn.clone(), tags: self.tags.managed(&wanted.tags) }
    }
}
