//! Turns delivery to a log group into the documents of the role that delivers.

use serde_json::{Value, json};

use super::cloudtrail;
use crate::statement::compose::texts;
use crate::{AccountId, Arn, Document, Effect, Partition, Region, Statement};

/// A log group that CloudTrail delivers to with a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRoleIntent {
    /// The partition of the log group.
    pub partition: Partition,
    /// Its account, which is that of the trail.
    pub account: AccountId,
    /// Its Region, which is the home Region of the trail.
    pub region: Region,
    /// Its name.
    pub log_group: String,
    /// The id of the organization, where the trail records all accounts of one.
    pub organization: Option<String>,
}

impl LogRoleIntent {
    /// Who may assume the role. CloudTrail does not say for which trail it assumes it, so no condition could.
    ///
    /// See "Role policy document for CloudTrail to use CloudWatch Logs for monitoring" in the CloudTrail user guide.
    pub fn trust() -> Document {
        document([("Principal", cloudtrail()), ("Action", json!("sts:AssumeRole"))])
    }

    /// What the role may do: make the log streams of its account, or of its organization, and write into them.
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

/// A document of one statement without a Sid: reconcile owns the whole document.
fn document<const N: usize>(elements: [(&str, Value); N]) -> Document {
    Document::new(vec![Statement::compose_unowned(None, Effect::Allow, elements)])
}
