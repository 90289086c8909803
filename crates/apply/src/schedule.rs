//! Determines from the dependencies of a plan which changes can run now. Pure.

use std::collections::{BTreeSet, HashMap};

use reconcile_plan::plan::Change;

/// The dependencies between changes.
///
/// A change waits for every earlier change of each address that it depends on, and for earlier
/// changes of its own address.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The changes, in the order of the plan.
    entries: Vec<Entry>,
    ready: BTreeSet<usize>,
}

/// The dependencies of one change.
#[derive(Debug, Default)]
struct Entry {
    /// The number of changes that this change still waits for.
    waits_for: usize,
    /// The changes that wait for this change.
    dependents: Vec<usize>,
    /// Whether a dependency of this change was not made.
    is_dropped: bool,
}

impl Schedule {
    pub(crate) fn new(changes: &[Change]) -> Self {
        let mut by_address: HashMap<_, Vec<usize>> = HashMap::new();
        let mut entries: Vec<Entry> = Vec::with_capacity(changes.len());
        let mut ready = BTreeSet::new();
        for (index, change) in changes.iter().enumerate() {
            let addresses = change.depends_on.iter().chain([&change.address]);
            let earlier: BTreeSet<usize> =
                addresses.filter_map(|address| by_address.get(address)).flatten().copied().collect();
            if earlier.is_empty() {
                ready.insert(index);
            }
            entries.push(Entry { waits_for: earlier.len(), ..Entry::default() });
            for dependency in earlier {
                if let Some(entry) = entries.get_mut(dependency) {
                    entry.dependents.push(index);
                }
            }
            by_address.entry(&change.address).or_default().push(index);
        }
        Self { entries, ready }
    }

    /// The next change that can run; `None` until another change ends.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.ready.pop_first()
    }

    /// Records that a change was made. Changes that waited only for this change can now run.
    pub(crate) fn made(&mut self, index: usize) {
        for dependent in self.dependents(index) {
            let Some(entry) = self.entries.get_mut(dependent) else { continue };
            entry.waits_for = entry.waits_for.saturating_sub(1);
            if entry.waits_for == 0 && !entry.is_dropped {
                self.ready.insert(dependent);
            }
        }
    }

    /// Records that a change was not made. Removes and returns all changes that depend on it,
    /// directly or indirectly.
    pub(crate) fn failed(&mut self, index: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut from = vec![index];
        while let Some(index) = from.pop() {
            for dependent in self.dependents(index) {
                let Some(entry) = self.entries.get_mut(dependent) else { continue };
                if !std::mem::replace(&mut entry.is_dropped, true) {
                    self.ready.remove(&dependent);
                    found.push(dependent);
                    from.push(dependent);
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn dependents(&self, index: usize) -> Vec<usize> {
        self.entries.get(index).map(|entry| entry.dependents.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use reconcile_plan::Plan;
    use serde_json::json;

    use super::*;

    /// Returns changes by name, each with the names that it depends on. All changes delete grants.
    fn changes(graph: &[(&str, &[&str])]) -> Vec<Change> {
        let address = |name: &str| format!("grant/a/{name}");
        let changes: Vec<_> = graph
            .iter()
            .map(|(name, dependencies)| {
                json!({
                    "address": address(name), "kind": "grant", "account": { "name": "a", "id": "111111111111" },
                    "region": "us-east-1", "action": "delete", "phase": "contract", "risk": "safe", "reasons": [],
                    "before": { "name": name, "key": "arn", "grantee": "g", "operations": [] }, "after": null,
                    "diff": [], "observed_fingerprint": "sha256:0",
                    "depends_on": dependencies.iter().map(|name| address(name)).collect::<Vec<_>>(),
                })
            })
            .collect();
        let plan = json!({
            "format_version": "1.0", "reconcile_version": "0", "partial": false, "created_at": "2026-11-23T08:00:00Z",
            "spec": { "name": "s", "path": "p", "sha256": "0" },
            "summary": { "create": 0, "update": 0, "delete": 0, "unchanged": 0, "unreadable": 0 },
            "changes": changes, "warnings": [], "unreadable": [],
        });
        Plan::from_json(&plan.to_string()).unwrap().changes
    }

    #[test]
    fn changes_run_after_their_dependencies() {
        let mut schedule =
            Schedule::new(&changes(&[("key", &[]), ("bucket", &[]), ("trail", &["key", "bucket"])]));
        assert_eq!((schedule.next(), schedule.next(), schedule.next()), (Some(0), Some(1), None));
        schedule.made(0);
        assert_eq!(schedule.next(), None);
        schedule.made(1);
        assert_eq!((schedule.next(), schedule.next()), (Some(2), None));
    }

    #[test]
    fn dependents_of_a_failed_change_are_dropped_and_other_changes_run() {
        let graph: &[(&str, &[&str])] = &[
            ("key", &[]),
            ("policy", &["key"]),
            ("bucket", &[]),
            ("trail", &["policy"]),
            ("other", &["bucket"]),
        ];
        let mut schedule = Schedule::new(&changes(graph));
        assert_eq!((schedule.next(), schedule.next()), (Some(0), Some(2)));
        assert_eq!(schedule.failed(0), [1, 3]);
        schedule.made(2);
        assert_eq!((schedule.next(), schedule.next()), (Some(4), None));
    }

    #[test]
    fn a_second_change_of_an_address_waits_for_the_first() {
        let mut schedule = Schedule::new(&changes(&[("policy", &[]), ("policy", &[])]));
        assert_eq!((schedule.next(), schedule.next()), (Some(0), None));
        schedule.made(0);
        assert_eq!(schedule.next(), Some(1));
    }

    #[test]
    fn dependencies_without_a_change_in_the_plan_are_satisfied() {
        let mut schedule = Schedule::new(&changes(&[("trail", &["bucket"])]));
        assert_eq!(schedule.next(), Some(0));
    }
}
