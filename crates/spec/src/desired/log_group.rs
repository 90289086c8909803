use reconcile_policy::Arn;

use super::{AtRest, Site, Tags};
use crate::names::LogGroupName;

/// A log group that a trail delivers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Where it is: the account and home Region of its trails.
    pub site: Site,
    /// Its name.
    pub name: LogGroupName,
    /// Its ARN, which follows from the rest; without `:*` behind it.
    pub arn: Arn,
    /// Days until events expire; `None` leaves that alone.
    pub retention_days: Option<u32>,
    /// What encrypts its events.
    pub encryption: AtRest,
    /// Its tags.
    pub tags: Tags,
}
