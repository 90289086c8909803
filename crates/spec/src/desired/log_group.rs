use reconcile_policy::Arn;

use super::{AtRest, Site, Tags};
use crate::names::LogGroupName;

/// A log group to which a trail delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// The account and home Region of the trails of the log group.
    pub site: Site,
    /// The name of the log group.
    pub name: LogGroupName,
    /// The ARN, derived from the other fields; without the suffix `:*`.
    pub arn: Arn,
    /// Days until events expire; `None` if the retention is not managed.
    pub retention_days: Option<u32>,
    /// The encryption of the events.
    pub encryption: AtRest,
    /// The tags of the log group.
    pub tags: Tags,
}
