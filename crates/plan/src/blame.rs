//! The authors of a finding: the calls that CloudTrail recorded in the last 90 days. Pure.
//!
//! The author of a finding is the caller of the newest successful call that set the differing
//! values. If no such call is recorded, or the newest call does not explain the finding, the author
//! is unknown, and the finding contains the reason. Authors are never guessed.

mod query;
mod record;
mod search;

use jiff::Timestamp;
use reconcile_policy::{AccountId, Region};
use serde::{Deserialize, Serialize};

pub use record::EventRecord;
pub use search::{EventScan, Listing, Search};

/// The authors of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blame {
    /// The recorded calls, the newest first.
    pub calls: Vec<RecordedCall>,
    /// The reasons why an author is unknown.
    pub unknown: Vec<String>,
}

/// A call that CloudTrail recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedCall {
    /// The service, such as `cloudtrail.amazonaws.com`.
    pub event_source: String,
    /// The operation, such as `StopLogging`.
    pub event_name: String,
    /// The ID of the event.
    pub event_id: String,
    /// The time of the call.
    pub event_time: Timestamp,
    /// The account in which the event is recorded.
    pub account_id: AccountId,
    /// The Region in which the event is recorded.
    pub region: Region,
    /// The user, role or service that made the call, as an ARN if the event has one.
    pub principal: String,
    /// The address from which the call was made, or the name of a service.
    pub source_address: String,
    /// Whether the call has the user agent of `reconcile`. Any caller can send this user agent.
    pub by_reconcile: bool,
}
