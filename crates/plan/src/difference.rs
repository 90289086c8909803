//! Compares two views of a resource, and returns the values that differ.

use std::borrow::Cow;

use reconcile_policy::{Document, Op, Statement};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::view::Field;

/// A difference of one value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Difference {
    /// The value is added.
    Add {
        /// The place of the value, as an RFC 6901 pointer into the view. The Sid names a policy
        /// statement.
        path: String,
        /// The added value.
        value: Value,
    },
    /// The value is removed.
    Remove {
        /// The place of the value.
        path: String,
        /// The removed value.
        value: Value,
    },
    /// The value is replaced.
    Replace {
        /// The place of the value.
        path: String,
        /// The value before.
        from: Value,
        /// The value afterwards.
        value: Value,
    },
}

impl Difference {
    /// Returns the place of the value.
    pub fn path(&self) -> &str {
        match self {
            Self::Add { path, .. } | Self::Remove { path, .. } | Self::Replace { path, .. } => path,
        }
    }

    /// Returns the field of the view that has the value; `None` if the difference belongs to
    /// another kind of view.
    pub fn field<F: Field>(&self) -> Option<F> {
        F::named(self.path().split('/').nth(1)?)
    }

    /// Returns the policy statement that has the value; `None` if the value is not part of a
    /// statement.
    pub fn statement(&self) -> Option<StatementId<'_>> {
        let name = self.path().strip_prefix("/Statement/")?;
        let (name, is_whole) = name.split_once('/').map_or((name, true), |(name, _)| (name, false));
        let (Self::Add { value, .. } | Self::Remove { value, .. } | Self::Replace { value, .. }) = self;
        // A Sid can be a number, and only a whole statement can lack a Sid.
        Some(match name.parse() {
            Ok(index) if is_whole && !has_sid(value) => StatementId::Index(index),
            _ => StatementId::Sid(unescaped(name)),
        })
    }

    /// Returns the policy statement that is added, removed or replaced as a whole.
    pub fn whole_statement(&self) -> Option<StatementId<'_>> {
        let is_whole = self.path().split('/').count() == 3;
        self.statement().filter(|_| is_whole)
    }
}

/// The name of a policy statement in a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementId<'a> {
    /// The Sid of the statement.
    Sid(Cow<'a, str>),
    /// The index of a statement without a Sid, from 0.
    Index(usize),
}

/// Returns the values that differ between two views of a resource. `None` means that the resource
/// does not exist.
///
/// A resource that is created or deleted has one difference for each top-level field.
pub fn diff_views<V: Serialize>(before: Option<&V>, after: Option<&V>) -> Vec<Difference> {
    let fields = |view: Option<&V>| match serde_json::to_value(view) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut found = Vec::new();
    diff_objects("", &fields(before), &fields(after), &mut found);
    found
}

/// Returns the statements and values that differ between two policies.
///
/// The name of a statement without a Sid is its index in the `live` document, even if the statement
/// has another index in `before` and `after`. All messages use the index in the live document.
pub(crate) fn diff_policies(
    before: Option<&Document>,
    after: Option<&Document>,
    live: Option<&Document>,
) -> Vec<Difference> {
    let statements = live.map(Document::statements).unwrap_or_default();
    let mut differences = reconcile_policy::differences(before, after);
    for difference in differences.iter_mut().filter(|it| it.op == Op::Remove && is_unnamed(it)) {
        let is_same = |it: &Statement| serde_json::to_value(it).is_ok_and(|value| value == difference.value);
        if let Some(index) = statements.iter().position(is_same) {
            difference.path = format!("/Statement/{index}");
        }
    }
    // If only a part of such a statement is removed, the remaining statement keeps the index.
    let removed: Vec<(String, Value)> = differences
        .iter()
        .filter(|it| it.op == Op::Remove && is_unnamed(it))
        .map(|it| (it.path.clone(), it.value.clone()))
        .collect();
    for difference in differences.iter_mut().filter(|it| it.op == Op::Add && is_unnamed(it)) {
        let is_left = |(_, old): &&(String, Value)| {
            ["Effect", "Principal", "Action"].iter().all(|name| old.get(name) == difference.value.get(name))
        };
        if let Some((path, _)) = removed.iter().find(is_left) {
            difference.path.clone_from(path);
        }
    }
    let convert = |reconcile_policy::Difference { op, path, value }| match op {
        Op::Add => Difference::Add { path, value },
        Op::Remove => Difference::Remove { path, value },
    };
    differences.into_iter().map(convert).collect()
}

/// Returns whether the difference is a whole statement without a Sid.
fn is_unnamed(difference: &reconcile_policy::Difference) -> bool {
    difference.value.is_object() && !has_sid(&difference.value)
}

/// Returns whether the JSON value of a statement has a Sid.
fn has_sid(statement: &Value) -> bool {
    statement.get("Sid").is_some_and(|sid| sid != "")
}

fn diff_objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    let only_after = after.iter().filter(|(name, _)| !before.contains_key(*name));
    for (name, old) in before {
        let path = member(path, name);
        match after.get(name) {
            None => diff_values(path, old, &Value::Null, found),
            Some(new) => diff_values(path, old, new, found),
        }
    }
    for (name, new) in only_after {
        diff_values(member(path, name), &Value::Null, new, found);
    }
}

fn diff_values(path: String, old: &Value, new: &Value, found: &mut Vec<Difference>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(before), Value::Object(after)) => diff_objects(&path, before, after, found),
        (Value::Null, _) => found.push(Difference::Add { path, value: new.clone() }),
        (_, Value::Null) => found.push(Difference::Remove { path, value: old.clone() }),
        _ => found.push(Difference::Replace { path, from: old.clone(), value: new.clone() }),
    }
}

fn member(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Returns the name that one part of a JSON pointer represents. See RFC 6901.
fn unescaped(part: &str) -> Cow<'_, str> {
    if part.contains('~') {
        Cow::Owned(part.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(part)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_what_comes_goes_and_is_replaced() {
        let before = json!({ "a": 1, "b": { "c": true, "d/e": "x" }, "f": [1], "g": null });
        let after = json!({ "a": 2, "b": { "c": true }, "f": [1], "g": "new" });
        assert_eq!(
            diff_views(Some(&before), Some(&after)),
            [
                Difference::Replace { path: "/a".into(), from: json!(1), value: json!(2) },
                Difference::Remove { path: "/b/d~1e".into(), value: json!("x") },
                Difference::Add { path: "/g".into(), value: json!("new") },
            ]
        );
        assert_eq!(diff_views(Some(&before), Some(&before)), []);
    }

    #[test]
    fn a_statement_without_a_sid_is_named_by_its_place_in_the_live_document() {
        let statement = |sid: &str, resources: &[&str]| {
            let sid = if sid.is_empty() { String::new() } else { format!(r#""Sid":"{sid}","#) };
            let resources = serde_json::to_string(resources).unwrap();
            format!(r#"{{{sid}"Effect":"Allow","Principal":"*","Action":"a:B","Resource":{resources}}}"#)
        };
        let document = |statements: &[String]| -> Document {
            format!(r#"{{"Statement":[{}]}}"#, statements.join(",")).parse().unwrap()
        };
        let (ours, theirs, left) =
            (statement("Ours", &["x"]), statement("", &["x", "y"]), statement("", &["y"]));
        let live = document(std::slice::from_ref(&theirs));
        let before = document(&[ours.clone(), theirs]);
        let after = document(&[ours, left]);
        let found = diff_policies(Some(&before), Some(&after), Some(&live));
        assert_eq!(found.iter().map(Difference::path).collect::<Vec<_>>(), ["/Statement/0", "/Statement/0"]);
    }

    #[test]
    fn the_statement_of_a_difference_has_a_sid_or_an_index() {
        let sid = |sid: &'static str| Some(StatementId::Sid(sid.into()));
        let (named, unnamed) = (json!({ "Sid": "1", "Effect": "Deny" }), json!({ "Effect": "Deny" }));
        for (path, value, expected) in [
            ("/Statement/Ours", &named, sid("Ours")),
            ("/Statement/Ours/Resource", &json!("x"), sid("Ours")),
            ("/Statement/1", &unnamed, Some(StatementId::Index(1))),
            ("/Statement/1", &json!({ "Sid": "" }), Some(StatementId::Index(1))),
            ("/Statement/1", &named, sid("1")),
            ("/Statement/1/Resource", &json!("x"), sid("1")),
            ("/Statement/a~1b~01", &named, sid("a/b~1")),
            ("/Version", &json!("2012-10-17"), None),
        ] {
            let difference = Difference::Add { path: path.to_owned(), value: value.clone() };
            assert_eq!(difference.statement(), expected, "{path} {value}");
            let whole = expected.filter(|_| !path.ends_with("Resource"));
            assert_eq!(difference.whole_statement(), whole, "{path} {value}");
        }
    }

    #[test]
    fn a_resource_that_comes_is_listed_by_its_fields() {
        let after = json!({ "a": 1, "b": null });
        assert_eq!(diff_views(None, Some(&after)), [Difference::Add { path: "/a".into(), value: json!(1) }]);
    }
}
