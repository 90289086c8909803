//! Events during an apply, for progress output.

use reconcile_plan::Address;

use crate::outcome::ChangeStatus;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// A change started.
    Started(&'a Address),
    /// A change waits until AWS applies earlier changes.
    Waiting(&'a Address),
    /// CloudTrail is asked to check a trail after a policy change. The values are the change and
    /// the trail.
    Confirming(&'a Address, &'a Address),
    /// A change ended.
    Finished(&'a Address, &'a ChangeStatus),
}

/// An observer of events. Many tasks call it concurrently.
pub trait EventObserver: Send + Sync {
    /// Receives an event.
    fn event(&self, event: Event<'_>);
}

/// An observer that ignores every event.
impl EventObserver for () {
    fn event(&self, _: Event<'_>) {}
}
