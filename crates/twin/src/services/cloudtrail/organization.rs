//! Trails of the organization: they belong to the management account, and whoever acts for it may change them.

use super::super::Caller;
use super::super::organizations::management;
use crate::fault::Fault;
use crate::state::State;

const SERVICE: &str = "cloudtrail.amazonaws.com";

/// Whether the caller acts for the organization in CloudTrail.
pub(super) fn acts_for_it(state: &State, caller: Caller<'_>) -> bool {
    caller.account == management(state) || state.organization.delegates(SERVICE, caller.account)
}

/// The account that a trail of the organization belongs to, where the caller may make one.
pub(super) fn owner(state: &State, caller: Caller<'_>) -> Result<String, Fault> {
    if !acts_for_it(state, caller) {
        let message = "The AWS account making the request is not the organization's management account.";
        return Err(Fault::bad("NotOrganizationMasterAccountException", message));
    }
    if !state.organization.service_access.contains(SERVICE) {
        let message = "Trusted access between CloudTrail and AWS Organizations has not been enabled.";
        return Err(Fault::bad("CloudTrailAccessNotEnabledException", message));
    }
    Ok(management(state))
}
