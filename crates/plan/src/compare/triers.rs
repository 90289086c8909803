//! Finds the trails that can test a form of a policy.

use reconcile_policy::{Delivery, Document, PolicyKind, Request, justification};
use reconcile_spec::{KeyIdentity, Trail};

use super::CompareContext;
use super::confirm::{PolicyResource, candidates, decides};
use crate::delivery::desired_delivery;
use crate::plan::{Phase, TrailRef};

/// Returns the existing trails that deliver under the document and that CloudTrail can check, in
/// the order in which they test a form. Trails of the account that has the policy come first,
/// because the user who applies the plan can repair them best. An organization trail never tests a
/// form, because all member accounts depend on the trail.
pub(super) fn triers(
    context: &CompareContext<'_>,
    subject: PolicyResource<'_>,
    document: Option<&Document>,
) -> Vec<TrailRef> {
    let Some(document) = document else { return Vec::new() };
    let mut triers: Vec<TrailRef> = delivering(context, subject, document).collect();
    let owner = owner(context, subject);
    // The sort is stable: within each group, trails stay sorted by address.
    triers.sort_by_key(|trail| Some(trail.account.id.as_str()) != owner.as_deref());
    triers
}

/// Returns the existing trails that deliver under the document and that CloudTrail can check,
/// sorted by address.
pub(super) fn delivering(
    context: &CompareContext<'_>,
    subject: PolicyResource<'_>,
    document: &Document,
) -> impl Iterator<Item = TrailRef> {
    let delivers = move |delivery: &Delivery| {
        let requests = requests(context, subject, delivery);
        !requests.is_empty() && requests.iter().all(|request| justification(document, request).is_some())
    };
    let candidates = candidates(context, Phase::Expand).into_iter().filter(move |(trail, delivery)| {
        let exists = !matches!(context.observed.trails.get(&trail.arn), Some(None))
            && !context.observed.unreadable.contains_key(&trail.account.name);
        exists && !delivery.organization_trail && delivers(delivery)
    });
    candidates.map(|(trail, _)| trail)
}

/// Returns the requests of a delivery that depend on the form of the policy. Statements for
/// encrypted topics are equal in every form.
fn requests(context: &CompareContext<'_>, subject: PolicyResource<'_>, delivery: &Delivery) -> Vec<Request> {
    let depends = |policy| policy != PolicyKind::TopicKey && decides(context, subject, delivery, policy);
    let requests = delivery.requests().into_iter().filter(|(hop, _)| depends(hop.policy()));
    requests.map(|(_, request)| request).collect()
}

/// Returns the ID of the account that has the policy.
pub(super) fn owner(context: &CompareContext<'_>, subject: PolicyResource<'_>) -> Option<String> {
    let site = match subject {
        PolicyResource::Bucket => &context.desired.bucket.site,
        PolicyResource::Key => &context.desired.key.site,
        PolicyResource::Topic(topic) => return Some(topic.account().to_owned()),
    };
    Some(context.account(&site.account)?.id.to_string())
}

/// Returns whether a trail of the spec depends on the policy after it is created. The same plan may
/// create the key.
pub(super) fn depends(context: &CompareContext<'_>, subject: PolicyResource<'_>, trail: &Trail) -> bool {
    match subject {
        PolicyResource::Key => context.desired.key.identity != KeyIdentity::Unmanaged,
        PolicyResource::Bucket | PolicyResource::Topic(_) => {
            !requests(context, subject, &desired_delivery(context.desired, context.observed, trail))
                .is_empty()
        }
    }
}
