//! Implements the trusted access of services to the organization, and delegated administrators.

use std::collections::BTreeSet;

use reconcile_policy::CLOUDTRAIL;
use serde_json::{Value, json};

use super::super::json::{optional, required};
use super::{ID, arn, management, may_change, may_look, page, start};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, now};

/// The maximum number of delegated administrators of an organization for a service. See
/// "Organization delegated administrator" in the CloudTrail user guide.
const LIMITS: [(&str, usize); 1] = [(CLOUDTRAIL, 3)];

/// Returns whether the organization has the maximum number of delegated administrators for a
/// service.
pub(in crate::services) fn is_full(state: &State, service: &str) -> bool {
    let registered = state.organization.delegated_administrators.get(service).map_or(0, BTreeSet::len);
    LIMITS.iter().any(|(limited, limit)| *limited == service && registered >= *limit)
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let services = state.organization.service_access.range::<str, _>(start(input)?);
    let services = services.map(|service| (service, ()));
    Ok(page(
        "EnabledServicePrincipals",
        services,
        |service, ()| json!({ "ServicePrincipal": service, "DateEnabled": now() }),
    ))
}

pub(super) fn enable(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_change(state, caller)?;
    state.organization.service_access.insert(required(input, "ServicePrincipal")?.to_owned());
    Ok(json!({}))
}

pub(super) fn disable(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_change(state, caller)?;
    state.organization.service_access.remove(required(input, "ServicePrincipal")?);
    Ok(json!({}))
}

pub(super) fn list_administrators(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let service = optional(input, "ServicePrincipal");
    let by_service = state.organization.delegated_administrators.iter();
    let asked = by_service.filter(|(name, _)| service.is_none_or(|service| service == name.as_str()));
    let ids: BTreeSet<&str> = asked.flat_map(|(_, accounts)| accounts).map(String::as_str).collect();
    let ids = ids.range::<str, _>(start(input)?).map(|id| (*id, ()));
    Ok(page("DelegatedAdministrators", ids, |id, ()| {
        json!({
            "Id": id,
            "Arn": arn(state, caller, &format!("account/{ID}/{id}")),
            "Name": state.accounts.get(id).map(|account| &account.name),
            "Status": "ACTIVE",
            "DelegationEnabledDate": now(),
        })
    }))
}

pub(in crate::services) fn register(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    may_change(state, caller)?;
    let (id, service) = (required(input, "AccountId")?, required(input, "ServicePrincipal")?);
    if id == management(state) {
        let message = "You cannot register the management account as a delegated administrator.";
        return Err(Fault::bad("ConstraintViolationException", message));
    }
    if !state.accounts.contains_key(id) {
        return Err(Fault::bad("AccountNotFoundException", format!("there is no account {id}")));
    }
    if !state.organization.service_access.contains(service) {
        let message = format!("{service} has no trusted access to the organization.");
        return Err(Fault::bad("ConstraintViolationException", message));
    }
    if !state.organization.delegates(service, id) && is_full(state, service) {
        let message =
            format!("You have reached the maximum number of delegated administrators for {service}.");
        return Err(Fault::bad("ConstraintViolationException", message));
    }
    let accounts = state.organization.delegated_administrators.entry(service.to_owned()).or_default();
    if !accounts.insert(id.to_owned()) {
        let message = format!("{id} is delegated administrator for {service} already.");
        return Err(Fault::bad("AccountAlreadyRegisteredException", message));
    }
    Ok(json!({}))
}

pub(super) fn deregister(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_change(state, caller)?;
    let (id, service) = (required(input, "AccountId")?, required(input, "ServicePrincipal")?);
    let accounts = state.organization.delegated_administrators.get_mut(service);
    if !accounts.is_some_and(|accounts| accounts.remove(id)) {
        let message = format!("{id} is not delegated administrator for {service}.");
        return Err(Fault::bad("AccountNotRegisteredException", message));
    }
    Ok(json!({}))
}
