//! Contains the service models of AWS: the required members of requests, and their valid values.
//!
//! `models/constraints.json` is extracted from the models from which the AWS SDKs are generated,
//! for the operations of the twin. Rules that only the AWS documentation contains are implemented
//! in the services.

mod actions;
mod form;
mod pattern;
mod validate;
mod xml;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

pub(crate) use actions::{Actions, Levels};
use pattern::Pattern;
pub(crate) use validate::Invalid;
pub(crate) use xml::Malformed;

/// The models of all services.
#[derive(Debug, Default, Deserialize)]
struct Models {
    services: BTreeMap<String, Model>,
}

/// The model of a service.
#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    /// Names of the input shapes by operation; `None` if an operation has no input.
    operations: BTreeMap<String, Option<String>>,
    shapes: BTreeMap<String, Shape>,
}

/// The valid values of a shape.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Shape {
    Structure(Structure),
    List {
        member: Member,
        #[serde(flatten)]
        size: Range,
        #[serde(default)]
        flattened: bool,
    },
    Map {
        key: Member,
        value: Member,
        #[serde(flatten)]
        size: Range,
    },
    String {
        #[serde(flatten)]
        length: Range,
        pattern: Option<Pattern>,
        #[serde(rename = "enum")]
        choices: Option<Vec<String>>,
    },
    Integer {
        #[serde(flatten)]
        range: Range,
    },
    Double,
    Boolean,
    Timestamp,
    Blob,
}

/// A set of named members.
#[derive(Debug, Deserialize)]
struct Structure {
    members: BTreeMap<String, Member>,
    #[serde(default)]
    required: Vec<String>,
    /// The member that is the whole body of the request, in the REST protocols.
    payload: Option<String>,
}

/// A member of a structure.
#[derive(Debug, Deserialize)]
struct Member {
    shape: String,
    /// The name in a request, if it differs from the name of the member.
    name: Option<String>,
    /// The location in a request of the REST protocols; `None` for the body.
    location: Option<Location>,
}

/// The location of a member in a request of the REST protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Location {
    Uri,
    QueryString,
    Header,
    /// All headers with a common prefix.
    Headers,
    /// An attribute of the XML element.
    Attribute,
}

/// A range of lengths, sizes or values, including both ends.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Range {
    min: Option<i64>,
    max: Option<i64>,
}

impl Member {
    /// The name in a request.
    fn wire_name<'m>(&'m self, name: &'m str) -> &'m str {
        self.name.as_deref().unwrap_or(name)
    }
}

impl Model {
    /// The model of a service.
    pub(crate) fn of(service: &str) -> Option<&'static Self> {
        static MODELS: OnceLock<Models> = OnceLock::new();
        // A test parses the file, too, so it is always valid.
        let models = || serde_json::from_str(include_str!("../models/constraints.json")).unwrap_or_default();
        MODELS.get_or_init(models).services.get(service)
    }

    #[cfg(test)]
    pub(crate) fn has(&self, operation: &str) -> bool {
        self.operations.contains_key(operation)
    }

    /// The input of an operation, if it has one.
    fn input(&self, operation: &str) -> Option<&Structure> {
        match self.shape(self.operations.get(operation)?.as_ref()?)? {
            Shape::Structure(structure) => Some(structure),
            _ => None,
        }
    }

    fn shape(&self, name: &str) -> Option<&Shape> {
        self.shapes.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_resolves() {
        let models: Models = serde_json::from_str(include_str!("../models/constraints.json")).unwrap();
        for (service, model) in &models.services {
            for shape in model.operations.values().flatten() {
                assert!(matches!(model.shape(shape), Some(Shape::Structure(_))), "{service}: {shape}");
            }
            for (name, shape) in &model.shapes {
                let members: Vec<&Member> = match shape {
                    Shape::Structure(structure) => structure.members.values().collect(),
                    Shape::List { member, .. } => vec![member],
                    Shape::Map { key, value, .. } => vec![key, value],
                    Shape::String { pattern, .. } => {
                        assert!(pattern.as_ref().is_none_or(Pattern::is_understood), "{service}: {name}");
                        continue;
                    }
                    Shape::Integer { .. }
                    | Shape::Double
                    | Shape::Boolean
                    | Shape::Timestamp
                    | Shape::Blob => continue,
                };
                for member in members {
                    assert!(model.shape(&member.shape).is_some(), "{service}: {name} has {}", member.shape);
                }
            }
        }
    }
}
