//! Tags of keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::Caller;
use super::super::json::list as listed;
use super::{key_mut, live_key_mut, page};
use crate::fault::Fault;
use crate::state::State;

pub(super) fn pairs(tags: &[Value]) -> BTreeMap<String, String> {
    let pair = |tag: &Value| Some((tag["TagKey"].as_str()?.to_owned(), tag["TagValue"].as_str()?.to_owned()));
    tags.iter().filter_map(pair).collect()
}

pub(super) fn add(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    live_key_mut(state, caller, input)?.tags.extend(pairs(listed(input, "Tags")));
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
    let tags =
        tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect::<Vec<_>>();
    Ok(page("Tags", &tags, input))
}
