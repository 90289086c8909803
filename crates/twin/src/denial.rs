//! What a twin is told to refuse, as an identity policy or a service control policy would.

use crate::fault::Fault;
use crate::services::Caller;

/// Calls that are answered with "access denied".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The account whose calls are refused.
    pub account: String,
    /// The Region in which they are refused; all where there is none.
    pub region: Option<String>,
    /// Service and operation, as in [`Call::operation`](crate::Call::operation): `cloudtrail:DescribeTrails`.
    pub operation: String,
}

impl Denial {
    /// The answer to a call, where this refuses it; each service has a `code` of its own for it.
    pub(crate) fn of(&self, caller: Caller<'_>, operation: &str, code: &'static str) -> Option<Fault> {
        let is_meant = self.account == caller.account
            && self.operation == operation
            && self.region.as_ref().is_none_or(|region| region == caller.region);
        is_meant.then(|| Fault::new(403, code, format!("not authorized to perform: {operation}")))
    }
}
