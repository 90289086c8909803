//! Implements organization trails. The trails belong to the management account. Accounts that act
//! for the organization can change them.

use reconcile_policy::CLOUDTRAIL;
use serde_json::{Value, json};

use super::super::json::required;
use super::super::organizations::{access, management};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::State;

/// Returns whether the caller acts for the organization in CloudTrail.
pub(super) fn acts_for_it(state: &State, caller: Caller<'_>) -> bool {
    caller.account == management(state) || state.organization.delegates(CLOUDTRAIL, caller.account)
}

/// Registers a member as delegated administrator, as Organizations does, and creates the role that
/// organization trails need.
pub(super) fn register(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    if caller.account != management(state) {
        let message = "Only the management account registers delegated administrators.";
        return Err(Fault::bad("NotOrganizationManagementAccountException", message));
    }
    let member = required(input, "MemberAccountId")?;
    if state.organization.delegates(CLOUDTRAIL, member) {
        return Err(Fault::bad("AccountRegisteredException", format!("{member} is registered already.")));
    }
    if access::is_full(state, CLOUDTRAIL) {
        let message = "The maximum number of CloudTrail delegated administrators is reached.";
        return Err(Fault::bad("DelegatedAdminAccountLimitExceededException", message));
    }
    access::register(state, caller, &json!({ "AccountId": member, "ServicePrincipal": CLOUDTRAIL }))?;
    state.organization.has_service_linked_role = true;
    Ok(json!({}))
}

/// Returns the account that owns an organization trail, if the caller is allowed to create one.
pub(super) fn owner(state: &mut State, caller: Caller<'_>) -> Result<String, Fault> {
    if !acts_for_it(state, caller) {
        let message = "The AWS account making the request is not the organization's management account.";
        return Err(Fault::bad("NotOrganizationMasterAccountException", message));
    }
    if !state.organization.service_access.contains(CLOUDTRAIL) {
        let message = "Trusted access between CloudTrail and AWS Organizations has not been enabled.";
        return Err(Fault::bad("CloudTrailAccessNotEnabledException", message));
    }
    if caller.account == management(state) {
        state.organization.has_service_linked_role = true;
    }
    if !state.organization.has_service_linked_role {
        let message = "The management account does not have a service-linked role for CloudTrail.";
        return Err(Fault::bad("NoManagementAccountSLRExistsException", message));
    }
    Ok(management(state))
}
