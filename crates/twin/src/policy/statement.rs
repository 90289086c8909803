//! Rejects statements that no service of AWS saves in the policy of a resource.
//!
//! See "Grammar of the IAM JSON policy language" and "AWS JSON policy elements: Principal" in the
//! IAM user guide. Each service itself checks the actions, resources and condition keys of a
//! statement.

use reconcile_policy::Partition;
use serde_json::{Map, Value};

const ELEMENTS: [&str; 9] = [
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

/// The condition operators, without the prefixes of set operators and without `IfExists`.
const OPERATORS: [&str; 27] = [
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "BinaryEquals",
    "Bool",
    "DateEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateNotEquals",
    "IpAddress",
    "NotIpAddress",
    "Null",
    "NumericEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericNotEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
];

/// The kinds of principals that the policies of all services can name, and the kind that only S3
/// has.
const KINDS: [&str; 3] = ["AWS", "Federated", "Service"];
pub(super) const CANONICAL_USER: &str = "CanonicalUser";

/// Rejects a statement that no service saves, with the message of AWS. `more_kinds` are kinds of
/// principals that only the service supports.
pub(super) fn check(statement: &Value, partition: Partition, more_kinds: &[&str]) -> Result<(), String> {
    let elements = statement.as_object().ok_or("Statement must be an object")?;
    if let Some(unknown) = elements.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
        return Err(format!("Unknown field {unknown}"));
    }
    if !matches!(elements.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err("Missing required field Effect, or invalid effect".to_owned());
    }
    if elements.contains_key("NotPrincipal") && elements.get("Effect").is_some_and(|it| it == "Allow") {
        return Err("Allow with NotPrincipal is not allowed.".to_owned());
    }
    let principals = elements.get("Principal").into_iter().chain(elements.get("NotPrincipal"));
    if !principals.into_iter().all(|it| are_principals(it, partition, more_kinds)) {
        return Err("Invalid principal in policy".to_owned());
    }
    match elements.get("Condition") {
        None => Ok(()),
        Some(Value::Object(operators)) => check_operators(operators),
        Some(_) => Err("Condition must be an object".to_owned()),
    }
}

fn check_operators(operators: &Map<String, Value>) -> Result<(), String> {
    match operators.keys().find(|name| !is_operator(name)) {
        Some(unknown) => Err(format!("Invalid Condition type : {unknown}")),
        None => Ok(()),
    }
}

fn is_operator(name: &str) -> bool {
    let name =
        name.strip_prefix("ForAllValues:").or_else(|| name.strip_prefix("ForAnyValue:")).unwrap_or(name);
    let base = name.strip_suffix("IfExists").unwrap_or(name);
    OPERATORS.contains(&base)
}

fn are_principals(element: &Value, partition: Partition, more_kinds: &[&str]) -> bool {
    let is_principal = |kind: &str, id: &str| match kind {
        "AWS" => is_aws_principal(id, partition),
        CANONICAL_USER => id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        _ => !id.is_empty(),
    };
    match element {
        Value::String(text) => text == "*",
        Value::Object(kinds) => kinds.iter().all(|(kind, ids)| {
            let is_kind = KINDS.contains(&kind.as_str()) || more_kinds.contains(&kind.as_str());
            let ids = match ids {
                Value::Array(ids) => ids.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
                id => id.as_str().map(|id| vec![id]),
            };
            is_kind && ids.is_some_and(|ids| ids.into_iter().all(|id| is_principal(kind, id)))
        }),
        _ => false,
    }
}

/// Returns whether an ID is an account, or the ARN of a principal that can make requests. AWS
/// cannot resolve groups, wildcards and the IDs of deleted principals.
fn is_aws_principal(id: &str, partition: Partition) -> bool {
    if id == "*" || is_account(id) {
        return true;
    }
    let elements: Vec<&str> = id.splitn(6, ':').collect();
    let ["arn", of, service, "", account, resource] = elements.as_slice() else { return false };
    let named = |kind: &str| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
    let is_resource = match (*service, *account) {
        ("iam", "cloudfront") => named("user/CloudFront Origin Access Identity "),
        ("iam", account) => is_account(account) && (*resource == "root" || named("role/") || named("user/")),
        ("sts", account) => {
            let session = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'));
            is_account(account)
                && (session.is_some_and(|(role, session)| !role.is_empty() && !session.is_empty())
                    || named("federated-user/"))
        }
        _ => false,
    };
    *of == partition.as_str() && is_resource && !resource.contains(['*', '?'])
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}
