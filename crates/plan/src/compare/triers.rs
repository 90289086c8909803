//! Finds the trails that can test a form of a policy.

use reconcile_policy::{Delivery, Document, PolicyKind, Request, way};
use reconcile_spec::{KeyIdentity, Trail};

use super::Scope;
use super::confirm::{Subject, candidates, decides};
use crate::delivery::of_spec;
use crate::plan::{Phase, TrailRef};

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
pub(super) fn delivering(
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
pub(super) fn owner(scope: &Scope<'_>, subject: Subject<'_>) -> Option<String> {
    let site = match subject {
        Subject::Bucket => &scope.desired.bucket.site,
        Subject::Key => &scope.desired.key.site,
        Subject::Topic(topic) => return Some(topic.account().to_owned()),
    };
    Some(scope.account(&site.account)?.id.to_string())
}

/// Returns whether a trail of the spec depends on the policy after it is created. The same plan may
/// create the key.
pub(super) fn depends(scope: &Scope<'_>, subject: Subject<'_>, trail: &Trail) -> bool {
    match subject {
        Subject::Key => scope.desired.key.identity != KeyIdentity::Unmanaged,
        Subject::Bucket | Subject::Topic(_) => {
            !requests(scope, subject, &of_spec(scope.desired, scope.observed, trail)).is_empty()
        }
    }
}
