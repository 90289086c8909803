//! Records calls.

use serde::Serialize;

use crate::weather::Event;

/// One call that the twin answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The account of the caller; empty if its credentials are unknown.
    pub account: String,
    /// The Region that the request was signed for.
    pub region: String,
    /// Service and operation: `cloudtrail:CreateTrail`.
    pub operation: String,
    /// Whether the operation can change anything.
    pub mutating: bool,
    /// The HTTP status of the answer; 0 if the connection broke before the call took effect.
    pub status: u16,
    /// The error code, if the call failed.
    pub error: Option<String>,
    /// The weather events that affected the call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weather: Vec<Event>,
}
