//! Decides which trail tests a short form of a policy before any other trail relies on it.

use std::collections::BTreeSet;

use reconcile_policy::{Document, FirstUse, Fitted, Region, StatementForm};

use super::change::Compared;
use super::policy::PolicyComparison;
use super::triers::{delivering, depends, owner, triers};
use crate::address::Address;
use crate::kind::Kind;
use crate::plan::{Change, FormTrial, Phase, TrailRef};

impl PolicyComparison<'_> {
    /// Returns the first use of a short form by this write, and moves the trail that tests the form
    /// to the front of `confirm`. Returns `None` if CloudTrail checks no trail that relies on the
    /// form.
    pub(super) fn trial(
        &self,
        first_use: &FirstUse,
        phase: Phase,
        before: Option<&Document>,
        confirm: &mut Vec<TrailRef>,
        region: &Region,
    ) -> Option<FormTrial> {
        let relies = |trail: &&TrailRef| first_use.accounts.contains(trail.account.id.as_str());
        let can_try = triers(self.context, self.subject, before).into_iter();
        let is_asked = |trail: &TrailRef| phase == Phase::Contract || confirm.contains(trail);
        let first = can_try.filter(|trail| relies(&trail)).find(is_asked)?;
        confirm.retain(|trail| *trail != first);
        confirm.insert(0, first.clone());
        Some(FormTrial {
            policy: self.address.clone(),
            region: region.clone(),
            form: first_use.form,
            trail: first.address,
            retreat: first_use.retreat.clone().filter(|_| phase == Phase::Contract),
        })
    }

    /// Makes one trail the first to be created, if no existing trail relies on the short form of
    /// the policy.
    pub(super) fn try_form(&self, fitted: &Fitted, compared: &mut Compared) {
        let (Some((form, accounts)), Some((_, region))) = (self.short_form(fitted), &self.place) else {
            return;
        };
        let relies = |id: &str| accounts.is_none_or(|accounts| accounts.contains(id));
        let can_try = self.context.desired.trails.iter().filter(|trail| {
            !trail.is_organization
                && relies(trail.arn.account())
                && depends(self.context, self.subject, trail)
        });
        let can_try: BTreeSet<Address> = can_try.map(Address::trail).collect();
        let owner = owner(self.context, self.subject);
        let is_of_trails =
            |change: &Change| change.address.kind == Kind::Trail && change.phase == Phase::Converge;
        let changes = compared.changes.iter().enumerate().filter(|(_, it)| is_of_trails(it));
        let first =
            changes.filter(|(_, change)| can_try.contains(&change.address)).min_by_key(|(at, change)| {
                let is_owners = Some(change.account.id.as_str()) == owner.as_deref();
                // A trail that already tests a form of another policy is preferred.
                (change.trials.is_empty(), !is_owners, *at)
            });
        let Some((at, _)) = first else { return };
        let mut existing = delivering(self.context, self.subject, &fitted.merged.expanded);
        if existing.any(|trail| relies(trail.account.id.as_str())) {
            return;
        }
        let mut change = compared.changes.remove(at);
        let trail = change.address.clone();
        change.trials.push(FormTrial {
            policy: self.address.clone(),
            region: region.clone(),
            form,
            trail: trail.clone(),
            retreat: None,
        });
        for other in
            compared.changes.iter_mut().filter(|it| is_of_trails(it) && relies(it.account.id.as_str()))
        {
            other.depends_on.push(trail.clone());
        }
        let place = compared.changes.iter().position(is_of_trails).map_or(at, |first| first.min(at));
        compared.changes.insert(place, change);
    }

    /// Returns the short form on which new trails rely, and the accounts that rely on it; `None`
    /// means all accounts.
    fn short_form<'f>(&self, fitted: &'f Fitted) -> Option<(StatementForm, Option<&'f BTreeSet<String>>)> {
        match &fitted.first_use {
            Some(first_use) => Some((first_use.form, Some(&first_use.accounts))),
            None => {
                let form = StatementForm::of(&fitted.merged.expanded, self.ownership)?;
                (form != StatementForm::Plain).then_some((form, None))
            }
        }
    }
}
