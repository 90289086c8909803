//! Runs a plan: in order, each change on what is live now, and tells what became of it.
//!
//! It takes nothing but the plan and live state, and decides nothing that the plan does not say. A change whose
//! resource is no longer as the plan saw it is left alone, and so is all that depends on it.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod approval;
mod asking;
mod confirm;
mod context;
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
mod run;
mod schedule;
mod write;

pub use approval::{Altered, Approval, approve};
pub use asking::Asking;
pub use error::ApplyError;
pub use event::{Event, Watch};
pub use interrupt::Interrupt;
pub use journal::{Journal, JournalError};
pub use outcome::{
    ChangeResult, Confirmation, FORMAT_VERSION, Outcome, PolicyAfter, Refused, RefusedForm, Status, Summary,
    Unconfirmed,
};
pub use propagation::Propagation;
pub use run::{Options, apply};
