//! Applies a plan: makes its changes in order, and returns the outcome of each change.
//!
//! The only inputs are the plan and live state. The plan makes all decisions. If a resource changed
//! since the plan, its change is skipped, and so is every change that depends on it.

mod approval;
mod confirm;
mod context;
mod delivery;
mod error;
mod event;
mod execute;
mod freshness;
mod interrupt;
mod journal;
pub mod lock;
mod outcome;
mod pauses;
mod propagation;
mod recover;
mod resource;
mod run;
mod schedule;
mod work;
mod write;

pub use approval::{Altered, Approval, approve};
pub use error::ApplyError;
pub use event::{Event, EventObserver};
pub use interrupt::Interrupt;
pub use journal::{Journal, JournalError};
pub use outcome::{
    ChangeResult, ChangeStatus, Confirmation, Outcome, OutcomeCounts, PolicyAfter, RefusedForm, RefusedTrail,
    Unconfirmed,
};
pub use pauses::ConfirmationPauses;
pub use propagation::Propagation;
pub use run::{ApplyOptions, apply};
