//! The additions of others to a role.

use reconcile_policy::Document;

/// A foreign policy of a role.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherPolicy {
    /// The name of an inline policy, or the ARN of a managed one.
    pub name: String,
    /// The document of an inline policy.
    pub document: Option<Document>,
}
