//! The stack set template for the role in member accounts.
//!
//! A stack set that deploys automatically creates the role in every account that joins the
//! organization: see "Manage automatic deployments for stack sets that use service-managed
//! permissions" in the user guide of AWS `CloudFormation`.

use reconcile_operations::ANY_ACCOUNT;
use serde_json::{Value, json};

/// Returns the template of a role with its policy. The name of the role can have a path before it.
pub(super) fn template(role: &str, policy: &Value) -> Value {
    let (path, name) = match role.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), role),
    };
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that reconcile assumes in this account",
        "Parameters": {
            "Caller": {
                "Type": "String",
                "Description": "ARN of the role or user that runs reconcile",
                "AllowedPattern": "arn:.+",
            },
        },
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": name,
                    "Path": path,
                    "AssumeRolePolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{
                            "Effect": "Allow",
                            "Principal": { "AWS": { "Ref": "Caller" } },
                            "Action": "sts:AssumeRole",
                        }],
                    },
                    "Policies": [{ "PolicyName": "reconcile", "PolicyDocument": substituted(policy) }],
                },
            },
        },
        "Outputs": { "RoleArn": { "Value": { "Fn::GetAtt": ["Role", "Arn"] } } },
    })
}

/// Returns the policy with the account of the stack in place of the placeholder ID.
fn substituted(policy: &Value) -> Value {
    super::with_texts(policy, &|text| {
        if text.contains(ANY_ACCOUNT) {
            json!({ "Fn::Sub": text.replace(ANY_ACCOUNT, "${AWS::AccountId}") })
        } else {
            json!(text)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_the_stack_is_that_of_the_resources() {
        let policy =
            json!({ "Statement": [{ "Resource": ["*", "arn:aws:cloudtrail:*:000000000000:trail/*"] }] });
        let template = template("audit/Reconcile", &policy);
        let role = &template["Resources"]["Role"]["Properties"];
        assert_eq!((&role["RoleName"], &role["Path"]), (&json!("Reconcile"), &json!("/audit/")));
        let resources = &role["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"];
        assert_eq!(*resources, json!(["*", { "Fn::Sub": "arn:aws:cloudtrail:*:${AWS::AccountId}:trail/*" }]));
    }
}
