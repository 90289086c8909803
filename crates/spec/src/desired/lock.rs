use super::Site;
use crate::names::BucketName;

/// An S3 object that exists during an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The account and Region of the bucket; the credentials of the account acquire the lock.
    pub site: Site,
    /// The bucket of the object.
    pub bucket: BucketName,
    /// The key of the object.
    pub key: String,
}

impl Lock {
    /// The object with which replicas of `watch` agree on a leader.
    pub fn leader_lock(&self) -> Self {
        Self { key: format!("{}.watch", self.key), ..self.clone() }
    }
}
