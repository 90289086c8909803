use reconcile_policy::Arn;
use serde::{Deserialize, Serialize};

use super::{KeyRef, Selectors, Tags, View};

/// A trail with all its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
pub struct Trail {
    /// Its ARN, by which it is always addressed.
    pub arn: Arn,
    /// The bucket it delivers to.
    pub bucket: String,
    /// The key prefix of its log files.
    pub prefix: Option<String>,
    /// The key that encrypts its log files.
    pub kms_key: Option<KeyRef>,
    /// Whether it records every Region.
    pub multi_region: bool,
    /// Whether it records services without a Region, such as IAM.
    pub global_service_events: bool,
    /// Whether it delivers digest files, with which log files can be proven to be unaltered.
    pub log_file_validation: bool,
    /// Whether it records at all.
    pub logging: bool,
    /// What it records.
    pub selectors: Selectors,
    /// The insights it records, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insights: Option<Vec<String>>,
    /// Tags.
    pub tags: Tags,
}

/// A trail that the spec does not have, as far as its delivery goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTrail {
    /// Its ARN.
    pub arn: Arn,
    /// The bucket it delivers to.
    pub bucket: String,
    /// The key prefix of its log files.
    pub prefix: Option<String>,
    /// The ARN of the key that encrypts its log files.
    pub kms_key: Option<String>,
}

impl View for Trail {
    fn managed(&self, wanted: &Self) -> Self {
        Self {
            insights: self.insights.clone().filter(|_| wanted.insights.is_some()),
            tags: self.tags.managed(&wanted.tags),
            ..self.clone()
        }
    }
}
