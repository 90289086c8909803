//! Parses the text of a policy into a document, and prints a document without losing its original
//! spelling.
//!
//! This module must not judge what the document grants.

use std::fmt;
use std::str::FromStr;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::equivalent::CURRENT_VERSION;
use crate::json::{self, Members};
use crate::{Effect, ParseError, Statement, Warning};

const STATEMENT: &str = "Statement";
const VERSION: &str = "Version";

/// A policy document: a version, an id, statements, and all other elements of its text.
///
/// Printing a document returns the text to send to AWS. No whitespace is written between the
/// elements. Every element that was parsed and not changed (above all, a statement) is written
/// exactly as it was read, including its own whitespace. Two documents are `==` if they hold the
/// same JSON values and the statements have the same order. To compare the *meaning* of documents,
/// see [`equivalent`](fn@crate::equivalent).
///
/// As a serde value, a document is the JSON object, which does not preserve spelling (whitespace,
/// escapes, repeated keys).
///
/// See "IAM JSON policy elements reference" in the IAM user guide.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    head: Vec<TopLevelElement>,
    statements: Vec<Statement>,
    tail: Vec<TopLevelElement>,
}

/// A top-level element other than the statements.
#[derive(Debug, Clone)]
struct TopLevelElement {
    name: String,
    value: Value,
    text: String,
}

impl TopLevelElement {
    fn of(name: &str, value: &str) -> Self {
        let value = Value::from(value);
        Self { name: name.to_owned(), text: value.to_string(), value }
    }
}

impl PartialEq for TopLevelElement {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl Document {
    /// Creates a document of `Version` 2012-10-17 with these statements and no `Id`.
    pub fn new(statements: Vec<Statement>) -> Self {
        Self { head: vec![TopLevelElement::of(VERSION, CURRENT_VERSION)], statements, tail: Vec::new() }
    }

    /// Returns the document with its statements replaced.
    pub(crate) fn with_statements(&self, statements: Vec<Statement>) -> Self {
        Self { head: self.head.clone(), statements, tail: self.tail.clone() }
    }

    /// Returns the document with only the statements that `is_kept` selects.
    pub fn retain(&self, is_kept: impl Fn(&Statement) -> bool) -> Self {
        self.with_statements(self.statements.iter().filter(|it| is_kept(it)).cloned().collect())
    }

    /// Returns the document with only the statements of one effect.
    #[must_use]
    pub fn only(&self, effect: Effect) -> Self {
        self.retain(|statement| statement.effect() == effect)
    }

    /// Returns the document with another `Version`.
    pub(crate) fn with_version(&self, version: &str) -> Self {
        let others = |members: &[TopLevelElement]| -> Vec<TopLevelElement> {
            members.iter().filter(|member| member.name != VERSION).cloned().collect()
        };
        let head = [TopLevelElement::of(VERSION, version)].into_iter().chain(others(&self.head)).collect();
        Self { head, statements: self.statements.clone(), tail: others(&self.tail) }
    }

    /// Adds an `Id` to a document without one.
    pub(crate) fn with_id(mut self, id: &str) -> Self {
        self.head.push(TopLevelElement::of("Id", id));
        self
    }

    /// The `Version` element. The version of a document without the element is 2008-10-17.
    ///
    /// See "IAM JSON policy elements: Version".
    pub fn version(&self) -> Option<&str> {
        self.member(VERSION).and_then(Value::as_str)
    }

    /// The `Id` element, which has no effect on access.
    pub fn id(&self) -> Option<&str> {
        self.member("Id").and_then(Value::as_str)
    }

    /// The statements, in document order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The number of bytes that AWS counts against its limit: the text without the whitespace
    /// between its tokens.
    pub fn size(&self) -> usize {
        json::minified_len(&self.to_string())
    }

    /// The number of bytes in [`Document::size`] that have no owner: the braces, `Version`, and the
    /// commas between statements.
    pub(crate) fn frame_size(&self) -> usize {
        let is_version = |member: &&TopLevelElement| member.name == "Version";
        let head = self.head.iter().filter(is_version).cloned().collect();
        let tail = self.tail.iter().filter(is_version).cloned().collect();
        let frame = Self { head, statements: Vec::new(), tail };
        frame.size() + self.statements.len().saturating_sub(1)
    }

    /// The parts of the document that are legal but probably not intended by its author.
    pub fn warnings(&self) -> Vec<Warning> {
        Warning::all_of(self)
    }

    /// The elements other than the statements, as names and values, including repeated names.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.head.iter().chain(&self.tail).map(|member| (member.name.as_str(), &member.value))
    }

    /// The value that takes effect: the last one if the name is repeated, as in most parsers.
    fn member(&self, name: &str) -> Option<&Value> {
        self.members().filter(|(other, _)| *other == name).last().map(|(_, value)| value)
    }
}

impl FromStr for Document {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // The full parse comes first and finds every syntax error with its position in the whole
        // text. The source can then be read piece by piece.
        let Value::Object(mut values) = serde_json::from_str(text)? else {
            return Err(ParseError::shape("", "a JSON object"));
        };
        let Members(mut sources) = serde_json::from_str(text)?;
        let missing = || ParseError::shape("/Statement", "a statement or a list of statements");
        let position = sources.iter().rposition(|(name, _)| name == STATEMENT).ok_or_else(missing)?;
        let tail = sources.split_off(position + 1);
        let (_, source) = sources.pop().ok_or_else(missing)?;
        let value = values.remove(STATEMENT).ok_or_else(missing)?;
        Ok(Self {
            head: read_members(sources)?,
            statements: read_statements(source.get(), value)?,
            tail: read_members(tail)?,
        })
    }
}

fn read_members(sources: Vec<(String, &RawValue)>) -> Result<Vec<TopLevelElement>, ParseError> {
    sources
        .into_iter()
        .map(|(name, source)| {
            let value: Value = serde_json::from_str(source.get())?;
            if matches!(name.as_str(), "Version" | "Id") && !value.is_string() {
                return Err(ParseError::shape(format!("/{name}"), "a string"));
            }
            Ok(TopLevelElement { name, value, text: source.get().to_owned() })
        })
        .collect()
}

fn read_statements(source: &str, value: Value) -> Result<Vec<Statement>, ParseError> {
    match value {
        Value::Array(values) => {
            let sources: Vec<&RawValue> = serde_json::from_str(source)?;
            values
                .into_iter()
                .zip(sources)
                .enumerate()
                .map(|(index, (value, source))| {
                    Statement::read(source.get(), value, &format!("/Statement/{index}"))
                })
                .collect()
        }
        one => Ok(vec![Statement::read(source, one, "/Statement")?]),
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for member in &self.head {
            write!(f, "{}:{},", Value::from(member.name.as_str()), member.text)?;
        }
        write!(f, "\"{STATEMENT}\":[")?;
        for (index, statement) in self.statements.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{statement}")?;
        }
        f.write_str("]")?;
        for member in &self.tail {
            write!(f, ",{}:{}", Value::from(member.name.as_str()), member.text)?;
        }
        f.write_str("}")
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.head.len() + 1 + self.tail.len()))?;
        for member in &self.head {
            map.serialize_entry(&member.name, &member.value)?;
        }
        map.serialize_entry(STATEMENT, &self.statements)?;
        for member in &self.tail {
            map.serialize_entry(&member.name, &member.value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        value.to_string().parse().map_err(de::Error::custom)
    }
}
