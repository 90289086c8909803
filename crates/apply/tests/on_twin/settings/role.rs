//! Settings of the role that delivers to a log group.

use aws_sdk_iam::types::Tag;
use reconcile_samples::MASTER;
use serde_json::json;

use super::World;

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let (iam, role) = (&world.iam, name(world));
    let policy = async || {
        let names = iam.list_role_policies().role_name(&role).send().await.unwrap().policy_names;
        names.into_iter().next().unwrap()
    };
    Some(match setting {
        "the role" => {
            iam.delete_role_policy().role_name(&role).policy_name(policy().await).send().await.unwrap();
            iam.delete_role().role_name(&role).send().await.unwrap();
            "the role with which CloudTrail delivers"
        }
        "trust policy" => {
            let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                "Principal": { "AWS": super::STRANGER }, "Action": "sts:AssumeRole" }] });
            let call = iam.update_assume_role_policy().role_name(&role).policy_document(trust.to_string());
            call.send().await.unwrap();
            "must be able to assume the role"
        }
        "policy of the spec: changed" => {
            let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "logs:*",
                "Resource": "*" }] });
            let call = iam.put_role_policy().role_name(&role).policy_name(policy().await);
            call.policy_document(deny.to_string()).send().await.unwrap();
            "the policy of the role differs"
        }
        "policy of the spec: removed" => {
            iam.delete_role_policy().role_name(&role).policy_name(policy().await).send().await.unwrap();
            "the policy of the role differs"
        }
        "inline policy of others" => {
            let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "logs:*",
                "Resource": "*" }] });
            let call = iam.put_role_policy().role_name(&role).policy_name("theirs");
            call.policy_document(deny.to_string()).send().await.unwrap();
            "policy `theirs` is not managed"
        }
        "managed policy" => {
            let arn = "arn:aws:iam::aws:policy/AWSDenyAll";
            iam.attach_role_policy().role_name(&role).policy_arn(arn).send().await.unwrap();
            "policy `arn:aws:iam::aws:policy/AWSDenyAll` is not managed"
        }
        "permissions boundary of the spec" => {
            iam.delete_role_permissions_boundary().role_name(&role).send().await.unwrap();
            "the permissions boundary differs from the spec"
        }
        "permissions boundary that the spec does not name" => {
            let arn = "arn:aws:iam::aws:policy/AWSDenyAll";
            let call = iam.put_role_permissions_boundary().role_name(&role).permissions_boundary(arn);
            call.send().await.unwrap();
            "permissions boundary `arn:aws:iam::aws:policy/AWSDenyAll` is not in the spec"
        }
        "tags" => {
            let tag = Tag::builder().key("team").value("another").build().unwrap();
            iam.tag_role().role_name(&role).tags(tag).send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

/// Returns the name of the role.
fn name(world: &World) -> String {
    let summary = world.installation.twin.summary();
    let account = summary.accounts.iter().find(|it| it.id == MASTER).unwrap();
    account.iam_roles.as_object().unwrap().keys().next().unwrap().clone()
}
