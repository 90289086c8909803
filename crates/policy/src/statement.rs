//! Parses one JSON object into a statement, and returns its elements.
//!
//! This module must not interpret elements: letter case, wildcards and account ids are as written.

pub(crate) mod compose;
mod shape;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::ParseError;
use crate::canonical::Canonical;
use crate::json::{self, members, scalar_text};

/// Whether a statement allows or denies access. The value is case-sensitive: see "IAM JSON policy
/// elements: Effect".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Effect {
    /// Allows access.
    Allow,
    /// Denies access, regardless of other statements that allow it.
    Deny,
}

impl Effect {
    /// The effect in the spelling of policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One statement of a policy, with its original text.
///
/// Printing a statement returns the original text. As a serde value, a statement is the JSON
/// object. Two statements are `==` if their JSON values are equal, regardless of the order of
/// elements. To compare the *meaning* of statements, see [`Statement::is_equivalent`].
#[derive(Debug, Clone)]
pub struct Statement {
    effect: Effect,
    /// INVARIANT: `shape::check` accepts the elements. If a key is repeated, its last value is
    /// here.
    elements: Map<String, Value>,
    text: String,
}

/// A principal of a statement: a kind (`AWS`, `Service`, `Federated`, `CanonicalUser`) and an id.
///
/// The bare principal `"*"` has the kind `AWS`; any other bare text has an empty kind. See "AWS
/// JSON policy elements: Principal".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal<'a> {
    /// The key that contains the id.
    pub kind: &'a str,
    /// An ARN, an account id, a service name, a unique id, or `*`.
    pub id: &'a str,
}

impl Principal<'_> {
    fn is_unique_id(&self) -> bool {
        let Self { kind, id } = self;
        *kind == "AWS"
            && (id.starts_with("AIDA") || id.starts_with("AROA"))
            && id.len() >= 16
            && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    }
}

/// One line of a `Condition` element: the values of one key under one operator.
///
/// See "IAM JSON policy elements: Condition".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<'a> {
    /// The operator, such as `StringEquals` or `ForAnyValue:StringLikeIfExists`.
    pub operator: &'a str,
    /// The key, such as `aws:SourceArn`.
    pub key: &'a str,
    /// The values in document order; numbers and booleans as text.
    pub values: Vec<Cow<'a, str>>,
}

impl Statement {
    /// The elements of the policy grammar.
    ///
    /// See "Grammar of the IAM JSON policy language" in the IAM user guide.
    pub const ELEMENTS: [&str; 9] = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];

    /// Creates a statement from a JSON object.
    ///
    /// # Errors
    /// Returns [`ParseError::Shape`] if the value is not an object, if it has no `Effect`, or if an
    /// element has a type that the policy grammar does not allow. The path starts at the statement:
    /// `/Action`.
    pub fn from_value(value: Value) -> Result<Self, ParseError> {
        Self::read(&value.to_string(), value, "")
    }

    /// Creates the statement of `value`, whose text is `text` and whose place in its document is
    /// `path`.
    pub(crate) fn read(text: &str, value: Value, path: &str) -> Result<Self, ParseError> {
        let Value::Object(elements) = value else {
            return Err(ParseError::shape(path, "a statement (a JSON object)"));
        };
        let effect = shape::check(&elements, path)?;
        Ok(Self { effect, elements, text: text.to_owned() })
    }

    /// The `Sid`, which has no effect on access but identifies the owner of a statement. `None` if
    /// the `Sid` is empty.
    pub fn sid(&self) -> Option<&str> {
        self.elements.get("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty())
    }

    /// Allow or Deny.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The `Principal` element; empty if there is none.
    pub fn principals(&self) -> Vec<Principal<'_>> {
        self.principals_of("Principal")
    }

    /// The `NotPrincipal` element; empty if there is none.
    pub fn not_principals(&self) -> Vec<Principal<'_>> {
        self.principals_of("NotPrincipal")
    }

    /// The `Action` element; empty if there is none.
    pub fn actions(&self) -> Vec<&str> {
        self.texts_of("Action")
    }

    /// The `NotAction` element; empty if there is none.
    pub fn not_actions(&self) -> Vec<&str> {
        self.texts_of("NotAction")
    }

    /// The `Resource` element; empty if there is none.
    pub fn resources(&self) -> Vec<&str> {
        self.texts_of("Resource")
    }

    /// The `NotResource` element; empty if there is none.
    pub fn not_resources(&self) -> Vec<&str> {
        self.texts_of("NotResource")
    }

    /// The `Condition` element, one entry for each operator and key; empty if there is none.
    pub fn conditions(&self) -> Vec<Condition<'_>> {
        let operators = self.elements.get("Condition").and_then(Value::as_object).into_iter().flatten();
        operators
            .filter_map(|(operator, keys)| Some((operator, keys.as_object()?)))
            .flat_map(|(operator, keys)| {
                keys.iter().map(move |(key, values)| Condition {
                    operator,
                    key,
                    values: members(values).iter().filter_map(scalar_text).collect(),
                })
            })
            .collect()
    }

    /// The unique ids (`AIDA…`, `AROA…`) in place of the ARNs of users and roles that were deleted,
    /// or that AWS cannot resolve at the moment. S3 and KMS refuse to save a document with such an
    /// id.
    ///
    /// See "AWS JSON policy elements: Principal" and "IAM identifiers".
    pub fn unresolved_principals(&self) -> Vec<String> {
        let principals = self.principals().into_iter().chain(self.not_principals());
        principals.filter(Principal::is_unique_id).map(|principal| principal.id.to_owned()).collect()
    }

    /// Returns whether two statements have the same meaning, regardless of their Sids, their
    /// spelling and the order of their elements.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        Canonical::of(self) == Canonical::of(other)
    }

    /// The number of bytes that AWS counts against its limit: the text without the whitespace
    /// between its tokens.
    pub(crate) fn size(&self) -> usize {
        json::minified_len(&self.text)
    }

    /// Returns whether the element exists, even if it is empty.
    pub(crate) fn has(&self, element: &str) -> bool {
        self.elements.contains_key(element)
    }

    /// All elements, including unknown ones.
    pub(crate) fn elements(&self) -> &Map<String, Value> {
        &self.elements
    }

    /// The elements that the policy grammar does not define. They are preserved but not
    /// interpreted.
    pub(crate) fn unknown_elements(&self) -> impl Iterator<Item = (&str, &Value)> {
        let elements = self.elements.iter().map(|(name, value)| (name.as_str(), value));
        elements.filter(|(name, _)| !Self::ELEMENTS.contains(name))
    }

    fn texts_of(&self, element: &str) -> Vec<&str> {
        self.elements.get(element).map(members).unwrap_or_default().iter().filter_map(Value::as_str).collect()
    }

    fn principals_of(&self, element: &str) -> Vec<Principal<'_>> {
        match self.elements.get(element) {
            Some(Value::String(id)) if id == "*" => vec![Principal { kind: "AWS", id }],
            Some(Value::String(id)) => vec![Principal { kind: "", id }],
            Some(Value::Object(kinds)) => kinds
                .iter()
                .flat_map(|(kind, ids)| members(ids).iter().map(move |id| (kind, id)))
                .filter_map(|(kind, id)| Some(Principal { kind, id: id.as_str()? }))
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.elements == other.elements
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.elements.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
