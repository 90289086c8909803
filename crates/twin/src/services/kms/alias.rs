//! Implements aliases of keys.

use serde_json::{Value, json};

use super::super::json::{optional, required};
use super::{Aliases, check_live, key_id, material, page, start};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, partition};

/// Returns the alias and the ID of its target key.
fn target(state: &State, caller: Caller<'_>, input: &Value) -> Result<(String, String), Fault> {
    let name = required(input, "AliasName")?;
    let is_name = |rest: &str| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-'))
    };
    if !name.strip_prefix("alias/").is_some_and(is_name) || name.starts_with("alias/aws/") {
        return Err(Fault::bad("InvalidAliasNameException", format!("{name} is not a valid alias")));
    }
    let key = json!({ "KeyId": required(input, "TargetKeyId")? });
    let id = key_id(state, caller, &key, Aliases::Refused)?;
    let regional = state.regional_ref(caller.account, caller.region);
    if let Some(key) = regional.and_then(|regional| regional.keys.get(&id)) {
        check_live(key)?;
    }
    Ok((name.to_owned(), id))
}

fn not_found(name: &str) -> Fault {
    Fault::bad("NotFoundException", format!("Alias {name} is not found."))
}

pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let (name, id) = target(state, caller, input)?;
    let aliases = &mut state.regional(caller.account, caller.region).aliases;
    if aliases.contains_key(&name) {
        return Err(Fault::bad(
            "AlreadyExistsException",
            format!("An alias with the name {name} already exists"),
        ));
    }
    aliases.insert(name, id);
    Ok(json!({}))
}

/// Moves an alias to a key of the same type and usage. The documentation of `UpdateAlias` states
/// this rule, but no error for a violation.
pub(super) fn update(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let (name, id) = target(state, caller, input)?;
    let regional = state.regional(caller.account, caller.region);
    let current = regional.aliases.get(&name).ok_or_else(|| not_found(&name))?;
    if let (Some(current), Some(new)) = (regional.keys.get(current), regional.keys.get(&id))
        && !material::are_exchangeable(&current.material, &new.material)
    {
        let message = format!("Alias {name} cannot be moved to a key of another type or usage");
        return Err(Fault::bad("ValidationException", message));
    }
    regional.aliases.insert(name, id);
    Ok(json!({}))
}

pub(super) fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let name = required(input, "AliasName")?;
    let aliases = &mut state.regional(caller.account, caller.region).aliases;
    aliases.remove(name).ok_or_else(|| not_found(name))?;
    Ok(json!({}))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let of_key = match optional(input, "KeyId") {
        Some(_) => Some(key_id(state, caller, input, Aliases::Refused)?),
        None => None,
    };
    let prefix = format!("arn:{}:kms:{}:{}:", partition(caller.region), caller.region, caller.account);
    let aliases = &state.regional(caller.account, caller.region).aliases;
    let aliases = aliases.range::<str, _>(start(input)?);
    let aliases = aliases.filter(|(_, id)| of_key.as_ref().is_none_or(|key| key == *id));
    Ok(page(
        "Aliases",
        input,
        aliases,
        |name, id| json!({ "AliasName": name, "AliasArn": format!("{prefix}{name}"), "TargetKeyId": id }),
    ))
}
