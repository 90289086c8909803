mod retention;

use reconcile_spec::ObjectOwnership;
use serde::{Deserialize, Serialize};

use super::{KeyRef, OpenEnum, Tags, View};
pub use retention::{AccessLogs, Expiry, Lifecycle, LifecycleRules, ObjectLock, Replication, Transition};

/// A bucket, without its policy, which is a separate resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Default encryption of new objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// The encryption types that S3 rejects for new objects, by their names in S3: `SSE-C`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_encryption_types: Option<Vec<String>>,
    /// Whether overwritten and deleted objects are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versioning: Option<bool>,
    /// The four settings of Block Public Access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<PublicAccessBlock>,
    /// The owner of objects that other accounts write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object_ownership: Option<OpenEnum<ObjectOwnership>>,
    /// The lifecycle of log files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// The default retention of Object Lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_lock: Option<ObjectLock>,
    /// The destination of access logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_logs: Option<AccessLogs>,
    /// Whether S3 sends all events of the bucket to Amazon EventBridge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eventbridge: Option<bool>,
    /// Tags.
    pub tags: Tags,
}

/// Default encryption of a bucket.
///
/// See "Setting default server-side encryption behavior for Amazon S3 buckets" in the S3 user
/// guide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Encryption {
    /// With keys of S3 (SSE-S3).
    S3,
    /// With a KMS key (SSE-KMS).
    Kms {
        /// The key; `None` is the AWS managed key of the account.
        key: Option<KeyRef>,
        /// Whether S3 uses an S3 Bucket Key, which saves most calls to KMS.
        bucket_key: bool,
    },
    /// With an algorithm that this version does not know.
    Other {
        /// The name of the algorithm in S3.
        algorithm: String,
    },
}

/// The four settings of Block Public Access. All are on in a private bucket.
///
/// See "Blocking public access to your Amazon S3 storage" in the S3 user guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches, named as S3 names them")]
pub struct PublicAccessBlock {
    /// Whether S3 rejects public ACLs.
    pub block_public_acls: bool,
    /// Whether S3 ignores existing public ACLs.
    pub ignore_public_acls: bool,
    /// Whether S3 rejects public policies.
    pub block_public_policy: bool,
    /// Whether S3 restricts access under existing public policies.
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Creates the block with all four settings on or off.
    pub fn all(on: bool) -> Self {
        Self {
            block_public_acls: on,
            ignore_public_acls: on,
            block_public_policy: on,
            restrict_public_buckets: on,
        }
    }
}

impl View for Bucket {
    fn managed(&self, wanted: &Self) -> Self {
        Self {
            encryption: self.encryption.clone().filter(|_| wanted.encryption.is_some()),
            blocked_encryption_types: self
                .blocked_encryption_types
                .clone()
                .filter(|_| wanted.blocked_encryption_types.is_some()),
            versioning: self.versioning.filter(|_| wanted.versioning.is_some()),
            public_access_block: self.public_access_block.filter(|_| wanted.public_access_block.is_some()),
            object_ownership: self.object_ownership.clone().filter(|_| wanted.object_ownership.is_some()),
            lifecycle: self.lifecycle.clone().filter(|_| wanted.lifecycle.is_some()),
            object_lock: self.object_lock.clone().filter(|_| wanted.object_lock.is_some()),
            access_logs: self.access_logs.clone().filter(|_| wanted.access_logs.is_some()),
            eventbridge: self.eventbridge.filter(|_| wanted.eventbridge.is_some()),
            tags: self.tags.managed(&wanted.tags),
        }
    }
}
