//! Views of the outcome of an apply.

use std::collections::BTreeSet;
use std::fmt::Write;

use reconcile_apply::{ChangeResult, ChangeStatus, Outcome};
use reconcile_plan::Address;
use reconcile_plan::plan::{RefusedChange, Unreadable};
use reconcile_text::{Line, Text, count, markdown as md};
use serde_json::{Value, json};

use crate::error::{CommandError, notice, object};
use crate::paint::{CHANGE, REMOVE, beginning};
use crate::{FORMAT_VERSION, TextOptions};

/// The text view of an outcome: the changes that were not made, the reasons, and the counts.
pub fn text(outcome: &Outcome, options: TextOptions) -> Text {
    let mut text = beginning(options);
    if outcome.results.is_empty() {
        text.line("Nothing to do.");
        return text;
    }
    for result in &outcome.results {
        unconfirmed(&mut text, result);
        let (word, style, error, hint) = match &result.status {
            ChangeStatus::Applied | ChangeStatus::Unchanged | ChangeStatus::NotBegun => continue,
            ChangeStatus::Failed { error, hint } => ("failed", REMOVE.bold(), error, hint.as_ref()),
            ChangeStatus::Skipped { error } => ("skipped", CHANGE, error, None),
            ChangeStatus::Stale { error } => ("stale", CHANGE.bold(), error, None),
        };
        let line = Line::styled(style, word).and(format_args!(" {}: {error}", result.address));
        text.append(&notice(line, hint.map(String::as_str)));
    }
    text.line(counts(outcome));
    match outcome.not_begun() {
        0 => {}
        number => {
            let verb = if number == 1 { "was" } else { "were" };
            text.line(format_args!("Interrupted: {} {verb} not started.", count(number, "change")));
        }
    }
    if outcome.is_stale() {
        text.line("Live state changed after the plan was made: plan again, and review the changes.");
    } else if outcome.is_refused() {
        text.line("Applying the same plan would fail again: follow the hints, then plan and apply again.");
    } else if !outcome.is_complete() {
        text.line("Run the same command again to continue.");
    }
    text
}

/// Adds the trails that CloudTrail neither confirmed nor rejected after a change that was made.
fn unconfirmed(text: &mut Text, result: &ChangeResult) {
    let is_made = result.status.error().is_none();
    let trails = result.confirmation.iter().filter(|_| is_made).flat_map(|it| &it.unconfirmed);
    for trail in trails {
        let told = format_args!(" {} after {}: {}", trail.trail, result.address, trail.error);
        text.line(Line::styled(CHANGE, "unconfirmed").and(told));
    }
}

fn counts(outcome: &Outcome) -> String {
    let summary = &outcome.summary;
    let unchanged = match summary.unchanged {
        0 => String::new(),
        number => format!(" ({number} already in place)"),
    };
    let trails: BTreeSet<&Address> = outcome
        .results
        .iter()
        .filter_map(|it| it.confirmation.as_ref())
        .flat_map(|it| &it.confirmed)
        .collect();
    let confirmed = match trails.len() {
        0 => String::new(),
        number => format!(" CloudTrail confirmed {}.", count(number, "trail")),
    };
    format!(
        "Applied {}, {} failed, {} skipped{unchanged}.{confirmed} Journal: {}",
        count(summary.applied, "change"),
        summary.failed,
        summary.skipped,
        outcome.journal.display()
    )
}

/// The JSON view of an outcome, with the accounts that the plan could not read, the refused
/// changes, and the error after the apply, if any.
///
/// # Errors
/// None in practice: every outcome can be written as JSON.
pub fn json(
    outcome: &Outcome,
    unreadable: &[Unreadable],
    refused: &[RefusedChange],
    error: Option<&CommandError>,
) -> serde_json::Result<String> {
    let value = json!({
        "format_version": FORMAT_VERSION,
        "spec": outcome.spec,
        "results": outcome.results.iter().map(result).collect::<Vec<_>>(),
        "summary": outcome.summary,
        "journal": outcome.journal,
        "unreadable": unreadable,
        "refused": refused,
        "error": error.map(object),
    });
    serde_json::to_string_pretty(&value).map(|text| text + "\n")
}

fn result(result: &ChangeResult) -> Value {
    let status = &result.status;
    let mut value = json!({
        "address": result.address,
        "action": result.action,
        "status": status.as_str(),
        "error": status.error(),
        "hint": status.hint(),
        "calls": result.calls,
        "duration_ms": result.duration_ms,
    });
    if let Some(confirmation) = &result.confirmation {
        value["confirmation"] = json!(confirmation);
    }
    value
}

/// The Markdown view of an outcome, for a pull request.
pub fn markdown(outcome: &Outcome) -> String {
    let path = md::code(&outcome.spec.path);
    let mut text = format!("### Apply of {path}\n\n{}\n", md::inline(&counts(outcome)));
    let not_made = outcome
        .results
        .iter()
        .filter(|it| !matches!(it.status, ChangeStatus::Applied | ChangeStatus::Unchanged));
    for ChangeResult { address, status, .. } in not_made {
        let (address, error) =
            (md::code(&address.to_string()), md::inline(status.error().unwrap_or_default()));
        let _ = write!(text, "\n- {address} {}: {error}", status.as_str());
        if let Some(hint) = status.hint() {
            let _ = write!(text, " (hint: {})", md::inline(hint));
        }
    }
    text + "\n"
}
