//! Turns who may read logs into the statements that let them.

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

impl Logs {
    /// For each account, or once for all of them with `*` in its place.
    fn each(&self, text: impl Fn(&str) -> String) -> Vec<String> {
        match self {
            Self::All => vec![text("*")],
            Self::Of(accounts) => accounts.iter().map(|account| text(account.as_str())).collect(),
        }
    }
}

impl Reader {
    /// It may read what lies below its prefixes, and list what it may read.
    ///
    /// See "Bucket policy examples using condition keys" in the S3 user guide.
    pub(super) fn of_bucket(&self, ownership: &Ownership, bucket: &str, prefix: &str) -> [Statement; 2] {
        let folder = |account: &str| match account {
            "*" => format!("{prefix}{LOGS}*"),
            account => format!("{prefix}{LOGS}{account}/*"),
        };
        let folders = self.logs.each(folder);
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
    pub(super) fn of_key(&self, ownership: &Ownership, partition: Partition) -> [Statement; 2] {
        let context =
            self.logs.each(|account| Arn::new(partition, "cloudtrail", "*", account, "trail/*").into());
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
