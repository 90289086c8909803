//! Checks whether a resource changed since the plan. Pure.

use reconcile_plan::plan::{Change, Views};
use reconcile_plan::view::View;
use reconcile_plan::{Difference, Fingerprint, diff_views};
use reconcile_policy::{Document, Ownership, Statement, Step, canonical_text, owned};

/// The relation of a live resource to a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PlanFreshness {
    /// The live state is the state that the plan saw.
    Fresh,
    /// The live state is already the planned state.
    Done,
    /// The live state is neither of the two states. The value is the difference.
    Stale(String),
}

/// Compares the managed view of a resource with a plan.
pub(crate) fn view_freshness<V: View>(
    change: &Change,
    views: Views<'_, V>,
    live: Option<&V>,
) -> PlanFreshness {
    let live = live.zip(views.after.or(views.before)).map(|(live, like)| live.managed(like));
    // A new key already has a policy. The policy is compared as a separate resource.
    let wanted = views.after.map(|after| after.managed(after));
    if live == wanted {
        return PlanFreshness::Done;
    }
    if Fingerprint::of(live.as_ref()) == change.observed_fingerprint {
        return PlanFreshness::Fresh;
    }
    PlanFreshness::Stale(match (views.before, &live) {
        (_, None) => "the resource no longer exists".to_owned(),
        (None, Some(_)) => "the resource now exists".to_owned(),
        (Some(before), Some(live)) => {
            let fields: Vec<String> = diff_views(Some(before), Some(live))
                .iter()
                .map(Difference::path)
                .map(|path| format!("`{path}`"))
                .collect();
            format!("{} differ from the plan", fields.join(", "))
        }
    })
}

/// Whether a read can still return the state before a write: a written value is missing, or the
/// previous value still exists. A value that is neither the previous nor the written one is newer
/// than the write.
pub(crate) fn is_late<V: View>(before: Option<&V>, wanted: Option<&V>, live: Option<&V>) -> bool {
    let Some(wanted) = wanted else { return live.is_some() };
    let Some(live) = live.map(|live| live.managed(wanted)) else { return true };
    let Some(before) = before.map(|before| before.managed(wanted)) else {
        return live != wanted.managed(wanted);
    };
    let since_before = diff_views(Some(&before), Some(&live));
    let is_as_before = |path: &str| since_before.iter().all(|it| it.path() != path);
    let missing = diff_views(Some(&live), Some(&wanted.managed(wanted)));
    missing.iter().any(|missing| is_as_before(missing.path()))
}

/// Compares only the managed statements of a policy with a plan: a merge keeps the changes of
/// others in foreign statements.
pub(crate) fn policy_freshness(
    change: &Change,
    step: &Step,
    live: Option<&Document>,
    ownership: &Ownership,
) -> PlanFreshness {
    let (wanted, found) = (step.wanted(), live.map(|it| owned(it, ownership)).unwrap_or_default());
    if canonical_text(wanted) == canonical_text(&found) {
        // The remaining edits are in foreign statements. They are made only in statements that have
        // not changed since the plan.
        return if step.is_pending(live) { PlanFreshness::Fresh } else { PlanFreshness::Done };
    }
    if Fingerprint::of_policy(live, ownership) == change.observed_fingerprint {
        return PlanFreshness::Fresh;
    }
    // The policy can lack some of the planned statements, but has no other managed statement: a new
    // key has the statement for its administrators from the start.
    let is_wanted = |statement: &Statement| wanted.iter().any(|it| is_same(it, statement));
    if found.iter().all(is_wanted) {
        return PlanFreshness::Fresh;
    }
    PlanFreshness::Stale("managed statements differ from the plan".to_owned())
}

fn is_same(a: &Statement, b: &Statement) -> bool {
    a.sid() == b.sid() && a.is_equivalent(b)
}
