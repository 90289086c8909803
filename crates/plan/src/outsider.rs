//! Determines whether trails that deliver to the bucket but are not in the spec can deliver. Pure.
//!
//! Trails that foreign statements allow to deliver are not reported, because installations may
//! share a bucket.

use std::collections::BTreeSet;

use reconcile_policy::{Arn, Document, PolicyKind, Proof, named_trails};
use reconcile_spec::{AccountName, Desired, Unlisted};

use crate::address::Address;
use crate::delivery::{Policies, obstacle, unlisted_delivery};
use crate::kind::Kind;
use crate::observed::{Observed, UnreadableReason};
use crate::view::OtherTrail;

/// A trail that is not in the spec, and that delivers or may deliver to the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outsider {
    /// The address of the trail. If the spec does not have the account, the address contains the
    /// account ID.
    pub address: Address,
    /// Whether the live policies allow the trail to deliver.
    pub can_deliver: bool,
    /// The message for people.
    pub message: String,
}

/// Returns the trails that are not in the spec and deliver to its bucket: trails that cannot
/// deliver and, with `unlisted_accounts: report`, trails that managed statements allow to deliver.
/// `trails` contains the trails that are kept.
pub(crate) fn find<'o>(
    desired: &Desired,
    observed: &Observed,
    trails: impl Iterator<Item = &'o OtherTrail>,
) -> Vec<Outsider> {
    let finder = Finder { desired, observed };
    let seen = trails.filter(|it| it.bucket == desired.bucket.name.as_str());
    let seen = seen.filter_map(|trail| finder.judge(trail));
    let mut found: Vec<Outsider> = seen.collect();
    found.extend(finder.unseen());
    found.sort_by(|a, b| a.address.cmp(&b.address));
    found
}

struct Finder<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
}

impl Finder<'_> {
    fn judge(&self, trail: &OtherTrail) -> Option<Outsider> {
        let address = self.address(&trail.arn);
        let live = Policies::live(self.observed);
        let proofs = self.prove(trail, &live);
        let obstacles: Vec<String> =
            proofs.iter().filter(|proof| proof.decision.is_refused()).map(obstacle).collect();
        if !obstacles.is_empty() {
            let (trail, obstacles) = (&trail.arn, obstacles.join("; "));
            let message = format!(
                "{trail} is not in the spec and is configured to deliver to this bucket, but cannot \
                    deliver: {obstacles}"
            );
            return Some(Outsider { address, can_deliver: false, message });
        }
        let ownership = &self.desired.bucket_policy.ownership;
        let foreign = |document: &Document| document.retain(|statement| !ownership.has(statement));
        let (bucket, key) = (live.bucket.map(foreign), live.key.map(foreign));
        let others = Policies { bucket: bucket.as_ref(), key: key.as_ref(), ..Policies::default() };
        let relies_on_us = self.prove(trail, &others).iter().any(|proof| !proof.decision.is_allowed());
        (relies_on_us && self.is_reported()).then(|| Outsider {
            address,
            can_deliver: true,
            message: format!("{} delivers to this bucket, and is not in the spec", trail.arn),
        })
    }

    /// Returns the decisions of the policies about the delivery of a trail. The policy of another
    /// key is not read.
    fn prove(&self, trail: &OtherTrail, policies: &Policies<'_>) -> Vec<Proof> {
        let mut proofs = policies.prove(&unlisted_delivery(self.desired, self.observed, trail));
        let hub = self.observed.key.as_ref().map(|hub| &hub.key.arn);
        let is_our_key = hub.is_some_and(|hub| trail.kms_key.as_ref().is_some_and(|key| key.is_of(hub)));
        proofs.retain(|proof| is_our_key || proof.hop.policy() != PolicyKind::Key);
        proofs
    }

    /// Returns the trails that managed statements name and that could not be read, by account.
    fn unseen(&self) -> Vec<Outsider> {
        if !self.is_reported() {
            return Vec::new();
        }
        let ownership = &self.desired.bucket_policy.ownership;
        let named =
            self.observed.bucket_policy.iter().flat_map(|document| named_trails(document, ownership).trails);
        let named: BTreeSet<Arn> = named.map(|guest| guest.trail).collect();
        let unseen = named.into_iter().filter_map(|trail| {
            let why: &UnreadableReason = self.observed.departed.unseen.get(&trail)?;
            Some(Outsider {
                address: self.address(&trail),
                can_deliver: true,
                message: format!(
                    "{trail} is not in the spec, may still deliver to this bucket, and cannot be read: {why}"
                ),
            })
        });
        unseen.collect()
    }

    fn is_reported(&self) -> bool {
        let policy = &self.desired.bucket_policy;
        policy.is_managed && policy.foreign.unlisted_accounts == Unlisted::Report
    }

    fn address(&self, trail: &Arn) -> Address {
        let mut accounts = self.desired.accounts.iter().chain(&self.observed.departed.accounts);
        let known = accounts.find(|account| account.id.as_str() == trail.account()).map(|it| it.name.clone());
        // An account ID is also a valid name.
        let name: Option<AccountName> = known.or_else(|| trail.account().parse().ok());
        let name = name.unwrap_or_else(|| self.desired.bucket.site.account.clone());
        Address::new(Kind::Trail, &name, trail.resource_name())
    }
}
