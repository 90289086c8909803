//! Implements grants.

use serde_json::{Value, json};

use super::super::json::{list as listed, optional, required};
use super::{answer, invalid_marker, key_mut, limit, material, usable_key_mut};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, now, partition};

/// The members that are equal in two equal grants. See "Creating grants" in the KMS developer
/// guide.
const CONTENT: [&str; 7] = [
    "Name",
    "GranteePrincipal",
    "GranteeServicePrincipal",
    "RetiringPrincipal",
    "RetiringServicePrincipal",
    "Operations",
    "Constraints",
];

/// The maximum number of grants of a key. See "Resource quotas" in the KMS developer guide.
const GRANTS: usize = 50_000;

/// Rejects principals that cannot be combined: a grant has one grantee and at most one retiring
/// principal, and a service requires both a source and a retiring principal.
///
/// See `CreateGrant` in the KMS API reference.
fn check_principals(input: &Value) -> Result<(), Fault> {
    let has = |name: &str| optional(input, name).is_some();
    let invalid = |message: &str| Err(Fault::bad("ValidationException", message));
    match (has("GranteePrincipal"), has("GranteeServicePrincipal")) {
        (false, false) => return invalid("GranteePrincipal or GranteeServicePrincipal is required"),
        (true, true) => return invalid("GranteePrincipal and GranteeServicePrincipal exclude each other"),
        (true, false) | (false, true) => {}
    }
    let (is_retired, is_retired_by_service) = (has("RetiringPrincipal"), has("RetiringServicePrincipal"));
    if is_retired && is_retired_by_service {
        return invalid("RetiringPrincipal and RetiringServicePrincipal exclude each other");
    }
    if has("GranteeServicePrincipal") {
        if optional(&input["Constraints"], "SourceArn").is_none() {
            return invalid("GranteeServicePrincipal requires a SourceArn constraint");
        }
        if !is_retired && !is_retired_by_service {
            return invalid(
                "GranteeServicePrincipal requires a RetiringPrincipal or RetiringServicePrincipal",
            );
        }
    }
    Ok(())
}

pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    check_principals(input)?;
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
    // Only a grant with a name is reused. Without a name, every call creates a new grant.
    let same = key.grants.iter().find(|grant| {
        input.get("Name").is_some() && CONTENT.iter().all(|name| grant.get(name) == input.get(name))
    });
    let id = match same {
        Some(grant) => grant["GrantId"].clone(),
        None if key.grants.len() >= GRANTS => {
            let message = format!("{} has {GRANTS} grants, which is the quota.", key.arn);
            return Err(Fault::bad("LimitExceededException", message));
        }
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
    let grants = &key_mut(state, caller, input)?.grants;
    // A position is sufficient as a token: grants are in a list, so a page is read without reading
    // earlier entries.
    let start = match optional(input, "Marker") {
        Some(marker) => marker.parse().map_err(|_| invalid_marker())?,
        None => 0_usize,
    };
    let end = start.saturating_add(limit(input)).min(grants.len());
    let items = grants.get(start..end).unwrap_or_default();
    Ok(answer("Grants", items, (end < grants.len()).then(|| end.to_string())))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// See "Resource quotas" in the KMS developer guide.
    #[test]
    fn a_key_has_a_quota_of_grants() {
        let mut state = State::default();
        let caller = Caller::account("111111111111", "eu-west-1");
        let arn = "arn:aws:kms:eu-west-1:111111111111:key/1";
        let mut key = crate::state::Key::new(arn.to_owned(), String::new());
        key.grants = vec![json!({ "Name": "theirs" }); GRANTS - 1];
        state.regional(caller.account, caller.region).keys.insert("1".to_owned(), key);
        let input = |name: &str| {
            json!({ "KeyId": "1", "Name": name, "GranteePrincipal": "arn:aws:iam::111111111111:role/A",
                "Operations": ["Decrypt"] })
        };
        create(&mut state, caller, &input("last")).unwrap();
        assert_eq!(create(&mut state, caller, &input("more")).unwrap_err().code, "LimitExceededException");
        // An equal grant is not created again, so it does not exceed the quota.
        create(&mut state, caller, &input("last")).unwrap();
    }
}
