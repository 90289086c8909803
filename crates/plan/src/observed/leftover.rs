//! Resources that trails of the installation use and the spec does not have.

use reconcile_policy::Region;
use reconcile_spec::AccountName;

use super::topic::LiveTopic;
use crate::view::{LogGroup, Role};

/// A log group, role or topic of this installation that the spec no longer has.
#[derive(Debug, Clone, PartialEq)]
pub struct Leftover {
    /// The account of the resource.
    pub account: AccountName,
    /// The Region of the resource; for a role, the Region of the trail that uses the role.
    pub region: Region,
    /// The resource.
    pub what: What,
    /// The additions of others, in words.
    pub additions: Vec<String>,
}

/// The kind of a leftover, with its live view.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A log group.
    LogGroup(LogGroup),
    /// A role.
    Role(Role),
    /// A topic.
    Topic(LiveTopic),
}
