//! Turns the needs of a topic into its statements.

use serde_json::{Value, json};

use super::{accounts, cloudtrail, source_arns, source_patterns};
use crate::{Arn, Effect, Form, Ownership, Partition, Role, Statement};

/// What the policy of a topic has to say that is told of log files.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicIntent {
    /// The partition of the topic.
    pub partition: Partition,
    /// Its ARN.
    pub topic: Arn,
    /// ARNs of the trails that tell it, their home Region and account included.
    pub trails: Vec<Arn>,
}

impl TopicIntent {
    /// The statement in a form, with a Sid of ours; none if that form needs an organization.
    ///
    /// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide.
    pub fn compile(&self, ownership: &Ownership, form: Form) -> Option<Vec<Statement>> {
        if self.trails.is_empty() {
            return Some(Vec::new());
        }
        let trails = || self.trails.iter();
        let condition: Value = match accounts(form, trails(), None) {
            None if form != Form::Plain => return None,
            None => json!({ "StringEquals": { "aws:SourceArn": source_arns(trails()) } }),
            Some((key, accounts)) => json!({
                "StringEquals": { key: accounts },
                "ArnLike": { "aws:SourceArn": source_patterns(trails()) },
            }),
        };
        Some(vec![Statement::compose(
            &ownership.sid(Role::TrailNotify),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("SNS:Publish")),
                ("Resource", json!(self.topic)),
                ("Condition", condition),
            ],
        )])
    }
}
