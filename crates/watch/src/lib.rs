//! Scheduled drift checks in one process: when specs are checked, what changed since the last
//! check, who is told, and what the process shows of itself.
//!
//! The process that checks ([`SpecChecker`]) is given: this crate makes no call to AWS.

mod board;
mod change;
mod evidence;
mod metrics;
mod notify;
mod page;
mod schedule;
mod server;
mod store;
mod verify;
mod watch;

pub use board::{Board, Lead};
pub use change::{FindingChange, FindingTransition};
pub use notify::{AwsTarget, Message, Notifier, Publish, Receiver, ReceiverError, Secret, Unpublished};
pub use schedule::Schedule;
pub use server::serve;
pub use store::{StateStore, StateStoreError};
pub use watch::{Check, Clock, MachineClock, Repair, SpecChecker, Watch};
