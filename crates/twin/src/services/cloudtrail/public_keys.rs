//! Lists the public keys of digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::fault::Fault;
use crate::signing::signing_keys;
use crate::state::{State, now};

/// Answers with the keys of the called Region. Without times in the request, the range is the
/// current time. See `ListPublicKeys` in the CloudTrail API reference.
pub(super) fn list(_: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let (from, to) = (time(input, "StartTime"), time(input, "EndTime"));
    if from > to {
        let message = "Start time must be earlier than end time.";
        return Err(Fault::bad("InvalidTimeRangeException", message));
    }
    let keys = signing_keys(caller.region, from, to).into_iter().map(|key| {
        json!({
            "Value": STANDARD.encode(key.public),
            "ValidityStartTime": key.valid_from.as_second(),
            "ValidityEndTime": key.valid_to.as_second(),
            "Fingerprint": key.fingerprint,
        })
    });
    Ok(json!({ "PublicKeyList": keys.collect::<Vec<_>>() }))
}

/// A time of the input in seconds, with or without a fraction.
fn time(input: &Value, name: &str) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float saturates, and jiff checks the range"
    )]
    let seconds = input[name].as_f64().map_or_else(now, |seconds| seconds as i64);
    Timestamp::from_second(seconds).unwrap_or_default()
}
