use reconcile_policy::{Arn, Document, equivalent};
use serde::{Deserialize, Serialize};

use super::{Tags, View};

/// The role with which CloudTrail delivers to log groups.
///
/// See "Role policy document for CloudTrail to use CloudWatch Logs for monitoring" in the
/// CloudTrail user guide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// The trust policy: who can assume the role.
    pub trust: Document,
    /// The name of the managed inline policy.
    pub policy_name: String,
    /// The managed inline policy; `None` if the role has no policy of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Document>,
    /// The managed policy that is the permissions boundary of the role.
    ///
    /// See "Permissions boundaries for IAM entities" in the IAM user guide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Arn>,
    /// Tags.
    pub tags: Tags,
}

impl View for Role {
    /// Replaces a live document with the wanted document if both have the same meaning, so that
    /// spelling is not a difference.
    fn managed(&self, wanted: &Self) -> Self {
        let spelled = |live: &Document, wanted: &Document| {
            if equivalent(live, wanted) { wanted.clone() } else { live.clone() }
        };
        let permissions = match (&self.permissions, &wanted.permissions) {
            (Some(live), Some(wanted)) => Some(spelled(live, wanted)),
            (live, _) => live.clone(),
        };
        Self {
            trust: spelled(&self.trust, &wanted.trust),
            policy_name: self.policy_name.clone(),
            permissions,
            boundary: self.boundary.clone(),
            tags: self.tags.managed(&wanted.tags),
        }
    }
}
