//! Turns a live policy and our statements into one change per phase; the same for bucket and key.

use reconcile_policy::{Document, Merged, Ownership, Region};

use super::Scope;
use super::change::Compared;
use crate::address::Address;
use crate::difference::{Difference, of_policies};
use crate::fingerprint::Fingerprint;
use crate::plan::{AccountRef, Action, Change, Changed, Phase, Risk, Warning};

/// A policy under comparison.
pub(super) struct Policy<'a> {
    pub(super) address: Address,
    pub(super) place: Option<(AccountRef, Region)>,
    pub(super) ownership: &'a Ownership,
    pub(super) changed: fn(Action<Document>) -> Changed,
    /// Why, from what differs.
    pub(super) explain: &'a dyn Fn(&Difference) -> String,
}

impl Policy<'_> {
    /// Adds the write that lets in what is wanted and shuts out nothing yet.
    pub(super) fn expand(
        &self,
        live: Option<&Document>,
        merged: &Merged,
        depends_on: Vec<Address>,
        compared: &mut Compared,
    ) {
        for warning in live.map(Document::warnings).unwrap_or_default() {
            compared.warnings.push(Warning {
                code: format!("policy-{}", warning.code()),
                address: self.address.clone(),
                message: warning.to_string(),
            });
        }
        match merged.expand() {
            Some(after) => self.push(live, after, Phase::Expand, depends_on, compared),
            None if merged.contract().is_none() => compared.unchanged += 1,
            None => {}
        }
    }

    /// Adds the write that takes away what nothing relies on any more: after every trail has changed, and not while
    /// one that could not be read may still rely on it.
    pub(super) fn contract(&self, scope: &Scope<'_>, merged: &Merged, compared: &mut Compared) {
        let Some(after) = merged.contract() else { return };
        if let Some(warning) = scope.withholds(&self.address, "removing permissions") {
            compared.warnings.push(warning);
            return;
        }
        let mut depends_on = vec![self.address.clone()];
        depends_on.extend(scope.trail_addresses());
        self.push(Some(&merged.expanded), after, Phase::Contract, depends_on, compared);
    }

    fn push(
        &self,
        before: Option<&Document>,
        after: &Document,
        phase: Phase,
        depends_on: Vec<Address>,
        compared: &mut Compared,
    ) {
        let after = Some(after).filter(|document| !document.statements().is_empty());
        let diff = of_policies(before, after);
        let action = match (before.cloned(), after.cloned()) {
            (Some(before), Some(after)) => Action::Update { before, after },
            (None, Some(after)) => Action::Create { after },
            (Some(before), None) => Action::Delete { before },
            (None, None) => return,
        };
        let Some((account, region)) = self.place.clone() else { return };
        let mut reasons: Vec<String> = Vec::new();
        if before.is_none() {
            reasons.push("there is no policy yet that lets the trails deliver".to_owned());
        }
        for reason in diff.iter().filter(|_| before.is_some()).map(self.explain) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        compared.changes.push(Change {
            address: self.address.clone(),
            account,
            region,
            observed_fingerprint: Fingerprint::of_policy(before, self.ownership),
            changed: (self.changed)(action),
            phase,
            risk: if phase == Phase::Contract { Risk::Disruptive } else { Risk::Safe },
            reasons,
            diff,
            depends_on,
        });
    }
}

/// The reason where a statement is not one of those that a kind knows by name: one that the user wrote out.
pub(super) fn foreign_reason(difference: &Difference) -> String {
    let statement = difference.path().split('/').nth(2).unwrap_or_default();
    match difference {
        Difference::Remove { .. } => format!("statement `{statement}` holds what the spec does not have"),
        Difference::Add { .. } | Difference::Replace { .. } => {
            format!("statement `{statement}` lacks what the spec has")
        }
    }
}
