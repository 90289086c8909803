//! Keeps a distance between the calls to one account and Region.
//!
//! CloudTrail takes one call a second that changes something, for each account and Region. See "Quotas in AWS CloudTrail"
//! in the CloudTrail user guide.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reconcile_policy::Region;
use reconcile_spec::AccountName;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::interrupt::Interrupt;

/// When the last call to a place began; `None` before the first.
type Last = Arc<tokio::sync::Mutex<Option<Instant>>>;

/// How CloudTrail is asked to check trails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// How long to wait after the write of a policy, so that CloudTrail is not asked while it sees the former one. Bucket
    /// configuration and key policies are eventually consistent: see "Amazon S3 data consistency model" in the S3 user
    /// guide, and "AWS KMS eventual consistency" in the KMS developer guide.
    pub settle: Duration,
    /// The distance between two calls to one account and Region.
    pub gap: Duration,
}

impl Asking {
    /// As AWS needs it.
    pub const PATIENT: Self = Self { settle: Duration::from_secs(10), gap: Duration::from_secs(1) };

    /// Without any pause, for where a write is seen at once and there is no limit of calls.
    pub const AT_ONCE: Self = Self { settle: Duration::ZERO, gap: Duration::ZERO };
}

/// The distance between two calls, and when each place was last called.
pub(crate) struct Pace {
    asking: Asking,
    interrupt: Interrupt,
    places: Mutex<HashMap<(AccountName, Region), Last>>,
}

impl Pace {
    pub(crate) fn new(asking: Asking, interrupt: Interrupt) -> Self {
        Self { asking, interrupt, places: Mutex::default() }
    }

    /// Waits until a policy that was written just now should be seen, but not after a request to stop.
    pub(crate) async fn settle(&self) {
        self.interrupt.sleep(self.asking.settle).await;
    }

    /// Waits until this place can be called again. Nobody else calls it as long as the turn is held.
    pub(crate) async fn turn(
        &self,
        account: &AccountName,
        region: &Region,
    ) -> OwnedMutexGuard<Option<Instant>> {
        let place = (account.clone(), region.clone());
        let last =
            self.places.lock().unwrap_or_else(PoisonError::into_inner).entry(place).or_default().clone();
        let mut last = last.lock_owned().await;
        if let Some(last) = *last {
            tokio::time::sleep_until(last + self.asking.gap).await;
        }
        *last = Some(Instant::now());
        last
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn two_calls_to_one_place_keep_their_distance_and_other_places_do_not_wait() {
        let pace =
            Pace::new(Asking { settle: Duration::ZERO, gap: Duration::from_hours(1) }, Interrupt::default());
        let (a, b): (AccountName, AccountName) = ("a".parse().unwrap(), "b".parse().unwrap());
        let region: Region = "us-east-1".parse().unwrap();
        let is_at_once = |account| pace.turn(account, &region).now_or_never().is_some();
        assert_eq!([&a, &b, &a].map(is_at_once), [true, true, false]);
    }
}
