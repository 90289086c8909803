//! Turns who may read logs into the statements that let them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::statement::compose::texts;
use crate::trails::LOGS;
use crate::{AccountId, Arn, Effect, Ownership, Partition, Statement};

/// Who may read and decrypt log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Eight hexadecimal digits that stand for the reader in the Sids of its statements.
    pub mark: String,
    /// A role, a user, or the root of an account.
    pub principal: Arn,
    /// What it may read.
    pub logs: Logs,
}

/// Whose log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logs {
    /// Everybody's.
    All,
    /// Those of some accounts.
    Of(Vec<AccountId>),
}

impl Reader {
    /// It may read what lies below its prefixes, and list what it may read.
    ///
    /// See "Bucket policy examples using condition keys" in the S3 user guide.
    ///
    /// What a trail of an organization records of an account lies below the organization.
    pub(super) fn of_bucket(
        &self,
        ownership: &Ownership,
        bucket: &str,
        prefix: &str,
        organizations: &BTreeSet<&str>,
    ) -> [Statement; 2] {
        let folders: Vec<String> = match &self.logs {
            Logs::All => vec![format!("{prefix}{LOGS}*")],
            Logs::Of(accounts) => {
                let below = |account: &AccountId| {
                    let own = format!("{prefix}{LOGS}{account}/*");
                    let of_organization = |id: &&str| format!("{prefix}{LOGS}{id}/{account}/*");
                    std::iter::once(own).chain(organizations.iter().map(of_organization)).collect::<Vec<_>>()
                };
                accounts.iter().flat_map(below).collect()
            }
        };
        let objects = folders.iter().map(|folder| format!("{bucket}/{folder}"));
        // The location is that of the bucket, whose ARN is no object's.
        let resources = objects.chain([bucket.to_owned()]);
        [
            Statement::compose(
                &ownership.reader_sid(&self.mark, ""),
                Effect::Allow,
                [
                    ("Principal", self.principal()),
                    ("Action", json!(["s3:GetObject", "s3:GetObjectVersion", "s3:GetBucketLocation"])),
                    ("Resource", texts(resources)),
                ],
            ),
            Statement::compose(
                &ownership.reader_sid(&self.mark, "List"),
                Effect::Allow,
                [
                    ("Principal", self.principal()),
                    ("Action", json!("s3:ListBucket")),
                    ("Resource", json!(bucket)),
                    ("Condition", json!({ "StringLike": { "s3:prefix": texts(folders) } })),
                ],
            ),
        ]
    }

    /// It may decrypt what CloudTrail encrypted for its accounts.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail": granting decrypt permissions.
    ///
    /// The log files of all accounts of an organization are encrypted for the one trail: which of them a reader gets, the
    /// bucket decides.
    pub(super) fn of_key(
        &self,
        ownership: &Ownership,
        partition: Partition,
        organization_trails: &[Arn],
    ) -> [Statement; 2] {
        let of_account = |account: &str| Arn::new(partition, "cloudtrail", "*", account, "trail/*").into();
        let context: BTreeSet<String> = match &self.logs {
            Logs::All => BTreeSet::from([of_account("*")]),
            Logs::Of(accounts) => {
                let own = accounts.iter().map(|account| of_account(account.as_str()));
                own.chain(organization_trails.iter().map(ToString::to_string)).collect()
            }
        };
        [
            Statement::compose(
                &ownership.reader_sid(&self.mark, ""),
                Effect::Allow,
                [
                    ("Principal", self.principal()),
                    ("Action", json!("kms:Decrypt")),
                    ("Resource", json!("*")),
                    (
                        "Condition",
                        json!({ "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": texts(context) } }),
                    ),
                ],
            ),
            // A request to describe the key has no encryption context.
            Statement::compose(
                &ownership.reader_sid(&self.mark, "Describe"),
                Effect::Allow,
                [
                    ("Principal", self.principal()),
                    ("Action", json!("kms:DescribeKey")),
                    ("Resource", json!("*")),
                ],
            ),
        ]
    }

    fn principal(&self) -> Value {
        json!({ "AWS": self.principal })
    }
}
