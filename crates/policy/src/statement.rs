//! Turns one JSON object into a statement whose elements can be asked for.
//!
//! It must not interpret what an element means: letter case, wildcards and account ids are as written.

pub(crate) mod compose;
mod shape;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::ParseError;
use crate::canonical::Canonical;
use crate::json::{self, members, scalar_text};

/// Whether a statement grants or takes. Case-sensitive: see "IAM JSON policy elements: Effect".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Takes, whatever else grants.
    Deny,
}

impl Effect {
    /// The effect as policies write it.
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

/// One statement of a policy, with the text it was read from.
///
/// Printing it gives that text back; as a serde value it is the JSON object. Two statements are `==` when
/// their JSON values are, in whatever order of elements; for the same *meaning* see
/// [`Statement::is_equivalent`].
#[derive(Debug, Clone)]
pub struct Statement {
    effect: Effect,
    /// INVARIANT: of the shapes that `shape::check` accepts, and the last value of a repeated key.
    elements: Map<String, Value>,
    text: String,
}

/// Who a statement speaks of: a kind (`AWS`, `Service`, `Federated`, `CanonicalUser`) and an id.
///
/// The bare principal `"*"` is of kind `AWS`; any other bare text has an empty kind.
/// See "AWS JSON policy elements: Principal".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal<'a> {
    /// The key under which the id stands.
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
    /// Such as `StringEquals` or `ForAnyValue:StringLikeIfExists`.
    pub operator: &'a str,
    /// Such as `aws:SourceArn`.
    pub key: &'a str,
    /// In document order; numbers and booleans as text.
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

    /// The statement that a JSON object describes.
    ///
    /// # Errors
    /// [`ParseError::Shape`] if it is not an object, has no `Effect`, or an element has a shape that the policy
    /// grammar does not give it. The path starts at the statement: `/Action`.
    pub fn from_value(value: Value) -> Result<Self, ParseError> {
        Self::read(&value.to_string(), value, "")
    }

    /// The statement of `value`, written as `text`, that stands at `path` of its document.
    pub(crate) fn read(text: &str, value: Value, path: &str) -> Result<Self, ParseError> {
        let Value::Object(elements) = value else {
            return Err(ParseError::shape(path, "a statement (a JSON object)"));
        };
        let effect = shape::check(&elements, path)?;
        Ok(Self { effect, elements, text: text.to_owned() })
    }

    /// The `Sid`, which has no effect on access; ours says whose the statement is. An empty one is none.
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

    /// The unique ids (`AIDA…`, `AROA…`) that stand where the ARNs of users and roles stood: they were deleted, or AWS
    /// cannot resolve them at the moment. S3 and KMS refuse to save a document that has one.
    ///
    /// See "AWS JSON policy elements: Principal" and "IAM identifiers".
    pub fn unresolved_principals(&self) -> Vec<String> {
        let principals = self.principals().into_iter().chain(self.not_principals());
        principals.filter(Principal::is_unique_id).map(|principal| principal.id.to_owned()).collect()
    }

    /// Whether the two mean the same, whatever their Sids, their spelling and the order of their elements.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        Canonical::of(self) == Canonical::of(other)
    }

    /// Bytes of the statement that AWS counts against its limit: the text without the spaces between its tokens.
    pub(crate) fn size(&self) -> usize {
        json::minified_len(&self.text)
    }

    /// Whether the element is there, if only empty.
    pub(crate) fn has(&self, element: &str) -> bool {
        self.elements.contains_key(element)
    }

    /// All elements, known or not.
    pub(crate) fn elements(&self) -> &Map<String, Value> {
        &self.elements
    }

    /// The elements outside the policy grammar, which we carry and do not understand.
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
