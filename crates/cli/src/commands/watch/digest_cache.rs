//! A cache of the listed digests, for `watch`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reconcile_plan::freshness::{DigestTrails, Staleness};

/// The time for which a list is valid. CloudTrail delivers digests every hour, so a new list for a
/// check every 30 seconds would only cost more.
const LISTED: Duration = Duration::from_mins(15);

/// A cache of the digests of each spec: the result of its last list.
#[derive(Debug, Default)]
pub(super) struct DigestCache(Mutex<HashMap<String, (Instant, Vec<Staleness>)>>);

impl DigestCache {
    /// Returns the chains that stopped, from the last list or from a new list. The next check
    /// repeats a failed list.
    pub(super) async fn get_or_list(
        &self,
        spec: &str,
        digests: &DigestTrails,
        list: impl Future<Output = Vec<Staleness>>,
    ) -> Vec<Staleness> {
        if let Some(known) = self.known(spec, digests) {
            return known;
        }
        let stale = list.await;
        if stale.iter().all(Staleness::is_known) {
            self.lists().insert(spec.to_owned(), (Instant::now(), stale.clone()));
        }
        stale
    }

    /// Returns the results of the last list about the current trails; `None` if no list is valid.
    fn known(&self, spec: &str, digests: &DigestTrails) -> Option<Vec<Staleness>> {
        let lists = self.lists();
        let (_, stale) = lists.get(spec).filter(|(at, _)| at.elapsed() < LISTED)?;
        let is_judged =
            |stale: &&Staleness| digests.trails.iter().any(|trail| trail.address == *stale.trail());
        Some(stale.iter().filter(is_judged).cloned().collect())
    }

    fn lists(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Instant, Vec<Staleness>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use reconcile_plan::freshness::{DigestTrail, Newest};

    use super::*;

    fn trails(address: &str) -> DigestTrails {
        let trail = DigestTrail {
            address: address.parse().unwrap(),
            name: "Audit".to_owned(),
            home: "eu-west-1".parse().unwrap(),
            account: "111111111111".parse().unwrap(),
            is_organization: false,
            logging_since: None,
            latest: None,
        };
        DigestTrails { trails: vec![trail], members: None }
    }

    #[tokio::test]
    async fn a_list_counts_until_it_is_old_and_for_the_trails_that_are_judged() {
        let audit = trails("trail/a/Audit");
        let silent = Staleness::Account {
            trail: "trail/a/Audit".parse().unwrap(),
            account: "111111111111".parse().unwrap(),
            newest: Newest::At("2026-11-26T12:00:00Z".parse().unwrap()),
            is_own: true,
        };
        let cache = DigestCache::default();
        // A failed list is not cached.
        let unread = audit.unread("access denied");
        assert_eq!(cache.get_or_list("spec", &audit, async { unread.clone() }).await, unread);
        assert_eq!(
            cache.get_or_list("spec", &audit, async { vec![silent.clone()] }).await,
            slice::from_ref(&silent)
        );
        assert_eq!(cache.get_or_list("spec", &audit, async { unreachable!() }).await, [silent]);
        // The trail is not checked any more.
        assert_eq!(cache.get_or_list("spec", &DigestTrails::default(), async { unreachable!() }).await, []);
        assert_eq!(cache.get_or_list("other", &audit, async { vec![] }).await, []);
    }
}
