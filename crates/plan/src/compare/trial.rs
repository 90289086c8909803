//! Decides which trail tests a short form of a policy before any other trail relies on it.

use std::collections::BTreeSet;

use reconcile_policy::{Delivery, Document, FirstUse, Fitted, Form, PolicyKind, Region, Request, way};
use reconcile_spec::{KeyIdentity, Trail};

use super::Scope;
use super::change::Compared;
use super::confirm::{Subject, candidates, decides};
use super::policy::Policy;
use crate::address::Address;
use crate::delivery::of_spec;
use crate::kind::Kind;
use crate::plan::{Change, Phase, TrailRef, Trial};

/// Returns the existing trails that deliver under the document and that CloudTrail can check, in
/// the order in which they test a form. Trails of the account that has the policy come first,
/// because the user who applies the plan can repair them best. A trail of an organization never
/// tests a form, because all member accounts depend on it.
pub(super) fn triers(scope: &Scope<'_>, subject: Subject<'_>, document: Option<&Document>) -> Vec<TrailRef> {
    let Some(document) = document else { return Vec::new() };
    let mut triers: Vec<TrailRef> = delivering(scope, subject, document).collect();
    let owner = owner(scope, subject);
    // The sort is stable: within each group, trails stay sorted by address.
    triers.sort_by_key(|trail| Some(trail.account.id.as_str()) != owner.as_deref());
    triers
}

/// Returns the existing trails that deliver under the document and that CloudTrail can check,
/// sorted by address.
fn delivering(
    scope: &Scope<'_>,
    subject: Subject<'_>,
    document: &Document,
) -> impl Iterator<Item = TrailRef> {
    let delivers = move |delivery: &Delivery| {
        let requests = requests(scope, subject, delivery);
        !requests.is_empty() && requests.iter().all(|request| way(document, request).is_some())
    };
    let candidates = candidates(scope, Phase::Expand).into_iter().filter(move |(trail, delivery)| {
        let exists = !matches!(scope.observed.trails.get(&trail.arn), Some(None))
            && !scope.observed.unreadable.contains_key(&trail.account.name);
        exists && !delivery.organization_trail && delivers(delivery)
    });
    candidates.map(|(trail, _)| trail)
}

/// Returns the requests of a delivery that depend on the form of the policy. Statements for
/// encrypted topics are equal in every form.
fn requests(scope: &Scope<'_>, subject: Subject<'_>, delivery: &Delivery) -> Vec<Request> {
    let depends = |policy| policy != PolicyKind::TopicKey && decides(scope, subject, delivery, policy);
    let requests = delivery.requests().into_iter().filter(|(hop, _)| depends(hop.policy()));
    requests.map(|(_, request)| request).collect()
}

/// Returns the ID of the account that has the policy.
fn owner(scope: &Scope<'_>, subject: Subject<'_>) -> Option<String> {
    let site = match subject {
        Subject::Bucket => &scope.desired.bucket.site,
        Subject::Key => &scope.desired.key.site,
        Subject::Topic(topic) => return Some(topic.account().to_owned()),
    };
    Some(scope.account(&site.account)?.id.to_string())
}

impl Policy<'_> {
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
    ) -> Option<Trial> {
        let relies = |trail: &&TrailRef| first_use.accounts.contains(trail.account.id.as_str());
        let can_try = triers(self.scope, self.subject, before).into_iter();
        let is_asked = |trail: &TrailRef| phase == Phase::Contract || confirm.contains(trail);
        let first = can_try.filter(|trail| relies(&trail)).find(is_asked)?;
        confirm.retain(|trail| *trail != first);
        confirm.insert(0, first.clone());
        Some(Trial {
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
        let can_try = self.scope.desired.trails.iter().filter(|trail| {
            !trail.is_organization && relies(trail.arn.account()) && depends(self.scope, self.subject, trail)
        });
        let can_try: BTreeSet<Address> = can_try.map(Address::of_trail).collect();
        let owner = owner(self.scope, self.subject);
        let is_of_trails =
            |change: &Change| change.address.kind == Kind::Trail && change.phase == Phase::Converge;
        let changes = compared.changes.iter().enumerate().filter(|(_, it)| is_of_trails(it));
        let first =
            changes.filter(|(_, change)| can_try.contains(&change.address)).min_by_key(|(at, change)| {
                let is_owners = Some(change.account.id.as_str()) == owner.as_deref();
                // A trail that tests a form of another policy can also test this form.
                (change.trials.is_empty(), !is_owners, *at)
            });
        let Some((at, _)) = first else { return };
        let mut existing = delivering(self.scope, self.subject, &fitted.merged.expanded);
        if existing.any(|trail| relies(trail.account.id.as_str())) {
            return;
        }
        let mut change = compared.changes.remove(at);
        let trail = change.address.clone();
        change.trials.push(Trial {
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
    fn short_form<'f>(&self, fitted: &'f Fitted) -> Option<(Form, Option<&'f BTreeSet<String>>)> {
        match &fitted.first_use {
            Some(first_use) => Some((first_use.form, Some(&first_use.accounts))),
            None => {
                let form = Form::of(&fitted.merged.expanded, self.ownership)?;
                (form != Form::Plain).then_some((form, None))
            }
        }
    }
}

/// Returns whether a trail of the spec depends on the policy after it is created. The same plan may
/// create the key.
fn depends(scope: &Scope<'_>, subject: Subject<'_>, trail: &Trail) -> bool {
    match subject {
        Subject::Key => scope.desired.key.identity != KeyIdentity::Unmanaged,
        Subject::Bucket | Subject::Topic(_) => {
            !requests(scope, subject, &of_spec(scope.desired, scope.observed, trail)).is_empty()
        }
    }
}
