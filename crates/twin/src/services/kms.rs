//! Implements KMS: keys, aliases, key policies, tags, rotation and grants.

mod alias;
mod grant;
mod import;
mod key;
mod material;
mod policy;
mod replica;
mod tag;

use std::ops::Bound;

use serde_json::{Value, json};

use super::json::{Operation, optional, read, required, write};
use super::page;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{Key, State};

pub(super) const OPERATIONS: &[Operation] = &[
    write("CreateKey", key::create),
    read("DescribeKey", key::describe),
    read("ListKeys", key::list),
    write("UpdateKeyDescription", key::update_description),
    write("EnableKey", key::enable),
    write("DisableKey", key::disable),
    write("ScheduleKeyDeletion", key::schedule_deletion),
    write("CancelKeyDeletion", key::cancel_deletion),
    write("ImportKeyMaterial", import::import),
    write("DeleteImportedKeyMaterial", import::delete),
    write("ReplicateKey", replica::create),
    write("EnableKeyRotation", key::enable_rotation),
    write("DisableKeyRotation", key::disable_rotation),
    read("GetKeyRotationStatus", key::rotation_status),
    write("CreateAlias", alias::create),
    write("UpdateAlias", alias::update),
    write("DeleteAlias", alias::delete),
    read("ListAliases", alias::list),
    read("GetKeyPolicy", policy::get),
    write("PutKeyPolicy", policy::put),
    write("TagResource", tag::add),
    write("UntagResource", tag::remove),
    read("ListResourceTags", tag::list),
    write("CreateGrant", grant::create),
    read("ListGrants", grant::list),
    write("RevokeGrant", grant::revoke),
];

/// Creates a key with this ARN and the default settings if the key does not exist.
pub(crate) fn provide(state: &mut State, arn: &str) {
    key::provide(state, arn);
}

/// Whether `KeyId` can be an alias. Most operations accept only the ID or ARN of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aliases {
    Taken,
    Refused,
}

/// Returns the ID of the key of the caller that `KeyId` names: by its ID, its ARN or, if allowed,
/// one of its aliases.
fn key_id(state: &State, caller: Caller<'_>, input: &Value, aliases: Aliases) -> Result<String, Fault> {
    let given = required(input, "KeyId")?;
    let not_found = || Fault::bad("NotFoundException", format!("Key '{given}' does not exist"));
    let name = match given.strip_prefix("arn:") {
        None => given,
        Some(arn) => {
            let mut elements = arn.splitn(5, ':').skip(2);
            let (region, account) = (elements.next(), elements.next());
            if region != Some(caller.region) {
                return Err(Fault::bad("NotFoundException", format!("Invalid arn {given}")));
            }
            if account != Some(caller.account) {
                return Err(Fault::bad("AccessDeniedException", format!("not authorized to use {given}")));
            }
            let resource = elements.next().unwrap_or_default();
            resource.strip_prefix("key/").unwrap_or(resource)
        }
    };
    let regional = state.regional_ref(caller.account, caller.region).ok_or_else(not_found)?;
    let id = match name.starts_with("alias/") {
        false => Some(name),
        true if aliases == Aliases::Taken => regional.aliases.get(name).map(String::as_str),
        true => return Err(Fault::bad("NotFoundException", format!("Invalid keyId {given}"))),
    };
    id.filter(|id| regional.keys.contains_key(*id)).map(str::to_owned).ok_or_else(not_found)
}

/// Returns the key of the caller that `KeyId` names by ID or ARN, for modification.
fn key_mut<'s>(state: &'s mut State, caller: Caller<'_>, input: &Value) -> Result<&'s mut Key, Fault> {
    let id = key_id(state, caller, input, Aliases::Refused)?;
    let key = state.regional(caller.account, caller.region).keys.get_mut(&id);
    key.ok_or_else(|| Fault::bad("NotFoundException", format!("Key '{id}' does not exist")))
}

/// Like [`key_mut`], for a key that is not pending deletion.
fn live_key_mut<'s>(state: &'s mut State, caller: Caller<'_>, input: &Value) -> Result<&'s mut Key, Fault> {
    let key = key_mut(state, caller, input)?;
    check_live(key)?;
    Ok(key)
}

/// Like [`key_mut`], for a key that can be used.
fn usable_key_mut<'s>(state: &'s mut State, caller: Caller<'_>, input: &Value) -> Result<&'s mut Key, Fault> {
    let key = live_key_mut(state, caller, input)?;
    check_imported(key)?;
    match key.state.as_str() {
        "Disabled" => Err(Fault::bad("DisabledException", format!("{} is disabled.", key.arn))),
        _ => Ok(key),
    }
}

/// Rejects a key that is pending deletion. "Key states of AWS KMS keys" in the KMS developer guide
/// lists the operations that reject such a key. `PutKeyPolicy`, `RevokeGrant` and `DeleteAlias`
/// accept it.
fn check_live(key: &Key) -> Result<(), Fault> {
    match key.state.as_str() {
        "PendingDeletion" => {
            Err(Fault::bad("KMSInvalidStateException", format!("{} is pending deletion.", key.arn)))
        }
        _ => Ok(()),
    }
}

/// Rejects a key whose material is not imported yet.
fn check_imported(key: &Key) -> Result<(), Fault> {
    match key.state.as_str() {
        "PendingImport" => {
            Err(Fault::bad("KMSInvalidStateException", format!("{} is pending import.", key.arn)))
        }
        "Unavailable" => Err(Fault::bad("KMSInvalidStateException", format!("{} is unavailable.", key.arn))),
        _ => Ok(()),
    }
}

/// Returns the start of the requested page.
fn start(input: &Value) -> Result<(Bound<&str>, Bound<&str>), Fault> {
    page::start(optional(input, "Marker")).map_err(|page::UnknownToken| invalid_marker())
}

fn invalid_marker() -> Fault {
    Fault::bad(
        "InvalidMarkerException",
        "The marker that specifies where pagination should next begin is not valid.",
    )
}

/// The maximum number of entries of a page. The default of 100 is documented at `Limit` of each
/// list in the KMS API reference.
fn limit(input: &Value) -> usize {
    input["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(100)
}

/// Returns a page of the list with this name, with at most `Limit` entries.
fn page<K: AsRef<str> + Copy, T>(
    name: &str,
    input: &Value,
    entries: impl IntoIterator<Item = (K, T)>,
    show: impl FnMut(K, T) -> Value,
) -> Value {
    let (items, next) = page::page(entries, limit(input), show);
    answer(name, &items, next)
}

fn answer(name: &str, items: &[Value], next: Option<String>) -> Value {
    let mut answer = json!({ name: items, "Truncated": next.is_some() });
    if let Some(next) = next {
        answer["NextMarker"] = json!(next);
    }
    answer
}
