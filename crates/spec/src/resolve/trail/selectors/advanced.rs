//! Resolves advanced event selectors.
//!
//! See `AdvancedFieldSelector`, `AdvancedEventSelector` and `PutEventSelectors` in the CloudTrail
//! API reference, and "Filtering data events by using advanced event selectors" and "Logging
//! network activity events" in the user guide.

use std::collections::BTreeSet;

use reconcile_policy::Arn;

use super::Context;
use crate::desired::{AdvancedSelector, FieldSelector};
use crate::facts::resource_types::{is_resource_type, misspelled};
use crate::problems::{Problems, suggest};
use crate::raw::{Located, RawAdvancedSelector, RawFieldSelector};
use crate::resolve::recognized;

/// The categories of events that a trail can record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Category {
    Management,
    Data,
    NetworkActivity,
}

const CATEGORIES: [(&str, Category); 3] = [
    ("Management", Category::Management),
    ("Data", Category::Data),
    ("NetworkActivity", Category::NetworkActivity),
];

/// The categories that only event data stores have.
const EVENT_DATA_STORE_CATEGORIES: [&str; 4] =
    ["ActivityAuditLog", "ConfigurationItem", "Evidence", "Insight"];

const EQUALS: &[&str] = &["Equals"];
const EVERY: &[&str] = &["Equals", "StartsWith", "EndsWith", "NotEquals", "NotStartsWith", "NotEndsWith"];

/// The operators that each field accepts in a selector of each category. A field without a row for
/// a category is not valid in that category.
const RULES: [(Category, &str, &[&str]); 17] = [
    (Category::Management, "eventCategory", EQUALS),
    (Category::Management, "eventSource", &["NotEquals"]),
    (Category::Management, "readOnly", EQUALS),
    (Category::Data, "eventCategory", EQUALS),
    (Category::Data, "eventName", EVERY),
    (Category::Data, "eventSource", EVERY),
    (Category::Data, "eventType", EVERY),
    (Category::Data, "readOnly", EQUALS),
    (Category::Data, "resources.ARN", EVERY),
    (Category::Data, "resources.type", EQUALS),
    (Category::Data, "sessionCredentialFromConsole", &["Equals", "NotEquals"]),
    (Category::Data, "userIdentity.arn", EVERY),
    (Category::NetworkActivity, "eventCategory", EQUALS),
    (Category::NetworkActivity, "errorCode", EQUALS),
    (Category::NetworkActivity, "eventName", EVERY),
    (Category::NetworkActivity, "eventSource", EQUALS),
    (Category::NetworkActivity, "vpcEndpointId", EVERY),
];

/// Returns the selector in the form of the CloudTrail API, and reports the problems of the
/// selector.
pub(super) fn resolve(
    raw: &Located<RawAdvancedSelector>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> AdvancedSelector {
    let selector = &raw.value;
    if let Some(name) = selector.name.as_ref().filter(|name| name.value.chars().count() > 1000) {
        problems.add(name.place, "the name of a selector has more than 1000 characters", "shorten it");
    }
    let fields = &selector.field_selectors;
    if fields.value.is_empty() {
        problems.add(fields.place, "the selector has no field selectors", "add at least `eventCategory`");
    }
    check_fields(fields, problems);
    if let Some(category) = check_category(raw, problems) {
        check_required(raw, category, problems);
        for field in &fields.value {
            check_rule(&field.value, category, problems);
            check_values(&field.value, category, context, problems);
        }
    }
    AdvancedSelector {
        name: selector.name.as_ref().map(|name| name.value.clone()),
        field_selectors: fields.value.iter().map(|field| desired(&field.value)).collect(),
    }
}

fn desired(raw: &RawFieldSelector) -> FieldSelector {
    let texts = |values: &Option<Located<Vec<Located<String>>>>| {
        values.iter().flat_map(|it| &it.value).map(|value| value.value.clone()).collect()
    };
    FieldSelector {
        field: raw.field.value.clone(),
        equals: texts(&raw.equals),
        starts_with: texts(&raw.starts_with),
        ends_with: texts(&raw.ends_with),
        not_equals: texts(&raw.not_equals),
        not_starts_with: texts(&raw.not_starts_with),
        not_ends_with: texts(&raw.not_ends_with),
    }
}

/// Checks the rules of all categories: the names of fields, each at most once, and lists of values.
fn check_fields(fields: &Located<Vec<Located<RawFieldSelector>>>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for field in &fields.value {
        let name = &field.value.field;
        if !RULES.iter().any(|(_, known, _)| *known == name.value) {
            let known: BTreeSet<&str> = RULES.iter().map(|(_, known, _)| *known).collect();
            problems.add(name.place, format!("unknown field `{}`", name.value), suggest(&name.value, known));
        } else if !seen.insert(name.value.as_str()) {
            problems.add(
                name.place,
                format!("the selector has two conditions on the field `{}`", name.value),
                "put all operators of a field into one condition, or add another selector",
            );
        }
        if field.value.operators().next().is_none() {
            problems.add(
                name.place,
                format!("the condition on `{}` has no operator", name.value),
                format!("add one of `{}`, with a list of values", EVERY.join("`, `")),
            );
        }
        for (operator, values) in field.value.operators() {
            if values.value.is_empty() {
                problems.add(values.place, format!("`{operator}` has no values"), "add at least one value");
            }
            for value in &values.value {
                check_text(value, problems);
            }
        }
    }
}

/// Checks a value. See `OperatorValue` in the CloudTrail API reference: 1 to 2048 characters,
/// without wildcards.
fn check_text(value: &Located<String>, problems: &mut Problems) {
    let text = &value.value;
    if text.is_empty() || text.chars().count() > 2048 {
        problems.add(value.place, "a value has 1 to 2048 characters", "shorten it, or remove it");
    } else if text.starts_with('*') || text.ends_with('*') {
        problems.add(
            value.place,
            format!("selectors have no wildcards, so `{text}` matches only a literal `*`"),
            "use `StartsWith`, `EndsWith`, `NotStartsWith` or `NotEndsWith` without the `*`",
        );
    }
}

/// Returns the category of the selector, which is a single value of `Equals`.
fn check_category(raw: &Located<RawAdvancedSelector>, problems: &mut Problems) -> Option<Category> {
    let Some(field) = find(raw, "eventCategory") else {
        problems.add(
            raw.place,
            "the selector has no `eventCategory`",
            "add a condition such as `{ Field: eventCategory, Equals: [Management] }`",
        );
        return None;
    };
    if let Some((operator, values)) = field.operators().find(|(operator, _)| *operator != "Equals") {
        problems.add(
            values.place,
            format!("the field `eventCategory` does not accept the operator `{operator}`"),
            "use `Equals`",
        );
        return None;
    }
    let value = single(field, "Equals", problems)?;
    let text = value.value.as_str();
    let known = CATEGORIES.iter().find(|(name, _)| *name == text).map(|(_, category)| *category);
    if EVENT_DATA_STORE_CATEGORIES.contains(&text) {
        problems.add(
            value.place,
            format!("`{text}` is a category of event data stores, and a trail cannot record it"),
            format!("use one of {}", CATEGORIES.map(|(name, _)| format!("`{name}`")).join(", ")),
        );
    } else if known.is_none() {
        let hint = suggest(text, CATEGORIES.map(|(name, _)| name));
        problems.add(value.place, format!("unknown event category `{text}`"), hint);
    }
    known
}

fn check_required(raw: &Located<RawAdvancedSelector>, category: Category, problems: &mut Problems) {
    let (name, example) = match category {
        Category::Management => return,
        Category::Data => ("resources.type", "{ Field: resources.type, Equals: [\"AWS::S3::Object\"] }"),
        Category::NetworkActivity => ("eventSource", "{ Field: eventSource, Equals: [kms.amazonaws.com] }"),
    };
    if find(raw, name).is_none() {
        problems.add(
            raw.place,
            format!("a selector of {category:?} events needs the field `{name}`"),
            format!("add a condition such as `{example}`"),
        );
    }
}

/// Checks that the field and its operators are valid in the category.
fn check_rule(field: &RawFieldSelector, category: Category, problems: &mut Problems) {
    let name = field.field.value.as_str();
    let rule = RULES.iter().find(|(of, known, _)| *of == category && *known == name);
    let Some((_, _, operators)) = rule else {
        // An unknown field is already reported.
        if RULES.iter().any(|(_, known, _)| *known == name) {
            let known =
                RULES.iter().filter(|(of, ..)| *of == category).map(|(_, known, _)| format!("`{known}`"));
            problems.add(
                field.field.place,
                format!("a selector of {category:?} events cannot have the field `{name}`"),
                format!("use only {}", known.collect::<Vec<_>>().join(", ")),
            );
        }
        return;
    };
    for (operator, values) in field.operators().filter(|(operator, _)| !operators.contains(operator)) {
        let known: Vec<String> = operators.iter().map(|known| format!("`{known}`")).collect();
        problems.add(
            values.place,
            format!("the field `{name}` does not accept the operator `{operator}` in a selector of {category:?} events"),
            format!("use {}", known.join(" or ")),
        );
    }
}

/// Checks the values of fields that accept only certain values.
fn check_values(
    field: &RawFieldSelector,
    category: Category,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    const SWITCH: &[&str] = &["true", "false"];
    /// The only event sources that can be excluded. See "Logging management events".
    const EXCLUDABLE: &[&str] = &["kms.amazonaws.com", "rdsdata.amazonaws.com"];

    match (category, field.field.value.as_str()) {
        (_, "readOnly") => {
            if let Some(value) = single(field, "Equals", problems) {
                check_one_of(field, value, SWITCH, problems);
            }
        }
        (Category::Management, "eventSource") => {
            texts(field).for_each(|(_, value)| check_one_of(field, value, EXCLUDABLE, problems));
        }
        (Category::Data, "sessionCredentialFromConsole") => {
            texts(field).for_each(|(_, value)| check_one_of(field, value, SWITCH, problems));
        }
        (Category::Data, "resources.type") => {
            if let Some(value) = single(field, "Equals", problems) {
                check_resource_type(value, context, problems);
            }
        }
        (Category::Data, "resources.ARN") => {
            let exact = texts(field).filter(|(operator, _)| matches!(*operator, "Equals" | "NotEquals"));
            exact.for_each(|(_, value)| check_arn(value, context, problems));
        }
        (Category::NetworkActivity, "eventSource") => {
            if let Some(value) = single(field, "Equals", problems)
                && !value.value.ends_with(".amazonaws.com")
            {
                let message = format!("`{}` is not an event source", value.value);
                problems.add(value.place, message, "name a service such as `kms.amazonaws.com`");
            }
        }
        (Category::NetworkActivity, "errorCode") => {
            texts(field).for_each(|(_, value)| check_one_of(field, value, &["VpceAccessDenied"], problems));
        }
        _ => {}
    }
}

fn check_one_of(field: &RawFieldSelector, value: &Located<String>, known: &[&str], problems: &mut Problems) {
    if !known.contains(&value.value.as_str()) {
        problems.add(
            value.place,
            format!("the field `{}` does not accept the value `{}`", field.field.value, value.value),
            format!("use `{}`", known.join("` or `")),
        );
    }
}

fn check_resource_type(value: &Located<String>, context: &Context<'_>, problems: &mut Problems) {
    let text = value.value.as_str();
    if context.recognized.has(text) {
        return;
    }
    match misspelled(text) {
        Some(known) => problems.add(
            value.place,
            format!("`{text}` is not a resource type that this version of reconcile knows"),
            recognized::hint(Some(known)),
        ),
        None if is_resource_type(text) => {}
        None => problems.add(
            value.place,
            format!("`{text}` is not a resource type"),
            "write it as CloudTrail does, such as `AWS::S3::Object`",
        ),
    }
}

/// Checks the value of `Equals` or `NotEquals`, which must be the ARN of a resource.
fn check_arn(value: &Located<String>, context: &Context<'_>, problems: &mut Problems) {
    let text = &value.value;
    // The key of an object can contain spaces, unlike every other ARN.
    match text.replace(' ', "+").parse::<Arn>() {
        Err(_) => {
            let message = format!("`{text}` is not an ARN, and `Equals` and `NotEquals` compare whole ARNs");
            problems.add(value.place, message, "write the whole ARN, or use `StartsWith` or `EndsWith`");
        }
        Ok(arn) if arn.partition() != context.partition.as_str() => {
            let message = format!(
                "`{text}` is in another partition than the trail, which is in `{}`",
                context.partition
            );
            problems.add(value.place, message, format!("begin it with `arn:{}:`", context.partition));
        }
        Ok(_) => {}
    }
}

fn find<'r>(raw: &'r Located<RawAdvancedSelector>, name: &str) -> Option<&'r RawFieldSelector> {
    let mut fields = raw.value.field_selectors.value.iter().map(|field| &field.value);
    fields.find(|field| field.field.value == name)
}

/// Returns all values with their operators.
fn texts(field: &RawFieldSelector) -> impl Iterator<Item = (&'static str, &Located<String>)> {
    field.operators().flat_map(|(operator, values)| values.value.iter().map(move |value| (operator, value)))
}

/// Returns the value of a field that accepts exactly one. Reports a problem if the field has
/// several. A missing operator or an empty list is reported elsewhere.
fn single<'r>(
    field: &'r RawFieldSelector,
    operator: &str,
    problems: &mut Problems,
) -> Option<&'r Located<String>> {
    let (_, values) = field.operators().find(|(name, _)| *name == operator)?;
    if let [_, second, ..] = values.value.as_slice() {
        problems.add(
            second.place,
            format!("the field `{}` accepts one value", field.field.value),
            "add another selector for each further value",
        );
    }
    values.value.first()
}
