//! Starts and stops logging.

use serde_json::{Map, Value, json};

use super::super::json::required;
use super::{attached, delivery, name};
use crate::caller::Caller;
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

/// Answers with the errors that deliveries of the trail would cause now. The twin delivers nothing,
/// so the answer contains only the times of deliveries that a test or a user has set.
pub(super) fn status(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let trail = name::find(state, caller, required(input, "Name")?)?;
    let mut status = Map::from_iter([("IsLogging".to_owned(), json!(trail.logging))]);
    if trail.logging {
        let errors = [
            ("LatestDeliveryError", delivery::check(state, trail)),
            ("LatestCloudWatchLogsDeliveryError", attached::check_logs(state, trail)),
            ("LatestNotificationError", attached::check_topic(state, trail)),
        ];
        status.extend(errors.into_iter().filter_map(|(field, checked)| {
            let error = match checked.err()?.code {
                "S3BucketDoesNotExistException" => "NoSuchBucket",
                _ => "AccessDenied",
            };
            Some((field.to_owned(), json!(error)))
        }));
    }
    status.extend(trail.status.clone());
    Ok(Value::Object(status))
}
