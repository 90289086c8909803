use super::Site;
use crate::names::BucketName;

/// An S3 object that is there for the time of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Where the bucket is, and whose credentials take the lock.
    pub site: Site,
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: String,
}
