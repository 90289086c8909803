//! What the weather did to a call.

use std::time::Duration;

use serde::Serialize;

use super::ForeignWrite;

/// What the weather did to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was throttled by chance.
    Throttled,
    /// It was throttled because it exceeded a documented rate.
    RateExceeded,
    /// It was answered with an error of the service.
    ServerError {
        /// Whether it took effect all the same.
        took_effect: bool,
    },
    /// The connection broke before it took effect.
    Reset,
    /// The connection broke after it took effect.
    AnswerLost,
    /// It was answered as before a change.
    Stale,
    /// It was refused because it did not yet see a change.
    NotYetSeen,
    /// Its credentials had expired.
    Expired,
    /// It was denied.
    Denied,
    /// Its answer took this long.
    Slow(Duration),
    /// It was not answered.
    Hung,
    /// The account had reached a quota.
    QuotaReached,
    /// The Region is not enabled in the account.
    RegionDisabled,
    /// Somebody else changed what it reads, just before.
    ForeignWrite(ForeignWrite),
}
