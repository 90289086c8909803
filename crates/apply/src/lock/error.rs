//! Errors of acquiring, keeping and releasing a lock.

use reconcile_operations::Error;
use reconcile_text::Hint;

use super::lease::{Holder, LeaseState};

/// The error that a lock could not be acquired, kept or released.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another apply holds the lock.
    #[error("the lock {place} is held by {} since {}", holder.who, holder.since)]
    Held {
        /// The S3 URI of the lock object.
        place: String,
        /// The holder of the lock.
        holder: Box<Holder>,
        /// Whether the holder still renews the lock.
        lease: LeaseState,
    },
    /// The lock object exists, but does not name its holder.
    #[error("the lock {place} is held by an unknown holder")]
    Unreadable {
        /// The S3 URI of the lock object.
        place: String,
    },
    /// A stop was requested while another apply held the lock.
    #[error("interrupted while waiting for the lock {place}; nothing was changed")]
    Interrupted {
        /// The S3 URI of the lock object.
        place: String,
    },
    /// Somebody else deleted or replaced the lock while this apply held it.
    #[error("{}", taken(place, holder.as_deref()))]
    Taken {
        /// The S3 URI of the lock object.
        place: String,
        /// The current holder; `None` if the lock was deleted, or does not name its holder.
        holder: Option<Box<Holder>>,
    },
    /// The lock could not be renewed before its lease ended.
    #[error("the lock {place} could not be renewed, and another apply may take it over now{}", if error.is_none() { ": S3 did not answer in time" } else { "" })]
    Unrenewed {
        /// The S3 URI of the lock object.
        place: String,
        /// The last error of S3; `None` if S3 did not answer.
        #[source]
        error: Option<Box<Error>>,
    },
    /// The program was stopped before S3 confirmed the release of the lock.
    #[error("the lock {place} may still be held, because the program was stopped before S3 answered")]
    Unanswered {
        /// The S3 URI of the lock object.
        place: String,
    },
    /// The lock changed after `unlock` printed it.
    #[error("the lock {place} changed while it was shown, and was not released")]
    Changed {
        /// The S3 URI of the lock object.
        place: String,
    },
    /// The lock is not released without confirmation, because its holder still renews it.
    #[error("the lock {place} was not released: its holder is still running")]
    Running {
        /// The S3 URI of the lock object.
        place: String,
    },
    /// The spec has no lock.
    #[error("the spec has no `lock`")]
    NoLock,
    /// An AWS call failed.
    #[error("cannot use the lock {place}")]
    Aws {
        /// The S3 URI of the lock object.
        place: String,
        /// The error of AWS.
        #[source]
        error: Box<Error>,
    },
    /// The spec does not declare the account. A parsed spec always declares it.
    #[error("the account of the lock, `{0}`, is not declared")]
    NoSuchAccount(String),
}

impl LockError {
    /// Whether somebody else holds the lock.
    pub fn is_held(&self) -> bool {
        matches!(
            self,
            Self::Held { .. } | Self::Unreadable { .. } | Self::Changed { .. } | Self::Running { .. }
        )
    }

    /// Whether this apply lost the lock while it held it.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Taken { .. } | Self::Unrenewed { .. })
    }
}

impl Hint for LockError {
    fn own_hint(&self) -> Option<String> {
        match self {
            Self::Held { lease: LeaseState::Running, .. } => {
                Some("the other apply is running: wait for it with `--lock-timeout SECONDS`".to_owned())
            }
            Self::Held { .. } | Self::Unreadable { .. } => Some(
                "wait for the lock with `--lock-timeout SECONDS`; if the other apply is no longer running, \
                 release the lock with `reconcile unlock SPEC`"
                    .to_owned(),
            ),
            Self::Taken { .. } | Self::Unrenewed { .. } => Some(
                "no further change was started: check that no other apply runs, then run the same command \
                 again".to_owned(),
            ),
            Self::Unanswered { .. } => {
                Some("show and release the lock with `reconcile unlock SPEC`".to_owned())
            }
            Self::Changed { .. } => Some("run `reconcile unlock SPEC` again to see who holds it now".to_owned()),
            Self::Running { .. } => Some(
                "wait until the other apply ends, or stop it; to release the lock anyway, run the command on a \
                 terminal without `--yes`"
                    .to_owned(),
            ),
            Self::NoLock => Some("to use a lock, add `lock: { bucket, key, region, account }` to the \
                spec".to_owned()),
            Self::Aws { error, .. } if error.is_absent() => Some(
                "the bucket of the lock must exist before the first apply: create it, or name another bucket".to_owned(),
            ),
            Self::Aws { .. } | Self::Interrupted { .. } | Self::NoSuchAccount(_) => None,
        }
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Aws { error, .. } | Self::Unrenewed { error: Some(error), .. } => Some(error.as_ref()),
            Self::Held { .. }
            | Self::Unreadable { .. }
            | Self::Interrupted { .. }
            | Self::Taken { .. }
            | Self::Unrenewed { error: None, .. }
            | Self::Unanswered { .. }
            | Self::Changed { .. }
            | Self::Running { .. }
            | Self::NoLock
            | Self::NoSuchAccount(_) => None,
        }
    }
}

fn taken(place: &str, holder: Option<&Holder>) -> String {
    match holder {
        Some(holder) => {
            format!("the lock {place} was lost: it is held by {} since {}", holder.who, holder.since)
        }
        None => format!("the lock {place} was lost: somebody deleted or replaced it"),
    }
}

#[cfg(test)]
mod tests {
    use reconcile_operations::Operation;
    use reconcile_text::message;

    use super::*;

    /// Returns the error after another one, or the first error after `None`. A new variant does not
    /// compile until it is added here.
    fn next(last: Option<&LockError>) -> Option<LockError> {
        let place = || "s3://locks/audit.lock".to_owned();
        let holder = || {
            Box::new(Holder {
                who: "ops@build-7 (process 1)".to_owned(),
                since: "2026-11-26T12:00:00Z".parse().unwrap(),
                spec: "audit".to_owned(),
                lease_seconds: None,
                renewed_at: None,
            })
        };
        let answer = |code: &str, message: &str| {
            Box::new(Error::answered("111111111111".parse().unwrap(), Operation::TakeLock, code, message))
        };
        let held = |lease| LockError::Held { place: place(), holder: holder(), lease };
        Some(match last {
            None => held(LeaseState::Running),
            Some(LockError::Held { lease: LeaseState::Running, .. }) => held(LeaseState::Unknown),
            Some(LockError::Held { .. }) => LockError::Unreadable { place: place() },
            Some(LockError::Unreadable { .. }) => LockError::Interrupted { place: place() },
            Some(LockError::Interrupted { .. }) => {
                LockError::Taken { place: place(), holder: Some(holder()) }
            }
            Some(LockError::Taken { holder: Some(_), .. }) => {
                LockError::Taken { place: place(), holder: None }
            }
            Some(LockError::Taken { holder: None, .. }) => {
                LockError::Unrenewed { place: place(), error: None }
            }
            Some(LockError::Unrenewed { .. }) => LockError::Unanswered { place: place() },
            Some(LockError::Unanswered { .. }) => LockError::Changed { place: place() },
            Some(LockError::Changed { .. }) => LockError::Running { place: place() },
            Some(LockError::Running { .. }) => LockError::NoLock,
            Some(LockError::NoLock) => {
                LockError::Aws { place: place(), error: answer("NoSuchBucket", "The bucket does not exist") }
            }
            Some(LockError::Aws { error, .. }) if error.is_absent() => {
                LockError::Aws { place: place(), error: answer("AccessDenied", "Access Denied") }
            }
            Some(LockError::Aws { .. }) => LockError::NoSuchAccount("production".to_owned()),
            Some(LockError::NoSuchAccount(_)) => return None,
        })
    }

    #[test]
    fn the_wording_of_every_error_of_a_lock_is_reviewed() {
        let all = std::iter::successors(next(None), |last| next(Some(last)));
        let text: Vec<String> = all
            .map(|it| {
                format!("{}\n  hint: {}\n", message(&it), it.hint().unwrap_or_else(|| "none".to_owned()))
            })
            .collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("errors_of_locks", text.join("\n"));
        });
    }
}
