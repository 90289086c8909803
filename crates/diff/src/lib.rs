//! Observation of live AWS, and its comparison with what a spec wants: the plan.
//!
//! [`observe()`] touches the world and decides nothing; [`compare`](compare()) decides and touches nothing.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod address;
mod compare;
mod delivery;
mod difference;
mod drift;
mod fingerprint;
mod foreign;
pub mod import;
mod kind;
pub mod observe;
mod outsider;
pub mod plan;
mod refusal;
pub mod refused_forms;
pub mod view;

pub use address::{Address, NotAnAddress, addresses, spare_key};
pub use compare::{Comparison, allows_the_same, compare, copy, destroy};
pub use delivery::{DeliveryPath, Unproven, Why, live_paths, obstacle};
pub use difference::{Difference, of_views as differences};
pub use drift::{Finding, FindingKind, Severity, findings};
pub use fingerprint::Fingerprint;
pub use foreign::ForeignAccess;
pub use kind::{Kind, UnknownKind};
pub use observe::{LiveOrganization, ObserveError, Observed, Progress, ReadError, discover, observe};
pub use outsider::Outsider;
pub use plan::Plan;
pub use refusal::Refusal;
