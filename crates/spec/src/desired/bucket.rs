use std::collections::BTreeSet;

use super::{AccessLogs, Lifecycle, ObjectLock, Setting, Site, Tags};
use crate::names::BucketName;

/// The bucket that all logs go to.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Where it is.
    pub site: Site,
    /// Its name.
    pub name: BucketName,
    /// Default encryption.
    pub encryption: Setting<Encryption>,
    /// Encryption types that S3 rejects for new objects.
    pub blocked_encryption_types: Setting<BTreeSet<EncryptionType>>,
    /// Whether overwritten and deleted objects are kept.
    pub versioning: Setting<bool>,
    /// Whether public access is blocked, all four ways.
    pub block_public_access: Setting<bool>,
    /// Who owns objects.
    pub object_ownership: Setting<ObjectOwnership>,
    /// What becomes of log files with time.
    pub lifecycle: Setting<Lifecycle>,
    /// Retention that nobody can shorten.
    pub object_lock: Setting<ObjectLock>,
    /// Where access logs go.
    pub access_logs: Setting<AccessLogs>,
    /// Its tags.
    pub tags: Tags,
}

/// Default encryption of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// With the key of the spec, through an S3 bucket key.
    Key,
    /// With keys of S3.
    S3,
}

/// An encryption type that S3 can reject for new objects.
///
/// See "Blocking or unblocking SSE-C for a general purpose bucket" in the S3 user guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EncryptionType {
    /// With keys that the caller provides with each request (SSE-C).
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

/// Who owns what others write into a bucket.
///
/// See "Controlling ownership of objects and disabling ACLs for your bucket" in the S3 user guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectOwnership {
    /// The bucket owner; ACLs are off.
    BucketOwnerEnforced,
    /// The bucket owner, where the writer says so.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
}

impl ObjectOwnership {
    /// As S3 names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BucketOwnerEnforced => "BucketOwnerEnforced",
            Self::BucketOwnerPreferred => "BucketOwnerPreferred",
            Self::ObjectWriter => "ObjectWriter",
        }
    }
}
