//! Views of a plan.

use std::collections::HashMap;
use std::fmt::Write;

use reconcile_plan::Plan;
use reconcile_plan::plan::{
    AccountRef, ActionKind, Change, FormTrial, RefusedChange, Risk, Unreadable, Warning,
};
use reconcile_text::{Line, Text, count, markdown as md};

use crate::TextOptions;
use crate::details;
use crate::diff::{lines, whole};
use crate::error::notice;
use crate::fold::{self, few, fold};
use crate::paint::{ADD, CHANGE, DIM, REMOVE, STRONG, beginning, sign, style};
use crate::size::size;

/// A change, or a fold of identical changes in many accounts.
struct Entry<'p> {
    change: &'p Change,
    accounts: Vec<&'p AccountRef>,
    /// Whether the plan has changes of this address in more than one phase.
    has_phases: bool,
}

/// The changes in their order. Identical changes in many accounts are folded.
fn entries(changes: &[Change]) -> Vec<Entry<'_>> {
    let mut addresses: HashMap<_, usize> = HashMap::new();
    for change in changes {
        *addresses.entry(&change.address).or_default() += 1;
    }
    fold(changes, likeness)
        .into_iter()
        .filter_map(|group| {
            let change = *group.first()?;
            let has_phases = addresses.get(&change.address).is_some_and(|count| *count > 1);
            Some(Entry { change, accounts: group.iter().map(|it| &it.account).collect(), has_phases })
        })
        .collect()
}

/// The values that two changes must share to be folded: all shown values except the account.
fn likeness(change: &Change) -> String {
    let shown = format!(
        "{}\n{}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{}\n{:?}",
        change.address.kind,
        change.address.name,
        change.action(),
        change.phase,
        change.risk,
        change.reasons,
        change.diff,
        change.confirm.len(),
        change.trials
    );
    shown.replace(change.account.id.as_str(), "#")
}

/// The text view of a plan: one line per change, with its reasons and differences below.
pub fn text(plan: &Plan, options: TextOptions) -> Text {
    let mut text = beginning(options);
    let mut heading = String::new();
    for entry in entries(&plan.changes) {
        let title = title(&entry);
        if title != heading {
            text.line(Line::styled(STRONG, &title));
            heading = title;
        }
        change(&mut text, &entry, &plan.spec.name, options);
    }
    if !plan.changes.is_empty() {
        text.blank();
    }
    let warnings = plan.warnings.iter().map(warning);
    let notices = warnings.chain(plan.refused.iter().map(refused));
    for notice in notices.chain(plan.unreadable.iter().map(unreadable)) {
        text.append(&notice);
        text.blank();
    }
    if plan.changes.iter().any(rewrites_policy) {
        text.line(Line::styled(DIM, WINDOW));
        text.blank();
    }
    text.line(last_line(plan));
    text
}

/// The text view of a warning.
pub fn warning(warning: &Warning) -> Text {
    let message = format_args!(" {}: {}", warning.address, warning.message);
    notice(Line::styled(CHANGE.bold(), "warning:").and(message), None)
}

/// The text view of a refused part of a plan.
pub fn refused(refused: &RefusedChange) -> Text {
    let message = format_args!(" {}", refused.message);
    let mut text = notice(Line::styled(REMOVE.bold(), "refused:").and(message), Some(&refused.hint));
    if !refused.left_out.is_empty() {
        text.line(format_args!(
            "  left out of this plan: {}",
            few(refused.left_out.iter().map(ToString::to_string))
        ));
    }
    text
}

/// The text view of an account that could not be read.
pub fn unreadable(unreadable: &Unreadable) -> Text {
    let Unreadable { account, error, hint } = unreadable;
    let message = format_args!(" account {} ({}): {error}", account.name, account.id);
    notice(Line::styled(REMOVE.bold(), "unreadable:").and(message), hint.as_deref())
}

/// The note about a limit of every plan: AWS has no conditional write for policies. See
/// `PutBucketPolicy`, `PutKeyPolicy` and `SetTopicAttributes` in the API references.
const WINDOW: &str = "note: AWS has no conditional write for policies. `apply` reads each policy immediately \
    before it writes the policy, and overwrites changes that somebody else saves between these two calls.";

/// Whether a change overwrites an existing policy, which other clients can also overwrite.
fn rewrites_policy(change: &Change) -> bool {
    change.address.kind.is_policy() && change.action() != ActionKind::Create
}

/// The label of an unsafe change.
fn label(risk: Risk) -> Option<&'static str> {
    match risk {
        Risk::Safe => None,
        Risk::Disruptive => Some("disruptive"),
        Risk::Irreversible => Some("irreversible"),
        Risk::Destructive => Some("destructive"),
    }
}

fn title(entry: &Entry<'_>) -> String {
    match entry.accounts.as_slice() {
        [one] => format!("{} ({})", one.name, one.id),
        many => count(many.len(), "account"),
    }
}

fn change(text: &mut Text, entry: &Entry<'_>, spec: &str, options: TextOptions) {
    let change = entry.change;
    let phase = if entry.has_phases { format!(" ({})", phase(change)) } else { String::new() };
    let title = format!("  {} {}{phase}", sign(change.action()), address(entry));
    let title = Line::styled(style(change.action()), title);
    text.line(match (label(change.risk), change.risk) {
        (None, _) => title,
        (Some(risk), Risk::Disruptive) => title.and_styled(CHANGE, format_args!("  [{risk}]")),
        (Some(risk), _) => title.and_styled(REMOVE.bold(), format_args!("  [{risk}]")),
    });
    if entry.accounts.len() > 1 {
        text.line(format_args!("      in {}", names(entry)));
    }
    for reason in &change.reasons {
        text.line(format_args!("      {reason}"));
    }
    for line in lines(change, options.verbose) {
        text.line(Line::from("        ").append(&line));
    }
    if let Some(size) = size(change, spec) {
        text.line(Line::from("      ").and_styled(DIM, size));
    }
    for trial in &change.trials {
        text.line(Line::from("      ").and_styled(DIM, trial_line(change, trial)));
    }
    if !change.confirm.is_empty() && change.trials.is_empty() {
        text.line(Line::from("      ").and_styled(DIM, confirmed(entry)));
    }
    if options.verbose && change.address.kind.is_policy() {
        let (before, after) = change.views();
        for line in whole(&before, &after).lines() {
            text.line(Line::from("        ").and_styled(line_style(line), line));
        }
    }
}

fn line_style(line: &str) -> anstyle::Style {
    match line.chars().next() {
        Some('+') => ADD,
        Some('-') => REMOVE,
        _ => anstyle::Style::new(),
    }
}

fn address(entry: &Entry<'_>) -> String {
    fold::address(&entry.change.address.to_string(), entry.accounts.len())
}

/// The names of the first few accounts of an entry.
fn names(entry: &Entry<'_>) -> String {
    few(entry.accounts.iter().map(|account| account.name.to_string()))
}

/// The trails that CloudTrail checks after a change.
fn confirmed(entry: &Entry<'_>) -> String {
    let trails = &entry.change.confirm;
    match entry.accounts.len() {
        1 => format!("CloudTrail then confirms {}", few(trails.iter().map(|it| it.address.to_string()))),
        _ => format!("CloudTrail then confirms {} in each account", count(trails.len(), "trail")),
    }
}

/// The line about the first trail that uses a short form of a policy.
fn trial_line(change: &Change, trial: &FormTrial) -> String {
    let FormTrial { policy, form, trail, .. } = trial;
    if change.address == *trail {
        return format!(
            "created before all other trails: the first trail that uses the form `{form}` in {policy}"
        );
    }
    let others = change.confirm.iter().map(|it| &it.address).filter(|it| *it != trail);
    let others: Vec<String> = others.map(ToString::to_string).collect();
    let then = if others.is_empty() {
        ", before any other change".to_owned()
    } else {
        format!(", and then {}", few(others.into_iter()))
    };
    format!("first use of the form `{form}`: CloudTrail confirms {trail}{then}")
}

fn phase(change: &Change) -> &'static str {
    match change.phase {
        reconcile_plan::plan::Phase::Expand => "expand: applied before other changes",
        reconcile_plan::plan::Phase::Converge => "converge",
        reconcile_plan::plan::Phase::Contract => "contract: applied after other changes",
    }
}

fn last_line(plan: &Plan) -> String {
    if plan.is_in_sync() && plan.destroy {
        return format!("No changes. {} has no resources left to delete.", plan.spec.path);
    }
    if plan.is_in_sync() {
        return format!("No changes. Live state matches {}.", plan.spec.path);
    }
    let summary = &plan.summary;
    let unreadable = match summary.unreadable {
        0 => String::new(),
        number => format!(", {} unreadable", count(number, "account")),
    };
    let refused = match summary.refused {
        0 => String::new(),
        number => format!(", {number} refused"),
    };
    format!(
        "Plan: {} to create, {} to update, {} to delete, {} unchanged{refused}{unreadable}.",
        summary.create, summary.update, summary.delete, summary.unchanged
    )
}

/// The Markdown view of a plan, for a pull request.
pub fn markdown(plan: &Plan) -> String {
    let path = md::code(&plan.spec.path);
    let mut text = format!("### Plan for {path}\n\n{}\n", md::inline(&last_line(plan)));
    if plan.sandbox {
        text += "\nMade from a sandbox: this plan does not use AWS.\n";
    }
    if !plan.changes.is_empty() {
        text += "\n| | Resource | Why |\n| --- | --- | --- |\n";
    }
    let entries = entries(&plan.changes);
    for entry in &entries {
        let (sign, reasons) = (sign(entry.change.action()), md::cell(&entry.change.reasons.join("; ")));
        let risk = label(entry.change.risk).map(|risk| format!("**{risk}**: ")).unwrap_or_default();
        let _ = writeln!(text, "| {sign} | {} | {risk}{reasons} |", md::code(&address(entry)));
    }
    let differences = entries.iter().map(|entry| (address(entry), lines(entry.change, false)));
    details::append(&mut text, differences);
    for warning in &plan.warnings {
        let address = md::code(&warning.address.to_string());
        let _ = write!(text, "\n**Warning**, {address}: {}\n", md::inline(&warning.message));
    }
    for refused in &plan.refused {
        let (message, hint) = (md::inline(&refused.message), md::inline(&refused.hint));
        let _ = write!(text, "\n**Refused**: {message}\n\nHint: {hint}\n");
        if !refused.left_out.is_empty() {
            let _ = write!(
                text,
                "\nLeft out of this plan: {}\n",
                md::inline(&few(refused.left_out.iter().map(ToString::to_string)))
            );
        }
    }
    for unreadable in &plan.unreadable {
        let name = md::code(unreadable.account.name.as_str());
        let _ = write!(text, "\n**Unreadable**, account {name}: {}\n", md::inline(&unreadable.error));
        if let Some(hint) = &unreadable.hint {
            let _ = write!(text, "\nHint: {}\n", md::inline(hint));
        }
    }
    text
}
