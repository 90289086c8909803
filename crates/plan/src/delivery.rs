//! Determines from the trails and policies whether each trail can deliver. Pure.

mod unproven;

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{
    Arn, Decision, Delivery, Document, Doubt, Effect, Membership, Owner, PolicyKind, Proof, Statement,
};
use reconcile_spec::{self as spec, Desired, Encryption, KeyIdentity, Member};

use crate::address::Address;
use crate::observed::{Observed, UsedKey};
use crate::view;

pub use unproven::{Unproven, Why};

/// The delivery of one trail, with the decisions of the policies of bucket, key and topic.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryPath {
    /// The trail.
    pub address: Address,
    /// Whether the path is the current path of an existing trail. Otherwise, the path follows from
    /// the spec.
    pub is_live: bool,
    /// The requests that the policies must allow.
    pub delivery: Delivery,
    /// The decisions of the policies, in the order of the delivery.
    pub proofs: Vec<Proof>,
    /// Hops that no policy decides, or whose policy could not be read.
    pub unproven: Vec<Unproven>,
}

impl DeliveryPath {
    /// The requests that the policies certainly do not allow.
    pub fn obstacles(&self) -> impl Iterator<Item = &Proof> {
        self.proofs.iter().filter(|proof| proof.decision.is_refused())
    }

    /// The requests for which it is unknown whether the policies allow them.
    pub fn doubts(&self) -> impl Iterator<Item = &Proof> {
        self.proofs.iter().filter(|proof| matches!(proof.decision, Decision::Unknown(_)))
    }

    /// Sentences with the reasons that certainly prevent the delivery.
    pub fn refusals(&self) -> Vec<String> {
        let unproven = self.unproven.iter().filter(|it| it.is_refused()).map(ToString::to_string);
        self.obstacles().map(obstacle).chain(unproven).collect()
    }

    /// Sentences with the unknown values on which the delivery depends.
    pub fn unknowns(&self) -> Vec<String> {
        let unproven = self.unproven.iter().filter(|it| !it.is_refused()).map(ToString::to_string);
        self.doubts().map(obstacle).chain(unproven).collect()
    }

    /// Whether the policies certainly allow all requests of the delivery.
    pub fn is_proven(&self) -> bool {
        self.unproven.is_empty() && self.proofs.iter().all(|proof| proof.decision.is_allowed())
    }
}

/// The policies that decide whether trails deliver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies<'d> {
    pub(crate) bucket: Option<&'d Document>,
    pub(crate) key: Option<&'d Document>,
    /// The policies of topics, by the ARN of the topic.
    pub(crate) topics: BTreeMap<&'d Arn, &'d Document>,
    /// The policies of foreign keys that encrypt topics, by the ARN of the key.
    pub(crate) topic_keys: BTreeMap<&'d Arn, &'d Document>,
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
            topic_keys: topic_keys(observed),
        }
    }

    pub(crate) fn get(&self, kind: PolicyKind, delivery: &Delivery) -> Option<&'d Document> {
        match kind {
            PolicyKind::Bucket => self.bucket,
            PolicyKind::Key => self.key,
            PolicyKind::Topic => self.topics.get(delivery.topic.as_ref()?).copied(),
            // The key of a topic that has no entry is the key of the spec.
            PolicyKind::TopicKey => self.topic_keys.get(delivery.topic_key.as_ref()?).copied().or(self.key),
        }
    }

    pub(crate) fn prove(&self, delivery: &Delivery) -> Vec<Proof> {
        delivery.prove(|kind| self.get(kind, delivery))
    }
}

/// Returns the policies of foreign keys that encrypt topics, by the ARN of the key.
pub(crate) fn topic_keys(observed: &Observed) -> BTreeMap<&Arn, &Document> {
    let others = observed.used_keys.values().filter_map(|key| match key {
        UsedKey::Other { arn, policy } => Some((arn, policy)),
        UsedKey::Own | UsedKey::ManagedByAws | UsedKey::Unusable { .. } | UsedKey::Hidden { .. } => None,
    });
    others.collect()
}

/// Returns the paths of all trails of the spec under the live policies. For a trail that does not
/// exist, could not be read or delivers to another bucket, the path follows from the spec.
pub fn live_paths(desired: &Desired, observed: &Observed) -> Vec<DeliveryPath> {
    let policies = Policies::live(observed);
    let hub = observed.key.as_ref();
    let paths = desired.trails.iter().map(|trail| {
        let live = observed.trails.get(&trail.arn).and_then(Option::as_ref);
        let live = live.filter(|live| live.bucket == desired.bucket.name.as_str());
        let delivery = match live {
            Some(live) => live_delivery(desired, observed, live),
            None => desired_delivery(desired, observed, trail),
        };
        // The policy of a key other than the key in use was not read. A key that does not exist has
        // no policy, and a missing policy allows nothing.
        let is_our_key = match hub {
            Some(hub) => delivery.key.as_ref().is_some_and(|key| key.is_of(&hub.key.arn)),
            None => live.is_none() && knows_key(desired),
        };
        // The policy of a topic that the spec does not have was not read either.
        let topic = trail.topic.as_ref().filter(|_| delivery.topic == trail.topic);
        let is_known = |kind| match kind {
            PolicyKind::Bucket => true,
            PolicyKind::Key => is_our_key,
            PolicyKind::Topic => topic.is_some_and(|topic| knows_topic(observed, topic)),
            PolicyKind::TopicKey => topic.is_some(),
        };
        let mut proofs = policies.prove(&delivery);
        proofs.retain(|proof| is_known(proof.hop.policy()));
        let of_topic = |topic| unproven::unproven_for_topic(observed, topic, observed.used_keys.get(topic));
        let unproven = topic.map(of_topic).unwrap_or_default();
        DeliveryPath { address: Address::trail(trail), is_live: live.is_some(), delivery, proofs, unproven }
    });
    paths.collect()
}

/// Returns the paths of all trails of the spec under planned policies. `encrypted` contains the
/// topics that the key of the spec encrypts after the plan.
pub(crate) fn planned_paths(
    desired: &Desired,
    observed: &Observed,
    policies: &Policies<'_>,
    encrypted: &BTreeSet<Arn>,
) -> impl Iterator<Item = DeliveryPath> {
    desired.trails.iter().map(move |trail| {
        let key_of = |topic| match encrypted.contains(topic) {
            true => Some(&UsedKey::Own),
            false => observed.used_keys.get(topic),
        };
        let used_key = trail.topic.as_ref().and_then(key_of);
        let topic_key = used_key.and_then(|key| key_arn(desired, observed, key));
        let delivery = Delivery { topic_key, ..desired_delivery(desired, observed, trail) };
        let mut proofs = policies.prove(&delivery);
        let is_known = |kind| match kind {
            PolicyKind::Bucket | PolicyKind::TopicKey => true,
            PolicyKind::Key => knows_key(desired),
            // The policy of a topic is unknown if its account could not be read.
            PolicyKind::Topic => {
                trail.topic.as_ref().is_some_and(|topic| policies.topics.contains_key(topic))
            }
        };
        proofs.retain(|proof| is_known(proof.hop.policy()));
        let of_topic = |topic| unproven::unproven_for_topic(observed, topic, used_key);
        let unproven = trail.topic.as_ref().map(of_topic).unwrap_or_default();
        DeliveryPath { address: Address::trail(trail), is_live: false, delivery, proofs, unproven }
    })
}

/// Returns whether there is a policy to evaluate: a foreign topic can be absent or unreadable.
fn knows_topic(observed: &Observed, topic: &Arn) -> bool {
    matches!(observed.existing_topics.get(topic), None | Some(Ok(Some(_))))
}

/// Returns the ARN of a key that encrypts a topic; `None` if the policy of the key was not read.
fn key_arn(desired: &Desired, observed: &Observed, key: &UsedKey) -> Option<Arn> {
    match key {
        UsedKey::Own => Some(own_key(desired, observed)),
        UsedKey::Other { arn, .. } => Some(arn.clone()),
        UsedKey::ManagedByAws | UsedKey::Unusable { .. } | UsedKey::Hidden { .. } => None,
    }
}

/// Returns the ARN of the key of the spec, which may not exist yet.
pub(crate) fn own_key(desired: &Desired, observed: &Observed) -> Arn {
    let known = observed.key.as_ref().map(|hub| hub.key.arn.clone());
    known.unwrap_or_else(|| new_key(desired))
}

/// Returns the delivery of a trail in the state of the spec.
pub(crate) fn desired_delivery(desired: &Desired, observed: &Observed, trail: &spec::Trail) -> Delivery {
    let key = match observed.key.is_some() || knows_key(desired) {
        true => Some(own_key(desired, observed).into()),
        false => observed.trails.get(&trail.arn).and_then(Option::as_ref).and_then(|it| it.key().cloned()),
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
        topic_key: topic_key(desired, observed, trail.topic.as_ref()),
    }
}

/// Returns the ARN of the key that currently encrypts a topic; `None` if the policy of the key was
/// not read.
fn topic_key(desired: &Desired, observed: &Observed, topic: Option<&Arn>) -> Option<Arn> {
    key_arn(desired, observed, observed.used_keys.get(topic?)?)
}

pub(crate) fn live_delivery(desired: &Desired, observed: &Observed, live: &view::Trail) -> Delivery {
    let topic = match &live.notification {
        Some(view::Notification::To { topic }) => topic.parse().ok(),
        Some(view::Notification::Off) | None => None,
    };
    Delivery {
        trail: live.arn.clone(),
        bucket: bucket_arn(desired),
        prefix: live.prefix.clone(),
        key: live.key().cloned(),
        bucket_key: has_bucket_key(desired, observed),
        digests: live.log_file_validation,
        organization: membership(observed, live.arn.account()),
        organization_trail: live.organization,
        owner: owner(desired, observed),
        topic_key: topic_key(desired, observed, topic.as_ref()),
        topic,
    }
}

/// Returns the delivery of a trail that the spec does not have. The key and the bucket of such a
/// trail can differ from the key and the bucket of the spec.
pub(crate) fn unlisted_delivery(
    desired: &Desired,
    observed: &Observed,
    other: &view::OtherTrail,
) -> Delivery {
    Delivery {
        trail: other.arn.clone(),
        bucket: bucket_arn(desired),
        prefix: other.prefix.clone(),
        key: other.kms_key.clone(),
        // The setting of another bucket is unknown, and is assumed to be on.
        bucket_key: other.bucket != desired.bucket.name.as_str() || has_bucket_key(desired, observed),
        digests: other.log_file_validation,
        organization: membership(observed, other.arn.account()),
        organization_trail: other.organization,
        owner: owner(desired, observed),
        topic: None,
        topic_key: None,
    }
}

/// Returns whether the spec has a key, so that the policy of the key is judged.
fn knows_key(desired: &Desired) -> bool {
    desired.key.identity != KeyIdentity::Unmanaged
}

/// Returns the known facts about the organization of an account.
pub(crate) fn membership(observed: &Observed, account: &str) -> Membership {
    let Some(live) = &observed.organization else { return Membership::Unknown };
    let id = live.roster.id.clone();
    match live.account(account) {
        Some(Member { units, .. }) => {
            // Units are read only if the spec refers to units.
            let path = (!units.is_empty()).then(|| format!("{id}/{}/", units.join("/")));
            Membership::In { id, path }
        }
        None => Membership::NotIn { id },
    }
}

/// Returns the owner of the bucket. A resolved spec always has one.
pub(crate) fn owner(desired: &Desired, observed: &Observed) -> Option<Owner> {
    let site = &desired.bucket.site;
    let account = &desired.account(&site.account)?.id;
    let organization = membership(observed, account.as_str());
    Some(Owner { account: account.clone(), region: site.region.clone(), organization })
}

pub(crate) fn bucket_arn(desired: &Desired) -> Arn {
    Arn::new(desired.bucket.site.region.partition(), "s3", "", "", desired.bucket.name.as_str())
}

/// The ARN in place of a key that does not exist yet. Its policy names the key only as `*`.
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

/// Returns a sentence with the reason that prevents a request, or with the values on which the
/// decision depends.
pub fn obstacle(proof: &Proof) -> String {
    let what = proof.hop;
    let policy = what.policy();
    match &proof.decision {
        Decision::NotAllowed(None) => {
            format!("CloudTrail is not allowed to {what}: the {policy} policy allows nothing")
        }
        Decision::Unknown(doubts) => depends(
            doubts,
            &format!("allows CloudTrail to {what}"),
            &format!("denies CloudTrail permission to {what}"),
        ),
        decision => format!("CloudTrail is not allowed to {what}: {decision}"),
    }
}

/// Returns a sentence that names the statements that may allow or deny an action, and the condition
/// keys on which this depends. `allows` and `denies` are the predicates of a statement, such as
/// `allows CloudTrail to write log files`.
pub(crate) fn depends(doubts: &[Doubt], allows: &str, denies: &str) -> String {
    let one = |Doubt { statement, effect, keys }: &Doubt| {
        let does = match effect {
            Effect::Allow => allows,
            Effect::Deny => denies,
        };
        format!("depending on `{}`, {statement} {does}", keys.join("` and `"))
    };
    doubts.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Returns the statement that denies the request, if there is one.
pub(crate) fn denying<'d>(proof: &Proof, document: Option<&'d Document>) -> Option<&'d Statement> {
    match &proof.decision {
        Decision::Denied(by) => document?.statements().get(by.index),
        Decision::Allowed(_) | Decision::NotAllowed(_) | Decision::Unknown(_) => None,
    }
}
