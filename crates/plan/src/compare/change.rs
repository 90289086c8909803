//! Converts the wanted and the live view of a resource into a change.

use std::collections::BTreeMap;

use reconcile_policy::{Arn, Region};

use crate::address::Address;
use crate::difference::{Difference, diff_views};
use crate::fingerprint::Fingerprint;
use crate::plan::{
    AccountRef, Act, Action, Change, Changed, Create, Delete, Phase, Risk, Warning, WarningCode,
};
use crate::refusal::Refusal;
use crate::view::{Field, View};

/// The results of the comparison so far.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) changes: Vec<Change>,
    pub(super) unchanged: usize,
    pub(super) warnings: Vec<Warning>,
    pub(super) refusals: Vec<Refusal>,
    /// Trails that can deliver only under a refused policy, each with this policy.
    pub(super) stranded: Vec<(Address, Address)>,
    /// Unknowns about policies that do not concern deliveries and that the spec does not accept.
    /// Drift reports these unknowns.
    pub(super) unsettled: BTreeMap<Address, String>,
}

/// The parts of a change that depend on its kind. All other parts follow from the views.
pub(super) struct ChangeParts<A> {
    pub(super) address: Address,
    pub(super) place: Option<(AccountRef, Region)>,
    pub(super) phase: Phase,
    pub(super) depends_on: Vec<Address>,
    /// Makes a change from an action of this kind.
    pub(super) changed: fn(A) -> Changed,
    pub(super) explain: Explain<A>,
}

/// Returns the reasons and the risk of an action.
pub(super) type Explain<A> = fn(&A, &[Difference]) -> (Vec<String>, Risk);

impl Compared {
    /// Adds the change from `live` to `wanted`, if they differ.
    pub(super) fn view<V: View>(&mut self, parts: ChangeParts<Action<V>>, live: Option<V>, wanted: V) {
        let before = live.map(|live| live.managed(&wanted));
        if before.as_ref() == Some(&wanted) {
            self.unchanged += 1;
            return;
        }
        let action = match before {
            None => Action::Create { after: wanted },
            Some(before) => Action::Update { before, after: wanted },
        };
        self.push(parts, action);
    }

    /// Adds the change that creates a resource.
    pub(super) fn create<V: View, A: Act<View = V> + From<Create<V>>>(
        &mut self,
        parts: ChangeParts<A>,
        after: V,
    ) {
        self.push(parts, Create { after }.into());
    }

    /// Adds the change that deletes a resource.
    pub(super) fn delete<V: View, A: Act<View = V> + From<Delete<V>>>(
        &mut self,
        parts: ChangeParts<A>,
        before: V,
    ) {
        self.push(parts, Delete { before }.into());
    }

    /// Adds a warning.
    pub(super) fn warn(&mut self, code: WarningCode, address: Address, message: String) {
        self.warnings.push(Warning { code, address, message });
    }

    /// Warns of a managed resource that is no longer in the spec and is kept.
    pub(super) fn warn_of_kept(&mut self, address: &Address, setting: &str) {
        self.warnings.push(Warning {
            code: WarningCode::Kept,
            address: address.clone(),
            message: format!("no longer in the spec; kept because `{setting}` is false"),
        });
    }

    /// Reports trails that are not in the spec and keep their permissions.
    pub(super) fn warn_of_guests<'g>(&mut self, address: &Address, guests: impl Iterator<Item = &'g Arn>) {
        self.warnings.extend(guests.map(|guest| Warning {
            code: WarningCode::UnlistedTrail,
            address: address.clone(),
            message: format!(
                "trail {guest} is not in the spec and relies on this policy: the managed statements also allow \
                 its delivery"
            ),
        }));
    }

    fn push<A: Act<View: View>>(&mut self, parts: ChangeParts<A>, action: A) {
        let views = action.views();
        let diff = diff_views(views.before, views.after);
        let (reasons, risk) = (parts.explain)(&action, &diff);
        let Some((account, region)) = parts.place else { return };
        self.changes.push(Change {
            address: parts.address,
            account,
            region,
            observed_fingerprint: Fingerprint::of(views.before),
            changed: (parts.changed)(action),
            phase: parts.phase,
            risk,
            reasons,
            diff,
            ended: Vec::new(),
            depends_on: parts.depends_on,
            confirm: Vec::new(),
            trials: Vec::new(),
        });
    }
}

/// Returns one reason for each field that differs, in order. `describe` returns the reason for a
/// field.
pub(super) fn reasons<F: Field>(
    diff: &[Difference],
    describe: impl Fn(F, &Difference) -> String,
) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for difference in diff {
        let Some(field) = difference.field() else { continue };
        let reason = describe(field, difference);
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}
