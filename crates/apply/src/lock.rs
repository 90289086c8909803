//! The lock of an installation: an object in S3 that only one apply can create at a time.
//!
//! The holder renews the lock as long as its apply runs. If the program was killed or lost its
//! network connection, the lease of the lock ends, and the next apply acquires the lock. Every
//! write and every deletion names the `ETag` that it replaces. If two applies call S3 at the same
//! time, only one of them therefore gets the lock. See "Add preconditions to S3 operations with
//! conditional requests" in the S3 user guide.

mod error;
mod held;
mod lease;
mod object;
mod unlock;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_spec::{Desired, Lock};

use crate::interrupt::Interrupt;
use object::{Object, StoredLock};

pub use error::LockError;
pub use held::HeldLock;
pub use lease::{Holder, Lease, LeaseState};
pub use unlock::{LockFound, find};

/// The pause between two attempts to acquire the lock.
const PAUSE: Duration = Duration::from_secs(2);

/// A request for a lock.
#[derive(Debug, Clone)]
pub struct LockRequest {
    /// The requester: a user, a machine or a job.
    pub who: String,
    /// The maximum time to wait while another apply holds the lock.
    pub wait: Duration,
    /// The times for the lease of the lock.
    pub lease: Lease,
    /// The interrupt that ends the wait. If the lock is lost, this interrupt stops the apply.
    pub interrupt: Interrupt,
}

/// Acquires the lock of the spec, if the spec has one, and renews the lock until it is released.
///
/// The first apply of a spec whose lock is in its own bucket runs without a lock, because the
/// bucket does not exist yet.
///
/// # Errors
/// Returns a [`LockError`], for example [`LockError::Held`] with the holder of the lock.
pub async fn acquire(
    aws: &Aws,
    desired: &Desired,
    request: LockRequest,
) -> Result<Option<HeldLock>, LockError> {
    let Some(lock) = &desired.lock else { return Ok(None) };
    acquire_object(aws, desired, lock, request).await
}

/// Elects one leader among the replicas of a process. The leader holds a second object beside the
/// lock of the spec, with the same lease. Returns `None` if the spec has no lock, or if the bucket
/// of the lock does not exist yet.
///
/// # Errors
/// Returns a [`LockError`], for example [`LockError::Held`] with the current leader.
pub async fn lead(aws: &Aws, desired: &Desired, request: LockRequest) -> Result<Option<HeldLock>, LockError> {
    let Some(lock) = &desired.lock else { return Ok(None) };
    acquire_object(aws, desired, &lock.leader_lock(), request).await
}

async fn acquire_object(
    aws: &Aws,
    desired: &Desired,
    lock: &Lock,
    request: LockRequest,
) -> Result<Option<HeldLock>, LockError> {
    let object = Object::open(aws, desired, lock).await?;
    let failed = |error| LockError::Aws { place: object.place(), error: Box::new(error) };
    let holder =
        Holder::new(request.who, desired.installation.name().as_str(), Timestamp::now(), request.lease);
    let text = holder.text();
    let start = Instant::now();
    loop {
        let begun = tokio::time::Instant::now();
        match object.create(&text).await {
            Ok(etag) => {
                return Ok(Some(HeldLock::keep(
                    object,
                    holder,
                    etag,
                    begun,
                    request.lease,
                    request.interrupt,
                )));
            }
            Err(error) if error.is_absent() && lock.bucket == desired.bucket.name => return Ok(None),
            // Two requests at the same time cause a conflict. Both callers can retry.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(failed(error)),
        }
        let found = object.read().await.map_err(failed)?;
        if let Some(found) = &found {
            // This apply wrote the lock itself, but the answer of S3 was lost.
            if found.text == text {
                let held = HeldLock::keep(
                    object,
                    holder,
                    found.etag.clone(),
                    begun,
                    request.lease,
                    request.interrupt,
                );
                return Ok(Some(held));
            }
            if found.lease() == LeaseState::Ended {
                let begun = tokio::time::Instant::now();
                match object.replace(&found.etag, &text).await {
                    Ok(etag) => {
                        let held =
                            HeldLock::keep(object, holder, etag, begun, request.lease, request.interrupt);
                        return Ok(Some(held.taken_over_from(found.holder())));
                    }
                    // Somebody else was faster, or this apply wrote the lock and the answer of S3
                    // was lost.
                    Err(error) if error.is_absent() || error.is_conflict() => continue,
                    Err(error) => return Err(failed(error)),
                }
            }
        }
        if start.elapsed() + PAUSE > request.wait {
            return Err(held_by(object.place(), found));
        }
        if !request.interrupt.sleep(PAUSE).await {
            return Err(LockError::Interrupted { place: object.place() });
        }
    }
}

fn held_by(place: String, found: Option<StoredLock>) -> LockError {
    let lease = found.as_ref().map_or(LeaseState::Unknown, StoredLock::lease);
    match found.and_then(|found| found.holder()) {
        Some(holder) => LockError::Held { place, holder: Box::new(holder), lease },
        None => LockError::Unreadable { place },
    }
}
