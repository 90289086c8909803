//! The events of the weather.

use std::time::Duration;

use serde::Serialize;

use super::ForeignWrite;

/// An event that the weather caused for a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The call was throttled by chance.
    Throttled,
    /// The call was throttled because it exceeded a documented rate.
    RateExceeded,
    /// The call was answered with an error of the service.
    ServerError {
        /// Whether the call still took effect.
        took_effect: bool,
    },
    /// The connection broke before the call took effect.
    Reset,
    /// The connection broke after the call took effect.
    AnswerLost,
    /// The call got the answer from before a change.
    Stale,
    /// The call was rejected because it did not see a change yet.
    NotYetSeen,
    /// The credentials of the call had expired.
    Expired,
    /// The call was denied.
    Denied,
    /// The answer took this long.
    Slow(Duration),
    /// The call was not answered.
    Hung,
    /// The account had reached a quota.
    QuotaReached,
    /// The Region is not enabled in the account.
    RegionDisabled,
    /// Another team changed the resource just before the call read it.
    ForeignWrite(ForeignWrite),
}
