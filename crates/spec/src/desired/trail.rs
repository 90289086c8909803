use reconcile_policy::Arn;
use serde::{Deserialize, Serialize};

use super::{Site, Tags};
use crate::names::{BucketName, TrailName};

/// A trail of one account.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as CloudTrail names them")]
pub struct Trail {
    /// Where it is; the Region is its home Region.
    pub site: Site,
    /// Its name.
    pub name: TrailName,
    /// Its ARN, which follows from the rest.
    pub arn: Arn,
    /// The bucket it delivers to.
    pub bucket: BucketName,
    /// The key prefix of its log files.
    pub prefix: Option<String>,
    /// Whether it records.
    pub enabled: bool,
    /// Whether it records all Regions.
    pub multi_region: bool,
    /// Whether it records services without a Region, such as IAM.
    pub global_service_events: bool,
    /// Whether it delivers digest files.
    pub log_file_validation: bool,
    /// What it records.
    pub selectors: Vec<EventSelector>,
    /// Its tags.
    pub tags: Tags,
}

/// What a trail records: a basic event selector.
///
/// See `EventSelector` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventSelector {
    /// Which events, by what they do.
    pub read_write: ReadWrite,
    /// Whether management events are among them.
    pub management_events: bool,
    /// Event sources whose management events are left out.
    pub exclude_management_sources: Vec<String>,
    /// The resources whose data events are among them.
    pub data_resources: Vec<DataResource>,
}

/// Which events, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadWrite {
    /// Both.
    All,
    /// Those that look.
    ReadOnly,
    /// Those that change something.
    WriteOnly,
}

/// Resources whose data events are recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DataResource {
    /// As CloudTrail names it: `AWS::S3::Object`, …
    pub kind: String,
    /// ARNs or beginnings of ARNs.
    pub values: Vec<String>,
}

impl EventSelector {
    /// Puts its lists in order, each member once: their order has no meaning.
    pub fn normalize(&mut self) {
        for resource in &mut self.data_resources {
            resource.values.sort();
            resource.values.dedup();
        }
        self.data_resources.sort();
        self.exclude_management_sources.sort();
        self.exclude_management_sources.dedup();
    }
}
