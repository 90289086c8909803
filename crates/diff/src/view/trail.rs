use reconcile_policy::Arn;
use reconcile_spec::EventSelector;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{KeyRef, Tags, View};

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

/// What a trail records. A trail has selectors of one sort; writing one sort clears the other.
///
/// See `GetEventSelectors` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    /// Event selectors, sorted, each with its resources sorted: their order has no meaning.
    Basic(Vec<EventSelector>),
    /// Advanced event selectors, as CloudTrail gives them.
    Advanced(Vec<Value>),
}

impl Selectors {
    /// Basic selectors in canonical order.
    pub fn basic(mut selectors: Vec<EventSelector>) -> Self {
        for selector in &mut selectors {
            selector.normalize();
        }
        selectors.sort();
        Self::Basic(selectors)
    }
}

impl View for Trail {
    fn managed(&self, wanted: &Self) -> Self {
        Self { tags: self.tags.managed(&wanted.tags), ..self.clone() }
    }
}
