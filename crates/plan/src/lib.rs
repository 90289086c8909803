//! Decides the differences between a spec and live AWS, the changes of a plan, the findings of
//! drift, whether logs are delivered, and the spec that describes an existing installation.
//!
//! Pure: nothing in this crate can reach a network or a clock. `reconcile-diff` reads live state
//! ([`observed::Observed`]), and [`compare`](compare()) decides.

pub mod additions;
mod address;
pub mod baseline;
pub mod blame;
mod compare;
pub mod compliance;
mod delivery;
mod difference;
mod drift;
mod fingerprint;
mod foreign;
pub mod freshness;
pub mod import;
mod kind;
pub mod observed;
mod outsider;
pub mod plan;
mod refusal;
pub mod refused_forms;
mod severity;
pub mod view;

pub use address::{Address, NotAnAddress, addresses, spare_key};
pub use compare::{Comparison, allows_the_same, compare, copy, destroy};
pub use delivery::{DeliveryPath, Unproven, Why, live_paths, obstacle};
pub use difference::{Difference, StatementId, diff_views};
pub use drift::{DriftReport, Finding, FindingCode, FindingKind, findings};
pub use fingerprint::Fingerprint;
pub use foreign::ForeignAccess;
pub use kind::{Kind, UnknownKind};
pub use observed::{ObserveError, Observed, ReadError};
pub use outsider::Outsider;
pub use plan::Plan;
pub use refusal::Refusal;
pub use severity::Severity;
