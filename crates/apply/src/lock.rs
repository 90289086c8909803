//! Keeps two applies of one installation apart, by an object in S3 that only one of them can make.
//!
//! See "Adding preconditions to S3 operations with conditional requests" in the S3 user guide.

use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::{AggregatedBytes, ByteStream};
use jiff::Timestamp;
use reconcile_aws::{Aws, Class, Error, Operation, Session};
use reconcile_spec::{Desired, Lock};
use serde::{Deserialize, Serialize};

use crate::interrupt::Interrupt;

/// How long to wait before the lock is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// What the lock says of who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who: a user, a machine, a job.
    pub who: String,
    /// Since when.
    pub since: Timestamp,
    /// The installation.
    pub spec: String,
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another apply has it.
    #[error("the lock {place} is held by {} since {}", holder.who, holder.since)]
    Held {
        /// Where it is.
        place: String,
        /// Who has it.
        holder: Holder,
    },
    /// The object is there, and says nothing of a holder.
    #[error("the lock {place} is held, and does not say by whom")]
    Unreadable {
        /// Where it is.
        place: String,
    },
    /// A stop was requested while another apply had it.
    #[error("interrupted while waiting for the lock {place}; nothing was changed")]
    Interrupted {
        /// Where it is.
        place: String,
    },
    /// The lock could not be released in time.
    #[error("the lock {place} may still be held, because the program was stopped before S3 answered")]
    Unanswered {
        /// Where it is.
        place: String,
    },
    /// AWS did not give it.
    #[error("cannot take the lock {place}: {error}")]
    Aws {
        /// Where it is.
        place: String,
        /// What AWS answered.
        #[source]
        error: Error,
    },
    /// The spec declares no such account; a parsed spec always does.
    #[error("the account of the lock, `{0}`, is not declared")]
    NoSuchAccount(String),
}

impl LockError {
    /// Whether somebody else has it.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. } | Self::Unreadable { .. })
    }

    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { place, .. } | Self::Unreadable { place } => Some(format!(
                "wait for it (`--lock-timeout SECONDS`); if that apply runs no more, `aws s3 rm {place}` frees the lock"
            )),
            Self::Aws { error, .. } if error.is_not_found() => {
                Some("the bucket of the lock has to be there already: make it, or name another".to_owned())
            }
            Self::Aws { error, .. } => error.hint(),
            Self::Unanswered { place } => Some(format!("`aws s3 rm {place}` frees the lock")),
            Self::Interrupted { .. } | Self::NoSuchAccount(_) => None,
        }
    }
}

/// A lock that this apply holds.
#[derive(Debug)]
pub struct Held {
    session: Session,
    lock: Lock,
    body: String,
}

/// Takes the lock of the spec, if it has one, and waits for it as long as is said.
///
/// The first apply of a spec that keeps its lock in its own bucket goes without: there is no bucket yet.
///
/// # Errors
/// [`LockError`], in particular who holds it.
pub async fn take(
    aws: &Aws,
    desired: &Desired,
    who: &str,
    patience: Duration,
    interrupt: &Interrupt,
) -> Result<Option<Held>, LockError> {
    let Some(lock) = &desired.lock else { return Ok(None) };
    let place = place(lock);
    let failed = |error| LockError::Aws { place: place.clone(), error };
    let name = &lock.site.account;
    let account = desired.account(name).ok_or_else(|| LockError::NoSuchAccount(name.to_string()))?;
    let session = Session::open_to_apply(aws, account, desired).await.map_err(failed)?;
    let holder = Holder {
        who: who.to_owned(),
        since: Timestamp::now(),
        spec: desired.installation.name().to_string(),
    };
    let body = serde_json::to_string(&holder).unwrap_or_default();
    let held = Held { session, lock: lock.clone(), body };
    let start = Instant::now();
    loop {
        match held.put().await {
            Ok(()) => return Ok(Some(held)),
            Err(error) if error.is_not_found() && lock.bucket == desired.bucket.name => return Ok(None),
            // Two that come at the same moment get a conflict, and both may try again.
            Err(error) if error.class == Class::Conflict => {
                let holder = held.read().await.map_err(failed)?;
                // By a call of ours whose answer was lost.
                if holder.as_deref() == Some(&held.body) {
                    return Ok(Some(held));
                }
                if start.elapsed() + PAUSE > patience {
                    return Err(told(place, holder.as_deref()));
                }
                if !interrupt.sleep(PAUSE).await {
                    return Err(LockError::Interrupted { place });
                }
            }
            Err(error) => return Err(failed(error)),
        }
    }
}

fn told(place: String, body: Option<&str>) -> LockError {
    match body.and_then(|body| serde_json::from_str(body).ok()) {
        Some(holder) => LockError::Held { place, holder },
        None => LockError::Unreadable { place },
    }
}

fn place(lock: &Lock) -> String {
    format!("s3://{}/{}", lock.bucket, lock.key)
}

impl Held {
    /// Where it is.
    pub fn place(&self) -> String {
        place(&self.lock)
    }

    /// Gives the lock back.
    ///
    /// # Errors
    /// Where it could not be, and so stays.
    pub async fn release(self) -> Result<(), LockError> {
        let failed = |error| LockError::Aws { place: place(&self.lock), error };
        // Whoever took it away by hand may have let another in.
        if self.read().await.map_err(failed)?.as_deref() != Some(&self.body) {
            return Ok(());
        }
        let call = self
            .session
            .s3(&self.lock.site.region)
            .delete_object()
            .bucket(self.lock.bucket.as_str())
            .key(&self.lock.key)
            .expected_bucket_owner(self.session.id().as_str())
            .send();
        self.session.call(Operation::ReleaseLock, call).await.map(drop).map_err(failed)
    }

    /// Makes the object, if it is not there.
    async fn put(&self) -> Result<(), Error> {
        let call = self
            .session
            .s3(&self.lock.site.region)
            .put_object()
            .bucket(self.lock.bucket.as_str())
            .key(&self.lock.key)
            .expected_bucket_owner(self.session.id().as_str())
            .if_none_match("*")
            .content_type("application/json")
            .body(ByteStream::from(self.body.clone().into_bytes()))
            .send();
        self.session.call(Operation::TakeLock, call).await.map(drop)
    }

    async fn read(&self) -> Result<Option<String>, Error> {
        let call = self
            .session
            .s3(&self.lock.site.region)
            .get_object()
            .bucket(self.lock.bucket.as_str())
            .key(&self.lock.key)
            .expected_bucket_owner(self.session.id().as_str())
            .send();
        match self.session.call(Operation::ReadLock, call).await {
            Ok(object) => {
                // A body that breaks off is as good as none: it is not ours.
                let bytes = object.body.collect().await.map(AggregatedBytes::to_vec).unwrap_or_default();
                Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
            }
            // Given back in the meantime.
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
