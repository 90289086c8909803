//! Applies a plan: makes its changes in order, and returns the outcome of each change.
//!
//! The input is only the plan and live state, and the plan makes all decisions. A change is skipped if its
//! resource changed since the plan, and so is every change that depends on it.

mod approval;
mod asking;
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
mod propagation;
mod recover;
mod resource;
mod run;
mod schedule;
mod work;
mod write;

pub use approval::{Altered, Approval, approve};
pub use asking::Asking;
pub use error::ApplyError;
pub use event::{Event, Watch};
pub use interrupt::Interrupt;
pub use journal::{Journal, JournalError};
pub use outcome::{
    ChangeResult, Confirmation, Outcome, PolicyAfter, Refused, RefusedForm, Status, Summary, Unconfirmed,
};
pub use propagation::Propagation;
pub use run::{Options, apply};
