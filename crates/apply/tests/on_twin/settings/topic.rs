//! Settings of a topic.

use aws_sdk_sns::types::Tag;
use serde_json::json;

use super::{STRANGER, World, with, without};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:files";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let sns = &world.sns;
    Some(match setting {
        "the topic" => {
            sns.delete_topic().topic_arn(TOPIC).send().await.unwrap();
            "there is no topic"
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
        "tags" => {
            let tag = Tag::builder().key("team").value("another").build().unwrap();
            sns.tag_resource().resource_arn(TOPIC).tags(tag).send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

async fn policy(world: &World) -> String {
    let answer = world.sns.get_topic_attributes().topic_arn(TOPIC).send().await.unwrap();
    answer.attributes.unwrap().remove("Policy").unwrap()
}

async fn set(world: &World, name: &str, value: &str) {
    let call = world.sns.set_topic_attributes().topic_arn(TOPIC).attribute_name(name).attribute_value(value);
    call.send().await.unwrap();
}
