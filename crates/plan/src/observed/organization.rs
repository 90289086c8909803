//! The organization with its accounts.

use std::collections::BTreeSet;

use reconcile_policy::AccountId;
use reconcile_spec::{Diagnostics, Member, Roster, Spec};

/// An organization with its accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveOrganization {
    /// The active members of the organization.
    pub roster: Roster,
    /// The accounts of the organization that are not active.
    pub inactive: Vec<Inactive>,
    /// Whether CloudTrail has trusted access; `false` if this was not read.
    pub service_access: bool,
    /// Delegated administrators for CloudTrail; empty if they were not read.
    pub delegated_administrators: Vec<AccountId>,
}

/// An account of an organization that is not active: suspended, closed or about to be, or not yet
/// activated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inactive {
    /// The account.
    pub member: Member,
    /// The state as Organizations writes it, such as `PENDING_CLOSURE`; `None` if Organizations
    /// does not return a state.
    pub state: Option<String>,
}

impl LiveOrganization {
    /// The IDs of the active members.
    pub fn members(&self) -> BTreeSet<AccountId> {
        self.roster.members().iter().map(|member| member.id.clone()).collect()
    }

    /// Returns the account with this ID, active or not.
    pub fn account(&self, id: &str) -> Option<&Member> {
        self.roster.member(id).or_else(|| self.inactive(id).map(|it| &it.member))
    }

    /// Returns the account with this ID, if the account is in the organization but not active.
    pub fn inactive(&self, id: &str) -> Option<&Inactive> {
        self.inactive.iter().find(|it| it.member.id.as_str() == id)
    }
}

/// Adds the members of the organization, if there is one, to the accounts of a spec.
///
/// # Errors
/// The problems of the spec with these accounts.
pub fn joined(spec: Spec, organization: Option<&LiveOrganization>) -> Result<Spec, Diagnostics> {
    match organization {
        Some(organization) => spec.in_organization(&organization.roster),
        None => Ok(spec),
    }
}
