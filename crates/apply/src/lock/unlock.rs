//! Reads a lock to show it, and releases it if it did not change since.

use std::time::Duration;

use reconcile_aws::Aws;
use reconcile_spec::Desired;

use super::error::LockError;
use super::lease::{Holder, LeaseState};
use super::object::{Object, place};

/// A lock that somebody holds.
#[derive(Debug)]
pub struct LockFound {
    /// Who holds it; `None` if it does not say.
    pub holder: Option<Holder>,
    /// Whether the holder still renews it.
    pub lease: LeaseState,
    /// The time since it was renewed, by the clock of S3.
    pub age: Option<Duration>,
    object: Object,
    etag: String,
}

/// Reads the lock of a spec. Returns its place, and the lock if somebody holds it.
///
/// # Errors
/// [`LockError::NoLock`] if the spec has none, and whatever AWS answered.
pub async fn find(aws: &Aws, desired: &Desired) -> Result<(String, Option<LockFound>), LockError> {
    let lock = desired.lock.as_ref().ok_or(LockError::NoLock)?;
    let place = place(lock);
    let object = Object::open(aws, desired, lock).await?;
    let found = match object.read().await {
        Ok(found) => found,
        // The first apply creates the bucket, and runs without a lock.
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
    /// Releases the lock, if it is still the one that was found.
    ///
    /// # Errors
    /// [`LockError::Changed`] if it was renewed, released or taken over meanwhile.
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
