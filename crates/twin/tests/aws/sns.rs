use aws_sdk_sns::types::Tag;

use crate::clients::{MASTER, MEMBER, code, sns, twin};

fn tag(value: &str) -> Tag {
    Tag::builder().key("team").value(value).build().unwrap()
}

#[tokio::test]
async fn a_new_topic_has_a_policy_and_rejects_policies_of_other_topics() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").tags(tag("a")).send().await.unwrap().topic_arn.unwrap();
    assert_eq!(arn, "arn:aws:sns:eu-west-1:111111111111:files");
    let again = client.create_topic().name("files").tags(tag("a")).send().await.unwrap();
    assert_eq!(again.topic_arn(), Some(arn.as_str()));
    let other = client.create_topic().name("files").tags(tag("b")).send().await;
    assert_eq!(code(other), "InvalidParameter");
    assert_eq!(code(client.create_topic().name("files.fifo").send().await), "InvalidParameter");

    let policy = async || {
        let answer = client.get_topic_attributes().topic_arn(&arn).send().await.unwrap();
        answer.attributes.unwrap()["Policy"].clone()
    };
    assert!(policy().await.contains("__default_statement_ID"));
    let statement = |resource: &str, filler: usize| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"SNS:Publish","Resource":"{resource}"}}]}}"#,
            "x".repeat(filler)
        )
    };
    let set = |text: String| {
        client.set_topic_attributes().topic_arn(&arn).attribute_name("Policy").attribute_value(text).send()
    };
    set(statement(&arn, 1)).await.unwrap();
    assert_eq!(policy().await, statement(&arn, 1));
    let other = statement("arn:aws:sns:eu-west-1:111111111111:others", 1);
    for wrong in [other, statement(&arn, 31_000), "{".into(), String::new()] {
        assert_eq!(code(set(wrong).await), "InvalidParameter");
    }
    assert_eq!(policy().await, statement(&arn, 1));
}

/// See "Amazon SNS API permissions: Actions and resources reference" in the SNS developer guide.
#[tokio::test]
async fn statements_of_a_topic_policy_have_one_resource_known_actions_and_unique_sids() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").send().await.unwrap().topic_arn.unwrap();
    let statement = |sid: &str, action: &str, resource: serde_json::Value| {
        serde_json::json!({
            "Sid": sid, "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": action, "Resource": resource,
        })
    };
    let here = || serde_json::json!(arn);
    let many: Vec<_> = (0..101).map(|n| statement(&format!("S{n}"), "SNS:Publish", here())).collect();
    for (name, statements, is_accepted) in [
        ("any resource", vec![statement("A", "SNS:Publish", "*".into())], true),
        ("the topic in a list", vec![statement("A", "sns:publish", serde_json::json!([arn]))], true),
        ("an old default", vec![statement("A", "SNS:Receive", here())], true),
        ("two resources", vec![statement("A", "SNS:Publish", serde_json::json!([arn, "*"]))], false),
        ("another topic", vec![statement("A", "SNS:Publish", format!("{arn}2").into())], false),
        ("a wildcard action", vec![statement("A", "SNS:*", here())], false),
        ("an action of accounts", vec![statement("A", "SNS:CreateTopic", here())], false),
        ("an action of another service", vec![statement("A", "sqs:SendMessage", here())], false),
        (
            "one Sid twice",
            vec![statement("A", "SNS:Publish", here()), statement("A", "SNS:Subscribe", here())],
            false,
        ),
        ("101 statements", many, false),
        ("no statement", Vec::new(), false),
    ] {
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let call =
            client.set_topic_attributes().topic_arn(&arn).attribute_name("Policy").attribute_value(policy);
        assert_eq!(call.send().await.is_ok(), is_accepted, "{name}");
    }
}

#[tokio::test]
async fn a_topic_is_encrypted_from_the_start_or_later() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let create = |key: &str| client.create_topic().name("files").attributes("KmsMasterKeyId", key).send();
    let arn = create("alias/logs").await.unwrap().topic_arn.unwrap();
    assert_eq!(create("alias/logs").await.unwrap().topic_arn(), Some(arn.as_str()));
    assert_eq!(code(create("alias/aws/sns").await), "InvalidParameter");
    let key = async || {
        let answer = client.get_topic_attributes().topic_arn(&arn).send().await.unwrap();
        answer.attributes.unwrap().remove("KmsMasterKeyId")
    };
    assert_eq!(key().await.as_deref(), Some("alias/logs"));
    let set = |value: &str| {
        let call = client.set_topic_attributes().topic_arn(&arn).attribute_name("KmsMasterKeyId");
        call.attribute_value(value).send()
    };
    set("alias/aws/sns").await.unwrap();
    assert_eq!(key().await.as_deref(), Some("alias/aws/sns"));
    set("").await.unwrap();
    assert_eq!(key().await, None);
}

#[tokio::test]
async fn another_account_reads_a_topic_if_its_policy_allows_it() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").send().await.unwrap().topic_arn.unwrap();
    let read = || sns(&twin, MEMBER).get_topic_attributes().topic_arn(&arn).send();
    assert_eq!(code(read().await), "AuthorizationError");
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MEMBER}:root") },
        "Action": "SNS:GetTopicAttributes", "Resource": arn,
    }] });
    let call = client.set_topic_attributes().topic_arn(&arn).attribute_name("Policy");
    call.attribute_value(policy.to_string()).send().await.unwrap();
    assert_eq!(read().await.unwrap().attributes.unwrap()["Owner"], MASTER);
}

#[tokio::test]
async fn a_topic_is_tagged_and_deleted_only_by_its_owner() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").send().await.unwrap().topic_arn.unwrap();
    client.tag_resource().resource_arn(&arn).tags(tag("security")).send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
    assert_eq!((tags.tags()[0].key(), tags.tags()[0].value()), ("team", "security"));
    client.untag_resource().resource_arn(&arn).tag_keys("team").send().await.unwrap();
    assert!(client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags().is_empty());

    let stranger = sns(&twin, MEMBER);
    assert_eq!(code(stranger.delete_topic().topic_arn(&arn).send().await), "AuthorizationError");
    client.delete_topic().topic_arn(&arn).send().await.unwrap();
    client.delete_topic().topic_arn(&arn).send().await.unwrap();
    assert_eq!(code(client.get_topic_attributes().topic_arn(&arn).send().await), "NotFound");
}

/// See `Subscribe` in the SNS API reference.
#[tokio::test]
async fn a_foreign_endpoint_is_subscribed_after_it_is_confirmed() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").send().await.unwrap().topic_arn.unwrap();
    let subscribe = |protocol: &str, endpoint: &str| {
        client.subscribe().topic_arn(&arn).protocol(protocol).endpoint(endpoint).send()
    };
    subscribe("sqs", "arn:aws:sqs:eu-west-1:111111111111:own").await.unwrap();
    subscribe("sqs", "arn:aws:sqs:eu-west-1:222222222222:theirs").await.unwrap();
    assert_eq!(code(subscribe("pigeon", "somewhere").await), "InvalidParameter");
    let arns = async || {
        let listed = client.list_subscriptions_by_topic().topic_arn(&arn).send().await.unwrap();
        let arns = listed.subscriptions.unwrap().into_iter().filter_map(|it| it.subscription_arn);
        arns.collect::<Vec<_>>()
    };
    assert_eq!(arns().await[1], "PendingConfirmation");
    let confirm = |token: &str| client.confirm_subscription().topic_arn(&arn).token(token).send();
    assert_eq!(code(confirm("guessed").await), "InvalidParameter");
    let summary = twin.summary();
    let topics = &summary.accounts.iter().find(|it| it.id == MASTER).unwrap().topics;
    let token = &topics["eu-west-1"]["files"]["subscriptions"][1]["token"];
    confirm(token.as_str().unwrap()).await.unwrap();
    assert!(arns().await[1].starts_with(&arn));
    let attributes = client.get_topic_attributes().topic_arn(&arn).send().await.unwrap().attributes.unwrap();
    assert_eq!(attributes["SubscriptionsConfirmed"], "2");
}
