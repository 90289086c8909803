//! Turns the needs of the log bucket into its statements.

use serde_json::json;

use super::{cloudtrail, extra, source_arns};
use crate::statement::compose::texts;
use crate::{Arn, Effect, Ownership, Partition, Role, Statement};

/// What the policy of the log bucket has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketIntent {
    /// The partition of the bucket.
    pub partition: Partition,
    /// The name of the bucket.
    pub bucket: String,
    /// Key prefix of the log files, without slashes around it.
    pub prefix: Option<String>,
    /// ARNs of the trails that deliver to the bucket, their home Region and account included.
    pub trails: Vec<Arn>,
    /// Whether requests without TLS are denied.
    pub require_tls: bool,
    /// Statements that the user wrote out.
    pub extra: Vec<Statement>,
}

impl BucketIntent {
    /// The statements, each with a Sid of ours. Without trails there is nothing to allow them.
    ///
    /// See "Amazon S3 bucket policy for CloudTrail" and "Setting bucket policy for multiple accounts" in the
    /// CloudTrail user guide.
    pub fn statements(&self, ownership: &Ownership) -> Vec<Statement> {
        let mut statements = Vec::new();
        if !self.trails.is_empty() {
            statements.push(self.acl_check(ownership));
            statements.push(self.write(ownership));
        }
        if self.require_tls {
            statements.push(self.deny_insecure_transport(ownership));
        }
        statements.extend(extra::owned_by(ownership, &self.extra));
        statements
    }

    /// CloudTrail looks at the ACL to see whether it may deliver at all.
    fn acl_check(&self, ownership: &Ownership) -> Statement {
        Statement::compose(
            &ownership.sid(Role::TrailAclCheck),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:GetBucketAcl")),
                ("Resource", json!(self.bucket_arn())),
                ("Condition", json!({ "StringEquals": { "aws:SourceArn": source_arns(&self.trails) } })),
            ],
        )
    }

    /// Each account's log files go below its own id, and the bucket's owner owns them.
    fn write(&self, ownership: &Ownership) -> Statement {
        let bucket = self.bucket_arn();
        let prefix = self.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default();
        let log_files =
            self.trails.iter().map(|trail| format!("{bucket}/{prefix}AWSLogs/{}/*", trail.account()));
        let condition = json!({
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceArn": source_arns(&self.trails),
            }
        });
        Statement::compose(
            &ownership.sid(Role::TrailWrite),
            Effect::Allow,
            [
                ("Principal", cloudtrail()),
                ("Action", json!("s3:PutObject")),
                ("Resource", texts(log_files)),
                ("Condition", condition),
            ],
        )
    }

    /// See "Security best practices for Amazon S3": enforce encryption of data in transit.
    fn deny_insecure_transport(&self, ownership: &Ownership) -> Statement {
        let bucket = self.bucket_arn();
        let objects = format!("{bucket}/*");
        Statement::compose(
            &ownership.sid(Role::DenyInsecureTransport),
            Effect::Deny,
            [
                ("Principal", json!("*")),
                ("Action", json!("s3:*")),
                ("Resource", texts([bucket, objects])),
                ("Condition", json!({ "Bool": { "aws:SecureTransport": "false" } })),
            ],
        )
    }

    fn bucket_arn(&self) -> String {
        Arn::new(self.partition, "s3", "", "", &self.bucket).into()
    }
}
