//! A spec together with live state of its resources.

use reconcile_spec::{Diagnostics, Spec};

use super::Observed;
use super::error::ObserveError;

/// Live state of the resources in a spec, and the spec with the accounts of its organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The spec with the members of its organization.
    pub spec: Spec,
    /// Live state.
    pub observed: Observed,
}

/// The reason why the live state of a spec is unknown.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// Live state could not be read.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// The accounts of the organization make the spec invalid.
    #[error("the accounts of the organization make the spec invalid")]
    Invalid(#[source] Diagnostics),
}
