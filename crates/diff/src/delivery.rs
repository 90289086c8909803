//! Turns trails and policies into whether each trail can deliver. Pure.

use std::collections::BTreeMap;

use reconcile_policy::{
    Arn, Decision, Delivery, Document, Doubt, Effect, Membership, Owner, PolicyKind, Proof, Statement,
};
use reconcile_spec::{self as spec, Desired, Encryption, KeyIdentity, Member};

use crate::address::Address;
use crate::kind::Kind;
use crate::observe::{LiveOrganization, Observed};
use crate::view::{self, KeyRef};

/// The path of one trail's log files, as far as the policies of bucket, key and topic decide it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryPath {
    /// The trail.
    pub address: Address,
    /// Whether the trail is there, and the path is the one that it takes now; otherwise it is the one of the spec.
    pub is_live: bool,
    /// What is asked of the two policies.
    pub delivery: Delivery,
    /// What they say, in the order in which log files go.
    pub proofs: Vec<Proof>,
}

impl DeliveryPath {
    /// The requests that the policies certainly do not allow.
    pub fn obstacles(&self) -> impl Iterator<Item = &Proof> {
        self.proofs.iter().filter(|proof| proof.decision.is_refused())
    }

    /// The requests of which it is not known whether the policies allow them.
    pub fn doubts(&self) -> impl Iterator<Item = &Proof> {
        self.proofs.iter().filter(|proof| matches!(proof.decision, Decision::Unknown(_)))
    }

    /// Whether the policies certainly allow every request.
    pub fn is_proven(&self) -> bool {
        self.proofs.iter().all(|proof| proof.decision.is_allowed())
    }
}

/// The policies that decide whether trails deliver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies<'d> {
    pub(crate) bucket: Option<&'d Document>,
    pub(crate) key: Option<&'d Document>,
    /// By the ARN of the topic.
    pub(crate) topics: BTreeMap<&'d Arn, &'d Document>,
}

impl<'d> Policies<'d> {
    pub(crate) fn live(observed: &'d Observed) -> Self {
        let topics = observed.topics.iter().filter_map(|(arn, live)| Some((arn, &live.as_ref()?.policy)));
        let existing = observed.existing_topics.iter();
        let existing =
            existing.filter_map(|(arn, live)| Some((arn, &live.as_ref().ok()?.as_ref()?.policy.document)));
        Self {
            bucket: observed.bucket_policy.as_ref(),
            key: observed.key.as_ref().map(|hub| &hub.policy),
            topics: topics.chain(existing).collect(),
        }
    }

    pub(crate) fn of(&self, kind: PolicyKind, delivery: &Delivery) -> Option<&'d Document> {
        match kind {
            PolicyKind::Bucket => self.bucket,
            PolicyKind::Key => self.key,
            PolicyKind::Topic => self.topics.get(delivery.topic.as_ref()?).copied(),
        }
    }

    pub(crate) fn prove(&self, delivery: &Delivery) -> Vec<Proof> {
        delivery.prove(|kind| self.of(kind, delivery))
    }
}

/// The paths of all trails of the spec under the live policies. A trail that could not be read, or that delivers to
/// another bucket, is looked at as the spec has it.
pub fn live_paths(desired: &Desired, observed: &Observed) -> Vec<DeliveryPath> {
    let policies = Policies::live(observed);
    let hub = observed.key.as_ref();
    let paths = desired.trails.iter().map(|trail| {
        let live = observed.trails.get(&trail.arn).and_then(Option::as_ref);
        let live = live.filter(|live| live.bucket == desired.bucket.name.as_str());
        let delivery = match live {
            Some(live) => of_live(desired, observed, live),
            None => of_spec(desired, observed, trail),
        };
        // The policy of another key has not been read; a key that is not there has none, which allows
        // nothing.
        let is_our_key = match hub {
            Some(hub) => delivery.key.as_deref() == Some(hub.key.arn.as_str()),
            None => live.is_none() && knows_key(desired),
        };
        // Nor what that of a topic says that the spec does not have.
        let is_known = |kind| match kind {
            PolicyKind::Bucket => true,
            PolicyKind::Key => is_our_key,
            PolicyKind::Topic => delivery.topic == trail.topic && knows_topic(observed, trail.topic.as_ref()),
        };
        let mut proofs = policies.prove(&delivery);
        proofs.retain(|proof| is_known(proof.hop.policy()));
        DeliveryPath { address: address(trail), is_live: live.is_some(), delivery, proofs }
    });
    paths.collect()
}

/// The paths of all trails of the spec under policies that are to be written.
pub(crate) fn planned_paths(
    desired: &Desired,
    observed: &Observed,
    policies: &Policies<'_>,
) -> Vec<DeliveryPath> {
    let paths = desired.trails.iter().map(|trail| {
        let delivery = of_spec(desired, observed, trail);
        let mut proofs = policies.prove(&delivery);
        let is_known = |kind| match kind {
            PolicyKind::Bucket => true,
            PolicyKind::Key => knows_key(desired),
            // A topic whose account could not be read is not known.
            PolicyKind::Topic => trail.topic.as_ref().is_none_or(|topic| {
                policies.topics.contains_key(topic) || observed.existing_topics.get(topic) == Some(&Ok(None))
            }),
        };
        proofs.retain(|proof| is_known(proof.hop.policy()));
        DeliveryPath { address: address(trail), is_live: false, delivery, proofs }
    });
    paths.collect()
}

/// Whether the policy of a topic is known; that of somebody else's may not be readable.
fn knows_topic(observed: &Observed, topic: Option<&Arn>) -> bool {
    !topic.is_some_and(|topic| matches!(observed.existing_topics.get(topic), Some(Err(_))))
}

/// How a trail delivers, once it is as the spec says.
pub(crate) fn of_spec(desired: &Desired, observed: &Observed, trail: &spec::Trail) -> Delivery {
    let key = match &observed.key {
        Some(hub) => Some(hub.key.arn.to_string()),
        None if knows_key(desired) => Some(new_key(desired).into()),
        None => observed.trails.get(&trail.arn).and_then(Option::as_ref).and_then(known_key),
    };
    Delivery {
        trail: trail.arn.clone(),
        bucket: bucket_arn(desired),
        prefix: trail.prefix.clone(),
        key,
        bucket_key: has_bucket_key(desired, observed),
        digests: trail.log_file_validation,
        organization: membership(observed, trail.arn.account()),
        organization_trail: trail.is_organization,
        owner: owner(desired, observed),
        topic: trail.topic.clone(),
    }
}

pub(crate) fn of_live(desired: &Desired, observed: &Observed, live: &view::Trail) -> Delivery {
    Delivery {
        trail: live.arn.clone(),
        bucket: bucket_arn(desired),
        prefix: live.prefix.clone(),
        key: known_key(live),
        bucket_key: has_bucket_key(desired, observed),
        digests: live.log_file_validation,
        organization: membership(observed, live.arn.account()),
        organization_trail: live.organization,
        owner: owner(desired, observed),
        topic: match &live.notification {
            Some(view::Notification::To { topic }) => topic.parse().ok(),
            Some(view::Notification::Off) | None => None,
        },
    }
}

/// How a trail delivers that the spec does not have. Its key and its bucket may be others than those of the spec.
pub(crate) fn of_other(desired: &Desired, observed: &Observed, other: &view::OtherTrail) -> Delivery {
    Delivery {
        trail: other.arn.clone(),
        bucket: bucket_arn(desired),
        prefix: other.prefix.clone(),
        key: other.kms_key.clone(),
        // Of another bucket it is not known.
        bucket_key: other.bucket != desired.bucket.name.as_str() || has_bucket_key(desired, observed),
        digests: other.log_file_validation,
        organization: membership(observed, other.arn.account()),
        organization_trail: other.organization,
        owner: owner(desired, observed),
        topic: None,
    }
}

/// What a trail encrypts with now.
fn known_key(live: &view::Trail) -> Option<String> {
    match live.kms_key.as_ref()? {
        KeyRef::Known(arn) => Some(arn.clone()),
        KeyRef::KnownAfterApply(_) => None,
    }
}

/// Whether the spec has a key, whose policy is then looked at.
fn knows_key(desired: &Desired) -> bool {
    desired.key.identity != KeyIdentity::Unmanaged
}

/// What is known of the organization of an account.
pub(crate) fn membership(observed: &Observed, account: &str) -> Membership {
    let Some(LiveOrganization { roster, suspended, .. }) = &observed.organization else {
        return Membership::Unknown;
    };
    let is_it = |member: &&Member| member.id.as_str() == account;
    let id = roster.id.clone();
    match roster.member(account).or_else(|| suspended.iter().find(is_it)) {
        Some(Member { units, .. }) => {
            // Units are read only where the spec asks for them.
            let path = (!units.is_empty()).then(|| format!("{id}/{}/", units.join("/")));
            Membership::In { id, path }
        }
        None => Membership::NotIn { id },
    }
}

/// The owner of the bucket, in every spec that was resolved.
pub(crate) fn owner(desired: &Desired, observed: &Observed) -> Option<Owner> {
    let site = &desired.bucket.site;
    let account = &desired.account(&site.account)?.id;
    let organization = membership(observed, account.as_str());
    Some(Owner { account: account.clone(), region: site.region.clone(), organization })
}

fn address(trail: &spec::Trail) -> Address {
    Address::new(Kind::Trail, &trail.site.account, &trail.name)
}

pub(crate) fn bucket_arn(desired: &Desired) -> Arn {
    Arn::new(desired.bucket.site.region.partition(), "s3", "", "", desired.bucket.name.as_str())
}

/// Stands for a key that is not there yet, whose policy can speak of it only as `*`.
fn new_key(desired: &Desired) -> Arn {
    let region = &desired.key.site.region;
    let account = desired.account(&desired.key.site.account).map_or("", |account| account.id.as_str());
    Arn::new(region.partition(), "kms", region.as_str(), account, "key/known-after-apply")
}

fn has_bucket_key(desired: &Desired, observed: &Observed) -> bool {
    match desired.bucket.encryption.enforced() {
        Some(Encryption::Key) => true,
        Some(Encryption::S3) => false,
        None => {
            let live = observed.bucket.as_ref().and_then(|bucket| bucket.encryption.as_ref());
            matches!(live, Some(view::Encryption::Kms { bucket_key: true, .. }))
        }
    }
}

/// A sentence that says what prevents a request, or on what it depends.
pub fn obstacle(proof: &Proof) -> String {
    let what = proof.hop;
    let policy = what.policy();
    match &proof.decision {
        Decision::NotAllowed(None) => {
            format!("CloudTrail is not allowed to {what}: the {policy} policy allows nothing")
        }
        Decision::Unknown(doubts) => {
            let depends = doubts.iter().map(|Doubt { statement, effect, keys }| {
                let verb = match effect {
                    Effect::Allow => "allow",
                    Effect::Deny => "deny",
                };
                format!(
                    "{statement} may {verb} CloudTrail to {what}, depending on `{}`",
                    keys.join("` and `")
                )
            });
            depends.collect::<Vec<_>>().join("; ")
        }
        decision => format!("CloudTrail is not allowed to {what}: {decision}"),
    }
}

/// The statement that denies, where one does.
pub(crate) fn denying<'d>(proof: &Proof, document: Option<&'d Document>) -> Option<&'d Statement> {
    match &proof.decision {
        Decision::Denied(by) => document?.statements().get(by.index),
        Decision::Allowed(_) | Decision::NotAllowed(_) | Decision::Unknown(_) => None,
    }
}
