//! Decides whether S3 counts a bucket policy as public. The documentation is applied literally: a
//! value is fixed only if the documentation calls it fixed.
//!
//! See "The meaning of public" in "Blocking public access to your Amazon S3 storage" in the S3 user
//! guide.

use serde_json::Value;

use crate::policy::Policy;

/// Operators whose condition is met only if the request has one of the values.
const OPERATORS: &[&str] =
    &["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"];

const KEYS: &[&str] = &[
    "aws:PrincipalOrgID",
    "aws:SourceIp",
    "aws:SourceArn",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SourceOwner",
    "aws:SourceAccount",
    "aws:userid",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:DataAccessPointArn",
    "s3:DataAccessPointAccount",
];

pub(super) fn is_public(policy: &Policy) -> bool {
    let is_open =
        |it: &Value| it["Effect"] == "Allow" && !has_fixed_principals(it) && !has_fixed_condition(it);
    policy.statements().iter().any(is_open)
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

fn has_fixed_principals(statement: &Value) -> bool {
    let is_fixed =
        |(kind, ids): (&String, &Value)| kind != "Federated" && texts(ids).iter().all(|id| !id.contains('*'));
    statement["Principal"].as_object().is_some_and(|kinds| kinds.iter().all(is_fixed))
}

fn has_fixed_condition(statement: &Value) -> bool {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let operators =
        operators.filter(|(name, _)| OPERATORS.contains(&name.trim_start_matches("ForAnyValue:")));
    operators.filter_map(|(_, keys)| keys.as_object()).flatten().any(|(key, values)| {
        let key = KEYS.iter().find(|it| it.eq_ignore_ascii_case(key));
        key.is_some_and(|key| texts(values).iter().all(|value| is_fixed(key, value)))
    })
}

fn is_fixed(key: &str, value: &str) -> bool {
    match key {
        "aws:SourceIp" => {
            let widest = if value.contains(':') { 32 } else { 8 };
            value.split_once('/').is_none_or(|(_, bits)| bits.parse::<u8>().is_ok_and(|bits| bits >= widest))
        }
        // Only the name of the access point can be a wildcard.
        "s3:DataAccessPointArn" => {
            value.rsplit_once(":accesspoint/").is_some_and(|(scope, _)| !scope.contains(['*', '?', '$']))
        }
        _ => !value.contains(['*', '?']) && !value.contains("${"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_public_examples_of_the_documentation_are_public() {
        let is_public = |principal: Value, condition: Value| {
            let statement = json!({ "Principal": principal, "Resource": "*", "Action": "s3:PutObject",
                "Effect": "Allow", "Condition": condition });
            is_public(&Policy::parse(&json!({ "Statement": [statement] }).to_string()).unwrap())
        };
        assert!(is_public(json!({ "Federated": "graph.facebook.com" }), json!({})));
        assert!(is_public(json!("*"), json!({})));
        assert!(is_public(json!("*"), json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } })));
        assert!(!is_public(json!("*"), json!({ "StringEquals": { "aws:SourceVpc": "vpc-91237329" } })));
        assert!(!is_public(json!({ "AWS": "111111111111" }), json!({})));
        assert!(is_public(
            json!("*"),
            json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/1"] } })
        ));
        assert!(!is_public(json!("*"), json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } })));
        let within = "arn:aws:s3:us-west-2:123456789012:accesspoint/*";
        assert!(!is_public(json!("*"), json!({ "ArnLike": { "s3:DataAccessPointArn": within } })));
    }
}
