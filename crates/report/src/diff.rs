//! The lines under a change that show the differences.

use reconcile_plan::plan::{ActionKind, Change};
use reconcile_plan::{Difference, StatementId};
use reconcile_text::Line;
use serde_json::Value;
use similar::TextDiff;

use crate::paint::{ADD, CHANGE, DIM, REMOVE};

/// The number of shown values of a list, unless the full list is requested.
const SHOWN: usize = 5;

/// The differences of a change, one per line. The fields of a new or deleted resource are shown
/// only on request.
pub(crate) fn lines(change: &Change, verbose: bool) -> Vec<Line> {
    let is_document = change.address.kind.is_policy();
    if change.action() == ActionKind::Update || verbose || is_document {
        return difference_lines(&change.diff, verbose);
    }
    Vec::new()
}

/// Returns the lines of differences.
pub(crate) fn difference_lines(differences: &[Difference], verbose: bool) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut last: (&str, usize, usize) = ("", 0, 0);
    for difference in differences {
        let path = difference.path();
        last = if last.0 == path { (path, last.1 + 1, last.2) } else { (path, 1, 0) };
        if last.1 > SHOWN && !verbose {
            if last.2 > 0 {
                lines.pop();
            }
            last.2 += 1;
            lines.push(Line::styled(DIM, format_args!("  … and {} more", last.2)));
            continue;
        }
        lines.extend(one(difference, verbose));
    }
    lines
}

fn one(difference: &Difference, verbose: bool) -> Vec<Line> {
    let whole = difference.whole_statement();
    let name = match &whole {
        Some(StatementId::Index(index)) => format!("statement {}", index + 1),
        Some(StatementId::Sid(_)) | None => name(difference.path()),
    };
    match difference {
        Difference::Add { value, .. } if whole.is_some() => statement("+", &name, value, verbose),
        Difference::Remove { value, .. } if whole.is_some() => statement("-", &name, value, verbose),
        Difference::Add { value, .. } => vec![Line::styled(ADD, format_args!("+ {name}: {}", show(value)))],
        Difference::Remove { value, .. } => {
            vec![Line::styled(REMOVE, format_args!("- {name}: {}", show(value)))]
        }
        Difference::Replace { from, value, .. } => {
            vec![Line::styled(CHANGE, format_args!("~ {name}: {} → {}", show(from), show(value)))]
        }
    }
}

/// A statement in one line: principal, actions and number of resources, or the full statement on
/// request.
fn statement(sign: &str, name: &str, value: &Value, verbose: bool) -> Vec<Line> {
    let style = if sign == "+" { ADD } else { REMOVE };
    let of = |field: &str| match &value[field] {
        Value::Array(members) => count_of(members),
        Value::Null => String::new(),
        other => show(other),
    };
    let gist = format!(
        "{sign} {name}: {} {} to {} {}",
        value["Effect"].as_str().unwrap_or("?"),
        principal(&value["Principal"]),
        of("Action"),
        match &value["Resource"] {
            Value::Array(members) if members.len() != 1 => format!("on {} resources", members.len()),
            Value::Array(members) => format!("on {}", count_of(members)),
            other => format!("on {}", show(other)),
        },
    );
    let mut lines = vec![Line::styled(style, gist.trim_end())];
    if verbose {
        let whole = serde_json::to_string_pretty(value).unwrap_or_default();
        lines.extend(whole.lines().map(|line| Line::styled(style, format_args!("    {line}"))));
    }
    lines
}

fn count_of(members: &[Value]) -> String {
    match members {
        [one] => show(one),
        [one, rest @ ..] => format!("{} and {} more", show(one), rest.len()),
        [] => "nothing".to_owned(),
    }
}

fn principal(value: &Value) -> String {
    match value {
        Value::Object(kinds) => {
            let ids: Vec<String> = kinds
                .values()
                .map(|ids| match ids {
                    Value::Array(members) => count_of(members),
                    other => show(other),
                })
                .collect();
            ids.join(", ")
        }
        Value::Null => "all but some".to_owned(),
        other => show(other),
    }
}

/// A path in the form for people: `Statement/SecprodTrailWrite/Resource`, `log_file_validation`.
fn name(path: &str) -> String {
    let path = path.strip_prefix("/Statement/").or_else(|| path.strip_prefix('/')).unwrap_or(path);
    path.replace('/', " › ").replace("~1", "/").replace("~0", "~")
}

/// Formats a value in one line.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Object(fields) if fields.contains_key("known_after_apply") => "(known after apply)".to_owned(),
        other => other.to_string(),
    }
}

/// Returns the unified diff of both documents.
pub(crate) fn whole(before: &Value, after: &Value) -> String {
    let pretty = |value: &Value| match value {
        Value::Null => String::new(),
        value => serde_json::to_string_pretty(value).unwrap_or_default() + "\n",
    };
    let (before, after) = (pretty(before), pretty(after));
    TextDiff::from_lines(before.as_str(), after.as_str()).unified_diff().header("before", "after").to_string()
}
