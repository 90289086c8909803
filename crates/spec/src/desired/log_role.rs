use reconcile_policy::{Arn, Document, LogRoleIntent};

use super::{Site, Tags};
use crate::names::RoleName;

/// The role with which CloudTrail delivers to log groups.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRole {
    /// The account; the Region is that of a trail, since IAM has none.
    pub site: Site,
    /// Its name.
    pub name: RoleName,
    /// Its ARN, which follows from the rest.
    pub arn: Arn,
    /// Name of the inline policy that lets it deliver.
    pub policy_name: String,
    /// What it is for: one for each log group.
    pub intents: Vec<LogRoleIntent>,
    /// The managed policy that bounds what it may do; `None` leaves the boundary alone.
    ///
    /// See "Permissions boundaries for IAM entities" in the IAM user guide.
    pub boundary: Option<Arn>,
    /// Its tags.
    pub tags: Tags,
}

impl LogRole {
    /// Who may assume it.
    pub fn trust(&self) -> Document {
        LogRoleIntent::trust()
    }

    /// What it may do.
    pub fn permissions(&self) -> Document {
        let documents = self.intents.iter().map(LogRoleIntent::permissions);
        Document::new(documents.flat_map(|document| document.statements().to_vec()).collect())
    }
}
