//! The text view of an import.

use std::path::Path;

use reconcile_plan::import::{Imported, LeftOut};
use reconcile_text::{Text, count};

use crate::error::{hint_line, notice};
use crate::plan::unreadable;

/// The text view: the contents of the imported spec, the resources that the spec does not contain,
/// and the changes of the plan of the spec. `out` is the file of the spec.
pub fn text(imported: &Imported, out: Option<&Path>) -> Text {
    let mut text = Text::default();
    let out = out.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    let Imported { name, bucket, contents, unmanaged, left_out, notes, .. } = imported;
    let trails = count(imported.trails, "trail");
    text.line(format_args!("{out}installation `{name}`, {trails} to bucket {bucket}"));
    for line in contents {
        text.line(format_args!("  {line}"));
    }
    if !unmanaged.is_empty() {
        let kept: Vec<String> = unmanaged.iter().map(|key| format!("`{key}`")).collect();
        text.line(format_args!(
            "Settings that keep their live value, each with a comment: {}",
            kept.join(", ")
        ));
    }
    if !left_out.is_empty() {
        text.line("Not in the spec:");
    }
    for LeftOut { what, why, hint } in left_out {
        text.line(format_args!("  {what}: {why}"));
        if let Some(hint) = hint {
            text.line(hint_line(4, hint));
        }
    }
    for note in notes {
        text.line(format_args!("note: {note}"));
    }
    outcome(&mut text, imported);
    text
}

/// Adds the changes of a plan of the spec.
fn outcome(text: &mut Text, imported: &Imported) {
    let plan = &imported.comparison.plan;
    for account in &plan.unreadable {
        text.append(&unreadable(account));
    }
    for refused in &plan.refused {
        let message = format_args!("A plan of this spec refuses some changes: {}", refused.message);
        text.append(&notice(message, Some(&refused.hint)));
    }
    match plan.changes.as_slice() {
        [] => text.line("A plan of this spec shows no changes."),
        changes => {
            text.line(format_args!("A plan of this spec shows {}:", count(changes.len(), "change")));
            for change in changes {
                text.line(format_args!("  {}: {}", change.address, change.reasons.join("; ")));
            }
        }
    }
}
