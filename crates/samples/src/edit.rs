//! Edits of specs as values: an edit cannot miss its place because the text has another spelling.

use std::fmt::Write;

use serde_json::{Map, Value};

/// Edits a spec by values.
///
/// A path names keys and positions of lists from the top, such as `trails.0.sns_topic`. The result
/// has one line for each section of the spec.
pub trait EditSpec {
    /// Returns the spec with the YAML of `change` merged into the value at `path`. Mappings are
    /// merged, null removes a key of a mapping, and every other value replaces the former value. The position
    /// after the last one of a list appends to the list. An empty path is the whole spec.
    ///
    /// See RFC 7396, "JSON Merge Patch".
    ///
    /// # Panics
    /// If a text is not YAML, if the path leads through something that does not exist, or if the
    /// spec already has these values: a test would otherwise try the spec that it did not change.
    fn with(&self, path: &str, change: &str) -> String;

    /// Returns the spec without the key at `path`.
    ///
    /// # Panics
    /// If the text is not YAML, or if there is no such key.
    fn without(&self, path: &str) -> String;

    /// Returns the value at `path`, if there is one.
    ///
    /// # Panics
    /// If the text is not YAML.
    fn value(&self, path: &str) -> Option<Value>;
}

impl EditSpec for str {
    #[track_caller]
    fn with(&self, path: &str, change: &str) -> String {
        let before = parsed(self);
        let mut after = before.clone();
        let values = parsed(change);
        assert!(!values.is_null(), "`without` removes `{path}`");
        merge(value_at(&mut after, path), values);
        assert!(after != before, "`{path}` already has `{change}` in:\n{self}");
        text(&after)
    }

    #[track_caller]
    fn without(&self, path: &str) -> String {
        let mut spec = parsed(self);
        let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
        let removed = match value_at(&mut spec, parent) {
            Value::Object(map) => map.shift_remove(key),
            _ => None,
        };
        assert!(removed.is_some(), "no `{path}` in:\n{self}");
        text(&spec)
    }

    #[track_caller]
    fn value(&self, path: &str) -> Option<Value> {
        let pointer: String = keys(path).map(|key| format!("/{key}")).collect();
        parsed(self).pointer(&pointer).cloned()
    }
}

#[track_caller]
fn parsed(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn keys(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|key| !key.is_empty())
}

/// The value at a path. The last key of the path can be new, and so can the position after the last
/// one of a list.
#[track_caller]
fn value_at<'v>(root: &'v mut Value, path: &str) -> &'v mut Value {
    let keys: Vec<&str> = keys(path).collect();
    keys.iter().enumerate().fold(root, |value, (index, key)| {
        let is_last = index + 1 == keys.len();
        let found = match value {
            Value::Object(map) if is_last || map.contains_key(*key) => {
                Some(map.entry(*key).or_insert(Value::Null))
            }
            Value::Array(list) => key.parse().ok().and_then(|at: usize| {
                if is_last && at == list.len() {
                    list.push(Value::Null);
                }
                list.get_mut(at)
            }),
            _ => None,
        };
        found.unwrap_or_else(|| panic!("no `{key}` on the way to `{path}`"))
    })
}

fn merge(value: &mut Value, change: Value) {
    let Value::Object(changes) = change else {
        *value = change;
        return;
    };
    let mut map = match value.take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    for (key, change) in changes {
        if change.is_null() {
            map.shift_remove(&key);
        } else {
            merge(map.entry(key).or_insert(Value::Null), change);
        }
    }
    *value = Value::Object(map);
}

/// The spec as YAML: a line for each section, whose value is JSON.
fn text(spec: &Value) -> String {
    let mut text = String::new();
    for (key, value) in spec.as_object().into_iter().flatten() {
        let _ = writeln!(text, "{key}: {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SPEC: &str =
        "name: a # a comment\nbucket: { name: b, tags: { x: \"01\" } }\ntrails:\n  - name: t\n";

    #[test]
    fn patches_are_merged_as_in_rfc_7396() {
        for (path, change, expected) in [
            ("name", "c", r#"name: "c" bucket: {"name":"b","tags":{"x":"01"}} trails: [{"name":"t"}]"#),
            ("", "{ name: null }", r#"bucket: {"name":"b","tags":{"x":"01"}} trails: [{"name":"t"}]"#),
            (
                "bucket",
                "{ name: null, tags: { y: 2 }, z: [1] }",
                r#"name: "a" bucket: {"tags":{"x":"01","y":2},"z":[1]} trails: [{"name":"t"}]"#,
            ),
            (
                "bucket.tags",
                "unmanaged",
                r#"name: "a" bucket: {"name":"b","tags":"unmanaged"} trails: [{"name":"t"}]"#,
            ),
            (
                "key",
                "{ alias: k }",
                r#"name: "a" bucket: {"name":"b","tags":{"x":"01"}} trails: [{"name":"t"}] key: {"alias":"k"}"#,
            ),
            (
                "trails.0.accounts",
                "[m]",
                r#"name: "a" bucket: {"name":"b","tags":{"x":"01"}} trails: [{"name":"t","accounts":["m"]}]"#,
            ),
            (
                "trails.1",
                "{ name: u, prefix: null }",
                r#"name: "a" bucket: {"name":"b","tags":{"x":"01"}} trails: [{"name":"t"},{"name":"u"}]"#,
            ),
        ] {
            assert_eq!(SPEC.with(path, change).trim().replace('\n', " "), expected, "{path}");
        }
    }

    #[test]
    fn a_key_is_removed() {
        assert_eq!(SPEC.without("bucket").without("trails"), "name: \"a\"\n");
        assert_eq!(SPEC.without("bucket.tags").without("trails"), "name: \"a\"\nbucket: {\"name\":\"b\"}\n");
    }

    #[test]
    fn a_value_is_read_at_its_path() {
        for (path, expected) in [
            ("name", Some(json!("a"))),
            ("bucket.tags", Some(json!({ "x": "01" }))),
            ("trails.0.name", Some(json!("t"))),
            ("trails.1", None),
            ("key.alias", None),
        ] {
            assert_eq!(SPEC.value(path), expected, "{path}");
        }
    }

    #[test]
    fn an_edit_that_changes_nothing_panics() {
        let panics = |edit: fn() -> String| std::panic::catch_unwind(edit).is_err();
        assert!(panics(|| SPEC.with("name", "a")), "the value is the same");
        assert!(panics(|| SPEC.with("key.alias", "k")), "there is no key");
        assert!(panics(|| SPEC.with("trails.2", "{ name: u }")), "there is one trail");
        assert!(panics(|| SPEC.with("name.first", "a")), "a name has no keys");
        assert!(panics(|| SPEC.without("key")), "there is no key");
        assert!(panics(|| SPEC.with("name", "{")), "not YAML");
        assert!(panics(|| SPEC.with("name", "null")), "`without` removes a key");
    }
}
