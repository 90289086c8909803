//! Removes refused changes, and all changes that depend on them, from a plan.
//!
//! All other changes stay, so that resources that do not depend on a refused change are still
//! repaired.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::kind::Kind;
use crate::plan::{ActionKind, Change, RefusedChange};
use crate::refusal::Refusal;

/// Removes the refused changes, whose dependencies are still complete. Returns one entry for each
/// refusal. `stranded` contains trails, each with a refused policy that the trail needs.
pub(super) fn leave_out(
    changes: &mut Vec<Change>,
    refusals: &[Refusal],
    stranded: &[(Address, Address)],
) -> Vec<RefusedChange> {
    let mut refused: Vec<RefusedChange> = refusals
        .iter()
        .map(|refusal| RefusedChange {
            code: refusal.code(),
            address: refusal.address().clone(),
            message: refusal.to_string(),
            hint: refusal.hint(),
            left_out: Vec::new(),
        })
        .collect();
    let mut causes = causes(changes, refusals, stranded);
    let of_all = refusals.iter().position(Refusal::refuses_all);
    let mut left_out: BTreeSet<Address> = BTreeSet::new();
    changes.retain(|change| {
        let mut depends_on = change.depends_on.iter().filter(|it| relies_on(change, it));
        let by_another = || depends_on.find_map(|it| causes.get(it));
        let Some(cause) = causes.get(&change.address).or(of_all.as_ref()).or_else(by_another).copied() else {
            return true;
        };
        causes.insert(change.address.clone(), cause);
        if left_out.insert(change.address.clone())
            && let Some(refused) = refused.get_mut(cause)
        {
            refused.left_out.push(change.address.clone());
        }
        false
    });
    refused
}

/// Returns the index of the refusal of each resource, whether or not the resource changes.
fn causes(
    changes: &[Change],
    refusals: &[Refusal],
    stranded: &[(Address, Address)],
) -> BTreeMap<Address, usize> {
    let mut causes = BTreeMap::new();
    // A key is created with its policy.
    let new_key = changes.iter().find(|it| it.address.kind == Kind::Key && it.action() == ActionKind::Create);
    for (index, refusal) in refusals.iter().enumerate() {
        let key = new_key.filter(|_| refusal.address().kind == Kind::KeyPolicy);
        let policy = Some(refusal.address()).filter(|it| refusal.keeps_policy(it));
        let key = key.filter(|_| policy.is_some()).map(|change| &change.address);
        for address in refusal.resources().iter().chain(policy).chain(key) {
            causes.entry(address.clone()).or_insert(index);
        }
    }
    for (trail, policy) in stranded {
        if let Some(index) = refusals.iter().position(|refusal| refusal.keeps_policy(policy)) {
            causes.entry(trail.clone()).or_insert(index);
        }
    }
    causes
}

/// Returns whether a change needs a dependency in its planned state. A trail needs policies that
/// allow the delivery, and the proof decides whether the unchanged policies allow it.
fn relies_on(change: &Change, dependency: &Address) -> bool {
    !(change.address.kind == Kind::Trail && dependency.kind.is_policy())
}
