//! A check of the newest digests of all chains between two validations, which reads no file.
//!
//! CloudTrail delivers a digest every hour for each account and Region, even if nothing happened. A
//! chain without a new digest has therefore stopped. See "Validating CloudTrail log file integrity"
//! in the CloudTrail user guide.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;
use jiff::Timestamp;
use reconcile_plan::freshness::{DigestTrail, DigestTrails, Newest, Staleness};
use reconcile_policy::{AccountId, Region};
use reconcile_spec::Desired;

use crate::cell::Cell;
use crate::chain::is_overdue;
use crate::location::{ChainId, DigestKind, hours};
use crate::pages::{ListError, Pages};
use crate::scope::{Accounts, CellSelection, ScopedTrail, ValidationScope};
use crate::source::ObjectSource;
use crate::verdict::EvidenceFinding;

/// The least number of hours that the list of digests covers. The list begins at the start of a
/// day, so it covers between one and two days.
const LISTED_HOURS: i64 = 24;

/// Lists the newest digests of the trails of a spec. Returns the chains that stopped and the lists
/// that failed.
///
/// Makes one request for each trail and account, and one for each account and Region. `at_once` is
/// the number of concurrent requests.
pub async fn freshness<S: ObjectSource>(
    source: &S,
    desired: &Desired,
    digests: &DigestTrails,
    now: Timestamp,
    at_once: usize,
) -> Vec<Staleness> {
    let mut scope = ValidationScope::of(desired, digests.members.as_ref());
    scope.trails.retain(|scoped| digests.trails.iter().any(|trail| is_same(scoped, trail)));
    let (cells, unlisted) = scope.cells(source, &CellSelection::default()).await;
    let since = start_of_day(hours(now, -LISTED_HOURS));
    let lists: Vec<_> = cells.iter().map(|cell| newest_digests(source, cell, since, now)).collect();
    let listed: Vec<_> = stream::iter(lists).buffered(at_once.max(1)).collect().await;
    let mut stale: Vec<Staleness> = scope
        .trails
        .iter()
        .filter_map(|scoped| Some((scoped, digests.trails.iter().find(|trail| is_same(scoped, trail))?)))
        .flat_map(|(scoped, trail)| {
            let heard =
                cells.iter().zip(&listed).filter_map(|(cell, digests)| Heard::of(trail, cell, digests));
            let unsought = unlisted.iter().filter_map(|finding| match finding {
                EvidenceFinding::Unlisted { place, reason } if scoped.is_sought_in(place) => {
                    Some(reason.clone())
                }
                EvidenceFinding::Unlisted { .. }
                | EvidenceFinding::Object { .. }
                | EvidenceFinding::Hole { .. }
                | EvidenceFinding::KeysUnread { .. } => None,
            });
            judge(trail, &heard.collect::<Vec<_>>(), unsought.collect(), since, now)
        })
        .collect();
    stale.sort();
    stale
}

fn is_same(scoped: &ScopedTrail, trail: &DigestTrail) -> bool {
    let of_accounts = match &scoped.accounts {
        Accounts::One(account) => !trail.is_organization && *account == trail.account,
        Accounts::Organization(_) => trail.is_organization,
    };
    of_accounts && scoped.name == trail.name && scoped.home == trail.home
}

fn start_of_day(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(24 * 3600)).unwrap_or(time)
}

/// The ends of the oldest and the newest digest of a chain in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    oldest: Timestamp,
    newest: Timestamp,
}

/// The listed digests of an account and Region, by the name and the home Region of their trail.
type Spans = BTreeMap<(String, Region), Span>;

async fn newest_digests<S: ObjectSource>(
    source: &S,
    cell: &Cell,
    since: Timestamp,
    now: Timestamp,
) -> Result<Spans, ListError> {
    let mut spans = Spans::new();
    for root in &cell.roots {
        let folder = format!("{}{}/", root.digests(&cell.account), cell.region);
        let mut pages = Pages::new(source, root, folder, since, hours(now, 1));
        while let Some(objects) = pages.next().await? {
            let chains = objects.iter().filter_map(|it| ChainId::parse(&cell.account, &cell.region, &it.key));
            for (id, end) in chains.filter(|(id, _)| id.kind == DigestKind::Hourly) {
                let span = spans.entry((id.trail, id.home)).or_insert(Span { oldest: end, newest: end });
                *span = Span { oldest: span.oldest.min(end), newest: span.newest.max(end) };
            }
        }
    }
    Ok(spans)
}

/// The digests of a trail in an account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    account: AccountId,
    region: Region,
    /// Whether the trail must log here, because no account can disable the Region.
    must_log: bool,
    /// The listed digests; `None` if there are none. An error is the reason why the list failed.
    digests: Result<Option<Span>, String>,
}

impl Heard {
    /// Returns the digests of a trail in an account and Region; `None` if the trail is not expected
    /// there.
    fn of(trail: &DigestTrail, cell: &Cell, digests: &Result<Spans, ListError>) -> Option<Self> {
        if !trail.is_organization && cell.account != trail.account {
            return None;
        }
        let expected = cell.trails.iter().find(|it| it.name == trail.name && it.home == trail.home)?;
        let chain = (trail.name.clone(), trail.home.clone());
        Some(Self {
            account: cell.account.clone(),
            region: cell.region.clone(),
            must_log: expected.must_log,
            digests: match digests {
                Ok(spans) => Ok(spans.get(&chain).copied()),
                Err(unlisted) => Err(unlisted.reason.clone()),
            },
        })
    }
}

/// Returns the accounts and Regions of a trail whose digests stopped, and the lists that failed.
/// `unlisted` contains the reasons why accounts and Regions of the trail could not be found;
/// `since` is the start of the lists.
fn judge(
    trail: &DigestTrail,
    heard: &[Heard],
    unlisted: Vec<String>,
    since: Timestamp,
    now: Timestamp,
) -> Vec<Staleness> {
    let mut by_account: BTreeMap<&AccountId, Vec<&Heard>> = BTreeMap::new();
    for heard in heard {
        by_account.entry(&heard.account).or_default().push(heard);
    }
    let is_whole = unlisted.is_empty();
    let mut stale: Vec<Staleness> = by_account
        .into_iter()
        .flat_map(|(account, heard)| judge_account(trail, account, &heard, is_whole, since, now))
        .collect();
    let unread = heard.iter().filter_map(|heard| heard.digests.as_ref().err().cloned());
    let reasons: Vec<String> = unlisted.into_iter().chain(unread).collect();
    if let Some(reason) = reasons.first() {
        stale.push(Staleness::Unlisted {
            trail: trail.address.clone(),
            count: Some(reasons.len()),
            reason: reason.clone(),
        });
    }
    stale
}

/// Returns the account, or its Regions, if their digests stopped. `is_whole` means that all folders
/// of the trail were found.
fn judge_account(
    trail: &DigestTrail,
    account: &AccountId,
    heard: &[&Heard],
    is_whole: bool,
    since: Timestamp,
    now: Timestamp,
) -> Vec<Staleness> {
    // A trail is not silent if its logging was just started, or if nothing is known about its
    // earlier digests.
    let is_silent =
        |last: Option<Timestamp>| last.max(trail.logging_since).is_some_and(|last| is_overdue(last, now));
    let newest = |newest: Option<Timestamp>| newest.map_or(Newest::NoneSince(since), Newest::At);
    let listed: Vec<(&Heard, Option<Span>)> =
        heard.iter().filter_map(|heard| Some((*heard, (*heard.digests.as_ref().ok()?)))).collect();
    let spans = || listed.iter().filter_map(|(_, span)| *span);
    let newest_of_all = spans().map(|span| span.newest).max();
    if newest_of_all.is_none_or(|newest| is_overdue(newest, now)) {
        let is_own = *account == trail.account;
        // A digest that CloudTrail delivered to another bucket counts as well: after the bucket of
        // a trail changes, the first digest arrives in the new bucket within an hour.
        let reported = trail.latest.filter(|_| is_own);
        let is_whole = is_whole && listed.len() == heard.len();
        return match is_whole && is_silent(newest_of_all.max(reported)) {
            true => vec![Staleness::Account {
                trail: trail.address.clone(),
                account: account.clone(),
                newest: newest(newest_of_all),
                is_own,
            }],
            false => Vec::new(),
        };
    }
    // A Region without a digest is silent since the first digest of the trail in this bucket.
    let first_of_all = spans().map(|span| span.oldest).min();
    let silent = listed.iter().filter(|(_, span)| is_silent(span.map(|span| span.newest).or(first_of_all)));
    let silent = silent.map(|(heard, span)| Staleness::Region {
        trail: trail.address.clone(),
        account: account.clone(),
        region: heard.region.clone(),
        newest: newest(span.map(|span| span.newest)),
        is_always_enabled: heard.must_log,
    });
    silent.collect()
}

#[cfg(test)]
mod tests {
    use reconcile_samples::{BUCKET, MASTER, members};

    use super::*;
    use crate::location::Root;
    use crate::memory::{Memory, Stored};

    const NOW: &str = "2026-11-26T12:20:00Z";
    const MEMBER: &str = "000000000001";
    /// A digest for every hour until the last full hour. The numbers are hours before this full
    /// hour.
    const FRESH: Option<(i64, i64)> = Some((35, 0));

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// The last full hour, minus some hours.
    fn ago(hour: i64) -> Timestamp {
        hours("2026-11-26T12:00:00Z".parse().unwrap(), -hour)
    }

    fn trail() -> DigestTrail {
        DigestTrail {
            address: "trail/m0/Trail".parse().unwrap(),
            name: "Trail".to_owned(),
            home: "eu-west-1".parse().unwrap(),
            account: MEMBER.parse().unwrap(),
            is_organization: false,
            logging_since: Some(ago(900)),
            latest: Some(ago(0)),
        }
    }

    /// The digests of a Region between two times, in hours before the last full hour. A Region
    /// whose name ends with `?` is an opt-in Region.
    fn heard(region: &str, digests: Result<Option<(i64, i64)>, &str>) -> Heard {
        Heard {
            account: MEMBER.parse().unwrap(),
            region: region.trim_end_matches('?').parse().unwrap(),
            must_log: !region.ends_with('?'),
            digests: digests
                .map(|span| span.map(|(oldest, newest)| Span { oldest: ago(oldest), newest: ago(newest) }))
                .map_err(str::to_owned),
        }
    }

    /// The findings in short.
    fn found(trail: &DigestTrail, heard: &[Heard]) -> Vec<String> {
        let short = |stale| match stale {
            Staleness::Region { region, newest, is_always_enabled, .. } => {
                format!("{region}{}: {newest}", if is_always_enabled { "" } else { "?" })
            }
            Staleness::Account { newest, .. } => format!("all: {newest}"),
            Staleness::Unlisted { count, reason, .. } => format!("{} unlisted: {reason}", count.unwrap()),
        };
        judge(trail, heard, Vec::new(), ago(36), now()).into_iter().map(short).collect()
    }

    #[test]
    fn a_region_is_silent_if_its_digest_is_overdue_and_other_regions_have_newer_ones() {
        let home = || heard("eu-west-1", Ok(FRESH));
        let none_since = "there is no digest since 2026-11-25T00:00:00Z";
        for (case, other, expected) in [
            ("fresh", heard("us-east-1", Ok(FRESH)), vec![]),
            ("not due yet", heard("us-east-1", Ok(Some((35, 1)))), vec![]),
            (
                "due",
                heard("us-east-1", Ok(Some((35, 2)))),
                vec!["us-east-1: the newest digest ends at 2026-11-26T10:00:00Z".to_owned()],
            ),
            (
                "a Region that can be disabled",
                heard("eu-south-1?", Ok(Some((35, 9)))),
                vec!["eu-south-1?: the newest digest ends at 2026-11-26T03:00:00Z".to_owned()],
            ),
            ("long ago", heard("us-east-1", Ok(None)), vec![format!("us-east-1: {none_since}")]),
            (
                "refused",
                heard("us-east-1", Err("access denied")),
                vec!["1 unlisted: access denied".to_owned()],
            ),
        ] {
            assert_eq!(found(&trail(), &[home(), other]), expected, "{case}");
        }
    }

    #[test]
    fn a_region_without_digests_is_not_silent_before_the_first_one_is_due() {
        let other = || heard("us-east-1", Ok(None));
        // The first digest in this bucket is one hour old.
        assert_eq!(found(&trail(), &[heard("eu-west-1", Ok(Some((1, 0)))), other()]), [""; 0]);
        assert_eq!(found(&trail(), &[heard("eu-west-1", Ok(Some((2, 0)))), other()]).len(), 1);
        // Logging was started again an hour ago.
        let restarted = DigestTrail { logging_since: Some(ago(1)), ..trail() };
        assert_eq!(found(&restarted, &[heard("eu-west-1", Ok(FRESH)), other()]), [""; 0]);
    }

    #[test]
    fn an_account_is_silent_if_all_its_digests_are_overdue() {
        let all = |digests| [heard("eu-west-1", digests), heard("us-east-1", digests)];
        let silent = DigestTrail { latest: Some(ago(5)), ..trail() };
        let expected = ["all: the newest digest ends at 2026-11-26T07:00:00Z"];
        assert_eq!(found(&silent, &all(Ok(Some((35, 5))))), expected);
        assert_eq!(found(&silent, &all(Ok(None))), ["all: there is no digest since 2026-11-25T00:00:00Z"]);
        // CloudTrail has delivered newer digests to the earlier bucket.
        assert_eq!(found(&trail(), &all(Ok(None))), [""; 0]);
        // The time that CloudTrail reports is about the account of the trail, not about other
        // accounts.
        let other = DigestTrail { account: MASTER.parse().unwrap(), is_organization: true, ..trail() };
        assert_eq!(found(&other, &all(Ok(None))).len(), 1);
        for (case, trail) in [
            ("just started", DigestTrail { logging_since: Some(ago(1)), ..silent.clone() }),
            ("nothing is known", DigestTrail { logging_since: None, latest: None, ..silent.clone() }),
        ] {
            assert_eq!(found(&trail, &all(Ok(None))), [""; 0], "{case}");
        }
    }

    #[test]
    fn an_account_of_which_a_region_is_unknown_is_not_called_silent() {
        let silent = DigestTrail { latest: Some(ago(5)), ..trail() };
        let heard = [heard("eu-west-1", Ok(Some((35, 5)))), heard("us-east-1", Err("access denied"))];
        assert_eq!(found(&silent, &heard), ["1 unlisted: access denied"]);
        // The account is not called silent either if the folders of the organization could not be
        // listed, so that no digest was found.
        let nothing = [self::heard("eu-west-1", Ok(None))];
        let stale = judge(&silent, &nothing, vec!["access denied".to_owned()], ago(36), now());
        let [Staleness::Unlisted { count: Some(1), .. }] = &stale[..] else { panic!("{stale:?}") };
    }

    #[tokio::test]
    async fn the_lists_of_a_bucket_are_judged_for_each_trail_and_account() {
        let spec = reconcile_spec::parse("test.yaml", members(1).as_bytes()).unwrap();
        let own = DigestTrail {
            address: "trail/master/Trail".parse().unwrap(),
            account: MASTER.parse().unwrap(),
            ..trail()
        };
        let digests = DigestTrails { trails: vec![own, trail()], members: None };
        let mut bucket = Memory::default();
        let root = Root::new(BUCKET, None, None);
        let regions: Vec<Region> = Region::always_enabled(trail().home.partition()).collect();
        for account in [MASTER, MEMBER] {
            for region in &regions {
                let id = |kind| ChainId {
                    account: account.parse().unwrap(),
                    region: region.clone(),
                    trail: "Trail".to_owned(),
                    home: trail().home,
                    kind,
                };
                let is_stopped = account == MEMBER && region.as_str() == "us-west-2";
                let last = if is_stopped { 30 } else { 0 };
                for hour in last..40 {
                    let key = id(DigestKind::Hourly).key(&root, ago(hour));
                    bucket.put(root.place(key), Stored { body: Vec::new(), metadata: None, modified: None });
                }
                // A digest that was delivered later does not show that the chain continues.
                let key = id(DigestKind::Backfill).key(&root, ago(0));
                bucket.put(root.place(key), Stored { body: Vec::new(), metadata: None, modified: None });
            }
        }
        let stale = freshness(&bucket, spec.desired(), &digests, now(), 4).await;
        let expected = Staleness::Region {
            trail: trail().address,
            account: MEMBER.parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            newest: Newest::At(ago(30)),
            is_always_enabled: true,
        };
        assert_eq!(stale, [expected]);
        // Trails that are not in `digests` are not checked.
        let none = DigestTrails::default();
        assert_eq!(freshness(&bucket, spec.desired(), &none, now(), 4).await, []);
    }
}
