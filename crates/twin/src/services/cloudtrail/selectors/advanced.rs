//! Rejects advanced event selectors that CloudTrail rejects.
//!
//! See `AdvancedFieldSelector` and `PutEventSelectors` in the CloudTrail API reference. The lengths
//! of names and values are in the service model.

use serde_json::Value;

use super::super::super::json::{list as listed, optional};

const OPERATORS: [&str; 6] =
    ["Equals", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith"];
const EQUALS: &[&str] = &["Equals"];
/// The maximum number of values in all conditions of all selectors of a trail.
const VALUES: usize = 500;

/// The values of an operator of a field.
struct Condition<'v> {
    field: &'v str,
    operator: &'static str,
    values: Vec<&'v str>,
}

/// A field of the selectors of a category: its name, its operators, and its valid values if only
/// certain values are valid.
type Field = (&'static str, &'static [&'static str], Option<&'static [&'static str]>);

const MANAGEMENT: &[Field] = &[
    ("eventCategory", EQUALS, None),
    ("eventSource", &["NotEquals"], Some(&["kms.amazonaws.com", "rdsdata.amazonaws.com"])),
    ("readOnly", EQUALS, Some(&["true", "false"])),
];
const DATA: &[Field] = &[
    ("eventCategory", EQUALS, None),
    ("eventName", &OPERATORS, None),
    ("eventSource", &OPERATORS, None),
    ("eventType", &OPERATORS, None),
    ("readOnly", EQUALS, Some(&["true", "false"])),
    ("resources.ARN", &OPERATORS, None),
    ("resources.type", EQUALS, None),
    ("sessionCredentialFromConsole", &["Equals", "NotEquals"], None),
    ("userIdentity.arn", &OPERATORS, None),
];
const NETWORK_ACTIVITY: &[Field] = &[
    ("errorCode", EQUALS, Some(&["VpceAccessDenied"])),
    ("eventCategory", EQUALS, None),
    ("eventName", &OPERATORS, None),
    ("eventSource", EQUALS, None),
    ("userIdentity.arn", &OPERATORS, None),
    ("vpcEndpointId", &OPERATORS, None),
];
/// The fields that accept a single value.
const SINGLE: [&str; 3] = ["eventCategory", "readOnly", "resources.type"];

pub(super) fn are_valid(selectors: &[Value]) -> bool {
    let conditions: Vec<Option<Vec<Condition<'_>>>> = selectors.iter().map(conditions).collect();
    let values = |it: &Vec<Condition<'_>>| it.iter().map(|it| it.values.len()).sum::<usize>();
    conditions.iter().flatten().map(values).sum::<usize>() <= VALUES
        && conditions.iter().all(|it| it.as_ref().is_some_and(|it| is_valid(it)))
}

/// Returns whether a selector selects data events.
pub(super) fn is_of_data(selector: &Value) -> bool {
    let mut conditions = conditions(selector).into_iter().flatten();
    conditions.any(|it| it.field == "eventCategory" && it.values.contains(&"Data"))
}

/// The conditions of a selector; `None` if a field has no condition, or an empty one.
fn conditions(selector: &Value) -> Option<Vec<Condition<'_>>> {
    let mut conditions = Vec::new();
    for selector in listed(selector, "FieldSelectors") {
        let field = optional(selector, "Field")?;
        let before = conditions.len();
        for operator in OPERATORS {
            let Some(values) = selector.get(operator).and_then(Value::as_array) else { continue };
            let values = values.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
            conditions.push(Condition { field, operator, values });
        }
        if conditions.len() == before || conditions.iter().any(|it| it.values.is_empty()) {
            return None;
        }
    }
    Some(conditions)
}

fn is_valid(conditions: &[Condition<'_>]) -> bool {
    let of = |field: &str| conditions.iter().find(|it| it.field == field);
    let category = of("eventCategory").and_then(|it| it.values.first());
    let (fields, required) = match category {
        Some(&"Management") => (MANAGEMENT, None),
        Some(&"Data") => (DATA, Some("resources.type")),
        Some(&"NetworkActivity") => (NETWORK_ACTIVITY, Some("eventSource")),
        _ => return false,
    };
    required.is_none_or(|field| of(field).is_some())
        && conditions.iter().all(|condition| {
            let is_single = SINGLE.contains(&condition.field) || required == Some(condition.field);
            (!is_single || condition.values.len() == 1) && fields.iter().any(|field| has(*field, condition))
        })
}

/// Returns whether a field can have the condition. Selectors have no wildcards, and `Equals`
/// compares whole ARNs.
fn has((name, operators, listed): Field, condition: &Condition<'_>) -> bool {
    let is_value = |value: &&str| {
        listed.is_none_or(|listed| listed.contains(value))
            && !value.contains('*')
            && (name != "resources.ARN" || condition.operator != "Equals" || value.starts_with("arn:"))
    };
    name == condition.field
        && operators.contains(&condition.operator)
        && condition.values.iter().all(is_value)
}
