//! Implements the event selectors of trails.

mod advanced;

use serde_json::{Value, json};

use super::super::json::{list as listed, required};
use super::name;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, Trail};

/// The maximum number of selectors. See "Quotas in CloudTrail".
const SELECTORS: usize = 5;
const DATA_RESOURCES: usize = 250;

/// The selectors of a new trail: all management events.
pub(super) fn defaults() -> Vec<Value> {
    vec![json!({
        "ReadWriteType": "All",
        "IncludeManagementEvents": true,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    })]
}

pub(super) fn get(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let trail = name::find(state, caller, required(input, "TrailName")?)?;
    let mut answer = json!({ "TrailARN": trail.arn });
    if trail.advanced_event_selectors.is_empty() {
        answer["EventSelectors"] = json!(trail.event_selectors);
    } else {
        answer["AdvancedEventSelectors"] = json!(trail.advanced_event_selectors);
    }
    Ok(answer)
}

pub(super) fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let (basic, advanced) = (listed(input, "EventSelectors"), listed(input, "AdvancedEventSelectors"));
    let resources: usize =
        basic.iter().flat_map(|it| listed(it, "DataResources")).map(|it| listed(it, "Values").len()).sum();
    let is_valid = basic.is_empty() != advanced.is_empty()
        && basic.len() <= SELECTORS
        && resources <= DATA_RESOURCES
        && advanced::are_valid(advanced);
    if !is_valid {
        return Err(Fault::bad("InvalidEventSelectorsException", "The event selectors are not valid."));
    }
    let trail = name::find_mut(state, caller, required(input, "TrailName")?)?;
    // Basic selectors replace advanced selectors, and advanced selectors replace basic selectors.
    trail.event_selectors = basic.iter().map(complete).collect();
    trail.advanced_event_selectors = advanced.to_vec();
    Ok(json!({
        "TrailARN": trail.arn,
        "EventSelectors": trail.event_selectors,
        "AdvancedEventSelectors": trail.advanced_event_selectors,
    }))
}

pub(super) fn insights(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let trail = name::find(state, caller, required(input, "TrailName")?)?;
    if trail.insight_selectors.is_empty() {
        let message = format!("Trail {} does not have Insights enabled.", trail.arn);
        return Err(Fault::bad("InsightNotEnabledException", message));
    }
    Ok(json!({ "TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors }))
}

pub(super) fn put_insights(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let trail = name::find_mut(state, caller, required(input, "TrailName")?)?;
    trail.insight_selectors = listed(input, "InsightSelectors").to_vec();
    Ok(json!({ "TrailARN": trail.arn, "InsightSelectors": trail.insight_selectors }))
}

/// Returns whether a trail records data events.
pub(super) fn have_data_events(trail: &Trail) -> bool {
    let has_resources = |selector: &Value| !listed(selector, "DataResources").is_empty();
    trail.event_selectors.iter().any(has_resources)
        || trail.advanced_event_selectors.iter().any(advanced::is_of_data)
}

/// Adds the defaults of a selector.
fn complete(selector: &Value) -> Value {
    let or = |name: &str, default: Value| selector.get(name).cloned().unwrap_or(default);
    json!({
        "ReadWriteType": or("ReadWriteType", json!("All")),
        "IncludeManagementEvents": or("IncludeManagementEvents", json!(true)),
        "DataResources": or("DataResources", json!([])),
        "ExcludeManagementEventSources": or("ExcludeManagementEventSources", json!([])),
    })
}
