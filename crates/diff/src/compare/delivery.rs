//! Refuses what would not deliver.

use reconcile_policy::{Decision, Document, Fitted, PolicyKind};

use super::Scope;
use super::change::Compared;
use crate::address::Address;
use crate::delivery::{Policies, denying, obstacle, planned_paths};
use crate::refusal::Refusal;

/// Refuses a plan after which, or half-way through which, some trail of the spec could not deliver; `topics` are in the order of
/// the spec.
pub(super) fn refuse(
    scope: &Scope<'_>,
    bucket: Option<&Fitted>,
    key: Option<&Fitted>,
    topics: &[Option<Fitted>],
    compared: &mut Compared,
) {
    let desired = scope.desired;
    // What does not fit has been refused already; what is not ours to write stays as it is.
    let is_missing = |is_managed: bool, fitted: Option<&Fitted>| is_managed && fitted.is_none();
    if is_missing(desired.bucket_policy.is_managed, bucket) || is_missing(desired.key_policy.is_managed, key)
    {
        return;
    }
    let live = Policies::live(scope.observed);
    let under = |step: Step, compared: &mut Compared| {
        let topics = desired.topics.iter().zip(topics);
        let policies = Policies {
            bucket: bucket.map(step).or(live.bucket),
            key: key.map(step).or(live.key),
            topics: topics.filter_map(|(topic, fitted)| Some((&topic.arn, step(fitted.as_ref()?)))).collect(),
        };
        refuse_under(scope, &policies, compared);
    };
    under(expanded, compared);
    let mut written = bucket.into_iter().chain(key).chain(topics.iter().flatten());
    if written.any(|fitted| expanded(fitted) != contracted(fitted)) {
        under(contracted, compared);
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

/// One refusal for each statement in the way.
fn refuse_under(scope: &Scope<'_>, policies: &Policies<'_>, compared: &mut Compared) {
    for path in planned_paths(scope.desired, scope.observed, policies) {
        let Some(proof) = path.obstacles().next() else { continue };
        let kind = proof.hop.policy();
        let topic =
            || scope.desired.topics.iter().find(|topic| Some(&topic.arn) == path.delivery.topic.as_ref());
        let (policy, is_managed) = match kind {
            PolicyKind::Bucket => (scope.bucket_policy_address(), scope.desired.bucket_policy.is_managed),
            PolicyKind::Key => (scope.key_policy_address(), scope.desired.key_policy.is_managed),
            PolicyKind::Topic => match topic() {
                Some(topic) => (super::topic_policy::address(topic), true),
                None => continue,
            },
        };
        match (&proof.decision, denying(proof, policies.of(kind, &path.delivery))) {
            (Decision::Denied(by), Some(statement)) => {
                block(policy, by.to_string(), statement.to_string(), obstacle(proof), path.address, compared);
            }
            _ => {
                let refusal = Refusal::Undeliverable {
                    address: path.address.clone(),
                    obstacle: obstacle(proof),
                    policy: kind,
                    is_unmanaged: !is_managed,
                };
                if !compared.refusals.contains(&refusal) {
                    compared.refusals.push(refusal);
                }
            }
        }
    }
}

/// A statement that blocks a thousand trails is told once.
fn block(
    in_policy: Address,
    by: String,
    denying: String,
    what: String,
    trail: Address,
    compared: &mut Compared,
) {
    let known = compared.refusals.iter_mut().find_map(|refusal| match refusal {
        Refusal::Blocked { policy, text, addresses, .. } if *policy == in_policy && *text == denying => {
            Some(addresses)
        }
        _ => None,
    });
    match known {
        Some(addresses) if addresses.contains(&trail) => {}
        Some(addresses) => addresses.push(trail),
        None => compared.refusals.push(Refusal::Blocked {
            policy: in_policy,
            statement: by,
            text: denying,
            obstacle: what,
            addresses: vec![trail],
        }),
    }
}
