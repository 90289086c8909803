//! Turns the required access to the encryption key into the statements of its policy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::reader::Reader;
use super::{AccountFilter, Intent, accounts, cloudtrail, extra, source_arns, source_patterns};
use crate::statement::compose::texts;
use crate::trail_statement::{SOURCE_ACCOUNT_VARIABLE, TRAIL_CONTEXT};
use crate::{Arn, Effect, Ownership, Partition, Statement, StatementForm, StatementRole};

/// The access that the policy of the encryption key must grant.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyIntent {
    /// The partition of the key.
    pub partition: Partition,
    /// The administrators of the key. Empty for an existing key, whose owner decides. A new key
    /// needs at least one administrator, or KMS rejects its policy.
    pub administrators: Vec<Arn>,
    /// ARNs of the trails that encrypt with the key, including their home Region and account.
    ///
    /// An organization trail needs no other access: for the log files of every account, it acts
    /// with its own ARN and on behalf of the account in the ARN, which is the management account.
    /// See "Configure AWS KMS key policies for CloudTrail".
    pub trails: Vec<Arn>,
    /// ARNs of the trails that log for a whole organization. They are also in `trails`.
    ///
    /// The ARN of such a trail is the encryption context of the log files of every account, so a
    /// reader of some accounts must be allowed to decrypt the log files of all accounts. The bucket
    /// policy separates the accounts: a reader cannot decrypt a log file that it cannot read.
    pub organization_trails: Vec<Arn>,
    /// ARNs of trails that encrypt with the key but are not in the spec.
    pub guests: Vec<Arn>,
    /// ARNs of topics that the key encrypts and to which trails publish.
    pub topics: Vec<Arn>,
    /// ARNs of log groups that the key encrypts, without the suffix `:*`.
    pub log_groups: Vec<Arn>,
    /// The id of the organization of all accounts, such as `o-exampleorgid`.
    pub organization: Option<String>,
    /// The readers, who are allowed to decrypt the log files.
    pub readers: Vec<Reader>,
    /// Extra statements of the spec.
    pub extra: Vec<Statement>,
}

impl Intent for KeyIntent {
    fn only(&self, accounts: &BTreeSet<String>) -> Self {
        let meant = |trails: &[Arn]| {
            trails.iter().filter(|trail| accounts.contains(trail.account())).cloned().collect()
        };
        Self { trails: meant(&self.trails), guests: meant(&self.guests), ..self.clone() }
    }

    /// If there are no trails, no statement allows CloudTrail anything.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail" in the CloudTrail user guide.
    fn in_form(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Vec<Statement>> {
        let mut statements = Vec::new();
        if !self.administrators.is_empty() {
            statements.push(self.administration(ownership));
        }
        if self.sources().next().is_some() {
            statements.extend(self.use_by_trails(ownership, form, only)?);
        }
        statements.extend(self.use_by_topics(ownership));
        statements.extend(self.use_by_log_groups(ownership));
        let readers = self.readers.iter();
        statements.extend(
            readers.flat_map(|reader| {
                reader.key_statements(ownership, self.partition, &self.organization_trails)
            }),
        );
        statements.extend(extra::owned_by(ownership, &self.extra));
        Some(statements)
    }
}

impl KeyIntent {
    /// The accounts of all trails that must be able to encrypt.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.sources().map(|trail| trail.account().to_owned()).collect()
    }

    /// Every trail that must be able to encrypt.
    fn sources(&self) -> impl Iterator<Item = &Arn> {
        self.trails.iter().chain(&self.guests)
    }

    fn use_by_trails(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Vec<Statement>> {
        let statement =
            |role, actions, condition| key_statement(ownership, role, cloudtrail(), actions, condition);
        let (encrypt, decrypt) = (json!("kms:GenerateDataKey*"), json!("kms:Decrypt"));
        Some(match accounts(form, self.sources(), self.organization.as_deref(), only) {
            None if form != StatementForm::Plain => return None,
            None => {
                let source = json!({ "StringEquals": { "aws:SourceArn": source_arns(self.sources()) } });
                let use_of_logs = self.use_of_logs();
                vec![
                    statement(StatementRole::TrailEncrypt, encrypt, use_of_logs.clone()),
                    statement(StatementRole::TrailDescribe, json!("kms:DescribeKey"), source),
                    statement(StatementRole::TrailDecrypt, decrypt, use_of_logs),
                ]
            }
            // In the short forms, one statement has the list of accounts for both actions.
            Some((key, accounts)) => {
                let source = json!({ "aws:SourceArn": source_patterns(self.sources()) });
                let own = Arn::new(self.partition, "cloudtrail", "*", SOURCE_ACCOUNT_VARIABLE, "trail/*");
                let use_of_logs = json!({
                    "StringEquals": { key: accounts },
                    "ArnLike": source.clone(),
                    "StringLike": { (TRAIL_CONTEXT): own },
                });
                vec![
                    statement(StatementRole::TrailEncrypt, json!([encrypt, decrypt]), use_of_logs),
                    statement(
                        StatementRole::TrailDescribe,
                        json!("kms:DescribeKey"),
                        json!({ "ArnLike": source }),
                    ),
                ]
            }
        })
    }

    /// Returns the statement for encrypted topics. SNS encrypts a message with the permissions of
    /// the publisher, and with the ARN of the topic as the encryption context. The topic policy
    /// decides which trails can publish, because AWS does not document that these requests of
    /// CloudTrail name the trail. The statement is therefore the same in every form.
    ///
    /// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide and "Enable
    /// compatibility between event sources from AWS services and encrypted topics" in the SNS
    /// developer guide.
    fn use_by_topics(&self, ownership: &Ownership) -> Option<Statement> {
        let topics = self.topics.iter().map(|arn| arn.as_str().to_owned());
        let condition =
            json!({ "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": texts(topics) } });
        let actions = json!(["kms:GenerateDataKey*", "kms:Decrypt"]);
        let role = StatementRole::TrailTopicEncrypt;
        (!self.topics.is_empty()).then(|| key_statement(ownership, role, cloudtrail(), actions, condition))
    }

    /// Returns the statement for encrypted log groups. CloudWatch Logs encrypts with the ARN of the
    /// log group as the encryption context. Nothing else in the request identifies the account, so
    /// the statement is the same in every form.
    ///
    /// See "Encrypt log data in CloudWatch Logs using AWS Key Management Service" in the CloudWatch
    /// Logs user guide.
    fn use_by_log_groups(&self, ownership: &Ownership) -> Option<Statement> {
        const ACTIONS: [&str; 5] =
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"];
        let services = self.log_groups.iter().map(|arn| logs_service(self.partition, arn.region()));
        let principal = json!({ "Service": texts(services) });
        let groups = self.log_groups.iter().map(|arn| arn.as_str().to_owned());
        let condition = json!({ "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": texts(groups) } });
        let role = StatementRole::TrailLogGroupEncrypt;
        (!self.log_groups.is_empty())
            .then(|| key_statement(ownership, role, principal, json!(ACTIONS), condition))
    }

    /// Returns the statement for the administrators. Without it, nobody could change the key, so a
    /// new key already has this statement.
    ///
    /// See "Default key policy" in the KMS developer guide.
    pub fn administration(&self, ownership: &Ownership) -> Statement {
        let administrators = texts(self.administrators.iter().map(|arn| arn.as_str().to_owned()));
        Statement::compose(
            &ownership.sid(StatementRole::Administration),
            Effect::Allow,
            [
                ("Principal", json!({ "AWS": administrators })),
                ("Action", json!("kms:*")),
                ("Resource", json!("*")),
            ],
        )
    }

    /// Returns the condition that allows managed trails to use the key, only for log files of their
    /// own accounts. CloudTrail puts the ARN of the trail into the encryption context. The
    /// condition allows every Region, because a trail writes from every Region.
    fn use_of_logs(&self) -> Value {
        let trails_of_accounts = self
            .sources()
            .map(|trail| Arn::new(self.partition, "cloudtrail", "*", trail.account(), "trail/*").into());
        json!({
            "StringEquals": { "aws:SourceArn": source_arns(self.sources()) },
            "StringLike": { (TRAIL_CONTEXT): texts(trails_of_accounts) },
        })
    }
}

fn key_statement(
    ownership: &Ownership,
    role: StatementRole,
    principal: Value,
    actions: Value,
    condition: Value,
) -> Statement {
    // In a key policy, `*` is the key itself.
    Statement::compose(
        &ownership.sid(role),
        Effect::Allow,
        [("Principal", principal), ("Action", actions), ("Resource", json!("*")), ("Condition", condition)],
    )
}

/// The service principal of CloudWatch Logs, which differs in every Region.
pub(crate) fn logs_service(partition: Partition, region: &str) -> String {
    format!("logs.{region}.{}", partition.dns_suffix())
}
