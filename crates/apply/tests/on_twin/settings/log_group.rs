//! Settings of a log group.

use aws_sdk_cloudwatchlogs::types::{LogGroupClass, MetricTransformation};
use serde_json::json;

use super::World;

const GROUP: &str = "events";
const FILTER: &str = "reconcile-test-root-user";
const ARN: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:events";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let logs = &world.logs;
    Some(match setting {
        "the log group" => {
            logs.delete_log_group().log_group_name(GROUP).send().await.unwrap();
            "the log group does not exist"
        }
        "retention: another time" => {
            logs.put_retention_policy().log_group_name(GROUP).retention_in_days(1).send().await.unwrap();
            "the retention of events differs"
        }
        "retention: for ever" => {
            logs.delete_retention_policy().log_group_name(GROUP).send().await.unwrap();
            "the retention of events differs"
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
        "metric filter of the spec: changed" => {
            let metric =
                MetricTransformation::builder().metric_name("a").metric_namespace("b").metric_value("1");
            let call = logs.put_metric_filter().log_group_name(GROUP).filter_name(FILTER);
            let call = call.filter_pattern("{ $.a = b }").metric_transformations(metric.build().unwrap());
            call.send().await.unwrap();
            "the pattern differs from the control"
        }
        "metric filter of the spec: deleted" => {
            logs.delete_metric_filter().log_group_name(GROUP).filter_name(FILTER).send().await.unwrap();
            "the metric filter does not exist"
        }
        "data protection policy of the log group" => {
            let identifiers = ["arn:aws:dataprotection::aws:data-identifier/IpAddress"];
            let statement = |operation: serde_json::Value| json!({ "DataIdentifier": identifiers, "Operation": operation });
            let policy = json!({ "Name": "mask", "Version": "2021-06-01", "Statement": [
                statement(json!({ "Audit": { "FindingsDestination": {} } })),
                statement(json!({ "Deidentify": { "MaskConfig": {} } })),
            ] });
            let call = logs.put_data_protection_policy().log_group_identifier(GROUP);
            call.policy_document(policy.to_string()).send().await.unwrap();
            "the data protection policy of the log group masks parts of the events"
        }
        "bearer tokens" => {
            let call = logs.put_bearer_token_authentication().log_group_identifier(ARN);
            call.bearer_token_authentication_enabled(true).send().await.unwrap();
            "accepts bearer tokens"
        }
        "class, of a log group that somebody created anew" => {
            recreate(world).await;
            "is of class INFREQUENT_ACCESS"
        }
        "tags" => {
            logs.untag_resource().resource_arn(ARN).tag_keys("team").send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

/// Deletes the log group, and creates it again with another class.
async fn recreate(world: &World) {
    let logs = &world.logs;
    let tags = logs.list_tags_for_resource().resource_arn(ARN).send().await.unwrap().tags;
    logs.delete_log_group().log_group_name(GROUP).send().await.unwrap();
    let call = logs.create_log_group().log_group_name(GROUP).set_tags(tags).kms_key_id(&world.key);
    call.log_group_class(LogGroupClass::InfrequentAccess).send().await.unwrap();
    logs.put_retention_policy().log_group_name(GROUP).retention_in_days(90).send().await.unwrap();
}

/// Creates another key that CloudWatch Logs can use.
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
