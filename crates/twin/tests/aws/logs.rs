use serde_json::json;

use crate::clients::{MASTER, MEMBER, REGION, code, kms, logs, twin};

#[tokio::test]
async fn a_log_group_is_made_kept_for_some_days_marked_and_removed() {
    let twin = twin();
    let client = logs(&twin, MASTER);
    let create = client.create_log_group().log_group_name("/trail/a").tags("team", "security");
    create.clone().send().await.unwrap();
    assert_eq!(code(create.send().await), "ResourceAlreadyExistsException");
    client.create_log_group().log_group_name("/trail/ab").send().await.unwrap();

    for (days, expected) in [(90, None), (10, Some("InvalidParameterException"))] {
        let put =
            client.put_retention_policy().log_group_name("/trail/a").retention_in_days(days).send().await;
        assert_eq!(put.err().map(|error| code::<(), _>(Err(error))).as_deref(), expected);
    }
    let found = client.describe_log_groups().log_group_name_prefix("/trail/a").send().await.unwrap();
    assert_eq!(found.log_groups().len(), 2);
    let group = &found.log_groups()[0];
    assert_eq!(group.retention_in_days(), Some(90));
    let arn = group.arn().unwrap().to_owned();
    assert_eq!(arn, "arn:aws:logs:eu-west-1:111111111111:log-group:/trail/a:*");

    let bare = arn.trim_end_matches(":*");
    client.tag_resource().resource_arn(bare).tags("cost", "42").send().await.unwrap();
    client.untag_resource().resource_arn(bare).tag_keys("team").send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(bare).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().clone().into_iter().collect::<Vec<_>>(), [("cost".into(), "42".into())]);
    assert_eq!(
        code(client.list_tags_for_resource().resource_arn(&arn).send().await),
        "InvalidParameterException"
    );

    client.delete_retention_policy().log_group_name("/trail/a").send().await.unwrap();
    let found = client.describe_log_groups().log_group_name_prefix("/trail/a").send().await.unwrap();
    assert_eq!(found.log_groups()[0].retention_in_days(), None);
    client.delete_log_group().log_group_name("/trail/a").send().await.unwrap();
    assert_eq!(
        code(client.delete_log_group().log_group_name("/trail/a").send().await),
        "ResourceNotFoundException"
    );
    let of_others = logs(&twin, MEMBER).describe_log_groups().send().await.unwrap();
    assert!(of_others.log_groups().is_empty());
}

#[tokio::test]
async fn log_groups_come_in_pages_of_fifty() {
    let twin = twin();
    let client = logs(&twin, MASTER);
    for number in 0..60 {
        client.create_log_group().log_group_name(format!("g{number:02}")).send().await.unwrap();
    }
    let first = client.describe_log_groups().send().await.unwrap();
    let second = client.describe_log_groups().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((first.log_groups().len(), second.log_groups().len(), second.next_token()), (50, 10, None));
}

/// See "Encrypt log data in CloudWatch Logs using AWS Key Management Service" in the CloudWatch Logs user guide.
#[tokio::test]
async fn a_log_group_is_encrypted_with_a_key_that_is_for_it() {
    let twin = twin();
    let (client, kms) = (logs(&twin, MEMBER), kms(&twin, MASTER));
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let arn = key.arn().unwrap();
    let group = format!("arn:aws:logs:{REGION}:{MEMBER}:log-group:trail");
    let allow = |service: &str, group: &str| {
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MASTER}:root") },
              "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "Service": service }, "Resource": "*",
              "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
              "Condition": { "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": group } } },
        ] });
        kms.put_key_policy().key_id(key.key_id()).policy(policy.to_string()).send()
    };
    let create = || client.create_log_group().log_group_name("trail").kms_key_id(arn).send();
    for (service, group) in [
        ("logs.us-east-1.amazonaws.com", group.as_str()),
        ("logs.eu-west-1.amazonaws.com", "arn:aws:logs:eu-west-1:222222222222:log-group:other"),
    ] {
        allow(service, group).await.unwrap();
        assert_eq!(code(create().await), "AccessDeniedException", "{service} {group}");
    }
    allow("logs.eu-west-1.amazonaws.com", &group).await.unwrap();
    create().await.unwrap();
    let key_of = async || {
        let found = client.describe_log_groups().log_group_name_prefix("trail").send().await.unwrap();
        found.log_groups()[0].kms_key_id().map(str::to_owned)
    };
    assert_eq!(key_of().await.as_deref(), Some(arn));
    client.disassociate_kms_key().log_group_name("trail").send().await.unwrap();
    assert_eq!(key_of().await, None);
    let associate = |arn: &str| client.associate_kms_key().log_group_name("trail").kms_key_id(arn).send();
    associate(arn).await.unwrap();
    assert_eq!(code(associate(&arn.replace(REGION, "us-east-1")).await), "AccessDeniedException");
    kms.disable_key().key_id(key.key_id()).send().await.unwrap();
    assert_eq!(code(associate(arn).await), "InvalidParameterException");
    assert_eq!(key_of().await.as_deref(), Some(arn));
}
