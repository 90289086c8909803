//! Conditions of a statement.

use serde_json::Value;

use super::pattern::matches;
use super::{Request, members};

/// Whether all conditions hold. What is not known does not hold, or holds, whichever is stricter.
pub(super) fn holds(conditions: &Value, request: &Request, is_deny: bool) -> bool {
    let Some(operators) = conditions.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.into_iter()
            .all(|(key, values)| one(operator, request.value(key), &members(values)).unwrap_or(is_deny))
    })
}

/// Whether one condition holds; `None` where the operator is not known.
fn one(operator: &str, actual: Option<&str>, wanted: &[String]) -> Option<bool> {
    if operator == "Null" {
        return Some(wanted.iter().any(|wanted| (wanted == "true") == actual.is_none()));
    }
    // Of a single value, any and all say the same, but for a key that is missing: then all of none holds.
    let (operator, all) = match operator.split_once(':') {
        Some(("ForAllValues", rest)) => (rest, true),
        Some((_, rest)) => (rest, false),
        None => (operator, false),
    };
    let (operator, if_exists) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    let (operator, is_not) = match operator {
        "StringNotEquals" => ("StringEquals", true),
        "StringNotEqualsIgnoreCase" => ("StringEqualsIgnoreCase", true),
        "StringNotLike" => ("StringLike", true),
        "ArnNotEquals" | "ArnNotLike" => ("ArnLike", true),
        operator => (operator, false),
    };
    let is_match = |wanted: &String, actual: &str| match operator {
        "StringEquals" => Some(wanted == actual),
        "StringEqualsIgnoreCase" | "Bool" => Some(wanted.eq_ignore_ascii_case(actual)),
        "StringLike" | "ArnLike" | "ArnEquals" => Some(matches(wanted, actual)),
        _ => None,
    };
    let Some(actual) = actual else {
        is_match(&String::new(), "")?;
        // A key that is missing is not equal to anything.
        return Some(if_exists || all || is_not);
    };
    let mut any = false;
    for wanted in wanted {
        any |= is_match(wanted, actual)?;
    }
    Some(any != is_not)
}
