//! Parses JSON text into members that preserve their order, their spelling and their repetitions.
//!
//! This module must not know what a policy is.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::slice;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of a JSON object as they were written: in order, including repeated keys.
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// Returns JSON pointers to the keys that occur more than once in one object of the `text`, in
/// order of appearance.
///
/// The `text` must be valid JSON: the parser that accepted it limits the nesting.
pub(crate) fn repeated_keys(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect_repeated_keys(text, "", &mut found);
    found
}

fn collect_repeated_keys(text: &str, path: &str, found: &mut Vec<String>) {
    if let Ok(Members(members)) = serde_json::from_str(text) {
        let mut seen = HashSet::new();
        for (key, value) in &members {
            let path = format!("{path}/{}", escape_pointer(key));
            if !seen.insert(key) && !found.contains(&path) {
                found.push(path.clone());
            }
            collect_repeated_keys(value.get(), &path, found);
        }
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        for (index, item) in items.iter().enumerate() {
            collect_repeated_keys(item.get(), &format!("{path}/{index}"), found);
        }
    }
}

/// Length in bytes of a JSON `text` without the whitespace between its tokens.
pub(crate) fn minified_len(text: &str) -> usize {
    let mut length = 0;
    let mut in_string = false;
    let mut escaped = false;
    for byte in text.bytes() {
        if in_string {
            length += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else if !byte.is_ascii_whitespace() {
            length += 1;
            in_string = byte == b'"';
        }
    }
    length
}

/// Escapes one part of a JSON pointer as RFC 6901 requires.
pub(crate) fn escape_pointer(part: &str) -> Cow<'_, str> {
    if part.contains(['~', '/']) {
        Cow::Owned(part.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(part)
    }
}

/// Returns the members of a list, or a single value as a list of one.
pub(crate) fn members(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        one => slice::from_ref(one),
    }
}

/// Returns a list in the form that policies use: a single member has no brackets.
pub(crate) fn one_or_many(mut values: Vec<Value>) -> Value {
    match values.pop() {
        Some(only) if values.is_empty() => only,
        last => {
            values.extend(last);
            Value::Array(values)
        }
    }
}

/// Returns the text of a string, number or boolean. Quotes are optional in policies.
pub(crate) fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_are_found_at_every_depth() {
        for (text, expected) in [
            (r#"{"a":1,"b":2}"#, &[][..]),
            (r#"{"a":1,"a":2,"a":3}"#, &["/a"]),
            (r#"[{"x/y":{"k~":1,"k~":1}},{"a":0,"\u0061":1}]"#, &["/0/x~1y/k~0", "/1/a"]),
        ] {
            assert_eq!(repeated_keys(text), expected, "{text}");
        }
    }

    #[test]
    fn whitespace_counts_inside_strings_only() {
        for (text, expected) in [
            ("{ }", 2),
            (" [ 1 ,\n\t2 ]\r\n", 5),
            (r#"{ "a b" : " \" \\" }"#, r#"{"a b":" \" \\"}"#.len()),
            ("\"ü\"", 4),
            (r#"["\" ", "\\" , 1]"#, r#"["\" ","\\",1]"#.len()),
        ] {
            assert_eq!(minified_len(text), expected, "{text}");
        }
    }
}
