mod retention;

use std::collections::BTreeSet;

use super::{Setting, Site, Tags, aws_names};
use crate::names::BucketName;
pub use retention::{AccessLogs, Lifecycle, LockMode, ObjectLock, Retention, StorageClass};

/// The bucket to which all trails deliver.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// The account and Region of the bucket.
    pub site: Site,
    /// The name of the bucket.
    pub name: BucketName,
    /// Default encryption.
    pub encryption: Setting<Encryption>,
    /// Encryption types that S3 rejects for new objects.
    pub blocked_encryption_types: Setting<BTreeSet<EncryptionType>>,
    /// Whether overwritten and deleted objects are kept.
    pub versioning: Setting<bool>,
    /// Whether all four settings of Block Public Access are on.
    pub block_public_access: Setting<bool>,
    /// The owner of objects.
    pub object_ownership: Setting<ObjectOwnership>,
    /// Transitions and expiration of log files.
    pub lifecycle: Setting<Lifecycle>,
    /// Default retention that prevents the deletion of log files.
    pub object_lock: Setting<ObjectLock>,
    /// The destination of server access logs.
    pub access_logs: Setting<AccessLogs>,
    /// Whether S3 sends all events of the bucket to Amazon EventBridge.
    pub eventbridge: Setting<bool>,
    /// The tags of the bucket.
    pub tags: Tags,
}

/// Default encryption of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Encryption with the key of the spec, through an S3 bucket key.
    Key,
    /// Encryption with keys of S3.
    S3,
}

/// An encryption type that S3 can reject for new objects.
///
/// See "Blocking or unblocking SSE-C for a general purpose bucket" in the S3 user guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EncryptionType {
    /// SSE-C: the caller provides the key with each request.
    CustomerProvided,
}

impl EncryptionType {
    /// The name in the S3 API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerProvided => "SSE-C",
        }
    }
}

aws_names! {
    /// The owner of objects that other accounts write into a bucket.
    ///
    /// See "Controlling ownership of objects and disabling ACLs for your bucket" in the S3 user
    /// guide.
    ObjectOwnership {
        /// The bucket owner; ACLs are disabled.
        BucketOwnerEnforced "BucketOwnerEnforced",
        /// The bucket owner, if the writer requests this with an ACL.
        BucketOwnerPreferred "BucketOwnerPreferred",
        /// The writer.
        ObjectWriter "ObjectWriter",
    }
}
