use serde::{Deserialize, Serialize};

use super::{AtRest, Tags, View};

/// A log group.
///
/// See "Working with log groups and log streams" in the CloudWatch Logs user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Days until events expire; `None` in the live view if events never expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// The encryption of the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<AtRest>,
    /// Tags.
    pub tags: Tags,
}

impl View for LogGroup {
    fn managed(&self, wanted: &Self) -> Self {
        Self {
            retention_days: self.retention_days.filter(|_| wanted.retention_days.is_some()),
            encryption: self.encryption.clone().filter(|_| wanted.encryption.is_some()),
            tags: self.tags.managed(&wanted.tags),
        }
    }
}
