//! Turns the needs of the encryption key into its statements.

use serde_json::{Value, json};

use super::{cloudtrail, extra, source_arns};
use crate::statement::compose::texts;
use crate::{Arn, Effect, Ownership, Partition, Role, Statement};

/// What the policy of the encryption key has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyIntent {
    /// The partition of the key.
    pub partition: Partition,
    /// Who may administer the key; at least one, or KMS refuses the policy.
    pub administrators: Vec<Arn>,
    /// ARNs of the trails that encrypt with the key, their home Region and account included.
    pub trails: Vec<Arn>,
    /// Statements that the user wrote out.
    pub extra: Vec<Statement>,
}

impl KeyIntent {
    /// The statements, each with a Sid of ours. Without trails there is nothing to allow them.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail" in the CloudTrail user guide.
    pub fn statements(&self, ownership: &Ownership) -> Vec<Statement> {
        let mut statements = vec![self.administration(ownership)];
        if !self.trails.is_empty() {
            let source = json!({ "StringEquals": { "aws:SourceArn": source_arns(&self.trails) } });
            let use_of_logs = self.use_of_logs();
            statements.extend([
                trail_statement(ownership, Role::TrailEncrypt, "kms:GenerateDataKey*", use_of_logs.clone()),
                trail_statement(ownership, Role::TrailDescribe, "kms:DescribeKey", source),
                trail_statement(ownership, Role::TrailDecrypt, "kms:Decrypt", use_of_logs),
            ]);
        }
        statements.extend(extra::owned_by(ownership, &self.extra));
        statements
    }

    /// The statement without which nobody could change the key any more: a key is created with it.
    ///
    /// See "Default key policy" in the KMS developer guide.
    pub fn administration(&self, ownership: &Ownership) -> Statement {
        let administrators = texts(self.administrators.iter().map(|arn| arn.as_str().to_owned()));
        Statement::compose(
            &ownership.sid(Role::Administration),
            Effect::Allow,
            [
                ("Principal", json!({ "AWS": administrators })),
                ("Action", json!("kms:*")),
                ("Resource", json!("*")),
            ],
        )
    }

    /// Our trails, and only for log files of their own accounts: CloudTrail puts the ARN of the trail into the
    /// encryption context. The Region is open, because a trail writes from every Region.
    fn use_of_logs(&self) -> Value {
        let trails_of_accounts = self
            .trails
            .iter()
            .map(|trail| Arn::new(self.partition, "cloudtrail", "*", trail.account(), "trail/*").into());
        json!({
            "StringEquals": { "aws:SourceArn": source_arns(&self.trails) },
            "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": texts(trails_of_accounts) },
        })
    }
}

fn trail_statement(ownership: &Ownership, role: Role, action: &str, condition: Value) -> Statement {
    // In a key policy `*` is the key itself.
    Statement::compose(
        &ownership.sid(role),
        Effect::Allow,
        [
            ("Principal", cloudtrail()),
            ("Action", json!(action)),
            ("Resource", json!("*")),
            ("Condition", condition),
        ],
    )
}
