//! Turns two views of a resource into the values that differ.

use reconcile_policy::Document;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Difference {
    /// It comes.
    Add {
        /// Where, as an RFC 6901 pointer into the view; a policy statement is named by its Sid.
        path: String,
        /// What.
        value: Value,
    },
    /// It goes.
    Remove {
        /// Where.
        path: String,
        /// What.
        value: Value,
    },
    /// Another takes its place.
    Replace {
        /// Where.
        path: String,
        /// What was there.
        from: Value,
        /// What will be there.
        value: Value,
    },
}

impl Difference {
    /// Where it is.
    pub fn path(&self) -> &str {
        match self {
            Self::Add { path, .. } | Self::Remove { path, .. } | Self::Replace { path, .. } => path,
        }
    }
}

/// The values that differ between two views of a resource; `None` is no resource.
///
/// A resource that comes or goes is listed by its top-level fields.
pub fn of_views<V: Serialize>(before: Option<&V>, after: Option<&V>) -> Vec<Difference> {
    let fields = |view: Option<&V>| match serde_json::to_value(view) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let mut found = Vec::new();
    of_objects("", &fields(before), &fields(after), &mut found);
    found
}

/// The statements and values that differ between two policies.
pub(crate) fn of_policies(before: Option<&Document>, after: Option<&Document>) -> Vec<Difference> {
    reconcile_policy::differences(before, after)
        .into_iter()
        .map(|difference| match difference.op {
            reconcile_policy::Op::Add => Difference::Add { path: difference.path, value: difference.value },
            reconcile_policy::Op::Remove => {
                Difference::Remove { path: difference.path, value: difference.value }
            }
        })
        .collect()
}

fn of_objects(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Difference>,
) {
    let only_after = after.iter().filter(|(name, _)| !before.contains_key(*name));
    for (name, old) in before {
        let path = member(path, name);
        match after.get(name) {
            None => of_values(path, old, &Value::Null, found),
            Some(new) => of_values(path, old, new, found),
        }
    }
    for (name, new) in only_after {
        of_values(member(path, name), &Value::Null, new, found);
    }
}

fn of_values(path: String, old: &Value, new: &Value, found: &mut Vec<Difference>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Value::Object(before), Value::Object(after)) => of_objects(&path, before, after, found),
        (Value::Null, _) => found.push(Difference::Add { path, value: new.clone() }),
        (_, Value::Null) => found.push(Difference::Remove { path, value: old.clone() }),
        _ => found.push(Difference::Replace { path, from: old.clone(), value: new.clone() }),
    }
}

fn member(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
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
            of_views(Some(&before), Some(&after)),
            [
                Difference::Replace { path: "/a".into(), from: json!(1), value: json!(2) },
                Difference::Remove { path: "/b/d~1e".into(), value: json!("x") },
                Difference::Add { path: "/g".into(), value: json!("new") },
            ]
        );
        assert_eq!(of_views(Some(&before), Some(&before)), []);
    }

    #[test]
    fn a_resource_that_comes_is_listed_by_its_fields() {
        let after = json!({ "a": 1, "b": null });
        assert_eq!(of_views(None, Some(&after)), [Difference::Add { path: "/a".into(), value: json!(1) }]);
    }
}
