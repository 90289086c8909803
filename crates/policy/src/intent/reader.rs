//! Turns who may read logs into the statements that let them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::statement::compose::texts;
use crate::trails::TRAIL_CONTEXT;
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
    /// The statements that let it read what lies below its prefixes (those of its accounts in the folder
    /// `logs`), and list just that.
    ///
    /// See "Bucket policy examples using condition keys" in the S3 user guide.
    pub(super) fn of_bucket(
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

    /// Its prefixes: what a trail of an organization writes lies below the id of the organization.
    fn folders(&self, logs: &str, organizations: &BTreeSet<&str>) -> Vec<String> {
        let Logs::Of(accounts) = &self.logs else { return vec![format!("{logs}*")] };
        let of_account = |account: &AccountId| {
            let own = format!("{logs}{account}/*");
            let below = |organization: &&str| format!("{logs}{organization}/{account}/*");
            [own].into_iter().chain(organizations.iter().map(below)).collect::<Vec<_>>()
        };
        accounts.iter().flat_map(of_account).collect()
    }

    /// It may decrypt what CloudTrail encrypted for its accounts, and what the trails of organizations wrote: their log
    /// files do not tell in their encryption context whose they are.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail": granting decrypt permissions.
    pub(super) fn of_key(
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
