//! The log of calls.

use serde::Serialize;

use crate::weather::Event;

/// One call that the twin answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The account of the caller; empty where its credentials are unknown.
    pub account: String,
    /// The Region that the request was signed for.
    pub region: String,
    /// Service and operation: `cloudtrail:CreateTrail`.
    pub operation: String,
    /// Whether it can change anything.
    pub mutating: bool,
    /// HTTP status of the answer; 0 where the connection broke before the call took effect.
    pub status: u16,
    /// The error code, where it was refused.
    pub error: Option<String>,
    /// The event of the weather that happened to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weather: Vec<Event>,
}
