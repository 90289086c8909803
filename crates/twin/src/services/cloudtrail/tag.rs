//! Implements the tags of trails. Requests about tags always name a trail by its ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::json::{list as listed, required};
use super::super::tags::{self, Faults};
use super::name;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::State;

pub(super) fn pairs(tags: &[Value]) -> BTreeMap<String, String> {
    let value = |tag: &Value| tag["Value"].as_str().unwrap_or_default().to_owned();
    tags.iter().filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), value(tag)))).collect()
}

/// Checks tags. See the errors of `AddTags` in the CloudTrail API reference.
pub(super) fn check(live: &BTreeMap<String, String>, new: &[Value]) -> Result<(), Fault> {
    const FAULTS: Faults =
        Faults { invalid: "InvalidTagParameterException", too_many: (400, "TagsLimitExceededException") };

    tags::check(live, new.iter().filter_map(|tag| tag["Key"].as_str()), &FAULTS)
}

pub(super) fn add(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let is_trusting = state.is_trusting;
    let trail = name::find_mut(state, caller, required(input, "ResourceId")?)?;
    if !is_trusting {
        check(&trail.tags, listed(input, "TagsList"))?;
    }
    trail.tags.extend(pairs(listed(input, "TagsList")));
    Ok(json!({}))
}

pub(super) fn remove(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let trail = name::find_mut(state, caller, required(input, "ResourceId")?)?;
    for key in pairs(listed(input, "TagsList")).keys() {
        trail.tags.remove(key);
    }
    Ok(json!({}))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let resources = listed(input, "ResourceIdList").iter().filter_map(Value::as_str).map(|arn| {
        let trail = name::find(state, caller, arn)?;
        let tags = trail.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
        Ok(json!({ "ResourceId": arn, "TagsList": tags.collect::<Vec<_>>() }))
    });
    Ok(json!({ "ResourceTagList": resources.collect::<Result<Vec<_>, Fault>>()? }))
}
