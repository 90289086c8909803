//! Denies calls, like an identity policy or a service control policy.

use crate::fault::Fault;

/// Calls to which the twin answers "access denied".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectedDenial {
    /// The account whose calls are denied.
    pub account: String,
    /// The Region in which the calls are denied; `None` for all Regions.
    pub region: Option<String>,
    /// Service and operation, as in [`Call::operation`](crate::Call::operation):
    /// `cloudtrail:DescribeTrails`.
    pub operation: String,
}

impl InjectedDenial {
    /// Returns the error of a call, if the call is denied. `code` is the error code of the service.
    pub(crate) fn fault(
        &self,
        account: &str,
        region: &str,
        operation: &str,
        code: &'static str,
    ) -> Option<Fault> {
        let is_meant = self.account == account
            && self.operation == operation
            && self.region.as_ref().is_none_or(|it| it == region);
        is_meant.then(|| Fault::new(403, code, format!("not authorized to perform: {operation}")))
    }
}
