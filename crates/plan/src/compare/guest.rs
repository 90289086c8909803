//! Decides which guests, which are trails outside the spec, managed statements allow to deliver.

use reconcile_policy::{
    Adoption, Arn, Delivery, Document, Effect, Hop, Ownership, PolicyKind, Statement, evaluate, foreign,
    merge,
};
use reconcile_spec::Foreign;

use super::CompareContext;
use crate::view::OtherTrail;

/// The state of a policy before guests are added.
pub(super) fn adoption(
    context: &CompareContext<'_>,
    foreign: Foreign,
    trails: &[Arn],
    organization: Option<String>,
) -> Adoption {
    let roster = context.observed.organization.as_ref().map(|it| &it.roster);
    Adoption {
        trails: trails.iter().cloned().collect(),
        surveyed: context.surveyed(),
        listed: context.desired.accounts.iter().map(|account| account.id.to_string()).collect(),
        managers: roster.map(|it| (it.id.clone(), it.management.to_string())).into_iter().collect(),
        organization,
        ..foreign.adoption()
    }
}

/// A policy before guests are added.
pub(super) struct Before<'a> {
    pub(super) kind: PolicyKind,
    pub(super) live: Option<&'a Document>,
    pub(super) ownership: &'a Ownership,
    pub(super) adoption: &'a Adoption,
    /// The managed statements, without guests.
    pub(super) statements: &'a [Statement],
}

impl Before<'_> {
    /// Returns the trails that need permissions of managed statements. All other trails have their
    /// permissions in foreign statements that stay, such as statements of another installation.
    pub(super) fn joining<'t>(
        &self,
        users: Vec<&'t OtherTrail>,
        delivery: impl Fn(&OtherTrail) -> Delivery,
    ) -> Vec<&'t OtherTrail> {
        let Some(live) = self.live.filter(|_| !users.is_empty()) else { return users };
        let merged = merge(Some(live), self.statements, self.ownership).adopt(self.adoption, self.ownership);
        let grants = Grants::of(live, &foreign(&merged.contracted, self.ownership));
        let needs_us = |trail: &&OtherTrail| {
            let requests = delivery(trail).requests();
            requests.into_iter().filter(|(hop, _)| hop.policy() == self.kind).any(|(hop, request)| {
                // It is unknown whether another bucket requires this request. A request that is
                // allowed now must stay allowed.
                let is_due = hop != Hop::Decrypt || evaluate(&grants.live, &request).is_allowed();
                is_due && !evaluate(&grants.staying, &request).is_allowed()
            })
        };
        users.into_iter().filter(needs_us).collect()
    }
}

/// Returns the trails that need a permission that only managed statements give.
pub(super) fn depending<'t>(
    users: Vec<&'t OtherTrail>,
    kind: PolicyKind,
    live: Option<&Document>,
    ownership: &Ownership,
    delivery: impl Fn(&OtherTrail) -> Delivery,
) -> Vec<&'t OtherTrail> {
    let Some(live) = live.filter(|_| !users.is_empty()) else { return Vec::new() };
    let grants = Grants::of(live, &foreign(live, ownership));
    let depends = |trail: &&OtherTrail| {
        let requests = delivery(trail).requests();
        requests.into_iter().filter(|(hop, _)| hop.policy() == kind).any(|(_, request)| {
            let (now, then) = (evaluate(&grants.live, &request), evaluate(&grants.staying, &request));
            (now.is_allowed() && !then.is_allowed()) || (!now.is_refused() && then.is_refused())
        })
    };
    users.into_iter().filter(depends).collect()
}

/// The permissions of a policy now and after the change. Deny statements are left out, because
/// managed statements do not affect them.
struct Grants {
    live: Document,
    staying: Document,
}

impl Grants {
    fn of(live: &Document, staying: &Document) -> Self {
        Self { live: live.only(Effect::Allow), staying: staying.only(Effect::Allow) }
    }
}
