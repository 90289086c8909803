//! Implements EventBridge: the default event bus of each account and Region, whose events the twin
//! keeps.

use serde_json::{Value, json};

use super::json::{Operation, list, optional, write};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{Published, State, partition};

pub(super) const OPERATIONS: &[Operation] = &[write("PutEvents", put)];

/// The largest entry in bytes. See "Amazon EventBridge quotas" in the EventBridge user guide.
const LIMIT: usize = 256 * 1024;

/// Accepts events. An incomplete event is rejected in the answer, without an error of the call.
///
/// See `PutEvents` in the EventBridge API reference.
fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let default = format!(
        "arn:{}:events:{}:{}:event-bus/default",
        partition(caller.region),
        caller.region,
        caller.account
    );
    let mut results = Vec::new();
    for entry in list(input, "Entries") {
        let bus = optional(entry, "EventBusName").unwrap_or("default");
        if bus != "default" && bus != default {
            let message = format!("Event bus {bus} does not exist.");
            return Err(Fault::bad("ResourceNotFoundException", message));
        }
        let detail = optional(entry, "Detail").unwrap_or_default();
        let is_object = serde_json::from_str::<Value>(detail).is_ok_and(|detail| detail.is_object());
        let [source, kind] = ["Source", "DetailType"].map(|name| optional(entry, name).unwrap_or_default());
        if source.len() + kind.len() + detail.len() > LIMIT {
            return Err(Fault::bad(
                "ValidationException",
                "Total size of the entries in the request is over the limit.",
            ));
        }
        let problem = match (source, kind) {
            ("", _) | (_, "") => Some(("InvalidArgument", "Source and DetailType are required.")),
            _ if !is_object => Some(("MalformedDetail", "Detail is malformed.")),
            _ => None,
        };
        results.push(match problem {
            Some((code, message)) => json!({ "ErrorCode": code, "ErrorMessage": message }),
            None => {
                let id = state.next_id();
                let (arn, subject) = (default.clone(), format!("{source}: {kind}"));
                state.published.push(Published { arn, subject, message: detail.to_owned() });
                json!({ "EventId": format!("{id:08x}-0000-4000-8000-000000000000") })
            }
        });
    }
    let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}
