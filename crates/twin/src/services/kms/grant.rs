//! Grants.

use serde_json::{Value, json};

use super::super::Caller;
use super::super::json::{list as listed, optional, required};
use super::{key_mut, material, page, usable_key_mut};
use crate::fault::Fault;
use crate::state::{State, now, partition};

/// What makes two grants the same grant. See "Creating grants" in the KMS developer guide.
const CONTENT: [&str; 7] = [
    "Name",
    "GranteePrincipal",
    "GranteeServicePrincipal",
    "RetiringPrincipal",
    "RetiringServicePrincipal",
    "Operations",
    "Constraints",
];

pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    if optional(input, "GranteePrincipal").is_none() && optional(input, "GranteeServicePrincipal").is_none() {
        return Err(Fault::bad("ValidationException", "GranteePrincipal is required"));
    }
    if listed(input, "Operations").is_empty() {
        return Err(Fault::bad("ValidationException", "Operations is required"));
    }
    let number = state.next_id();
    let key = usable_key_mut(state, caller, input)?;
    let is_granted = |it: &Value| it.as_str().is_some_and(|it| material::is_granted(&key.material, it));
    if let Some(operation) = listed(input, "Operations").iter().find(|it| !is_granted(it)) {
        let message = format!("Operation {operation} is not supported by {}.", key.arn);
        return Err(Fault::bad("ValidationException", message));
    }
    // Only a grant with a name is found again; without one every call makes another.
    let same = key.grants.iter().find(|grant| {
        input.get("Name").is_some() && CONTENT.iter().all(|name| grant.get(name) == input.get(name))
    });
    let id = match same {
        Some(grant) => grant["GrantId"].clone(),
        None => {
            let id = json!(format!("{number:064x}"));
            let mut grant = json!({
                "GrantId": id,
                "KeyId": key.arn,
                "CreationDate": now(),
                "IssuingAccount": format!("arn:{}:iam::{}:root", partition(caller.region), caller.account),
            });
            for name in CONTENT {
                if let Some(value) = input.get(name) {
                    grant[name] = value.clone();
                }
            }
            key.grants.push(grant);
            id
        }
    };
    Ok(json!({ "GrantId": id, "GrantToken": format!("token-{number}") }))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    Ok(page("Grants", &key_mut(state, caller, input)?.grants, input))
}

pub(super) fn revoke(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let id = required(input, "GrantId")?;
    let key = key_mut(state, caller, input)?;
    let before = key.grants.len();
    key.grants.retain(|grant| grant["GrantId"] != id);
    if key.grants.len() == before {
        return Err(Fault::bad("NotFoundException", format!("Grant ID {id} not found")));
    }
    Ok(json!({}))
}
