//! Validates an input against the model of its operation, with the messages of AWS.

use reconcile_text::plural;
use serde_json::Value;

use super::{Model, Range, Shape, Structure};

/// The reason why an input is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Invalid {
    /// A value has a wrong type.
    Type(String),
    /// Values violate constraints.
    Constraint {
        /// Whether the first violation is in the member that is the body of the request.
        in_payload: bool,
        /// All violations, in the words of AWS.
        message: String,
    },
}

/// A violation of a constraint.
struct Violation {
    path: String,
    text: String,
}

/// Traverses an input.
struct Walk<'m> {
    model: &'m Model,
    violations: Vec<Violation>,
}

impl Model {
    /// Validates the input of an operation. Every input of an unknown operation is valid.
    pub(crate) fn check(&self, operation: &str, input: &Value) -> Result<(), Invalid> {
        let Some(structure) = self.input(operation) else { return Ok(()) };
        let mut walk = Walk { model: self, violations: Vec::new() };
        walk.structure(structure, input, "")?;
        let Some(first) = walk.violations.first() else { return Ok(()) };
        let member = first.path.split('.').next().unwrap_or_default();
        let in_payload = structure.payload.as_ref().is_some_and(|payload| below("", payload) == member);
        let texts: Vec<&str> = walk.violations.iter().map(|it| it.text.as_str()).collect();
        let noun = plural(texts.len(), "error");
        let message = format!("{} validation {noun} detected: {}", texts.len(), texts.join("; "));
        Err(Invalid::Constraint { in_payload, message })
    }
}

impl Walk<'_> {
    fn value(&mut self, shape: &str, value: &Value, path: &str) -> Result<(), Invalid> {
        let Some(shape) = self.model.shape(shape) else { return Ok(()) };
        match (shape, value) {
            (Shape::Structure(structure), _) => self.structure(structure, value, path)?,
            (Shape::List { member, size, .. }, Value::Array(items)) => {
                self.length(*size, items.len(), value, path);
                for (item, number) in items.iter().zip(1..) {
                    self.value(&member.shape, item, &format!("{path}.{number}.member"))?;
                }
            }
            (Shape::Map { key, value: of_map, size }, Value::Object(entries)) => {
                self.length(*size, entries.len(), value, path);
                for (name, item) in entries {
                    self.value(&key.shape, &Value::String(name.clone()), path)?;
                    self.value(&of_map.shape, item, &format!("{path}.{name}.member"))?;
                }
            }
            (Shape::String { length, pattern, choices }, Value::String(text)) => {
                self.length(*length, text.chars().count(), value, path);
                if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
                    let pattern = pattern.as_str();
                    self.broken(value, path, &format!("satisfy regular expression pattern: {pattern}"));
                }
                if let Some(choices) = choices.as_ref().filter(|choices| !choices.contains(text)) {
                    self.broken(value, path, &format!("satisfy enum value set: [{}]", choices.join(", ")));
                }
            }
            (Shape::Integer { range }, Value::Number(number)) => {
                let number = number.as_i64().ok_or_else(|| mistyped(path, "an integer"))?;
                self.bounds(*range, number, "value", value, path);
            }
            (Shape::Double, Value::Number(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Timestamp | Shape::Blob, _) => {}
            (Shape::List { .. }, _) => return Err(mistyped(path, "a list")),
            (Shape::Map { .. }, _) => return Err(mistyped(path, "a map")),
            (Shape::String { .. }, _) => return Err(mistyped(path, "a string")),
            (Shape::Integer { .. }, _) => return Err(mistyped(path, "an integer")),
            (Shape::Double, _) => return Err(mistyped(path, "a number")),
            (Shape::Boolean, _) => return Err(mistyped(path, "a boolean")),
        }
        Ok(())
    }

    fn structure(&mut self, structure: &Structure, value: &Value, path: &str) -> Result<(), Invalid> {
        if !value.is_object() && !value.is_null() {
            return Err(mistyped(path, "a structure"));
        }
        let given = |name: &str| value.get(name).filter(|value| !value.is_null());
        for name in structure.required.iter().filter(|name| given(name).is_none()) {
            self.broken(&Value::Null, &below(path, name), "not be null");
        }
        for (name, member) in &structure.members {
            if let Some(value) = given(name) {
                self.value(&member.shape, value, &below(path, name))?;
            }
        }
        Ok(())
    }

    fn length(&mut self, range: Range, length: usize, value: &Value, path: &str) {
        self.bounds(range, i64::try_from(length).unwrap_or(i64::MAX), "length", value, path);
    }

    fn bounds(&mut self, range: Range, actual: i64, what: &str, value: &Value, path: &str) {
        if let Some(max) = range.max.filter(|max| actual > *max) {
            self.broken(value, path, &format!("have {what} less than or equal to {max}"));
        }
        if let Some(min) = range.min.filter(|min| actual < *min) {
            self.broken(value, path, &format!("have {what} greater than or equal to {min}"));
        }
    }

    fn broken(&mut self, value: &Value, path: &str, must: &str) {
        let value = match value {
            Value::Null => "null".to_owned(),
            Value::String(text) => format!("'{text}'"),
            other => format!("'{other}'"),
        };
        let text = format!("Value {value} at '{path}' failed to satisfy constraint: Member must {must}");
        self.violations.push(Violation { path: path.to_owned(), text });
    }
}

fn mistyped(path: &str, expected: &str) -> Invalid {
    Invalid::Type(format!("the value at '{path}' is not {expected}"))
}

/// Returns the path of a member. In a path, its name begins with a lower-case letter.
fn below(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_lowercase).collect();
    let name = format!("{first}{}", letters.as_str());
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(service: &str, operation: &str, input: &Value) -> Option<String> {
        match Model::of(service).unwrap().check(operation, input) {
            Ok(()) => None,
            Err(Invalid::Constraint { message, .. }) => Some(message),
            Err(Invalid::Type(message)) => Some(format!("type: {message}")),
        }
    }

    #[test]
    fn violations_are_worded_as_aws_words_them() {
        let table = [
            (
                "kms",
                "CreateAlias",
                json!({ "AliasName": "alias/a b" }),
                "2 validation errors detected: Value null at 'targetKeyId' failed to satisfy constraint: Member must not be \
                 null; Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression \
                 pattern: ^[a-zA-Z0-9:/_-]+$",
            ),
            (
                "cloudtrail",
                "PutInsightSelectors",
                json!({ "InsightSelectors": [{ "InsightType": "Other" }] }),
                "1 validation error detected: Value 'Other' at 'insightSelectors.1.member.insightType' failed to satisfy \
                 constraint: Member must satisfy enum value set: [ApiCallRateInsight, ApiErrorRateInsight]",
            ),
            (
                "kms",
                "EnableKeyRotation",
                json!({ "KeyId": "k", "RotationPeriodInDays": 89 }),
                "1 validation error detected: Value '89' at 'rotationPeriodInDays' failed to satisfy constraint: Member must \
                 have value greater than or equal to 90",
            ),
            (
                "logs",
                "CreateLogGroup",
                json!({ "logGroupName": "", "tags": {} }),
                "3 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have \
                 length greater than or equal to 1; Value '' at 'logGroupName' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+; Value '{}' at 'tags' failed to satisfy \
                 constraint: Member must have length greater than or equal to 1",
            ),
            ("kms", "ListKeys", json!({ "Limit": "10" }), "type: the value at 'limit' is not an integer"),
        ];
        for (service, operation, input, expected) in table {
            assert_eq!(message(service, operation, &input).as_deref(), Some(expected));
        }
    }

    #[test]
    fn valid_and_unknown_inputs_are_accepted() {
        for (service, operation, input) in [
            ("kms", "ListKeys", Value::Null),
            ("kms", "ListKeys", json!({ "Limit": null, "Newer": 1 })),
            ("kms", "NoSuchOperation", json!(1)),
            ("cloudtrail", "UpdateTrail", json!({ "Name": "audit", "S3KeyPrefix": "" })),
        ] {
            assert_eq!(message(service, operation, &input), None, "{service} {operation}");
        }
    }
}
