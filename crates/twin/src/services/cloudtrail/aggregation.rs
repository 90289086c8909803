//! Implements the aggregation of data events. In AWS, the same operations also change the settings
//! of event data stores, which the twin does not have.
//!
//! See [Aggregating data
//! events](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/aggregating-data-events.html).

use serde_json::{Value, json};

use super::super::json::{list as listed, optional, required};
use super::{name, selectors};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::State;

pub(super) fn get(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    check_target(input)?;
    let trail = name::find(state, caller, required(input, "TrailName")?)?;
    Ok(json!({ "TrailARN": trail.arn, "AggregationConfigurations": trail.aggregation }))
}

pub(super) fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    check_target(input)?;
    let trail = name::find_mut(state, caller, required(input, "TrailName")?)?;
    let configurations = listed(input, "AggregationConfigurations");
    // The guide requires data events, but does not document the error if there are none.
    if !configurations.is_empty() && !selectors::have_data_events(trail) {
        let message = format!("Trail {} does not log data events.", trail.arn);
        return Err(Fault::bad("OperationNotPermittedException", message));
    }
    trail.aggregation = configurations.to_vec();
    Ok(json!({ "TrailARN": trail.arn, "AggregationConfigurations": trail.aggregation }))
}

/// Checks that a request names either a trail or an event data store.
fn check_target(input: &Value) -> Result<(), Fault> {
    match (optional(input, "TrailName"), optional(input, "EventDataStore")) {
        (Some(_), None) => Ok(()),
        (None, Some(_)) => {
            Err(Fault::bad("EventDataStoreNotFoundException", "The event data store was not found."))
        }
        (None, None) | (Some(_), Some(_)) => Err(Fault::bad(
            "InvalidParameterCombinationException",
            "Specify either a trail name or an event data store.",
        )),
    }
}
