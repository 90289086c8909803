//! Checks that the known elements of a JSON object have the types that the policy grammar requires.
//!
//! Unknown elements must not be rejected: AWS adds elements, and a foreign statement is not
//! validated. See "Grammar of the IAM JSON policy language" in the IAM user guide.

use serde_json::{Map, Value};

use super::Effect;
use crate::ParseError;
use crate::json::{escape_pointer, members, scalar_text};

/// Returns the effect of the statement at `path`, or an error for the first element of a wrong
/// type.
pub(super) fn check(elements: &Map<String, Value>, path: &str) -> Result<Effect, ParseError> {
    for (name, value) in elements {
        let path = || format!("{path}/{}", escape_pointer(name));
        match name.as_str() {
            "Sid" if !value.is_string() => return Err(ParseError::shape(path(), "a string")),
            "Principal" | "NotPrincipal" => check_principal(value, &path())?,
            "Action" | "NotAction" | "Resource" | "NotResource" => check_texts(value, &path())?,
            "Condition" => check_condition(value, &path())?,
            _ => {}
        }
    }
    match elements.get("Effect").and_then(Value::as_str) {
        Some("Allow") => Ok(Effect::Allow),
        Some("Deny") => Ok(Effect::Deny),
        _ => Err(ParseError::shape(format!("{path}/Effect"), "`Allow` or `Deny`")),
    }
}

fn check_texts(value: &Value, path: &str) -> Result<(), ParseError> {
    if members(value).iter().all(Value::is_string) {
        Ok(())
    } else {
        Err(ParseError::shape(path, "a string or a list of strings"))
    }
}

fn check_principal(value: &Value, path: &str) -> Result<(), ParseError> {
    match value {
        Value::String(_) => Ok(()),
        Value::Object(kinds) => kinds
            .iter()
            .try_for_each(|(kind, ids)| check_texts(ids, &format!("{path}/{}", escape_pointer(kind)))),
        _ => Err(ParseError::shape(path, "`*` or an object of principals")),
    }
}

fn check_condition(value: &Value, path: &str) -> Result<(), ParseError> {
    let Value::Object(operators) = value else {
        return Err(ParseError::shape(path, "an object of condition operators"));
    };
    for (operator, keys) in operators {
        let path = format!("{path}/{}", escape_pointer(operator));
        let Value::Object(keys) = keys else {
            return Err(ParseError::shape(path, "an object of condition keys"));
        };
        for (key, values) in keys {
            if !members(values).iter().all(|value| scalar_text(value).is_some()) {
                let path = format!("{path}/{}", escape_pointer(key));
                return Err(ParseError::shape(path, "a string, number or boolean, or a list of them"));
            }
        }
    }
    Ok(())
}
