//! Unites two versions of an Allow into one statement that allows the access of both versions.
//!
//! The union must never allow less than one of the two. If lists alone cannot express it, there is
//! no union.

use std::collections::HashSet;

use serde_json::Value;

use crate::Statement;
use crate::canonical::{Canonical, canonical_operator, lowercase};
use crate::json::{members, one_or_many, scalar_text};

/// Two statements in one.
pub(super) struct Union {
    pub(super) statement: Statement,
    /// Whether the union allows nothing beyond the two.
    pub(super) is_exact: bool,
}

/// Returns the statement with the resources and condition values of both statements, the live ones
/// first. If one of the two statements already has all of them, returns that statement. Returns
/// `None` if the statements differ in anything else.
pub(super) fn unite(current: &Statement, wanted: &Statement) -> Option<Union> {
    if shape(current)? != shape(wanted)? {
        return None;
    }
    let mut elements = current.elements().clone();
    let mut tally = Tally::default();
    if let (Some(ours), Some(theirs)) = (elements.get_mut("Resource"), wanted.elements().get("Resource")) {
        *ours = tally.unite(ours, theirs);
    }
    if let (Some(ours), Some(theirs)) = (elements.get_mut("Condition"), wanted.elements().get("Condition")) {
        for (operator, keys) in ours.as_object_mut().into_iter().flatten() {
            for (key, values) in keys.as_object_mut().into_iter().flatten() {
                let wanted = find_values(theirs, operator, key)?;
                *values = tally.unite(values, wanted);
            }
        }
    }
    let statement = match tally {
        Tally { gaining: 0, .. } => current.clone(),
        Tally { losing: 0, .. } => wanted.clone(),
        _ => current.with_elements(elements),
    };
    Some(Union { statement, is_exact: tally.is_exact() })
}

/// Returns the parts of a statement that must be equal in both statements, so that their lists can
/// be united: everything except the members of these lists. Returns `None` if a statement has one
/// condition twice, in different spellings, because it is unknown which values belong together.
fn shape(statement: &Statement) -> Option<Canonical<'_>> {
    let mut shape = Canonical::of(statement);
    let conditions = shape.rest.conditions.len();
    if let Some(resources) = &mut shape.resource {
        resources.clear();
    }
    let rest = shape.rest.conditions.into_iter().map(|mut condition| {
        // Under a negated operator, each value allows less, so the values must be equal.
        if !lowercase(&condition.operator).contains("not") {
            condition.values.clear();
        }
        condition
    });
    shape.rest.conditions = rest.collect();
    (shape.rest.conditions.len() == conditions).then_some(shape)
}

/// The values of the condition that equals `operator` and `key`, regardless of spelling.
fn find_values<'v>(condition: &'v Value, operator: &str, key: &str) -> Option<&'v Value> {
    let operators = condition.as_object()?.iter();
    let same = operators.filter(|(name, _)| canonical_operator(name) == canonical_operator(operator));
    let mut keys = same.filter_map(|(_, keys)| keys.as_object()).flatten();
    keys.find(|(name, _)| lowercase(name) == lowercase(key)).map(|(_, values)| values)
}

/// The number of lists that differ between two statements, and the kinds of the differences.
#[derive(Default)]
struct Tally {
    gaining: usize,
    losing: usize,
    differing: usize,
}

impl Tally {
    /// Returns the members of both values, those of `current` first.
    fn unite(&mut self, current: &Value, wanted: &Value) -> Value {
        let known: HashSet<_> = members(current).iter().filter_map(scalar_text).collect();
        let kept: HashSet<_> = members(wanted).iter().filter_map(scalar_text).collect();
        let new = members(wanted)
            .iter()
            .filter(|value| scalar_text(value).is_some_and(|text| !known.contains(&text)));
        let united: Vec<Value> = members(current).iter().chain(new).cloned().collect();
        let has_new = !kept.is_subset(&known);
        let has_lost = !known.is_subset(&kept);
        self.gaining += usize::from(has_new);
        self.losing += usize::from(has_lost);
        self.differing += usize::from(has_new || has_lost);
        one_or_many(united)
    }

    /// Returns whether the union is exact. The lists of a statement multiply. The product of the
    /// unions is the union of the products only if a single list differs, or if one statement has
    /// all members of the other.
    fn is_exact(&self) -> bool {
        self.differing <= 1 || self.gaining == 0 || self.losing == 0
    }
}
