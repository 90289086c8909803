use serde::{Deserialize, Serialize};

use super::View;

/// Trusted access of a service to the organization.
///
/// See "Using AWS Organizations with other AWS services" in the Organizations user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccess {
    /// The service.
    pub service: String,
}

impl View for ServiceAccess {
    fn managed(&self, _: &Self) -> Self {
        self.clone()
    }
}
