//! Creates the policies of the role with which CloudTrail delivers to a log group.

use serde_json::{Value, json};

use super::cloudtrail;
use crate::statement::compose::texts;
use crate::{AccountId, Arn, Document, Effect, Partition, Region, Statement};

/// A log group to which CloudTrail delivers with a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRoleIntent {
    /// The partition of the log group.
    pub partition: Partition,
    /// The account of the log group and the trail.
    pub account: AccountId,
    /// The Region of the log group, which is the home Region of the trail.
    pub region: Region,
    /// The name of the log group.
    pub log_group: String,
    /// The id of the organization, if the trail records all of its accounts.
    pub organization: Option<String>,
}

impl LogRoleIntent {
    /// The trust policy of the role. CloudTrail does not name the trail when it assumes the role,
    /// so no condition can limit the role to a trail.
    ///
    /// See "Role policy document for CloudTrail to use CloudWatch Logs for monitoring" in the
    /// CloudTrail user guide.
    pub fn trust() -> Document {
        document([("Principal", cloudtrail()), ("Action", json!("sts:AssumeRole"))])
    }

    /// The permissions of the role: create the log streams of its account, or of its organization,
    /// and write events into them.
    pub fn permissions(&self) -> Document {
        let stream = |name: &str| {
            let resource = format!("log-group:{}:log-stream:{name}", self.log_group);
            Arn::new(self.partition, "logs", self.region.as_str(), self.account.as_str(), &resource)
                .to_string()
        };
        let own = stream(&format!("{}_CloudTrail_{}*", self.account, self.region));
        let of_organization = self.organization.iter().map(|id| stream(&format!("{id}_*")));
        document([
            ("Action", json!(["logs:CreateLogStream", "logs:PutLogEvents"])),
            ("Resource", texts(std::iter::once(own).chain(of_organization))),
        ])
    }
}

/// Creates a document of one statement. The statement has no Sid, because `reconcile` manages the
/// whole document.
fn document<const N: usize>(elements: [(&str, Value); N]) -> Document {
    Document::new(vec![Statement::compose_unowned(None, Effect::Allow, elements)])
}
