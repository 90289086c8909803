//! What happens while a plan is applied, for whoever shows it.

use reconcile_plan::Address;

use crate::outcome::Status;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// A change is under way.
    Started(&'a Address),
    /// It waits for earlier changes to be seen everywhere.
    Waiting(&'a Address),
    /// CloudTrail is asked to check a trail after a change of a policy: the change, and the trail.
    Confirming(&'a Address, &'a Address),
    /// It is over.
    Finished(&'a Address, &'a Status),
}

/// Whoever shows what happens. Called from many tasks at once.
pub trait Watch: Send + Sync {
    /// Something happened.
    fn event(&self, event: Event<'_>);
}

/// Nobody.
impl Watch for () {
    fn event(&self, _: Event<'_>) {}
}
