//! Errors of acquiring, keeping and releasing a lock.

use reconcile_operations::Error;
use reconcile_text::Hint;

use super::lease::{Holder, LeaseState};

/// A lock could not be acquired, kept or released.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another apply holds the lock.
    #[error("the lock {place} is held by {} since {}", holder.who, holder.since)]
    Held {
        /// The place of the lock.
        place: String,
        /// Who holds it.
        holder: Box<Holder>,
        /// Whether the holder still renews it.
        lease: LeaseState,
    },
    /// The lock exists, and does not name its holder.
    #[error("the lock {place} is held by an unknown holder")]
    Unreadable {
        /// The place of the lock.
        place: String,
    },
    /// A stop was requested while another apply held the lock.
    #[error("interrupted while waiting for the lock {place}; nothing was changed")]
    Interrupted {
        /// The place of the lock.
        place: String,
    },
    /// Somebody else deleted or took over the lock while this apply held it.
    #[error("{}", taken(place, holder.as_deref()))]
    Taken {
        /// The place of the lock.
        place: String,
        /// Who holds it now; `None` if it was deleted, or does not name its holder.
        holder: Option<Box<Holder>>,
    },
    /// The lock could not be renewed before its lease ended.
    #[error("the lock {place} could not be renewed, and another apply may take it over now{}", if error.is_none() { ": S3 did not answer in time" } else { "" })]
    Unrenewed {
        /// The place of the lock.
        place: String,
        /// The last answer of S3; `None` if S3 did not answer.
        #[source]
        error: Option<Box<Error>>,
    },
    /// The program was stopped before S3 answered to the release of the lock.
    #[error("the lock {place} may still be held, because the program was stopped before S3 answered")]
    Unanswered {
        /// The place of the lock.
        place: String,
    },
    /// The lock is not the one that was shown any more.
    #[error("the lock {place} changed while it was shown, and was not released")]
    Changed {
        /// The place of the lock.
        place: String,
    },
    /// The lock is not released without a question, because its holder renews it.
    #[error("the lock {place} was not released: its holder is still running")]
    Running {
        /// The place of the lock.
        place: String,
    },
    /// The spec has no lock.
    #[error("the spec has no `lock`")]
    NoLock,
    /// A call of AWS failed.
    #[error("cannot use the lock {place}")]
    Aws {
        /// The place of the lock.
        place: String,
        /// The answer of AWS.
        #[source]
        error: Box<Error>,
    },
    /// The spec declares no such account; a parsed spec always does.
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

    /// Whether the lock was lost while it was held.
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

    /// The error after another one, and the first after `None`. A new variant does not compile
    /// until it has its place here.
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
