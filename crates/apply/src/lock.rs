//! The lock of an installation: an object in S3 that only one apply can create at a time.
//!
//! The holder renews the lock as long as its apply runs. A lock whose lease has ended, because the
//! program was killed or lost the network, is taken over by the next apply. Every write and every
//! deletion names the `ETag` that it replaces, so that of two applies that come at the same moment
//! only one gets the lock. See "Add preconditions to S3 operations with conditional requests" in
//! the S3 user guide.

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
    /// The times with which the lock is kept.
    pub lease: Lease,
    /// Ends the wait, and is stopped if the lock is lost.
    pub interrupt: Interrupt,
}

/// Acquires the lock of the spec, if the spec has one, and renews the lock until it is released.
///
/// The first apply of a spec whose lock is in its own bucket runs without a lock: there is no
/// bucket yet.
///
/// # Errors
/// [`LockError`], in particular who holds the lock.
pub async fn acquire(
    aws: &Aws,
    desired: &Desired,
    request: LockRequest,
) -> Result<Option<HeldLock>, LockError> {
    let Some(lock) = &desired.lock else { return Ok(None) };
    acquire_object(aws, desired, lock, request).await
}

/// Agrees with other replicas of a process on one leader: an object beside the lock of the spec,
/// with the same lease. Returns `None` if the spec has no lock, or if its bucket does not exist
/// yet.
///
/// # Errors
/// [`LockError`], in particular who leads.
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
            // Two that come at the same moment get a conflict, and both may try again.
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(failed(error)),
        }
        let found = object.read().await.map_err(failed)?;
        if let Some(found) = &found {
            // Written by our own call, whose answer was lost.
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
                    // Somebody else was faster, or the answer to our own call was lost.
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
