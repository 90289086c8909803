//! Reads a lock to print it, and releases the lock if it did not change since the read.

use std::time::Duration;

use reconcile_aws::Aws;
use reconcile_spec::Desired;

use super::error::LockError;
use super::lease::{Holder, LeaseState};
use super::object::{Object, place};

/// A lock that somebody holds, as it was read.
#[derive(Debug)]
pub struct LockFound {
    /// The holder; `None` if the lock does not name its holder.
    pub holder: Option<Holder>,
    /// Whether the holder still renews the lock.
    pub lease: LeaseState,
    /// The time since the last renewal, by the clock of S3.
    pub age: Option<Duration>,
    object: Object,
    etag: String,
}

/// Reads the lock of a spec. Returns the S3 URI of the lock object, and the lock if somebody holds
/// it.
///
/// # Errors
/// Returns [`LockError::NoLock`] if the spec has no lock, or another error if the lock cannot be
/// read.
pub async fn find(aws: &Aws, desired: &Desired) -> Result<(String, Option<LockFound>), LockError> {
    let lock = desired.lock.as_ref().ok_or(LockError::NoLock)?;
    let place = place(lock);
    let object = Object::open(aws, desired, lock).await?;
    let found = match object.read().await {
        Ok(found) => found,
        // The first apply creates the bucket, so it runs without a lock.
        Err(error) if error.is_of_absent_bucket() && lock.bucket == desired.bucket.name => None,
        Err(error) => return Err(LockError::Aws { place, error: Box::new(error) }),
    };
    let found = found.map(|found| LockFound {
        holder: found.holder(),
        lease: found.lease(),
        age: found.age,
        object,
        etag: found.etag,
    });
    Ok((place, found))
}

impl LockFound {
    /// Releases the lock, if it did not change since the read.
    ///
    /// # Errors
    /// Returns [`LockError::Changed`] if the lock was renewed, released or acquired by somebody
    /// else in the meantime, or another error if S3 cannot delete the lock object.
    pub async fn release(self) -> Result<(), LockError> {
        let place = self.object.place();
        self.object.delete(&self.etag).await.map_err(|error| {
            if error.is_conflict() || error.is_absent() {
                LockError::Changed { place }
            } else {
                LockError::Aws { place, error: Box::new(error) }
            }
        })
    }
}
