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
