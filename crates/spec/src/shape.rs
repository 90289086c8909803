//! Finds all problems of a YAML file with a wrong shape, by comparing the file with the JSON Schema
//! of a spec.
//!
//! The typed parser stops at the first problem. It decides whether the shape is correct, and this
//! module runs only after the parser has failed. The schema is generated from the same types, so
//! both describe the same shape.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, SourceSpan};
use crate::problems::{Problems, nearest, suggest};
use crate::raw::{Content, Located, Node};

/// Returns the problems of a file, unordered. Empty if the schema does not describe what the typed
/// parser rejected.
pub(crate) fn problems(root: &Node, schema: &Value) -> Vec<Diagnostic> {
    let mut checker = Checker {
        definitions: schema.get("$defs").and_then(Value::as_object),
        problems: Problems::default(),
    };
    checker.check(schema, root, root.place);
    checker.problems.into_vec()
}

struct Checker<'s> {
    definitions: Option<&'s Map<String, Value>>,
    problems: Problems,
}

impl<'s> Checker<'s> {
    /// Checks a value. `name` is the place of its key.
    fn check(&mut self, schema: &'s Value, node: &Node, name: SourceSpan) {
        if self.problems.is_full() {
            return;
        }
        let mut alternatives = Vec::new();
        self.collect_alternatives(schema, &mut alternatives);
        let fitting: Vec<_> = alternatives
            .iter()
            .filter(|alternative| alternative.fits(node, alternatives.len() == 1))
            .collect();
        if fitting.is_empty() {
            self.mismatch(&alternatives, node, name);
            return;
        }
        match &node.content {
            Content::Text(text) => self.check_word(text, &alternatives, node),
            Content::Number(number) => {
                let minimum = fitting.iter().find_map(|alternative| alternative.keyword("minimum")?.as_f64());
                if minimum > number.as_f64() {
                    let message = format!("expected a whole number that is not negative, found {number}");
                    self.problems.add(node.place, message, "");
                }
            }
            Content::List(members) => {
                if let Some(items) = fitting.iter().find_map(|alternative| alternative.keyword("items")) {
                    for member in members {
                        self.check(items, member, member.place);
                    }
                }
            }
            Content::Map(entries) => {
                if let Some(alternative) = fitting.first() {
                    self.check_map(alternative, entries, name);
                }
            }
            Content::Null | Content::Bool(_) => {}
        }
    }

    /// Collects the alternatives of a schema, with references resolved.
    fn collect_alternatives(&self, schema: &'s Value, alternatives: &mut Vec<Alternative<'s>>) {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix("#/$defs/"));
        if let Some(definition) = target.and_then(|name| self.definitions?.get(name)) {
            return self.collect_alternatives(definition, alternatives);
        }
        match schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
            Some(several) => several.iter().for_each(|it| self.collect_alternatives(it, alternatives)),
            None => alternatives.push(Alternative(schema)),
        }
    }

    fn mismatch(&mut self, alternatives: &[Alternative<'s>], node: &Node, name: SourceSpan) {
        if matches!(node.content, Content::Number(_)) && alternatives.iter().any(Alternative::is_quoted_text)
        {
            self.problems.add(
                node.place,
                "expected a string in quotes, found a number",
                "put it in quotes: without them, YAML reads a number and drops leading zeros",
            );
            return;
        }
        // A missing value has no place.
        let place = if matches!(node.content, Content::Null) { name } else { node.place };
        self.problems.add(place, unexpected(alternatives, node), "");
    }

    fn check_word(&mut self, text: &str, alternatives: &[Alternative<'s>], node: &Node) {
        let words: Vec<&str> = alternatives.iter().flat_map(Alternative::words).collect();
        if alternatives.iter().any(Alternative::is_free_text) || words.contains(&text) {
            return;
        }
        if alternatives.iter().all(|alternative| alternative.is_word() || alternative.is_null()) {
            self.problems.add(node.place, format!("unknown value `{text}`"), suggest(text, words));
        } else {
            let hint = nearest(text, words).map(|word| format!("did you mean `{word}`?"));
            self.problems.add(node.place, unexpected(alternatives, node), hint.unwrap_or_default());
        }
    }

    fn check_map(
        &mut self,
        alternative: &Alternative<'s>,
        entries: &[(Located<String>, Node)],
        name: SourceSpan,
    ) {
        let mut seen = HashSet::new();
        let properties = alternative.keyword("properties").and_then(Value::as_object);
        let rest = alternative.keyword("additionalProperties");
        for (key, value) in entries {
            if self.problems.is_full() {
                return;
            }
            if !seen.insert(key.value.as_str()) {
                self.problems.add(
                    key.place,
                    format!("the key `{}` appears twice", key.value),
                    "remove one of them",
                );
            }
            match properties.and_then(|known| known.get(&key.value)).or(rest) {
                Some(Value::Bool(false)) => {
                    let known = properties.into_iter().flat_map(Map::keys).map(String::as_str);
                    let message = format!("unknown key `{}`", key.value);
                    self.problems.add(key.place, message, suggest(&key.value, known));
                }
                Some(schema) => self.check(schema, value, key.place),
                None => {}
            }
        }
        let required = alternative.keyword("required").and_then(Value::as_array).into_iter().flatten();
        for missing in required.filter_map(Value::as_str) {
            if !seen.contains(missing) {
                self.problems.add(
                    name,
                    format!("the key `{missing}` is missing"),
                    format!("add `{missing}` here"),
                );
            }
        }
    }
}

/// One alternative of a schema, without references.
struct Alternative<'s>(&'s Value);

impl<'s> Alternative<'s> {
    fn keyword(&self, name: &str) -> Option<&'s Value> {
        self.0.get(name)
    }

    /// The JSON types that the alternative accepts.
    fn types(&self) -> Vec<&'s str> {
        match self.keyword("type") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ if self.keyword("const").is_some() => vec!["string"],
            _ => Vec::new(),
        }
    }

    /// The only words that the alternative accepts; empty if the alternative accepts any.
    fn words(&self) -> Vec<&'s str> {
        match (self.keyword("const"), self.keyword("enum")) {
            (Some(word), _) => word.as_str().into_iter().collect(),
            (None, Some(words)) => words.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
            (None, None) => Vec::new(),
        }
    }

    fn is_free_text(&self) -> bool {
        self.types().contains(&"string") && self.words().is_empty()
    }

    /// Returns whether the alternative is a text that looks like a number, such as an account ID.
    fn is_quoted_text(&self) -> bool {
        self.keyword("pattern").is_some()
    }

    /// Returns whether the value has the type of the alternative. If `alone` is true, there is no
    /// other alternative, and the typed parser accepts an unquoted number or `true` as a text.
    fn fits(&self, node: &Node, alone: bool) -> bool {
        let is = |name: &str| self.types().contains(&name);
        match &node.content {
            Content::Null => is("null"),
            Content::Bool(_) => is("boolean") || (alone && self.is_free_text()),
            Content::Number(number) => {
                let is_whole = number.is_u64() || number.is_i64();
                (is("integer") && is_whole) || (alone && self.is_free_text() && !self.is_quoted_text())
            }
            Content::Text(_) => is("string"),
            Content::List(_) => is("array"),
            Content::Map(_) => is("object"),
        }
    }

    /// Returns whether the alternative accepts only certain words.
    fn is_word(&self) -> bool {
        !self.words().is_empty()
    }

    /// Returns whether the alternative accepts only a missing value.
    fn is_null(&self) -> bool {
        self.types() == ["null"]
    }

    /// The nouns for the values that the alternative accepts.
    fn nouns(&self) -> Vec<String> {
        if self.is_word() {
            return self.words().into_iter().map(|word| format!("`{word}`")).collect();
        }
        let nouns = |name| match name {
            "string" => &["a string"][..],
            "integer" => &["a whole number"],
            "boolean" => &["`true`", "`false`"],
            "array" => &["a list"],
            "object" => &["a map"],
            _ => &[],
        };
        self.types().into_iter().flat_map(nouns).map(|noun| (*noun).to_owned()).collect()
    }
}

/// Returns the message for a value that no alternative accepts.
fn unexpected(alternatives: &[Alternative<'_>], node: &Node) -> String {
    let mut expected: Vec<String> = Vec::new();
    for noun in alternatives.iter().flat_map(Alternative::nouns) {
        if !expected.contains(&noun) {
            expected.push(noun);
        }
    }
    format!("expected {}, found {node}", list(&expected))
}

/// Returns a list such as `a`, `a or b`, `a, b or c`.
fn list(items: &[String]) -> String {
    match items {
        [] => "something else".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
