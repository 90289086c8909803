//! Turns the readers of logs into the statements that allow them to read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::statement::compose::texts;
use crate::trail_statement::TRAIL_CONTEXT;
use crate::{AccountId, Arn, Effect, Ownership, Partition, Statement};

/// A principal that is allowed to read and decrypt log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// Eight hexadecimal digits that identify the reader in the Sids of its statements.
    pub mark: String,
    /// The ARN of a role, a user, or the root of an account.
    pub principal: Arn,
    /// The log files that the principal is allowed to read.
    pub logs: Logs,
}

/// The log files of a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logs {
    /// The log files of all accounts.
    All,
    /// The log files of these accounts.
    Of(Vec<AccountId>),
}

impl Reader {
    /// Returns the statements that allow the principal to read and list the objects below its
    /// prefixes: everything, or the folders of its accounts in the folder `logs`.
    ///
    /// See "Bucket policy examples using condition keys" in the S3 user guide.
    pub(super) fn bucket_statements(
        &self,
        ownership: &Ownership,
        bucket: &str,
        logs: &str,
        organizations: &BTreeSet<&str>,
    ) -> [Statement; 2] {
        let folders = self.folders(logs, organizations);
        let objects = folders.iter().map(|folder| format!("{bucket}/{folder}"));
        // `GetBucketLocation` is a request on the bucket, whose ARN none of the prefixes covers.
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

    /// The prefixes of the reader. The log files of an organization trail are below the id of the
    /// organization.
    fn folders(&self, logs: &str, organizations: &BTreeSet<&str>) -> Vec<String> {
        let Logs::Of(accounts) = &self.logs else { return vec![format!("{logs}*")] };
        let of_account = |account: &AccountId| {
            let own = format!("{logs}{account}/*");
            let below = |organization: &&str| format!("{logs}{organization}/{account}/*");
            [own].into_iter().chain(organizations.iter().map(below)).collect::<Vec<_>>()
        };
        accounts.iter().flat_map(of_account).collect()
    }

    /// Returns the statements that allow the principal to decrypt the log files of its accounts and
    /// of organization trails. The encryption context of the log files of an organization trail
    /// does not contain the account of the log files.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail": granting decrypt permissions.
    pub(super) fn key_statements(
        &self,
        ownership: &Ownership,
        partition: Partition,
        organization_trails: &[Arn],
    ) -> [Statement; 2] {
        let trails = |account: &str| Arn::new(partition, "cloudtrail", "*", account, "trail/*").into();
        let context: Vec<String> = match &self.logs {
            Logs::All => vec![trails("*")],
            Logs::Of(accounts) => {
                let own = accounts.iter().map(|account| trails(account.as_str()));
                own.chain(organization_trails.iter().map(|trail| trail.as_str().to_owned())).collect()
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
                    ("Condition", json!({ "StringLike": { (TRAIL_CONTEXT): texts(context) } })),
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
