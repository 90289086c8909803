//! Refuses what would not deliver.

use reconcile_policy::{Decision, PolicyKind};

use super::Scope;
use super::change::Compared;
use crate::address::Address;
use crate::delivery::{Policies, denying, obstacle, planned_paths};
use crate::refusal::Refusal;

/// Refuses a plan after which some trail of the spec could not deliver; one refusal for each statement in the way.
pub(super) fn refuse(scope: &Scope<'_>, policies: &Policies<'_>, compared: &mut Compared) {
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
