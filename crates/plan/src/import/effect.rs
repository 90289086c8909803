//! Describes the changes that a plan would make without one line of the spec.

use reconcile_spec::Diagnostics;
use reconcile_text::{count, listed};

use crate::compare::Comparison;
use crate::plan::{ActionKind, Change};
use crate::refusal::Refusal;

/// The maximum number of changes, and of resources in each change, that are listed.
const NAMED: usize = 2;

/// Describes what a plan does without a line, but not with the line. `without` is the comparison of
/// the spec without the line.
pub(super) fn describe(with: &Comparison, without: Result<&Comparison, &Diagnostics>) -> String {
    let without = match without {
        Ok(without) => without,
        Err(problems) => {
            let problem = problems.iter().next().map(|it| it.message.as_str()).unwrap_or_default();
            return format!("the spec is rejected: {problem}");
        }
    };
    let is_new = |refusal: &&Refusal| !with.refusals.contains(refusal);
    if let Some(refusal) = without.refusals.iter().find(is_new) {
        let text = refusal.to_string();
        return format!("a plan refuses some changes: {}", text.lines().next().unwrap_or_default());
    }
    let is_same = |a: &Change, b: &Change| a.address == b.address && a.phase == b.phase && a.diff == b.diff;
    let new =
        without.plan.changes.iter().filter(|it| !with.plan.changes.iter().any(|known| is_same(known, it)));
    let new: Vec<&Change> = new.collect();
    if !new.is_empty() {
        return format!("a plan {}", in_words(&new));
    }
    let warned = without.plan.warnings.iter().find(|it| !with.plan.warnings.contains(it));
    match warned {
        Some(warning) => format!("a plan warns of {}: {}", warning.address, warning.message),
        None => "a plan is the same".to_owned(),
    }
}

/// Describes changes. Changes with the same action and reasons are combined.
fn in_words(changes: &[&Change]) -> String {
    let mut groups: Vec<(ActionKind, &[String], Vec<String>)> = Vec::new();
    for change in changes {
        let address = change.address.to_string();
        let known = groups
            .iter_mut()
            .find(|(action, reasons, _)| *action == change.action() && *reasons == change.reasons.as_slice());
        match known {
            Some((_, _, addresses)) if addresses.contains(&address) => {}
            Some((_, _, addresses)) => addresses.push(address),
            None => groups.push((change.action(), &change.reasons, vec![address])),
        }
    }
    let said = groups.iter().map(|(action, reasons, addresses)| {
        let verb = match action {
            ActionKind::Create => "creates",
            ActionKind::Update => "updates",
            ActionKind::Delete => "deletes",
        };
        let why = match reasons {
            [] => String::new(),
            [only] => format!(": {only}"),
            [first, more @ ..] => format!(": {first}, and {}", count(more.len(), "more reason")),
        };
        format!("{verb} {}{why}", listed(addresses, NAMED))
    });
    let said: Vec<String> = said.collect();
    let named = said.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match said.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named}; and {}", count(more, "more change")),
    }
}
