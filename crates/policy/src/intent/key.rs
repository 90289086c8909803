//! Turns the needs of the encryption key into its statements.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::reader::Reader;
use super::{Only, accounts, cloudtrail, extra, source_arns, source_patterns};
use crate::statement::compose::texts;
use crate::trails::{SOURCE_ACCOUNT_VARIABLE, TRAIL_CONTEXT};
use crate::{Arn, Effect, Form, Ownership, Partition, Role, Statement};

/// What the policy of the encryption key has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyIntent {
    /// The partition of the key.
    pub partition: Partition,
    /// Who may administer the key. Empty for an existing key, whose owner has settled that; a new key needs
    /// at least one, or KMS refuses its policy.
    pub administrators: Vec<Arn>,
    /// ARNs of the trails that encrypt with the key, their home Region and account included.
    ///
    /// A trail of an organization needs nothing more: it acts with its own ARN and for the account in it, which is the
    /// management account, whichever account a log file is of. See "Configure AWS KMS key policies for CloudTrail".
    pub trails: Vec<Arn>,
    /// ARNs of those of the trails that log for a whole organization. They stand among the trails, too.
    ///
    /// Their ARN is the encryption context of every account's log files, so a reader of some accounts has to
    /// be allowed to decrypt those of all. It is the policy of the bucket that keeps the accounts apart: who
    /// cannot read a log file has nothing to decrypt.
    pub organization_trails: Vec<Arn>,
    /// ARNs of trails that were seen to encrypt with the key, and that the spec does not have.
    pub guests: Vec<Arn>,
    /// ARNs of topics that the key encrypts and that trails publish to.
    pub topics: Vec<Arn>,
    /// ARNs of log groups that the key encrypts, without `:*` at the end.
    pub log_groups: Vec<Arn>,
    /// The id of the organization of all accounts, such as `o-exampleorgid`.
    pub organization: Option<String>,
    /// Who may decrypt the log files.
    pub readers: Vec<Reader>,
    /// Statements that the user wrote out.
    pub extra: Vec<Statement>,
}

impl KeyIntent {
    /// The statements in the plain form, each with a Sid of ours. Without trails there is nothing to allow them.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail" in the CloudTrail user guide.
    pub fn statements(&self, ownership: &Ownership) -> Vec<Statement> {
        // There is nothing that the plain form needs and the intent does not have.
        self.compile(ownership, Form::Plain).unwrap_or_default()
    }

    /// The statements in a form; none if that form needs an organization and the intent has none.
    pub fn compile(&self, ownership: &Ownership, form: Form) -> Option<Vec<Statement>> {
        self.compile_for(ownership, form, None)
    }

    /// The statements in a form that speak only of these accounts, if some are named. In the form by organization, which lists no
    /// account, they are the same.
    pub fn compile_for(&self, ownership: &Ownership, form: Form, only: Only<'_>) -> Option<Vec<Statement>> {
        if let (Form::Plain, Some(only)) = (form, only) {
            let meant = |trails: &[Arn]| {
                trails.iter().filter(|trail| only.contains(trail.account())).cloned().collect()
            };
            let intent = Self { trails: meant(&self.trails), guests: meant(&self.guests), ..self.clone() };
            return intent.compile(ownership, form);
        }
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
            readers.flat_map(|reader| reader.of_key(ownership, self.partition, &self.organization_trails)),
        );
        statements.extend(extra::owned_by(ownership, &self.extra));
        Some(statements)
    }

    /// The accounts of all trails that are to encrypt.
    pub fn accounts(&self) -> BTreeSet<String> {
        self.sources().map(|trail| trail.account().to_owned()).collect()
    }

    /// Every trail that is to encrypt.
    fn sources(&self) -> impl Iterator<Item = &Arn> {
        self.trails.iter().chain(&self.guests)
    }

    fn use_by_trails(&self, ownership: &Ownership, form: Form, only: Only<'_>) -> Option<Vec<Statement>> {
        let statement =
            |role, actions, condition| key_statement(ownership, role, cloudtrail(), actions, condition);
        let (encrypt, decrypt) = (json!("kms:GenerateDataKey*"), json!("kms:Decrypt"));
        Some(match accounts(form, self.sources(), self.organization.as_deref(), only) {
            None if form != Form::Plain => return None,
            None => {
                let source = json!({ "StringEquals": { "aws:SourceArn": source_arns(self.sources()) } });
                let use_of_logs = self.use_of_logs();
                vec![
                    statement(Role::TrailEncrypt, encrypt, use_of_logs.clone()),
                    statement(Role::TrailDescribe, json!("kms:DescribeKey"), source),
                    statement(Role::TrailDecrypt, decrypt, use_of_logs),
                ]
            }
            // In the short forms one statement holds the list of accounts for both.
            Some((key, accounts)) => {
                let source = json!({ "aws:SourceArn": source_patterns(self.sources()) });
                let own = Arn::new(self.partition, "cloudtrail", "*", SOURCE_ACCOUNT_VARIABLE, "trail/*");
                let use_of_logs = json!({
                    "StringEquals": { key: accounts },
                    "ArnLike": source.clone(),
                    "StringLike": { (TRAIL_CONTEXT): own },
                });
                vec![
                    statement(Role::TrailEncrypt, json!([encrypt, decrypt]), use_of_logs),
                    statement(Role::TrailDescribe, json!("kms:DescribeKey"), json!({ "ArnLike": source })),
                ]
            }
        })
    }

    /// SNS encrypts a message with the permissions of whoever publishes it, and with the ARN of the topic as the encryption
    /// context. Which trails can publish is for the policy of the topic to say: AWS does not document that these requests
    /// of CloudTrail name the trail. So the statement is the same in every form.
    ///
    /// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide and "Enable compatibility between event
    /// sources from AWS services and encrypted topics" in the SNS developer guide.
    fn use_by_topics(&self, ownership: &Ownership) -> Option<Statement> {
        let topics = self.topics.iter().map(|arn| arn.as_str().to_owned());
        let condition =
            json!({ "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": texts(topics) } });
        let actions = json!(["kms:GenerateDataKey*", "kms:Decrypt"]);
        let role = Role::TrailTopicEncrypt;
        (!self.topics.is_empty()).then(|| key_statement(ownership, role, cloudtrail(), actions, condition))
    }

    /// CloudWatch Logs encrypts with the ARN of the log group as the encryption context, and names no account otherwise. So
    /// the statement is the same in every form.
    ///
    /// See "Encrypt log data in CloudWatch Logs using AWS Key Management Service" in the CloudWatch Logs user guide.
    fn use_by_log_groups(&self, ownership: &Ownership) -> Option<Statement> {
        const ACTIONS: [&str; 5] =
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"];
        let services = self.log_groups.iter().map(|arn| logs_service(self.partition, arn.region()));
        let principal = json!({ "Service": texts(services) });
        let groups = self.log_groups.iter().map(|arn| arn.as_str().to_owned());
        let condition = json!({ "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": texts(groups) } });
        let role = Role::TrailLogGroupEncrypt;
        (!self.log_groups.is_empty())
            .then(|| key_statement(ownership, role, principal, json!(ACTIONS), condition))
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
    role: Role,
    principal: Value,
    actions: Value,
    condition: Value,
) -> Statement {
    // In a key policy `*` is the key itself.
    Statement::compose(
        &ownership.sid(role),
        Effect::Allow,
        [("Principal", principal), ("Action", actions), ("Resource", json!("*")), ("Condition", condition)],
    )
}

/// CloudWatch Logs as a principal, which has another name in every Region.
pub(crate) fn logs_service(partition: Partition, region: &str) -> String {
    format!("logs.{region}.{}", partition.dns_suffix())
}
