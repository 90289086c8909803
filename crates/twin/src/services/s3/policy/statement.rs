//! Rejects statements of a bucket policy because of their actions, resources and condition keys,
//! with the messages of S3.
//!
//! See "Actions, resources, and condition keys for Amazon S3" in the Service Authorization
//! Reference, and "Policy resources for Amazon S3" in the S3 user guide.

use serde_json::Value;

use crate::model::{Actions, Levels};

pub(super) fn check(statement: &Value, bucket: &str) -> Result<(), &'static str> {
    let actions = texts(statement, ["Action", "NotAction"]).ok_or("Missing required field Action")?;
    let resources = texts(statement, ["Resource", "NotResource"]).ok_or("Missing required field Resource")?;
    if !resources.iter().all(|arn| is_of_bucket(arn, bucket)) {
        return Err("Policy has invalid resource");
    }
    let names_both = statement.get("Action").is_some() && statement.get("Resource").is_some();
    for action in actions {
        let levels = levels(action).ok_or("Policy has invalid action")?;
        if names_both && !resources.iter().any(|arn| is_on(levels, arn)) {
            return Err("Action does not apply to any resource(s) in statement");
        }
    }
    let has_unknown_key = condition_keys(statement).any(|key| {
        key.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("s3:"))
            && !Actions::s3().has_condition_key(key)
    });
    if has_unknown_key { Err("Policy has an invalid condition key") } else { Ok(()) }
}

/// Returns the texts of the element that a statement has, out of two elements that exclude each
/// other.
fn texts<'v>(statement: &'v Value, names: [&str; 2]) -> Option<Vec<&'v str>> {
    match names.into_iter().find_map(|name| statement.get(name))? {
        Value::Array(texts) => texts.iter().map(Value::as_str).collect(),
        text => text.as_str().map(|text| vec![text]),
    }
}

/// The part of an ARN of S3 after its fifth colon.
fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}

fn is_of_bucket(arn: &str, bucket: &str) -> bool {
    resource(arn).split('/').next() == Some(bucket)
}

/// Returns the kinds of resources of the actions that match a pattern; `None` if no action of S3
/// matches.
fn levels(action: &str) -> Option<Levels> {
    if action == "*" {
        return Some(Actions::s3().levels("*"));
    }
    let (service, name) = action.split_once(':')?;
    let levels = Actions::s3().levels(name);
    (service.eq_ignore_ascii_case("s3") && levels != Levels::default()).then_some(levels)
}

fn is_on(levels: Levels, arn: &str) -> bool {
    if resource(arn).contains('/') { levels.object } else { levels.bucket }
}

fn condition_keys(statement: &Value) -> impl Iterator<Item = &str> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.filter_map(|(_, keys)| keys.as_object()).flat_map(|keys| keys.keys().map(String::as_str))
}
