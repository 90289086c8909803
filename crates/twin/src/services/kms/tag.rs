//! Implements tags of keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::json::list as listed;
use super::super::tags::{self, Faults};
use super::{key_mut, live_key_mut, page, start};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::State;

pub(super) fn pairs(tags: &[Value]) -> BTreeMap<String, String> {
    let pair = |tag: &Value| Some((tag["TagKey"].as_str()?.to_owned(), tag["TagValue"].as_str()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// Checks tags. See the errors of `TagResource` in the KMS API reference.
pub(super) fn check(live: &BTreeMap<String, String>, new: &[Value]) -> Result<(), Fault> {
    const FAULTS: Faults = Faults { invalid: "TagException", too_many: (400, "LimitExceededException") };

    tags::check(live, new.iter().filter_map(|tag| tag["TagKey"].as_str()), &FAULTS)
}

pub(super) fn add(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let is_trusting = state.is_trusting;
    let key = live_key_mut(state, caller, input)?;
    if !is_trusting {
        check(&key.tags, listed(input, "Tags"))?;
    }
    key.tags.extend(pairs(listed(input, "Tags")));
    Ok(json!({}))
}

pub(super) fn remove(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let key = live_key_mut(state, caller, input)?;
    for name in listed(input, "TagKeys").iter().filter_map(Value::as_str) {
        key.tags.remove(name);
    }
    Ok(json!({}))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let tags = &key_mut(state, caller, input)?.tags;
    let tags = tags.range::<str, _>(start(input)?);
    Ok(page("Tags", input, tags, |key, value| json!({ "TagKey": key, "TagValue": value })))
}
