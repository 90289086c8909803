//! Why a lock was not taken, kept or released.

use reconcile_operations::Error;

use super::lease::{Holder, LeaseState};

/// Why a lock was not taken, kept or released.
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
    #[error("the lock {place} is held, and does not say by whom")]
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
    #[error("the lock {place} could not be renewed, and another apply may take it over now: {}", error.as_ref().map_or_else(|| "S3 did not answer in time".to_owned(), ToString::to_string))]
    Unrenewed {
        /// The place of the lock.
        place: String,
        /// The last answer of S3; `None` if S3 did not answer.
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
    #[error("cannot use the lock {place}: {error}")]
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

    /// The next step of the user.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { lease: LeaseState::Running, .. } => {
                Some("that apply is running: wait for it with `--lock-timeout SECONDS`".to_owned())
            }
            Self::Held { .. } | Self::Unreadable { .. } => Some(
                "wait for it with `--lock-timeout SECONDS`; if that apply is no longer running, release the lock with \
                 `reconcile unlock SPEC`"
                    .to_owned(),
            ),
            Self::Taken { .. } | Self::Unrenewed { .. } => Some(
                "nothing more was begun: check that no other apply runs, then run the same command again".to_owned(),
            ),
            Self::Unanswered { .. } => {
                Some("show the lock with `reconcile unlock SPEC`, which also releases it".to_owned())
            }
            Self::Changed { .. } => Some("run `reconcile unlock SPEC` again to see who holds it now".to_owned()),
            Self::Running { .. } => Some(
                "wait until that apply ends, or stop it; on a terminal, without `--yes`, the lock can be released anyway"
                    .to_owned(),
            ),
            Self::NoLock => Some("only a spec with `lock: { bucket, key, region, account }` has one".to_owned()),
            Self::Aws { error, .. } if error.is_absent() => Some(
                "the bucket of the lock must exist before the first apply: create it, or name another bucket".to_owned(),
            ),
            Self::Aws { error, .. } => error.hint(),
            Self::Interrupted { .. } | Self::NoSuchAccount(_) => None,
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
