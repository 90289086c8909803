//! Approves a saved plan: selects the changes that the spec still needs. Pure.
//!
//! Anybody who can write a plan file can edit it, so `apply` writes no value of the file to AWS.
//! Before `apply` makes the changes of a saved plan, it makes a second plan from the spec and live
//! state. It makes only the changes that both plans have, in the version of the second plan.

use std::collections::BTreeSet;

use reconcile_plan::plan::{ActionKind, Change, Phase, Views};
use reconcile_plan::{Address, Plan, addresses};
use reconcile_policy::{Document, Ownership, Statement, canonical_text, owned};
use reconcile_spec::Desired;
use serde_json::Value;

use crate::journal::Journal;
use crate::outcome::{ChangeResult, ChangeStatus};

/// The error that a plan file has a change that its spec does not need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address}: {what}")]
pub struct Altered {
    /// The resource.
    pub address: Address,
    /// The change that the spec does not need.
    pub what: String,
}

/// The part of a saved plan that is applied.
#[derive(Debug)]
pub struct Approval {
    /// The changes that both plans have, in the version of the second plan.
    pub plan: Plan,
    /// The results of all other changes of the saved plan. None of these changes is made.
    pub left: Vec<ChangeResult>,
}

/// The decision about a change of a saved plan.
enum ApprovalDecision {
    /// The change is made in the version of the fresh plan.
    Make(Box<Change>),
    /// The change is not made.
    Leave(ChangeStatus),
}

/// Compares a saved plan with a new plan of its spec. `desired` is the content of the spec of the
/// new plan. The journal has the changes that an earlier apply of the saved plan started.
///
/// # Errors
/// Returns [`Altered`] if the saved plan has a change that the spec never needed.
pub fn approve(saved: Plan, fresh: Plan, desired: &Desired, journal: &Journal) -> Result<Approval, Altered> {
    let known: BTreeSet<Address> = addresses(desired).collect();
    let comparison = PlanComparison {
        fresh: &fresh,
        known,
        ownership: desired.installation.ownership(),
        has_members: desired.organization.is_some(),
        journal,
    };
    let (mut changes, mut left): (Vec<Change>, Vec<ChangeResult>) = (Vec::new(), Vec::new());
    for change in &saved.changes {
        match comparison.decide(change)? {
            ApprovalDecision::Leave(status) => left.push(ChangeResult::without_calls(change, status)),
            ApprovalDecision::Make(fresh) => {
                let is_made = |phase: Phase, address: &Address| {
                    changes.iter().any(|it| it.address == *address && it.phase == phase)
                };
                let missing = comparison.needs(&fresh).find(|it| !is_made(it.phase, &it.address));
                match missing {
                    None => changes.push(*fresh),
                    Some(missing) => {
                        let error =
                            format!("depends on {}, which changed since the plan was made", missing.address);
                        left.push(ChangeResult::without_calls(change, ChangeStatus::Stale { error }));
                    }
                }
            }
        }
    }
    let is_readable = fresh.unreadable.is_empty();
    let plan = Plan {
        changes,
        partial: saved.partial || !is_readable,
        unreadable: if is_readable { saved.unreadable } else { fresh.unreadable },
        key: fresh.key,
        ..saved
    };
    Ok(Approval { plan, left })
}

/// The comparison of a saved plan with a fresh plan of its spec.
struct PlanComparison<'a> {
    fresh: &'a Plan,
    /// The resources of the spec.
    known: BTreeSet<Address>,
    ownership: Ownership,
    /// Whether accounts are added or removed as members of an organization.
    has_members: bool,
    journal: &'a Journal,
}

impl PlanComparison<'_> {
    /// The changes that a change waits for.
    fn needs(&self, change: &Change) -> impl Iterator<Item = &Change> {
        let before = self.fresh.changes.iter().take_while(move |it| !is_same_change(it, change));
        before.filter(|it| change.depends_on.contains(&it.address) || it.address == change.address)
    }

    fn decide(&self, saved: &Change) -> Result<ApprovalDecision, Altered> {
        let fresh = self.fresh.changes.iter().find(|fresh| is_same_change(fresh, saved));
        let Some(fresh) = fresh else { return self.decide_missing(saved) };
        let target_difference = target_difference(saved, fresh);
        // An earlier apply of the saved plan changed the resource, which can change the remaining
        // settings: settings that matter only for a new key or bucket are no longer part of the
        // change.
        if target_difference.is_none() && self.journal.was_begun(saved) {
            return Ok(ApprovalDecision::Make(Box::new(fresh.clone())));
        }
        if let Some(what) = target_difference.or_else(|| self.outcome_difference(saved, fresh)) {
            if !self.has_seen_the_same(saved, fresh) {
                return Ok(ApprovalDecision::Leave(self.stale(saved, fresh)));
            }
            // Accounts that joined or left the organization since the plan was made change the
            // desired state, and neither plan lists the earlier accounts.
            if self.has_members {
                let error = format!(
                    "changed since the plan was made, perhaps with the accounts of the organization: {what}"
                );
                return Ok(ApprovalDecision::Leave(ChangeStatus::Stale { error }));
            }
            return Err(Altered { address: saved.address.clone(), what });
        }
        let is_fresh = saved.observed_fingerprint == fresh.observed_fingerprint
            || self.has_only_wanted_statements(saved, fresh);
        if is_fresh {
            return Ok(ApprovalDecision::Make(Box::new(fresh.clone())));
        }
        Ok(ApprovalDecision::Leave(self.stale(saved, fresh)))
    }

    /// Decides about a change that is not in the fresh plan.
    fn decide_missing(&self, saved: &Change) -> Result<ApprovalDecision, Altered> {
        if let Some(unreadable) = self.fresh.unreadable.first() {
            let error = format!(
                "account {} cannot be read, so it is not known whether this change is still correct",
                unreadable.account.name
            );
            return Ok(ApprovalDecision::Leave(ChangeStatus::Skipped { error }));
        }
        if let Some(refused) = self.fresh.refused.iter().find(|it| it.left_out.contains(&saved.address)) {
            let error = format!("a plan of the spec no longer has this change: {}", refused.message);
            return Ok(ApprovalDecision::Leave(ChangeStatus::Stale { error }));
        }
        let is_made = self.journal.was_made(saved) || self.journal.was_begun(saved);
        match saved.action() {
            _ if is_made => Ok(ApprovalDecision::Leave(ChangeStatus::Unchanged)),
            ActionKind::Delete => {
                let error =
                    "nothing to delete: the resource no longer exists, or the spec keeps it".to_owned();
                Ok(ApprovalDecision::Leave(ChangeStatus::Stale { error }))
            }
            // Live state matches the spec.
            ActionKind::Create | ActionKind::Update if self.known.contains(&saved.address) => {
                Ok(ApprovalDecision::Leave(ChangeStatus::Unchanged))
            }
            ActionKind::Create | ActionKind::Update => {
                let what = "the resource is not in the spec".to_owned();
                Err(Altered { address: saved.address.clone(), what })
            }
        }
    }

    /// The difference between the planned results of a saved change and the fresh change.
    fn outcome_difference(&self, saved: &Change, fresh: &Change) -> Option<String> {
        match (saved.changed.policy(), fresh.changed.policy()) {
            (Some(saved), Some(fresh)) => self.statements_difference(saved, fresh),
            _ => self.view_difference(&saved.views().1, &fresh.views().1),
        }
    }

    fn statements_difference(
        &self,
        saved: Views<'_, Document>,
        fresh: Views<'_, Document>,
    ) -> Option<String> {
        let ours = |document: Option<&Document>| {
            canonical_text(&document.map(|it| owned(it, &self.ownership)).unwrap_or_default())
        };
        if ours(saved.after) != ours(fresh.after) {
            return Some("the managed statements differ from the spec".to_owned());
        }
        let foreign = |document: Option<&Document>| -> Vec<Statement> {
            let statements = document.map(Document::statements).unwrap_or_default();
            statements.iter().filter(|it| !self.ownership.has(it)).cloned().collect()
        };
        let edits = |documents: Views<'_, Document>| {
            let (before, after) = (foreign(documents.before), foreign(documents.after));
            [without(&before, &after), without(&after, &before)].map(|statements| canonical_text(&statements))
        };
        if edits(saved) != edits(fresh) {
            return Some("the changes of foreign statements differ from those of the spec".to_owned());
        }
        let version = |document: Option<&Document>| document.and_then(Document::version).map(str::to_owned);
        // If an earlier apply of the plan created the topic, SNS gave it a policy with another
        // version, and that version is kept.
        let is_kept = saved.before.is_none() && version(fresh.before) == version(fresh.after);
        (version(saved.after) != version(fresh.after) && !is_kept)
            .then(|| "the version of the policy differs from the spec".to_owned())
    }

    fn view_difference(&self, saved: &Value, fresh: &Value) -> Option<String> {
        let other = |name: &str| !self.is_same_value(&saved[name], &fresh[name]);
        let fields = names(saved).into_iter().chain(names(fresh)).collect::<BTreeSet<_>>();
        let other: Vec<String> =
            fields.into_iter().filter(|name| other(name)).map(|name| format!("`{name}`")).collect();
        (!other.is_empty()).then(|| format!("the spec has another value for {}", other.join(", ")))
    }

    /// Whether two values are the same. A key that did not exist when the plan was saved can exist
    /// now.
    fn is_same_value(&self, saved: &Value, fresh: &Value) -> bool {
        match (saved, fresh) {
            (Value::Object(saved), Value::String(fresh)) => {
                let is_unknown = saved.len() == 1 && saved.contains_key("known_after_apply");
                is_unknown && self.fresh.key.as_ref().is_some_and(|key| key.as_str() == fresh)
            }
            (Value::Object(saved), Value::Object(fresh)) => {
                saved.len() == fresh.len()
                    && saved.iter().all(|(name, value)| {
                        fresh.get(name).is_some_and(|fresh| self.is_same_value(value, fresh))
                    })
            }
            (Value::Array(saved), Value::Array(fresh)) => {
                saved.len() == fresh.len()
                    && saved.iter().zip(fresh).all(|(saved, fresh)| self.is_same_value(saved, fresh))
            }
            (saved, fresh) => saved == fresh,
        }
    }

    /// Whether both plans saw the same resource.
    fn has_seen_the_same(&self, saved: &Change, fresh: &Change) -> bool {
        match (saved.changed.policy(), fresh.changed.policy()) {
            (Some(saved), Some(fresh)) => saved.before == fresh.before,
            _ => self.is_same_value(&saved.views().0, &fresh.views().0),
        }
    }

    /// Whether a policy has no managed statements other than planned ones. It can lack some of
    /// them: a new key has the statement for its administrators from the start.
    fn has_only_wanted_statements(&self, saved: &Change, fresh: &Change) -> bool {
        let (Some(saved), Some(fresh)) = (saved.changed.policy(), fresh.changed.policy()) else {
            return false;
        };
        let ours =
            |document: Option<&Document>| document.map(|it| owned(it, &self.ownership)).unwrap_or_default();
        let wanted = ours(saved.after);
        let is_wanted =
            |it: &Statement| wanted.iter().any(|wanted| wanted.sid() == it.sid() && wanted.is_equivalent(it));
        ours(fresh.before).iter().all(is_wanted)
    }

    fn stale(&self, saved: &Change, fresh: &Change) -> ChangeStatus {
        let error = match (saved.changed.policy(), saved.views().0, fresh.views().0) {
            (Some(_), ..) => "statements differ from the plan".to_owned(),
            (None, Value::Null, _) => "the resource now exists".to_owned(),
            (None, _, Value::Null) => "the resource no longer exists".to_owned(),
            (None, saved, fresh) => {
                let fields = names(&saved).into_iter().chain(names(&fresh)).collect::<BTreeSet<_>>();
                let other =
                    fields.into_iter().filter(|name| !self.is_same_value(&saved[*name], &fresh[*name]));
                let other: Vec<String> = other.map(|name| format!("`{name}`")).collect();
                format!("{} differ from the plan", other.join(", "))
            }
        };
        ChangeStatus::Stale { error: format!("changed since the plan was made: {error}") }
    }
}

/// The difference in the target between a saved change and the fresh change: the account, the
/// Region, or whether the resource is deleted.
fn target_difference(saved: &Change, fresh: &Change) -> Option<String> {
    if saved.account != fresh.account {
        return Some(format!(
            "the resource is in account {} ({}) in the spec",
            fresh.account.name, fresh.account.id
        ));
    }
    if saved.region != fresh.region {
        return Some(format!("the resource is in Region {} in the spec", fresh.region));
    }
    let is_deletion = |change: &Change| change.action() == ActionKind::Delete;
    if is_deletion(saved) != is_deletion(fresh) {
        let does = if is_deletion(fresh) { "deletes" } else { "does not delete" };
        return Some(format!("the spec {does} the resource"));
    }
    None
}

fn is_same_change(a: &Change, b: &Change) -> bool {
    (&a.address, a.phase) == (&b.address, b.phase)
}

/// The names of the fields of a view.
fn names(view: &Value) -> Vec<&str> {
    view.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

/// The statements of the first list that are not in the second one.
fn without(statements: &[Statement], others: &[Statement]) -> Vec<Statement> {
    let mut others: Vec<&Statement> = others.iter().collect();
    let is_left = |statement: &&Statement| match others.iter().position(|other| other == statement) {
        Some(index) => {
            others.remove(index);
            false
        }
        None => true,
    };
    statements.iter().filter(is_left).cloned().collect()
}
