//! Settings of a topic.

use aws_sdk_sns::types::Tag;
use reconcile_samples::MASTER;
use serde_json::json;

use super::{STRANGER, World, with, without};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:files";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let sns = &world.sns;
    Some(match setting {
        "the topic" => {
            sns.delete_topic().topic_arn(TOPIC).send().await.unwrap();
            "the topic for notifications of log files does not exist"
        }
        "topic policy: a statement of the spec is removed" => {
            // SNS accepts no policy without statements.
            let owner = json!({ "Sid": "Owner", "Effect": "Allow", "Principal": { "AWS": "111111111111" },
                "Action": "SNS:Publish", "Resource": TOPIC });
            set(world, "Policy", &without(&with(&policy(world).await, owner), "TestTrail")).await;
            "missing or differs from the spec"
        }
        "topic policy: a statement that lets an outsider subscribe" => {
            let statement = json!({ "Sid": "Other", "Effect": "Allow", "Principal": { "AWS": STRANGER },
                "Action": "SNS:Subscribe", "Resource": TOPIC });
            set(world, "Policy", &with(&policy(world).await, statement)).await;
            "lets account 444455556666 subscribe to the topic"
        }
        "encryption" => {
            set(world, "KmsMasterKeyId", "").await;
            "not encrypted with the key of the spec"
        }
        "subscription of an outsider" => {
            subscribe(world, "sqs", &format!("arn:aws:sqs:eu-west-1:{STRANGER}:queue")).await;
            "lets account 444455556666 list the names of log files"
        }
        "subscription by email, HTTP or text message" => {
            subscribe(world, "https", "https://logs.example.com/").await;
            "sends the names of log files to `https://logs.example.com/`"
        }
        "tags" => {
            let tag = Tag::builder().key("team").value("another").build().unwrap();
            sns.tag_resource().resource_arn(TOPIC).tags(tag).send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

/// Subscribes an endpoint, and confirms the subscription with the token from SNS.
async fn subscribe(world: &World, protocol: &str, endpoint: &str) {
    let call = world.sns.subscribe().topic_arn(TOPIC).protocol(protocol).endpoint(endpoint);
    call.send().await.unwrap();
    let found = reconcile_plan::findings(&world.compare().await);
    assert!(found.is_empty(), "nobody confirmed yet: {found:#?}");
    let summary = world.installation.twin.summary();
    let account = summary.accounts.iter().find(|it| it.id == MASTER).unwrap();
    let token = &account.topics["eu-west-1"]["files"]["subscriptions"][0]["token"];
    let call = world.sns.confirm_subscription().topic_arn(TOPIC).token(token.as_str().unwrap());
    call.send().await.unwrap();
}

async fn policy(world: &World) -> String {
    let answer = world.sns.get_topic_attributes().topic_arn(TOPIC).send().await.unwrap();
    answer.attributes.unwrap().remove("Policy").unwrap()
}

async fn set(world: &World, name: &str, value: &str) {
    let call = world.sns.set_topic_attributes().topic_arn(TOPIC).attribute_name(name).attribute_value(value);
    call.send().await.unwrap();
}
