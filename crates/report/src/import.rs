//! What an import found, as text for people.

use std::fmt::Write;
use std::path::Path;

use reconcile_diff::import::{Imported, LeftOut};

/// What the spec has, what it has not, and what a plan of it does. `out` is the file of the spec, if it has one.
pub fn text(imported: &Imported, out: Option<&Path>) -> String {
    let mut text = String::new();
    let out = out.map(|path| format!("{}: ", path.display())).unwrap_or_default();
    let Imported { name, bucket, contents, unmanaged, left_out, notes, .. } = imported;
    let trails = counted(imported.trails, "trail");
    let _ = writeln!(text, "{out}installation `{name}`, {trails} to bucket {bucket}");
    for line in contents {
        let _ = writeln!(text, "  {line}");
    }
    if !unmanaged.is_empty() {
        let _ = writeln!(
            text,
            "Kept as they are, each by a line with a comment: {}",
            unmanaged.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        );
    }
    if !left_out.is_empty() {
        text.push_str("Not in the spec:\n");
    }
    for LeftOut { what, why, hint } in left_out {
        let _ = writeln!(text, "  {what}: {why}");
        if let Some(hint) = hint {
            let _ = writeln!(text, "    hint: {hint}");
        }
    }
    for note in notes {
        let _ = writeln!(text, "note: {note}");
    }
    text + &outcome(imported)
}

/// What a plan of the spec does.
fn outcome(imported: &Imported) -> String {
    let plan = &imported.comparison.plan;
    let mut text = String::new();
    for unreadable in &plan.unreadable {
        let _ = writeln!(
            text,
            "warning: account `{}` cannot be read: {}",
            unreadable.account.name, unreadable.error
        );
    }
    for refused in &plan.refused {
        let _ = writeln!(
            text,
            "A plan of this spec refuses a part: {}\n  hint: {}",
            refused.message, refused.hint
        );
    }
    match plan.changes.as_slice() {
        [] => text.push_str("A plan of this spec shows no change."),
        changes => {
            let _ = write!(text, "A plan of this spec shows {}:", counted(changes.len(), "change"));
            for change in changes {
                let _ = write!(text, "\n  {}: {}", change.address, change.reasons.join("; "));
            }
        }
    }
    text
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
