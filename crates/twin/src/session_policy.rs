//! Limits the calls of the session of an assumed role.
//!
//! See "Session policies" in the IAM user guide.

use std::borrow::Cow;

use serde::Deserialize;

use crate::fault::Fault;

/// The maximum length of a session policy that STS accepts. See "IAM and AWS STS quotas" in the IAM
/// user guide.
const LIMIT: usize = 2048;

/// The actions of S3 whose names differ from their operations. See "Actions, resources, and
/// condition keys for Amazon S3" in the service authorization reference.
const ACTIONS: [(&str, &str); 16] = [
    ("s3:HeadBucket", "s3:ListBucket"),
    ("s3:ListObjects", "s3:ListBucket"),
    ("s3:ListObjectsV2", "s3:ListBucket"),
    ("s3:ListObjectVersions", "s3:ListBucketVersions"),
    ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    ("s3:PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    ("s3:GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("s3:PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("s3:GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    ("s3:PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
    ("s3:GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
    ("s3:PutObjectLockConfiguration", "s3:PutBucketObjectLockConfiguration"),
    ("s3:GetBucketReplication", "s3:GetReplicationConfiguration"),
    ("s3:GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
    ("s3:ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration"),
    ("s3:HeadObject", "s3:GetObject"),
];

/// The statements that the twin supports: they allow actions on all resources, without a condition.
#[derive(Deserialize)]
struct Policy<'p> {
    #[serde(rename = "Statement", borrow)]
    statements: Vec<Statement<'p>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement<'p> {
    #[serde(rename = "Effect")]
    _effect: Allow,
    #[serde(rename = "Action", borrow)]
    actions: Vec<Cow<'p, str>>,
    #[serde(rename = "Resource")]
    _resource: Everything,
}

#[derive(Deserialize)]
enum Allow {
    Allow,
}

#[derive(Deserialize)]
enum Everything {
    #[serde(rename = "*")]
    Everything,
}

/// Checks the session policy in a call of `AssumeRole`.
pub(crate) fn check(policy: &str) -> Result<(), Fault> {
    if policy.len() > LIMIT {
        let message = format!(
            "1 validation error detected: Value at 'policy' failed to satisfy constraint: \
             Member must have length less than or equal to {LIMIT}"
        );
        return Err(Fault::bad("ValidationError", message));
    }
    if serde_json::from_str::<Policy<'_>>(policy).is_err() {
        let message = "the twin reads session policies that allow actions on all resources";
        return Err(Fault::bad("MalformedPolicyDocument", message));
    }
    Ok(())
}

/// Returns whether a checked policy allows an operation (`kms:CreateKey`).
pub(crate) fn allows(policy: &str, operation: &str) -> bool {
    let action = ACTIONS.iter().find(|(name, _)| *name == operation).map_or(operation, |(_, action)| action);
    let Ok(Policy { statements }) = serde_json::from_str(policy) else { return false };
    statements.iter().flat_map(|statement| &statement.actions).any(|pattern| {
        match pattern.strip_suffix('*') {
            Some(prefix) => action.starts_with(prefix),
            None => action == pattern,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(actions: &serde_json::Value) -> String {
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }],
        })
        .to_string()
    }

    #[test]
    fn a_session_calls_only_the_operations_of_its_policy() {
        let policy = policy(&serde_json::json!(["kms:DescribeKey", "s3:GetBucket*", "s3:ListBucket"]));
        check(&policy).unwrap();
        for allowed in
            ["kms:DescribeKey", "s3:GetBucketPolicy", "s3:HeadBucket", "s3:GetObjectLockConfiguration"]
        {
            assert!(allows(&policy, allowed), "{allowed}");
        }
        for refused in ["kms:PutKeyPolicy", "s3:GetObject", "s3:PutBucketPolicy", "s3:GetBucketEncryption"] {
            assert!(!allows(&policy, refused), "{refused}");
        }
    }

    #[test]
    fn policies_that_sts_rejects_are_rejected() {
        let long = policy(&serde_json::json!([format!("s3:{}", "G".repeat(LIMIT))]));
        assert_eq!(check(&long).unwrap_err().code, "ValidationError");
        assert_eq!(check("{}").unwrap_err().code, "MalformedPolicyDocument");
        assert_eq!(check("no JSON").unwrap_err().code, "MalformedPolicyDocument");
    }
}
