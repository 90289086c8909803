//! Scheduled drift checks in one process: the times of checks, the changes since the last check,
//! the notification of receivers, and the status that the process shows.
//!
//! The caller supplies the implementation of checks ([`SpecChecker`]): this crate makes no call to
//! AWS.

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
