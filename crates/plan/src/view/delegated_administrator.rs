use reconcile_policy::AccountId;
use serde::{Deserialize, Serialize};

use super::View;

/// A member account that is allowed to act for the organization in a service.
///
/// See "Organization delegated administrator" in the CloudTrail user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegatedAdministrator {
    /// The member.
    pub account: AccountId,
    /// The service.
    pub service: String,
}

impl View for DelegatedAdministrator {
    fn managed(&self, _: &Self) -> Self {
        self.clone()
    }
}
