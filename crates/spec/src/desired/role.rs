use reconcile_policy::{Arn, Document, LogRoleIntent};

use super::{Site, Tags};
use crate::names::RoleName;

/// The role with which CloudTrail delivers to log groups.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRole {
    /// The account of the role. IAM has no Regions: the Region is the Region of a trail.
    pub site: Site,
    /// The name of the role.
    pub name: RoleName,
    /// The ARN, derived from the other fields.
    pub arn: Arn,
    /// The name of the inline policy that allows the delivery.
    pub policy_name: String,
    /// The purposes of the role: one for each log group.
    pub intents: Vec<LogRoleIntent>,
    /// The managed policy that is the permissions boundary of the role; `None` if the boundary is
    /// not managed.
    ///
    /// See "Permissions boundaries for IAM entities" in the IAM user guide.
    pub boundary: Option<Arn>,
    /// The tags of the role.
    pub tags: Tags,
}

impl LogRole {
    /// The trust policy of the role.
    pub fn trust(&self) -> Document {
        LogRoleIntent::trust()
    }

    /// The permissions policy of the role.
    pub fn permissions(&self) -> Document {
        let documents = self.intents.iter().map(LogRoleIntent::permissions);
        Document::new(documents.flat_map(|document| document.statements().to_vec()).collect())
    }
}
