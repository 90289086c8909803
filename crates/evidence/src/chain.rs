//! The chain of digests: the validation of all digests of a trail in an account and Region
//! together.
//!
//! A digest names the location, the hash and the signature of the previous digest of its chain. See
//! "Digest file chaining" in "CloudTrail digest file structure". No digest proves that a chain has
//! not ended too early, so the hours of the digests are also compared with the hours in which the
//! trail logs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Previous};
use crate::hash::{Hash, hex};
use crate::keys::KEY_SLACK_HOURS;
use crate::location::{ChainId, DigestKind, ObjectLocation, hours, minutes};
use crate::verdict::{EvidenceFinding, HoleCause, Verdict};

/// The time in which to validate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The start.
    pub from: Timestamp,
    /// The end.
    pub to: Timestamp,
    /// The current time. Digests that CloudTrail has not delivered yet are not missing.
    pub now: Timestamp,
}

impl Range {
    /// The last complete day whose digests are all due.
    pub fn last_day(now: Timestamp) -> Self {
        let hour = now.as_second() - now.as_second().rem_euclid(3600);
        let hour = Timestamp::from_second(hour).unwrap_or(now);
        let to = hours(hour, -DELIVERY_HOURS);
        Self { from: hours(to, -24), to, now }
    }

    /// The time from which keys are needed. This time is before the range, because a digest can be
    /// signed with a key whose validity ended before the digest.
    pub fn keys_from(&self) -> Timestamp {
        hours(self.from, -KEY_SLACK_HOURS)
    }

    /// Returns whether the digests that end at a time are validated. The last log files of the
    /// range are in a digest that ends up to an hour later.
    pub(crate) fn has_digest(&self, end: Timestamp) -> bool {
        self.from < end && end < hours(self.to, 1)
    }
}

/// A digest of a chain after its own validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) place: ObjectLocation,
    /// The end of the digest, from its key.
    pub(crate) end: Timestamp,
    /// The claims that the digest proves; `None` if the digest is not verified.
    pub(crate) proof: Option<DigestClaims>,
}

/// The claims of a verified digest about its chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestClaims {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) hash: Hash,
    #[serde(with = "hex")]
    pub(crate) signature: Vec<u8>,
    pub(crate) previous: Option<Previous>,
}

impl DigestClaims {
    pub(crate) fn new(digest: &Digest, signature: Vec<u8>) -> Self {
        let Digest { start, end, hash, .. } = *digest;
        Self { start, end, hash, signature, previous: digest.previous.clone() }
    }
}

impl Link {
    /// The start of the digest. A digest that is not verified counts as a digest of one hour.
    fn start(&self) -> Timestamp {
        self.proof.as_ref().map_or_else(|| hours(self.end, -1), |proof| proof.start)
    }

    fn end(&self) -> Timestamp {
        self.proof.as_ref().map_or(self.end, |proof| proof.end)
    }

    fn previous(&self) -> Option<&Previous> {
        self.proof.as_ref()?.previous.as_ref()
    }

    /// Whether this digest is proven to be the first of its chain.
    fn is_start(&self) -> bool {
        self.proof.as_ref().is_some_and(|proof| proof.previous.is_none())
    }
}

/// The longest gap between two digests that is not reported, in minutes.
const GAP_MINUTES: i64 = 5;
/// The hours that CloudTrail has for the delivery of a digest after the end of the digest.
pub(crate) const DELIVERY_HOURS: i64 = 1;

/// Returns the findings about a chain as a whole, without the findings about single digests.
///
/// `links` contains all digests of the chain in the range. A trail that is expected to log must
/// have a digest for every hour.
pub(crate) fn assess(id: &ChainId, links: &[Link], range: &Range, is_expected: bool) -> Vec<EvidenceFinding> {
    let mut links: Vec<&Link> = links.iter().collect();
    links.sort_by_key(|link| link.end);
    let by_place: BTreeMap<&ObjectLocation, &Link> = links.iter().map(|link| (&link.place, *link)).collect();
    let mut findings = broken_references(id, &links, &by_place, range);
    if id.kind == DigestKind::Hourly {
        let holes = holes(&links, &by_place, range).into_iter();
        findings.extend(holes.map(|(from, to, cause)| EvidenceFinding::Hole {
            trail: id.trail.clone(),
            is_expected,
            from,
            to,
            cause,
        }));
    }
    findings
}

fn broken_references(
    id: &ChainId,
    links: &[&Link],
    by_place: &BTreeMap<&ObjectLocation, &Link>,
    range: &Range,
) -> Vec<EvidenceFinding> {
    let finding = |place: &ObjectLocation, verdict| EvidenceFinding::object(id.kind, place.clone(), verdict);
    let mut findings = Vec::new();
    let mut named = BTreeSet::new();
    for previous in links.iter().filter_map(|link| link.previous()) {
        named.insert(&previous.place);
        match by_place.get(&previous.place) {
            Some(link) => {
                let is_other = |proof: &DigestClaims| {
                    proof.hash != previous.hash || proof.signature != previous.signature
                };
                if link.proof.as_ref().is_some_and(is_other) {
                    findings.push(finding(&previous.place, Verdict::OutOfChain));
                }
            }
            None if is_in_range(id, &previous.place, range) => {
                findings.push(finding(&previous.place, Verdict::Deleted));
            }
            None => {}
        }
    }
    for (index, link) in links.iter().enumerate() {
        if link.proof.is_none() || named.contains(&link.place) {
            continue;
        }
        // The next digest names another digest that exists, so this digest is not in the chain.
        let next = links.get(index + 1).and_then(|next| next.previous());
        if next.is_some_and(|previous| by_place.contains_key(&previous.place)) {
            findings.push(finding(&link.place, Verdict::OutOfChain));
        }
    }
    findings
}

/// Returns whether a digest belongs to the range. A digest with an unexpected name counts as well.
fn is_in_range(id: &ChainId, place: &ObjectLocation, range: &Range) -> bool {
    ChainId::parse(&id.account, &id.region, &place.key).is_none_or(|(_, end)| range.has_digest(end))
}

fn holes(
    links: &[&Link],
    by_place: &BTreeMap<&ObjectLocation, &Link>,
    range: &Range,
) -> Vec<(Timestamp, Timestamp, HoleCause)> {
    let is_hole = |from: Timestamp, to: Timestamp| minutes(from, GAP_MINUTES) < to;
    let mut holes = Vec::new();
    let mut last = range.from;
    for (index, link) in links.iter().enumerate() {
        let (from, to) = (last, link.start());
        last = last.max(link.end());
        if !is_hole(from, to) {
            continue;
        }
        let names_deleted = link
            .previous()
            .is_some_and(|previous| !by_place.contains_key(&previous.place) && is_hole(hours(from, 1), to));
        let cause = match link.proof {
            Some(_) if link.is_start() && index == 0 => HoleCause::NotStarted,
            Some(_) if link.is_start() => HoleCause::Restarted,
            Some(_) if names_deleted => HoleCause::DigestsDeleted,
            // The deleted digest has its own finding, which covers this hour.
            Some(_) if link.previous().is_some_and(|it| !by_place.contains_key(&it.place)) => continue,
            Some(_) | None => HoleCause::Unproven,
        };
        holes.push((from, to, cause));
    }
    if links.is_empty() {
        holes.push((range.from, range.to, HoleCause::NoDigests));
    } else if is_due(last, range) {
        holes.push((last, range.to, HoleCause::Ended));
    }
    holes
}

/// Returns whether the digest after a time belongs to the range and should have been delivered.
pub(crate) fn is_due(end: Timestamp, range: &Range) -> bool {
    hours(end, 1) <= range.to && is_overdue(end, range.now)
}

/// Returns whether the digest after a time should have been delivered by now.
pub(crate) fn is_overdue(end: Timestamp, now: Timestamp) -> bool {
    hours(end, 1 + DELIVERY_HOURS) <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ChainId {
        ChainId {
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            trail: "Security".to_owned(),
            home: "eu-west-1".parse().unwrap(),
            kind: DigestKind::Hourly,
        }
    }

    fn hour(hour: i64) -> Timestamp {
        hours("2026-01-01T00:00:00Z".parse().unwrap(), hour)
    }

    fn place(end: i64) -> ObjectLocation {
        let root = crate::location::Root::new("logs", None, None);
        root.place(id().key(&root, hour(end)))
    }

    /// The digest that ends at an hour, and that names the digest that ends at `previous`.
    fn link(end: i64, previous: Option<i64>) -> Link {
        let content = |end: i64| Hash::of(&end.to_be_bytes());
        let signature = |end: i64| end.to_be_bytes().to_vec();
        let previous =
            previous.map(|it| Previous { place: place(it), hash: content(it), signature: signature(it) });
        let proof = DigestClaims {
            start: hour(end - 1),
            end: hour(end),
            hash: content(end),
            signature: signature(end),
            previous,
        };
        Link { place: place(end), end: hour(end), proof: Some(proof) }
    }

    fn whole() -> Vec<Link> {
        (1..=10).map(|end| link(end, Some(end - 1))).collect()
    }

    /// The findings in short: an hour and a verdict, or hours and a cause.
    fn found(links: &[Link]) -> Vec<String> {
        let range = Range { from: hour(0), to: hour(10), now: hour(20) };
        let short = |finding| match finding {
            EvidenceFinding::Object { place, verdict, .. } => {
                let (_, end) = ChainId::parse(&id().account, &id().region, &place.key).unwrap();
                format!("{} {verdict:?}", end.strftime("%H"))
            }
            EvidenceFinding::Hole { from, to, cause, .. } => {
                format!("{}-{} {cause:?}", from.strftime("%H"), to.strftime("%H"))
            }
            EvidenceFinding::Unlisted { .. } | EvidenceFinding::KeysUnread { .. } => unreachable!(),
        };
        assess(&id(), links, &range, true).into_iter().map(short).collect()
    }

    #[test]
    fn a_whole_chain_has_no_findings() {
        assert_eq!(found(&whole()), [""; 0]);
    }

    #[test]
    fn deleted_digests_are_found_wherever_they_were() {
        let table: [(&[i64], &[&str]); 6] = [
            (&[5], &["05 Deleted"]),
            (&[4, 5], &["05 Deleted", "03-05 DigestsDeleted"]),
            (&[1], &["01 Deleted"]),
            (&[1, 2, 3], &["03 Deleted", "00-03 DigestsDeleted"]),
            (&[10], &["09-10 Ended"]),
            (&[8, 9, 10], &["07-10 Ended"]),
        ];
        for (deleted, expected) in table {
            let links: Vec<Link> =
                whole().into_iter().filter(|link| !deleted.iter().any(|it| hour(*it) == link.end)).collect();
            assert_eq!(found(&links), expected, "{deleted:?}");
        }
        assert_eq!(found(&[]), ["00-10 NoDigests"]);
    }

    #[test]
    fn a_restarted_chain_is_a_hole_and_no_broken_chain() {
        let mut links = whole();
        links.retain(|link| link.end <= hour(3) || link.end >= hour(7));
        links[3] = link(7, None);
        assert_eq!(found(&links), ["03-06 Restarted"]);
        let links = [link(6, None), link(7, Some(6)), link(8, Some(7)), link(9, Some(8)), link(10, Some(9))];
        assert_eq!(found(&links), ["00-05 NotStarted"]);
    }

    #[test]
    fn a_signed_digest_that_the_chain_passes_over_is_out_of_chain() {
        let mut links = whole();
        links[5] = link(6, Some(4));
        assert_eq!(found(&links), ["05 OutOfChain"]);
    }

    #[test]
    fn another_version_of_a_digest_is_out_of_chain() {
        for change in
            [(|proof: &mut DigestClaims| proof.hash = Hash::of(b"other")) as fn(&mut DigestClaims), |proof| {
                proof.signature = b"other".to_vec();
            }]
        {
            let mut links = whole();
            change(links[4].proof.as_mut().unwrap());
            assert_eq!(found(&links), ["05 OutOfChain"]);
        }
    }

    #[test]
    fn an_unverified_digest_hides_nothing_and_proves_nothing() {
        let mut links = whole();
        links[4].proof = None;
        assert_eq!(found(&links), [""; 0]);
        links.remove(3);
        // The digest that would name the deleted digest is not verified.
        assert_eq!(found(&links), ["03-04 Unproven"]);
    }

    #[test]
    fn the_last_digest_of_the_last_day_is_due() {
        let range = Range::last_day(hour(30) + jiff::SignedDuration::from_mins(20));
        assert_eq!((range.from, range.to), (hour(5), hour(29)));
        assert!(is_due(hour(28), &range));
    }

    #[test]
    fn a_digest_that_is_not_due_is_not_missing() {
        let range = |now| Range { from: hour(0), to: hour(10), now: hour(now) };
        assert!(!is_due(hour(9), &range(10)));
        assert!(is_due(hour(9), &range(11)));
        assert!(!is_due(hour(10), &range(20)));
    }

    #[test]
    fn a_backfill_chain_has_no_expected_hours() {
        let id = ChainId { kind: DigestKind::Backfill, ..id() };
        let range = Range { from: hour(0), to: hour(10), now: hour(20) };
        assert_eq!(assess(&id, &[link(3, None), link(7, Some(3))], &range, true), []);
        let findings = assess(&id, &[link(7, Some(3))], &range, true);
        let [EvidenceFinding::Object { kind, verdict: Verdict::Deleted, .. }] = &findings[..] else {
            panic!("{findings:?}")
        };
        assert_eq!(*kind, crate::ObjectKind::BackfillDigest);
    }
}
