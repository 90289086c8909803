use aws_sdk_cloudwatchlogs::types::{LogGroupClass, MetricTransformation};
use serde_json::json;

use crate::clients::{MASTER, MEMBER, REGION, code, kms, logs, twin};

#[tokio::test]
async fn a_log_group_is_created_retained_tagged_and_deleted() {
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
async fn log_groups_are_listed_in_pages_of_fifty() {
    let twin = twin();
    let client = logs(&twin, MASTER);
    for number in 0..60 {
        client.create_log_group().log_group_name(format!("g{number:02}")).send().await.unwrap();
    }
    let first = client.describe_log_groups().send().await.unwrap();
    let second = client.describe_log_groups().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((first.log_groups().len(), second.log_groups().len(), second.next_token()), (50, 10, None));
}

/// See "Encrypt log data in CloudWatch Logs using AWS Key Management Service" in the CloudWatch
/// Logs user guide.
#[tokio::test]
async fn a_log_group_is_encrypted_only_with_a_key_that_allows_it() {
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

/// See `PutResourcePolicy` in the CloudWatch Logs API reference.
#[tokio::test]
async fn resource_policies_belong_to_an_account_or_to_one_log_group() {
    let twin = twin();
    let client = logs(&twin, MASTER);
    let group = format!("arn:aws:logs:{REGION}:{MASTER}:log-group:trail");
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "es.amazonaws.com" }, "Action": "logs:PutLogEvents",
          "Resource": "*" } ] })
    .to_string();
    let of_group = |expected: Option<&str>| {
        let call = client.put_resource_policy().resource_arn(&group).policy_document(&document);
        call.set_expected_revision_id(expected.map(str::to_owned)).send()
    };
    assert_eq!(code(of_group(None).await), "ResourceNotFoundException");
    client.create_log_group().log_group_name("trail").send().await.unwrap();
    let revision = of_group(None).await.unwrap().revision_id.unwrap();
    assert_eq!(code(of_group(None).await), "OperationAbortedException");
    of_group(Some(&revision)).await.unwrap();

    let of_account = |name: &str, document: &str| {
        client.put_resource_policy().policy_name(name).policy_document(document).send()
    };
    assert_eq!(code(of_account("p", "{}").await), "InvalidParameterException");
    for number in 0..10 {
        of_account(&format!("p{number}"), &document).await.unwrap();
    }
    assert_eq!(code(of_account("p10", &document).await), "LimitExceededException");
    of_account("p0", &document).await.unwrap();

    let listed = client.describe_resource_policies().send().await.unwrap();
    assert_eq!(listed.resource_policies().len(), 10);
    let scope = aws_sdk_cloudwatchlogs::types::PolicyScope::Resource;
    let listed = client.describe_resource_policies().policy_scope(scope).resource_arn(&group);
    let listed = listed.send().await.unwrap();
    let [policy] = listed.resource_policies() else { panic!("{listed:?}") };
    assert_eq!(
        (policy.resource_arn(), policy.policy_document()),
        (Some(group.as_str()), Some(document.as_str()))
    );
    client.delete_resource_policy().resource_arn(&group).send().await.unwrap();
    assert_eq!(
        code(client.delete_resource_policy().resource_arn(&group).send().await),
        "ResourceNotFoundException"
    );
}

/// See `PutSubscriptionFilter` and `PutAccountPolicy` in the CloudWatch Logs API reference.
#[tokio::test]
async fn events_are_sent_to_streams_of_the_account_and_to_destinations_of_any_account() {
    let twin = twin();
    let client = logs(&twin, MASTER);
    client.create_log_group().log_group_name("trail").send().await.unwrap();
    let put = |name: &str, destination: &str, role: Option<&str>| {
        let call = client.put_subscription_filter().log_group_name("trail").filter_name(name);
        let call = call.destination_arn(destination).filter_pattern("");
        call.set_role_arn(role.map(str::to_owned)).send()
    };
    let role = Some("arn:aws:iam::111111111111:role/Send");
    for (destination, role) in [
        ("arn:aws:kinesis:eu-west-1:222222222222:stream/s", role),
        ("arn:aws:kinesis:eu-west-1:111111111111:stream/s", None),
        ("arn:aws:lambda:eu-west-1:222222222222:function:f", None),
        ("arn:aws:logs:us-east-1:222222222222:destination:d", None),
        ("arn:aws:s3:::bucket", role),
        ("somewhere", role),
    ] {
        assert_eq!(code(put("a", destination, role).await), "InvalidParameterException", "{destination}");
    }
    put("a", "arn:aws:kinesis:eu-west-1:111111111111:stream/s", role).await.unwrap();
    put("b", "arn:aws:logs:eu-west-1:222222222222:destination:d", None).await.unwrap();
    let lambda = "arn:aws:lambda:eu-west-1:111111111111:function:f";
    assert_eq!(code(put("c", lambda, None).await), "LimitExceededException");
    put("a", lambda, None).await.unwrap();
    let listed = client.describe_subscription_filters().log_group_name("trail").send().await.unwrap();
    let destinations: Vec<_> =
        listed.subscription_filters().iter().map(|it| it.destination_arn().unwrap()).collect();
    assert_eq!(destinations, [lambda, "arn:aws:logs:eu-west-1:222222222222:destination:d"]);
    client.delete_subscription_filter().log_group_name("trail").filter_name("a").send().await.unwrap();

    let kind = || aws_sdk_cloudwatchlogs::types::PolicyType::SubscriptionFilterPolicy;
    let account = |name: &str, document: &str| {
        let call = client.put_account_policy().policy_type(kind()).policy_name(name);
        call.policy_document(document).send()
    };
    let document = format!(r#"{{"DestinationArn":"{lambda}"}}"#);
    assert_eq!(code(account("all", "{}").await), "InvalidParameterException");
    account("all", &document).await.unwrap();
    assert_eq!(code(account("more", &document).await), "LimitExceededException");
    let listed = client.describe_account_policies().policy_type(kind()).send().await.unwrap();
    assert_eq!(listed.account_policies().len(), 1);
    client.delete_account_policy().policy_type(kind()).policy_name("all").send().await.unwrap();
}

/// See `PutMetricFilter`, `DescribeMetricFilters` and `DeleteMetricFilter` in the CloudWatch Logs
/// API reference.
#[tokio::test]
async fn a_metric_filter_is_created_replaced_listed_and_deleted() {
    let twin = twin();
    let client = logs(&twin, MASTER);
    let put = |group: &str, name: &str, pattern: &str| {
        let metric = MetricTransformation::builder().metric_namespace("Trails").metric_name("root");
        let metric = metric.metric_value("1").build().unwrap();
        let call = client.put_metric_filter().log_group_name(group).filter_name(name);
        call.filter_pattern(pattern).metric_transformations(metric)
    };
    assert_eq!(code(put("g", "root", "{ $.a = b }").send().await), "ResourceNotFoundException");
    client.create_log_group().log_group_name("g").send().await.unwrap();
    for pattern in ["{ $.a = b }", "{ $.a = c }"] {
        put("g", "root", pattern).send().await.unwrap();
    }
    assert_eq!(code(put("g", "bad", "{ ($.a = b }").send().await), "InvalidParameterException");
    assert_eq!(code(put("g", "a:b", "{ $.a = b }").send().await), "InvalidParameterException");
    let found = client.describe_metric_filters().log_group_name("g").send().await.unwrap();
    let [filter] = found.metric_filters() else { panic!("{found:?}") };
    assert_eq!((filter.filter_name(), filter.filter_pattern()), (Some("root"), Some("{ $.a = c }")));
    assert_eq!(filter.metric_transformations()[0].metric_value(), "1");
    let groups = client.describe_log_groups().send().await.unwrap();
    assert_eq!(groups.log_groups()[0].metric_filter_count(), Some(1));

    for number in 0..99 {
        put("g", &format!("x{number:02}"), "").send().await.unwrap();
    }
    assert_eq!(code(put("g", "more", "").send().await), "LimitExceededException");
    put("g", "root", "").send().await.unwrap();
    let list = client.describe_metric_filters().log_group_name("g");
    let first = list.clone().send().await.unwrap();
    let second = list.clone().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((first.metric_filters().len(), second.metric_filters().len()), (50, 50));
    let prefixed = list.filter_name_prefix("x9").send().await.unwrap();
    assert_eq!(prefixed.metric_filters().len(), 9);

    let delete = client.delete_metric_filter().log_group_name("g").filter_name("root");
    delete.clone().send().await.unwrap();
    assert_eq!(code(delete.send().await), "ResourceNotFoundException");
    let rare =
        client.create_log_group().log_group_name("rare").log_group_class(LogGroupClass::InfrequentAccess);
    rare.send().await.unwrap();
    assert_eq!(code(put("rare", "root", "").send().await), "InvalidOperationException");
}
