//! Recording, on and off.

use serde_json::{Value, json};

use super::super::Caller;
use super::super::json::required;
use super::name;
use crate::fault::Fault;
use crate::state::State;

pub(super) fn start(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    name::find_mut(state, caller, required(input, "Name")?)?.logging = true;
    Ok(json!({}))
}

pub(super) fn stop(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    name::find_mut(state, caller, required(input, "Name")?)?.logging = false;
    Ok(json!({}))
}

pub(super) fn status(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    Ok(json!({ "IsLogging": name::find(state, caller, required(input, "Name")?)?.logging }))
}
