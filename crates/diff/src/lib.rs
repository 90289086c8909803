//! Reads live AWS into the values that `reconcile-plan` compares with a spec.
//!
//! [`read()`] calls AWS and decides nothing. [`reconcile_plan::compare`] decides and calls nothing.
//! [`evidence`] reads the files and keys that `reconcile-evidence` validates.

mod blame;
mod controls;
pub mod evidence;
mod freshness;
mod import;
pub mod observe;
mod read;

pub use blame::blame;
pub use freshness::freshness;
pub use import::import;
pub use observe::Progress;
pub use read::{join, read, read_for_controls};
