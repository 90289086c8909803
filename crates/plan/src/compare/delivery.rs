//! Proves that every trail of the spec can deliver under the policies that a plan writes.
//! Otherwise, refuses the changes or warns.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, Decision, Delivery, Document, Fitted, PolicyKind, Proof};
use reconcile_spec::{self as spec, OnDoubt};
use reconcile_text::listed;

use super::CompareContext;
use super::change::Compared;
use super::doubt::{self, how_to_settle};
use crate::address::Address;
use crate::delivery::{Policies, denying, obstacle, own_key, planned_paths};
use crate::kind::Kind;
use crate::plan::WarningCode;
use crate::refusal::{Refusal, proof_setting};

/// Proves the delivery under the expanded policies and under the contracted policies. A policy
/// whose write is refused does not change. `topics` contains the planned topic policies, in the
/// order of the spec.
pub(super) fn prove(
    context: &CompareContext<'_>,
    bucket: Option<&Fitted>,
    key: Option<&Fitted>,
    topics: &[Option<Fitted>],
    compared: &mut Compared,
) {
    let desired = context.desired;
    let live = Policies::live(context.observed);
    let is_kept = |policy: &Address| compared.refusals.iter().any(|refusal| refusal.keeps_policy(policy));
    let bucket = bucket.filter(|_| !is_kept(&context.bucket_policy_address()));
    let key = key.filter(|_| !is_kept(&context.key_policy_address()));
    let topics: Vec<_> = desired
        .topics
        .iter()
        .zip(topics)
        .map(|(topic, fitted)| {
            (&topic.arn, fitted.as_ref().filter(|_| !is_kept(&Address::topic_policy(topic))))
        })
        .collect();
    let mut findings = DeliveryFindings::default();
    let encrypted: BTreeSet<Arn> = context.encrypted_topics().into_iter().collect();
    let under = |select: Select, findings: &mut DeliveryFindings| {
        let written = topics.iter().filter_map(|(arn, fitted)| Some((*arn, select(*fitted.as_ref()?))));
        let policies = Policies {
            bucket: bucket.map(select).or(live.bucket),
            key: key.map(select).or(live.key),
            topics: live.topics.iter().map(|(arn, document)| (*arn, *document)).chain(written).collect(),
            ..live.clone()
        };
        findings.collect(context, &policies, &encrypted);
    };
    under(expanded, &mut findings);
    let mut written = bucket.into_iter().chain(key).chain(topics.iter().filter_map(|(_, fitted)| *fitted));
    if written.any(|fitted| expanded(fitted) != contracted(fitted)) {
        under(contracted, &mut findings);
    }
    for finding in findings.all {
        refuse_or_warn(context, finding, compared);
    }
}

/// Selects the document of a policy after one of the two phases that write policies.
type Select = fn(&Fitted) -> &Document;

fn expanded(fitted: &Fitted) -> &Document {
    &fitted.merged.expanded
}

fn contracted(fitted: &Fitted) -> &Document {
    &fitted.merged.contracted
}

/// An obstacle or a doubt of a policy for some trails.
struct DeliveryFinding {
    policy: Address,
    verdict: DeliveryVerdict,
    /// The first request of the finding, as a sentence.
    obstacle: String,
    /// The trails, each of them once.
    trails: Vec<Address>,
}

enum DeliveryVerdict {
    /// A statement denies the request.
    Denied { statement: String, text: String },
    /// No statement allows the request. Contains the next step of the user, if the plan does not
    /// write the policy.
    NotAllowed { hint: Option<String> },
    /// The decision depends on unknown values. Contains the steps that would determine these
    /// values.
    Unknown { settled: Vec<String> },
}

#[derive(Default)]
struct DeliveryFindings {
    all: Vec<DeliveryFinding>,
    /// The index of each finding by policy and text, and by trail if each trail has its own
    /// finding.
    places: BTreeMap<(Address, String, Option<Address>), usize>,
    /// The trails of each finding.
    trails: BTreeSet<(usize, Address)>,
}

impl DeliveryFindings {
    fn collect(&mut self, context: &CompareContext<'_>, policies: &Policies<'_>, encrypted: &BTreeSet<Arn>) {
        for path in planned_paths(context.desired, context.observed, policies, encrypted) {
            for kind in [PolicyKind::Bucket, PolicyKind::Key, PolicyKind::Topic, PolicyKind::TopicKey] {
                let Some(policy) = context.policy_address(kind, &path.delivery) else { continue };
                let of_policy = |proof: &&Proof| proof.hop.policy() == kind;
                let document = policies.get(kind, &path.delivery);
                // One obstacle is enough, but every doubt is reported.
                let obstacles = path.obstacles().filter(of_policy).take(1);
                for proof in obstacles.chain(path.doubts().filter(of_policy)) {
                    let (says, verdict) = verdict(context, &policy, proof, document);
                    let of_trail = says.is_none().then(|| path.address.clone());
                    let place = (policy.clone(), says.unwrap_or_default(), of_trail);
                    self.add(place, verdict, obstacle(proof), &path.address);
                }
                for unproven in path.unproven.iter().filter(|it| it.policy() == kind) {
                    let verdict = match unproven.is_refused() {
                        true => DeliveryVerdict::NotAllowed { hint: Some(unproven.hint()) },
                        false => DeliveryVerdict::Unknown { settled: vec![unproven.hint()] },
                    };
                    let place = (policy.clone(), unproven.to_string(), None);
                    self.add(place, verdict, unproven.to_string(), &path.address);
                }
            }
        }
    }

    /// Adds a trail to a finding. A statement that blocks a thousand trails is reported once.
    fn add(
        &mut self,
        place: (Address, String, Option<Address>),
        verdict: DeliveryVerdict,
        obstacle: String,
        trail: &Address,
    ) {
        let policy = place.0.clone();
        let place = *self.places.entry(place).or_insert_with(|| {
            self.all.push(DeliveryFinding { policy, verdict, obstacle, trails: Vec::new() });
            self.all.len() - 1
        });
        if self.trails.insert((place, trail.clone()))
            && let Some(finding) = self.all.get_mut(place)
        {
            finding.trails.push(trail.clone());
        }
    }
}

/// Returns the verdict of a policy on a request that the policy does not certainly allow, and the
/// text that is equal for all trails with the same verdict, if there is such a text.
fn verdict(
    context: &CompareContext<'_>,
    policy: &Address,
    proof: &Proof,
    document: Option<&Document>,
) -> (Option<String>, DeliveryVerdict) {
    match (&proof.decision, denying(proof, document)) {
        (Decision::Denied(by), Some(statement)) => {
            let text = statement.to_string();
            (Some(text.clone()), DeliveryVerdict::Denied { statement: by.to_string(), text })
        }
        (Decision::Unknown(doubts), _) => {
            let keys = doubts.iter().flat_map(|doubt| &doubt.keys);
            let settled = keys.map(|key| how_to_settle(context, key)).collect();
            (Some(proof.decision.to_string()), DeliveryVerdict::Unknown { settled })
        }
        _ => {
            let how = format!(
                "allow `cloudtrail.amazonaws.com` `{}` in the policy of {}",
                proof.action, proof.resource
            );
            (None, DeliveryVerdict::NotAllowed { hint: (!context.writes(policy)).then_some(how) })
        }
    }
}

/// Refuses the changes, or warns if the user accepts the finding or writes the policy.
fn refuse_or_warn(context: &CompareContext<'_>, finding: DeliveryFinding, compared: &mut Compared) {
    let DeliveryFinding { policy, verdict, obstacle, trails } = finding;
    let accepted = context.accepted(&policy);
    let (code, message) = match &verdict {
        DeliveryVerdict::Denied { statement, text } => (
            WarningCode::DeliveryDenied,
            format!(
                "{statement} would prevent {} from delivering: {obstacle}; the statement is {text}",
                listed(&trails, 1)
            ),
        ),
        DeliveryVerdict::NotAllowed { hint } => {
            let hint = hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            (
                WarningCode::DeliveryNotAllowed,
                format!("{} could not deliver: {obstacle}{hint}", listed(&trails, 1)),
            )
        }
        DeliveryVerdict::Unknown { settled } => {
            let what = format!("whether {} can deliver", listed(&trails, 1));
            let settled = settled.iter().cloned().chain(context.how_to_accept(&policy));
            (WarningCode::DeliveryUnknown, doubt::describe(&what, &obstacle, settled))
        }
    };
    match (accepted, verdict) {
        (Some(why), _) => compared.warn(code, policy, format!("{message}; {why}")),
        (None, DeliveryVerdict::Unknown { .. }) => compared.warn(code, policy, message),
        (None, _) if compared.refusals.iter().any(|refusal| refusal.keeps_policy(&policy)) => {
            compared.stranded.extend(trails.into_iter().map(|trail| (trail, policy.clone())));
        }
        (None, DeliveryVerdict::Denied { statement, text }) => {
            compared.refusals.push(Refusal::Blocked { policy, statement, text, obstacle, addresses: trails });
        }
        (None, DeliveryVerdict::NotAllowed { hint }) => {
            let refusals = trails.into_iter().map(|address| Refusal::Undeliverable {
                address,
                policy: policy.clone(),
                obstacle: obstacle.clone(),
                hint: hint.clone(),
            });
            compared.refusals.extend(refusals);
        }
    }
}

impl CompareContext<'_> {
    /// Returns the address under which a policy of a delivery is reported. The policy of the key of
    /// a topic is reported under the topic, unless the key is the key of the spec.
    pub(super) fn policy_address(&self, kind: PolicyKind, delivery: &Delivery) -> Option<Address> {
        let of_topic = |kind| {
            let arn = delivery.topic.as_ref()?;
            let own = self.desired.topics.iter().find(|topic| topic.arn == *arn);
            Some(match own {
                Some(topic) => Address::new(kind, &topic.site.account, &topic.name),
                None => self.existing_topic_address(kind, arn)?,
            })
        };
        match kind {
            PolicyKind::Bucket => Some(self.bucket_policy_address()),
            PolicyKind::Key => Some(self.key_policy_address()),
            PolicyKind::Topic => of_topic(Kind::TopicPolicy),
            PolicyKind::TopicKey if self.is_own_key(delivery.topic_key.as_ref()) => {
                Some(self.key_policy_address())
            }
            PolicyKind::TopicKey => of_topic(Kind::Topic),
        }
    }

    /// Returns the address of a topic that the spec names by its ARN, or of the policy of this
    /// topic.
    pub(super) fn existing_topic_address(&self, kind: Kind, arn: &Arn) -> Option<Address> {
        Some(Address::new(kind, &self.account_named(arn.account())?, arn.resource()))
    }

    fn is_own_key(&self, key: Option<&Arn>) -> bool {
        key.is_some_and(|key| *key == own_key(self.desired, self.observed))
    }

    /// Returns whether the plan writes a policy.
    fn writes(&self, policy: &Address) -> bool {
        let of_topic = |it: &spec::Topic| Address::topic_policy(it) == *policy;
        (*policy == self.bucket_policy_address() && self.desired.bucket_policy.is_managed)
            || (*policy == self.key_policy_address() && self.desired.key_policy.is_managed)
            || self.desired.topics.iter().any(of_topic)
    }

    /// Returns the setting of the spec for the proof of a policy.
    fn on_doubt(&self, policy: &Address) -> OnDoubt {
        let desired = self.desired;
        let is_topic = |arn: &Arn| {
            policy.name == arn.resource()
                && self.account_named(arn.account()).is_some_and(|account| policy.account == account)
        };
        match policy.kind {
            Kind::BucketPolicy => desired.bucket_policy.proof,
            Kind::KeyPolicy => desired.key_policy.proof,
            Kind::Topic | Kind::TopicPolicy => {
                let own = desired.topics.iter().map(|it| (&it.arn, it.proof));
                let existing = desired.existing_topics.iter().map(|it| (&it.arn, it.proof));
                let mut found = own.chain(existing).filter(|(arn, _)| is_topic(arn));
                found.next().map(|(_, proof)| proof).unwrap_or_default()
            }
            // These kinds have no proof.
            Kind::ServiceAccess
            | Kind::DelegatedAdministrator
            | Kind::Key
            | Kind::Alias
            | Kind::Grant
            | Kind::Bucket
            | Kind::LogGroup
            | Kind::Role
            | Kind::Trail
            | Kind::MetricFilter
            | Kind::Alarm => OnDoubt::default(),
        }
    }

    /// Returns whether the spec accepts every result of the proof of a policy.
    pub(super) fn accepts(&self, kind: PolicyKind, delivery: &Delivery) -> bool {
        let address = self.policy_address(kind, delivery);
        address.is_some_and(|policy| self.on_doubt(&policy) == OnDoubt::Warn)
    }

    /// Returns the hint that tells the user how to accept the proof of a policy, unless the spec
    /// already accepts it.
    pub(super) fn how_to_accept(&self, policy: &Address) -> Option<String> {
        let setting = proof_setting(policy.kind).filter(|_| self.accepted(policy).is_none())?;
        Some(format!("or set `{setting}: warn` to accept the risk"))
    }

    /// Returns the reason why the proof of a policy is accepted, if it is.
    pub(super) fn accepted(&self, policy: &Address) -> Option<String> {
        let unmanaged = match policy.kind.policy() {
            Some(PolicyKind::Bucket) => (!self.desired.bucket_policy.is_managed).then_some("bucket.policy"),
            Some(PolicyKind::Key) => (!self.desired.key_policy.is_managed).then_some("key.policy"),
            Some(PolicyKind::Topic | PolicyKind::TopicKey) | None => None,
        };
        match (unmanaged, proof_setting(policy.kind), self.on_doubt(policy)) {
            (Some(name), _, _) => {
                Some(format!("accepted, because `{name}: unmanaged` leaves the policy to you"))
            }
            (None, Some(setting), OnDoubt::Warn) => {
                Some(format!("accepted, because the spec has `{setting}: warn`"))
            }
            _ => None,
        }
    }
}
