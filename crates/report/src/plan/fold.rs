//! Folds identical changes in many accounts into one entry.

use std::collections::HashMap;

use reconcile_plan::plan::{AccountRef, Change};

/// The minimum number of changes in a fold.
const FOLDED: usize = 3;

/// A change, or a fold of identical changes in many accounts.
pub(super) struct Entry<'p> {
    pub(super) change: &'p Change,
    pub(super) accounts: Vec<&'p AccountRef>,
    /// Whether the plan has changes of this address in more than one phase.
    pub(super) has_phases: bool,
}

/// The changes in their order, each fold at the position of its first change.
pub(super) fn fold(changes: &[Change]) -> Vec<Entry<'_>> {
    let mut addresses: HashMap<_, usize> = HashMap::new();
    let mut same: HashMap<String, Vec<&Change>> = HashMap::new();
    let likenesses: Vec<String> = changes.iter().map(likeness).collect();
    for (change, likeness) in changes.iter().zip(&likenesses) {
        *addresses.entry(&change.address).or_default() += 1;
        same.entry(likeness.clone()).or_default().push(change);
    }
    let mut entries = Vec::new();
    for (change, likeness) in changes.iter().zip(&likenesses) {
        let has_phases = addresses.get(&change.address).is_some_and(|count| *count > 1);
        let entry = |accounts| Entry { change, accounts, has_phases };
        match same.get(likeness) {
            Some(alike) if alike.len() >= FOLDED => {
                let accounts = alike.iter().map(|change| &change.account).collect();
                entries.push(entry(accounts));
                same.remove(likeness);
            }
            // Told already, with the first of its kind.
            None => {}
            Some(_) => entries.push(entry(vec![&change.account])),
        }
    }
    entries
}

/// The values that two changes must share to be folded: all shown values except the account.
fn likeness(change: &Change) -> String {
    let shown = format!(
        "{}\n{}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{}\n{:?}",
        change.address.kind,
        change.address.name,
        change.action(),
        change.phase,
        change.risk,
        change.reasons,
        change.diff,
        change.confirm.len(),
        change.trials
    );
    shown.replace(change.account.id.as_str(), "#")
}
