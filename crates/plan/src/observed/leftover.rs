//! What trails of the installation use and the spec does not have.

use reconcile_policy::Region;
use reconcile_spec::AccountName;

use crate::view::{LogGroup, Role, Topic};

/// What was made for trails, and is not in the spec any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Leftover {
    /// The account that it is in.
    pub account: AccountName,
    /// The Region; of a role, that of the trail that uses it.
    pub region: Region,
    /// What it is.
    pub what: What,
}

/// What a leftover is.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A log group.
    LogGroup(LogGroup),
    /// A role.
    Role(Role),
    /// A topic.
    Topic(Topic),
}
