//! Implements imported key material. The twin ignores the material itself.

use serde_json::{Value, json};

use super::super::json::optional;
use super::live_key_mut;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{Key, State};

/// Returns the key that `KeyId` names, to change its imported material.
///
/// See "Importing key material for AWS KMS keys" in the KMS developer guide.
fn imported_key_mut<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<&'s mut Key, Fault> {
    let key = live_key_mut(state, caller, input)?;
    let origin = &key.material.origin;
    if origin == "EXTERNAL" {
        return Ok(key);
    }
    let message = format!("{} origin is {origin} which is not valid for this operation.", key.arn);
    Err(Fault::bad("UnsupportedOperationException", message))
}

pub(super) fn import(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let expires = optional(input, "ExpirationModel") != Some("KEY_MATERIAL_DOES_NOT_EXPIRE");
    #[expect(clippy::cast_possible_truncation, reason = "seconds since 1970, with a fraction at most")]
    let valid_to = input["ValidTo"].as_f64().map(|seconds| seconds as i64);
    if expires != valid_to.is_some() {
        let message = "ValidTo is required if key material expires, and only then.";
        return Err(Fault::bad("ValidationException", message));
    }
    let key = imported_key_mut(state, caller, input)?;
    key.valid_to = valid_to;
    if key.state == "PendingImport" {
        "Enabled".clone_into(&mut key.state);
    }
    Ok(json!({ "KeyId": key.arn }))
}

pub(super) fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let key = imported_key_mut(state, caller, input)?;
    key.valid_to = None;
    "PendingImport".clone_into(&mut key.state);
    Ok(json!({ "KeyId": key.arn }))
}
