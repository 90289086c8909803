//! Proves that every trail of the spec can deliver under the policies that a plan writes, and refuses or warns where not.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Decision, Delivery, Document, Doubt, Fitted, PolicyKind, Proof};
use reconcile_spec::OnDoubt;

use super::Scope;
use super::change::Compared;
use super::doubt::{self, settle};
use crate::address::Address;
use crate::delivery::{Policies, denying, obstacle, planned_paths};
use crate::plan::Warning;
use crate::refusal::{Refusal, listed};

/// Proves delivery after each step of the plan: under the expanded policies and under the contracted ones. A policy whose
/// write is refused stays as it is. `topics` are in the order of the spec.
pub(super) fn prove(
    scope: &Scope<'_>,
    bucket: Option<&Fitted>,
    key: Option<&Fitted>,
    topics: &[Option<Fitted>],
    compared: &mut Compared,
) {
    let desired = scope.desired;
    let live = Policies::live(scope.observed);
    let is_kept = |policy: &Address| compared.refusals.iter().any(|refusal| refusal.keeps_policy(policy));
    let bucket = bucket.filter(|_| !is_kept(&scope.bucket_policy_address()));
    let key = key.filter(|_| !is_kept(&scope.key_policy_address()));
    let topics: Vec<_> = desired
        .topics
        .iter()
        .zip(topics)
        .map(|(topic, fitted)| {
            (&topic.arn, fitted.as_ref().filter(|_| !is_kept(&super::topic_policy::address(topic))))
        })
        .collect();
    let mut findings = Findings::default();
    let under = |step: Step, findings: &mut Findings| {
        let topics = topics.iter().filter_map(|(arn, fitted)| {
            let document = fitted.map(step).or_else(|| live.topics.get(arn).copied())?;
            Some((*arn, document))
        });
        let policies = Policies {
            bucket: bucket.map(step).or(live.bucket),
            key: key.map(step).or(live.key),
            topics: topics.collect(),
        };
        findings.look(scope, &policies);
    };
    under(expanded, &mut findings);
    let mut written = bucket.into_iter().chain(key).chain(topics.iter().filter_map(|(_, fitted)| *fitted));
    if written.any(|fitted| expanded(fitted) != contracted(fitted)) {
        under(contracted, &mut findings);
    }
    for finding in findings.all {
        tell(scope, finding, compared);
    }
}

/// What a policy is at a step of the plan.
type Step = fn(&Fitted) -> &Document;

fn expanded(fitted: &Fitted) -> &Document {
    &fitted.merged.expanded
}

fn contracted(fitted: &Fitted) -> &Document {
    &fitted.merged.contracted
}

/// Something that a policy says of the delivery of some trails, each of them once.
struct Finding {
    policy: Address,
    verdict: Verdict,
    /// The first request that it is about, as a sentence.
    obstacle: String,
    trails: Vec<Address>,
}

enum Verdict {
    /// A statement denies it.
    Denied { statement: String, text: String },
    /// No statement allows it.
    NotAllowed,
    /// It depends on what is not known.
    Unknown(Vec<Doubt>),
}

#[derive(Default)]
struct Findings {
    all: Vec<Finding>,
    /// Where each finding is, by its policy, by what the policy says, and by the trail where each trail has its own.
    places: BTreeMap<(Address, String, Option<Address>), usize>,
    /// The trails of each finding.
    trails: BTreeSet<(usize, Address)>,
}

impl Findings {
    fn look(&mut self, scope: &Scope<'_>, policies: &Policies<'_>) {
        for path in planned_paths(scope.desired, scope.observed, policies) {
            for kind in [PolicyKind::Bucket, PolicyKind::Key, PolicyKind::Topic] {
                let of_policy = |proof: &&Proof| proof.hop.policy() == kind;
                let Some(policy) = address(scope, kind, &path.delivery) else { continue };
                let document = policies.of(kind, &path.delivery);
                // One obstacle is enough to know of; of what is in doubt, every statement counts.
                let obstacles = path.obstacles().filter(of_policy).take(1);
                for proof in obstacles.chain(path.doubts().filter(of_policy)) {
                    self.add(policy.clone(), verdict(proof, document), obstacle(proof), &path.address);
                }
            }
        }
    }

    /// A statement that blocks a thousand trails is reported once.
    fn add(&mut self, policy: Address, verdict: Verdict, obstacle: String, trail: &Address) {
        let (says, of_trail) = match &verdict {
            Verdict::Denied { text, .. } => (text.clone(), None),
            Verdict::NotAllowed => (String::new(), Some(trail.clone())),
            Verdict::Unknown(doubts) => (Decision::Unknown(doubts.clone()).to_string(), None),
        };
        let place = *self.places.entry((policy.clone(), says, of_trail)).or_insert_with(|| {
            self.all.push(Finding { policy, verdict, obstacle, trails: Vec::new() });
            self.all.len() - 1
        });
        if self.trails.insert((place, trail.clone()))
            && let Some(finding) = self.all.get_mut(place)
        {
            finding.trails.push(trail.clone());
        }
    }
}

fn verdict(proof: &Proof, document: Option<&Document>) -> Verdict {
    match (&proof.decision, denying(proof, document)) {
        (Decision::Denied(by), Some(statement)) => {
            Verdict::Denied { statement: by.to_string(), text: statement.to_string() }
        }
        (Decision::Unknown(doubts), _) => Verdict::Unknown(doubts.clone()),
        _ => Verdict::NotAllowed,
    }
}

fn address(scope: &Scope<'_>, kind: PolicyKind, delivery: &Delivery) -> Option<Address> {
    match kind {
        PolicyKind::Bucket => Some(scope.bucket_policy_address()),
        PolicyKind::Key => Some(scope.key_policy_address()),
        PolicyKind::Topic => {
            let topic = scope.desired.topics.iter().find(|it| Some(&it.arn) == delivery.topic.as_ref());
            topic.map(super::topic_policy::address)
        }
    }
}

/// Refuses, or warns where the user accepts it or writes the policy.
fn tell(scope: &Scope<'_>, finding: Finding, compared: &mut Compared) {
    let Finding { policy, verdict, obstacle, trails } = finding;
    let accepted = scope.accepted(&policy);
    let told = match &verdict {
        Verdict::Denied { statement, text } => {
            format!("{statement} would keep {} from delivering: {obstacle}\n{text}", listed(&trails))
        }
        Verdict::NotAllowed => format!("{} could not deliver: {obstacle}", listed(&trails)),
        Verdict::Unknown(doubts) => {
            let settled = doubts.iter().flat_map(|doubt| &doubt.keys).map(|key| settle(scope, &policy, key));
            doubt::told(&format!("whether {} can deliver", listed(&trails)), &obstacle, settled)
        }
    };
    let warn = |code: &str, why: &str| Warning {
        code: code.to_owned(),
        address: policy.clone(),
        message: format!("{told}{why}"),
    };
    let (code, is_unknown) = match &verdict {
        Verdict::Denied { .. } => (DENIED, false),
        Verdict::NotAllowed => (NOT_ALLOWED, false),
        Verdict::Unknown(_) => (UNKNOWN, true),
    };
    match accepted {
        Some(why) => compared.warnings.push(warn(code, &format!("; {why}"))),
        None if is_unknown => compared.warnings.push(warn(code, "")),
        None if compared.refusals.iter().any(|refusal| refusal.keeps_policy(&policy)) => {
            compared.stranded.extend(trails.into_iter().map(|trail| (trail, policy.clone())));
        }
        None => match verdict {
            Verdict::Denied { statement, text } => compared.refusals.push(Refusal::Blocked {
                policy,
                statement,
                text,
                obstacle,
                addresses: trails,
            }),
            Verdict::NotAllowed | Verdict::Unknown(_) => {
                let refusals = trails
                    .into_iter()
                    .map(|address| Refusal::Undeliverable { address, obstacle: obstacle.clone() });
                compared.refusals.extend(refusals);
            }
        },
    }
}

/// The code of the warning that a statement denies delivery, where that is not refused.
const DENIED: &str = "delivery-denied";
/// The code of the warning that no statement allows delivery, where that is not refused.
pub(crate) const NOT_ALLOWED: &str = "delivery-not-allowed";
/// The code of the warning that it is not known whether a trail can deliver.
const UNKNOWN: &str = "delivery-unknown";

impl Scope<'_> {
    /// Whether the spec accepts whatever the proof of a policy says.
    pub(super) fn accepts(&self, policy: PolicyKind) -> bool {
        let proof = match policy {
            PolicyKind::Bucket => self.desired.bucket_policy.proof,
            PolicyKind::Key => self.desired.key_policy.proof,
            PolicyKind::Topic => return false,
        };
        proof == OnDoubt::Warn
    }

    /// Why what the proof of a policy says is accepted, if it is.
    pub(super) fn accepted(&self, policy: &Address) -> Option<String> {
        let desired = self.desired;
        let (is_managed, proof, name) = match policy {
            it if *it == self.bucket_policy_address() => {
                (desired.bucket_policy.is_managed, desired.bucket_policy.proof, "bucket.policy")
            }
            it if *it == self.key_policy_address() => {
                (desired.key_policy.is_managed, desired.key_policy.proof, "key.policy")
            }
            _ => return None,
        };
        match (is_managed, proof) {
            (false, _) => Some(format!("`{name}: unmanaged` leaves the policy to you")),
            (true, OnDoubt::Warn) => Some(format!("`{name}.proof: warn` accepts it")),
            (true, OnDoubt::Refuse) => None,
        }
    }
}
