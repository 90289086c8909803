//! Implements organizational units.

use serde_json::{Value, json};

use super::super::json::required;
use super::{ID, ROOT, arn, may_look, page, start};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::State;

pub(super) fn roots(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let arn = arn(state, caller, &format!("root/{ID}/{ROOT}"));
    start(input)?;
    Ok(json!({ "Roots": [{ "Id": ROOT, "Arn": arn, "Name": "Root", "PolicyTypes": [] }] }))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let parent = required(input, "ParentId")?;
    let units = &state.organization.units;
    if parent != ROOT && !units.contains_key(parent) {
        return Err(Fault::bad("ParentNotFoundException", format!("there is no parent {parent}")));
    }
    let found = units.range::<str, _>(start(input)?).filter(|(_, unit)| unit.parent == parent);
    Ok(page(
        "OrganizationalUnits",
        found,
        |id, unit| json!({ "Id": id, "Arn": arn(state, caller, &format!("ou/{ID}/{id}")), "Name": unit.name }),
    ))
}
