//! Turns two documents into the statements, and the values inside statements, that differ.
//!
//! Differences of spelling must not be reported: two statements with the same meaning do not
//! differ.

mod leaf;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::canonical::Canonical;
use crate::equivalent::version;
use crate::json::escape_pointer;
use crate::{Document, Statement};
use leaf::{Leaf, leaves};

/// Whether a value is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Only the document after the change has the value.
    Add,
    /// Only the document before the change has the value.
    Remove,
}

/// A value that only one of two documents has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Whether the value is added or removed.
    pub op: Op,
    /// The place of the value, as an RFC 6901 pointer. The pointer names a statement by its Sid, or
    /// by its index in its own document if it has no Sid: `/Statement/SecprodTrailWrite/Resource`.
    pub path: String,
    /// A whole statement, or a single member of one of the lists of a statement.
    pub value: Value,
}

impl Difference {
    fn new(op: Op, path: &str, value: Value) -> Self {
        Self { op, path: path.to_owned(), value }
    }
}

/// A statement with values that are compared repeatedly during pairing.
struct Side<'d> {
    path: String,
    statement: &'d Statement,
    canonical: Canonical<'d>,
    is_matched: bool,
}

/// Returns the values that `after` adds to `before` and removes from it. `None` means that there is
/// no document.
///
/// Statements with the same Sid are compared value by value, all other statements as a whole. The
/// result is empty exactly if both documents have the same statements (by meaning and Sid) and, if
/// both exist, the same `Version`.
pub fn differences(before: Option<&Document>, after: Option<&Document>) -> Vec<Difference> {
    let mut found = Vec::new();
    if let (Some(before), Some(after)) = (before, after)
        && version(before) != version(after)
    {
        found.push(Difference::new(Op::Remove, "/Version", json!(version(before))));
        found.push(Difference::new(Op::Add, "/Version", json!(version(after))));
    }

    let mut before = sides(before);
    let mut after = sides(after);
    match_up(&mut before, &mut after, |old, new| {
        old.statement.sid() == new.statement.sid() && old.canonical == new.canonical
    });
    let changed = match_up(&mut before, &mut after, |old, new| {
        old.statement.sid().is_some() && old.statement.sid() == new.statement.sid()
    });

    for (old, new) in changed.into_iter().filter_map(|(old, new)| Some((before.get(old)?, after.get(new)?))) {
        found.extend(inside(&new.path, old.statement, new.statement));
    }
    let whole = |op, sides: &[Side<'_>]| -> Vec<Difference> {
        let unmatched = sides.iter().filter(|side| !side.is_matched);
        unmatched.map(|side| Difference::new(op, &side.path, json!(side.statement))).collect()
    };
    found.extend(whole(Op::Remove, &before));
    found.extend(whole(Op::Add, &after));
    found
}

fn sides(document: Option<&Document>) -> Vec<Side<'_>> {
    let statements = document.map(Document::statements).unwrap_or_default();
    statements
        .iter()
        .enumerate()
        .map(|(index, statement)| Side {
            path: match statement.sid() {
                Some(sid) => format!("/Statement/{}", escape_pointer(sid)),
                None => format!("/Statement/{index}"),
            },
            statement,
            canonical: Canonical::of(statement),
            is_matched: false,
        })
        .collect()
}

/// Pairs the statements that are still unmatched on both sides, in document order. Returns the
/// pairs of indexes.
fn match_up(
    before: &mut [Side<'_>],
    after: &mut [Side<'_>],
    are_partners: impl Fn(&Side<'_>, &Side<'_>) -> bool,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (old_index, old) in before.iter_mut().enumerate().filter(|(_, old)| !old.is_matched) {
        let partner = after.iter_mut().enumerate().find(|(_, new)| !new.is_matched && are_partners(old, new));
        if let Some((new_index, new)) = partner {
            old.is_matched = true;
            new.is_matched = true;
            pairs.push((old_index, new_index));
        }
    }
    pairs
}

/// Returns the values that only one of two statements with the same Sid has.
fn inside(path: &str, old: &Statement, new: &Statement) -> Vec<Difference> {
    let (before, after) = (leaves(old), leaves(new));
    let only_in = |op, these: &[Leaf<'_>], those: &[Leaf<'_>]| -> Vec<Difference> {
        let identities: HashSet<_> = those.iter().map(Leaf::identity).collect();
        let only = these.iter().filter(|leaf| !identities.contains(&leaf.identity()));
        only.map(|leaf| Difference::new(op, &format!("{path}{}", leaf.path), leaf.value.clone())).collect()
    };
    let mut found = only_in(Op::Remove, &before, &after);
    found.extend(only_in(Op::Add, &after, &before));
    if found.is_empty() {
        // The statements differ in something without values, such as an empty list that only one of
        // the statements has.
        found.push(Difference::new(Op::Remove, path, json!(old)));
        found.push(Difference::new(Op::Add, path, json!(new)));
    }
    found
}
