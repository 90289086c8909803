//! Settings of a log group.

use serde_json::json;

use super::World;

const GROUP: &str = "events";
const ARN: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:events";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let logs = &world.logs;
    Some(match setting {
        "the log group" => {
            logs.delete_log_group().log_group_name(GROUP).send().await.unwrap();
            "there is no such log group"
        }
        "retention: another time" => {
            logs.put_retention_policy().log_group_name(GROUP).retention_in_days(1).send().await.unwrap();
            "not kept for as long"
        }
        "retention: for ever" => {
            logs.delete_retention_policy().log_group_name(GROUP).send().await.unwrap();
            "not kept for as long"
        }
        "encryption: ended" => {
            logs.disassociate_kms_key().log_group_name(GROUP).send().await.unwrap();
            "not encrypted with the key of the spec"
        }
        "encryption: another key" => {
            let key = another_key(world).await;
            logs.associate_kms_key().log_group_name(GROUP).kms_key_id(key).send().await.unwrap();
            "not encrypted with the key of the spec"
        }
        "resource policy: a statement that lets a service write for any account" => {
            let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
                "Principal": { "Service": "delivery.logs.amazonaws.com" }, "Action": "logs:PutLogEvents",
                "Resource": "*" }] });
            let call = logs.put_resource_policy().policy_name("theirs").policy_document(policy.to_string());
            call.send().await.unwrap();
            "on behalf of any account write events into the log group"
        }
        "subscription filter: events are sent to an outsider" => {
            let destination = "arn:aws:logs:eu-west-1:444455556666:destination:theirs";
            let call = logs.put_subscription_filter().log_group_name(GROUP).filter_name("copy");
            call.filter_pattern("").destination_arn(destination).send().await.unwrap();
            "sends every event of the log group"
        }
        "tags" => {
            logs.untag_resource().resource_arn(ARN).tag_keys("team").send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

/// Another key, which CloudWatch Logs can use.
async fn another_key(world: &World) -> String {
    let statement = |principal: serde_json::Value| json!({ "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*" });
    let statements = [
        statement(json!({ "AWS": "arn:aws:iam::111111111111:root" })),
        statement(json!({ "Service": "logs.eu-west-1.amazonaws.com" })),
    ];
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    let call = world.kms.create_key().policy(policy.to_string());
    call.send().await.unwrap().key_metadata.unwrap().arn.unwrap()
}
