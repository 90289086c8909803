use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, AggregationConfiguration, DataResource,
    EventCategoryAggregation, EventSelector, Template,
};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use reconcile_twin::Twin;
use serde_json::{Value, json};

use crate::clients::{
    MASTER, MEMBER, REGION, cloudtrail, code, config, iam, kms, logs, organizations, s3, sns, twin,
};

const BUCKET: &str = "central-logs";

fn arn(account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{REGION}:{account}:trail/{name}")
}

/// Returns a policy that allows these trails to deliver.
fn bucket_policy(trails: &[String]) -> Value {
    let accounts = trails.iter().map(|arn| arn.split(':').nth(4).unwrap());
    let prefixes: Vec<String> = accounts.map(|id| format!("arn:aws:s3:::{BUCKET}/AWSLogs/{id}/*")).collect();
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:GetBucketAcl",
          "Resource": format!("arn:aws:s3:::{BUCKET}"),
          "Condition": { "StringEquals": { "aws:SourceArn": trails } } },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
          "Resource": prefixes,
          "Condition": { "StringEquals": {
              "aws:SourceArn": trails, "s3:x-amz-acl": "bucket-owner-full-control" } } },
    ]})
}

async fn put_policy(twin: &Twin, policy: &Value) {
    s3(twin, MASTER, REGION)
        .put_bucket_policy()
        .bucket(BUCKET)
        .policy(policy.to_string())
        .send()
        .await
        .unwrap();
}

/// Creates a bucket to which the trail `T` of both accounts can deliver.
async fn ready() -> (Twin, Client) {
    let twin = twin();
    let place =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    let s3 = s3(&twin, MASTER, REGION);
    s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await.unwrap();
    put_policy(&twin, &bucket_policy(&[arn(MASTER, "Trail"), arn(MEMBER, "Trail")])).await;
    let client = cloudtrail(&twin, MEMBER, REGION);
    (twin, client)
}

fn create(client: &Client) -> CreateTrailFluentBuilder {
    client.create_trail().name("Trail").s3_bucket_name(BUCKET)
}

#[tokio::test]
async fn a_trail_is_rejected_if_the_bucket_policy_does_not_allow_delivery() {
    let (twin, client) = ready().await;
    let other_name = client.create_trail().name("Other").s3_bucket_name(BUCKET).send().await;
    assert_eq!(code(other_name), "InsufficientS3BucketPolicyException");
    let prefix = create(&client).s3_key_prefix("deep").send().await;
    assert_eq!(code(prefix), "InsufficientS3BucketPolicyException");
    let nowhere = client.create_trail().name("Trail").s3_bucket_name("nowhere").send().await;
    assert_eq!(code(nowhere), "S3BucketDoesNotExistException");

    let mut denied = bucket_policy(&[arn(MEMBER, "Trail")]);
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
        "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } } });
    denied["Statement"].as_array_mut().unwrap().push(deny);
    put_policy(&twin, &denied).await;
    assert_eq!(code(create(&client).send().await), "InsufficientS3BucketPolicyException");
    assert!(client.describe_trails().send().await.unwrap().trail_list().is_empty());

    put_policy(&twin, &bucket_policy(&[arn(MEMBER, "Trail")])).await;
    create(&client).send().await.unwrap();
    assert_eq!(code(create(&client).send().await), "TrailAlreadyExistsException");
}

#[tokio::test]
async fn a_trail_is_rejected_if_the_key_policy_does_not_allow_encryption() {
    let (twin, client) = ready().await;
    let kms = kms(&twin, MASTER);
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap().arn.unwrap();
    let with_key = || create(&client).kms_key_id(&key).send();
    assert_eq!(code(with_key().await), "InsufficientEncryptionPolicyException");
    let none = create(&client).kms_key_id(format!("arn:aws:kms:{REGION}:{MASTER}:key/none")).send().await;
    assert_eq!(code(none), "KmsKeyNotFoundException");

    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MASTER}:root") },
          "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": "kms:GenerateDataKey*", "Resource": "*",
          "Condition": { "StringLike": {
              "kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:aws:cloudtrail:*:{MEMBER}:trail/*") } } },
        { "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
          "Action": "kms:DescribeKey", "Resource": "*" },
    ]});
    kms.put_key_policy().key_id(&key).policy(policy.to_string()).send().await.unwrap();
    kms.disable_key().key_id(&key).send().await.unwrap();
    assert_eq!(code(with_key().await), "KmsException");
    kms.enable_key().key_id(&key).send().await.unwrap();
    assert_eq!(with_key().await.unwrap().kms_key_id(), Some(key.as_str()));
}

#[tokio::test]
async fn a_trail_has_a_home_region_and_shadow_trails() {
    let (twin, client) = ready().await;
    let made = create(&client).is_multi_region_trail(true).send().await.unwrap();
    assert_eq!(made.trail_arn(), Some(arn(MEMBER, "Trail").as_str()));
    assert_eq!(client.get_trail_status().name("Trail").send().await.unwrap().is_logging(), Some(false));

    let elsewhere = cloudtrail(&twin, MEMBER, "us-east-1");
    let home = arn(MEMBER, "Trail");
    assert_eq!(code(elsewhere.start_logging().name(&home).send().await), "InvalidHomeRegionException");
    assert_eq!(elsewhere.describe_trails().send().await.unwrap().trail_list().len(), 1);
    let without = elsewhere.describe_trails().include_shadow_trails(false).send().await.unwrap();
    assert_eq!(without.trail_list().len(), 0);

    client.start_logging().name(&home).send().await.unwrap();
    assert_eq!(client.get_trail_status().name(&home).send().await.unwrap().is_logging(), Some(true));
    let foreign = cloudtrail(&twin, MASTER, REGION).get_trail_status().name(&home).send().await;
    assert_eq!(code(foreign), "TrailNotFoundException");
    client.delete_trail().name(&home).send().await.unwrap();
    assert_eq!(code(client.get_trail_status().name(&home).send().await), "TrailNotFoundException");
}

#[tokio::test]
async fn basic_and_advanced_selectors_replace_each_other() {
    let (_twin, client) = ready().await;
    create(&client).send().await.unwrap();
    let get = || client.get_event_selectors().trail_name("Trail").send();
    assert_eq!(get().await.unwrap().event_selectors()[0].include_management_events(), Some(true));

    let field = AdvancedFieldSelector::builder().field("eventCategory").equals("Management").build().unwrap();
    let advanced = AdvancedEventSelector::builder().field_selectors(field).build().unwrap();
    client.put_event_selectors().trail_name("Trail").advanced_event_selectors(advanced).send().await.unwrap();
    let read = get().await.unwrap();
    assert_eq!((read.event_selectors().len(), read.advanced_event_selectors().len()), (0, 1));

    let basic = EventSelector::builder().include_management_events(true).build();
    client.put_event_selectors().trail_name("Trail").event_selectors(basic).send().await.unwrap();
    let read = get().await.unwrap();
    assert_eq!((read.event_selectors().len(), read.advanced_event_selectors().len()), (1, 0));
    let none = client.put_event_selectors().trail_name("Trail").send().await;
    assert_eq!(code(none), "InvalidEventSelectorsException");
}

/// See "Suppressing recursive events with recursive logging" in the CloudTrail User Guide.
#[tokio::test]
async fn recursive_logging_is_on_unless_a_request_turns_it_off() {
    let (_twin, client) = ready().await;
    create(&client).send().await.unwrap();
    let read = async || {
        let described = client.describe_trails().send().await.unwrap();
        described.trail_list()[0].recursive_logging()
    };
    assert_eq!(read().await, Some(true));
    let updated = client.update_trail().name("Trail").recursive_logging(false).send().await.unwrap();
    assert_eq!(updated.recursive_logging(), Some(false));
    // Settings that a request does not contain are kept.
    client.update_trail().name("Trail").enable_log_file_validation(true).send().await.unwrap();
    assert_eq!(read().await, Some(false));
    client.delete_trail().name("Trail").send().await.unwrap();
    create(&client).recursive_logging(false).send().await.unwrap();
    assert_eq!(read().await, Some(false));
}

/// See "Aggregating data events" in the CloudTrail User Guide, and `PutEventConfiguration` in the
/// CloudTrail API Reference.
#[tokio::test]
async fn data_events_are_aggregated_by_the_templates_of_the_last_request() {
    let (_twin, client) = ready().await;
    create(&client).send().await.unwrap();
    let put = |templates: &[Template]| {
        let configuration = AggregationConfiguration::builder()
            .event_category(EventCategoryAggregation::Data)
            .set_templates(Some(templates.to_vec()))
            .build()
            .unwrap();
        client.put_event_configuration().trail_name("Trail").aggregation_configurations(configuration).send()
    };
    let get = async || {
        let answer = client.get_event_configuration().trail_name(arn(MEMBER, "Trail")).send().await.unwrap();
        let configurations = answer.aggregation_configurations.unwrap();
        configurations.into_iter().flat_map(|it| it.templates).collect::<Vec<_>>()
    };
    assert_eq!(code(put(&[Template::ApiActivity]).await), "OperationNotPermittedException");
    let resource = DataResource::builder().r#type("AWS::S3::Object").values("arn:aws:s3").build();
    let basic = EventSelector::builder().include_management_events(true).data_resources(resource).build();
    client.put_event_selectors().trail_name("Trail").event_selectors(basic).send().await.unwrap();
    assert_eq!(get().await, []);
    for templates in [vec![Template::ApiActivity, Template::UserActions], vec![Template::ResourceAccess]] {
        put(&templates).await.unwrap();
        assert_eq!(get().await, templates);
    }
    assert_eq!(code(put(&[]).await), "ValidationException");
    assert_eq!(code(put(&[Template::from("OTHER")]).await), "ValidationException");
    let none =
        client.put_event_configuration().trail_name("Trail").set_aggregation_configurations(Some(vec![]));
    none.send().await.unwrap();
    assert_eq!(get().await, []);

    let nothing = client.get_event_configuration().send().await;
    assert_eq!(code(nothing), "InvalidParameterCombinationException");
    let unknown = client.get_event_configuration().trail_name("Other").send().await;
    assert_eq!(code(unknown), "TrailNotFoundException");
}

#[tokio::test]
async fn names_are_checked_and_a_region_has_at_most_five_trails() {
    let (twin, client) = ready().await;
    for name in ["ab", "-abc", "abc-", "a..b", "192.168.0.1", "with space"] {
        let refused = client.create_trail().name(name).s3_bucket_name(BUCKET).send().await;
        assert_eq!(code(refused), "InvalidTrailNameException", "{name}");
    }
    let names: Vec<String> = (1..=6).map(|n| format!("Trail{n}")).collect();
    let arns: Vec<String> = names.iter().map(|name| arn(MEMBER, name)).collect();
    put_policy(&twin, &bucket_policy(&arns)).await;
    for name in &names[..5] {
        client.create_trail().name(name).s3_bucket_name(BUCKET).send().await.unwrap();
    }
    let sixth = client.create_trail().name(&names[5]).s3_bucket_name(BUCKET).send().await;
    assert_eq!(code(sixth), "MaximumNumberOfTrailsExceededException");
}

#[tokio::test]
async fn the_log_shows_which_calls_can_change_something() {
    let (twin, client) = ready().await;
    let before = twin.calls().len();
    client.describe_trails().send().await.unwrap();
    create(&client).send().await.unwrap();
    let calls = twin.calls();
    let seen: Vec<(&str, bool)> =
        calls[before..].iter().map(|call| (call.operation.as_str(), call.mutating)).collect();
    assert_eq!(seen, [("cloudtrail:DescribeTrails", false), ("cloudtrail:CreateTrail", true)]);
    let summary = twin.summary();
    let trail = &summary.accounts.iter().find(|account| account.id == MEMBER).unwrap().trails[0];
    assert_eq!(trail.undeliverable, None);
}

/// The twin and the product evaluate their own requests. Both must reach the same decision.
#[tokio::test]
async fn the_proof_of_delivery_agrees_with_the_checks_of_the_twin() {
    let (twin, client) = ready().await;
    let statements = bucket_policy(&[arn(MEMBER, "Trail")])["Statement"].as_array().unwrap().clone();
    let deny = |condition: Value| {
        json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                "Resource": format!("arn:aws:s3:::{BUCKET}/*"), "Condition": condition })
    };
    let mut policies = vec![statements.clone(), vec![statements[0].clone()], vec![statements[1].clone()]];
    for condition in [
        json!({ "Bool": { "aws:SecureTransport": "false" } }),
        json!({ "Bool": { "aws:PrincipalIsAWSService": "true" } }),
        json!({ "StringNotEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } }),
        json!({ "StringNotEquals": { "aws:SourceAccount": MASTER } }),
        json!({ "Null": { "s3:x-amz-server-side-encryption": "true" } }),
        json!({ "StringNotEquals": { "s3:x-amz-server-side-encryption": ["aws:kms", "AES256"] } }),
        json!({ "StringEquals": { "s3:x-amz-server-side-encryption": "AES256" } }),
        json!({ "StringNotEquals": { "s3:authType": "REST-HEADER" } }),
        json!({ "StringNotEquals": { "s3:signatureversion": "AWS4-HMAC-SHA256" } }),
        json!({ "NumericGreaterThan": { "s3:signatureAge": "600000" } }),
        json!({ "NumericLessThan": { "s3:TlsVersion": "1.2" } }),
        json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } }),
        json!({ "StringNotEquals": { "aws:ResourceAccount": MASTER } }),
        json!({ "StringNotEquals": { "s3:ResourceAccount": MEMBER } }),
        json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } }),
        json!({ "StringNotEquals": { "aws:SourceVpce": "vpce-1" } }),
        json!({ "DateGreaterThan": { "aws:CurrentTime": "2020-01-01" } }),
        json!({ "ArnNotLike": { "aws:SourceArn": "arn:aws:cloudtrail:*:*:trail/Trail" } }),
        json!({ "StringNotLike": { "aws:PrincipalServiceName": "cloud*" } }),
    ] {
        policies.push(statements.iter().cloned().chain([deny(condition)]).collect());
    }
    let mut verdicts = Vec::new();
    for statements in policies {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        put_policy(&twin, &policy).await;
        for validation in [false, true] {
            let made = create(&client).enable_log_file_validation(validation).send().await;
            if made.is_ok() {
                client.delete_trail().name("Trail").send().await.unwrap();
            }
            let delivery = reconcile_policy::Delivery {
                trail: arn(MEMBER, "Trail").parse().unwrap(),
                bucket: format!("arn:aws:s3:::{BUCKET}").parse().unwrap(),
                prefix: None,
                key: None,
                bucket_key: false,
                digests: validation,
                organization: reconcile_policy::Membership::Unknown,
                organization_trail: false,
                owner: Some(reconcile_policy::Owner {
                    account: MASTER.parse().unwrap(),
                    region: REGION.parse().unwrap(),
                    organization: reconcile_policy::Membership::Unknown,
                }),
                topic: None,
                topic_key: None,
            };
            let document = policy.to_string().parse().unwrap();
            let proofs = delivery.prove(|_| Some(&document));
            let can_deliver = proofs.iter().all(|proof| proof.decision.is_allowed());
            assert_eq!(made.is_ok(), can_deliver, "{policy}");
            verdicts.push(can_deliver);
        }
    }
    assert!(verdicts.contains(&true) && verdicts.contains(&false));
}

#[tokio::test]
async fn a_trail_is_rejected_if_its_role_cannot_write_to_its_log_group() {
    const NO_GROUP: &str = "InvalidCloudWatchLogsLogGroupArnException";
    const NO_ROLE: &str = "InvalidCloudWatchLogsRoleArnException";

    let (twin, client) = ready().await;
    let group = format!("arn:aws:logs:{REGION}:{MEMBER}:log-group:trail:*");
    let role = format!("arn:aws:iam::{MEMBER}:role/Logs");
    let with_logs =
        || create(&client).cloud_watch_logs_log_group_arn(&group).cloud_watch_logs_role_arn(&role);

    assert_eq!(code(create(&client).cloud_watch_logs_log_group_arn(&group).send().await), NO_ROLE);
    assert_eq!(code(create(&client).cloud_watch_logs_role_arn(&role).send().await), NO_GROUP);
    assert_eq!(code(with_logs().send().await), NO_GROUP);
    logs(&twin, MEMBER).create_log_group().log_group_name("trail").send().await.unwrap();
    assert_eq!(code(with_logs().send().await), NO_ROLE);
    let iam = iam(&twin, MEMBER);
    let trust = |service: &str| {
        json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }] })
            .to_string()
    };
    let make = iam.create_role().role_name("Logs").assume_role_policy_document(trust("ec2.amazonaws.com"));
    make.send().await.unwrap();
    let permit = |resource: &str| {
        let actions = ["logs:CreateLogStream", "logs:PutLogEvents"];
        let document =
            json!({ "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": resource }] });
        let call = iam.put_role_policy().role_name("Logs").policy_name("p");
        call.policy_document(document.to_string()).send()
    };
    permit("*").await.unwrap();
    assert_eq!(code(with_logs().send().await), NO_ROLE);
    let call = iam.update_assume_role_policy().role_name("Logs");
    call.policy_document(trust("cloudtrail.amazonaws.com")).send().await.unwrap();
    permit("arn:aws:logs:*:*:log-group:other:*").await.unwrap();
    assert_eq!(code(with_logs().send().await), NO_ROLE);
    permit(&group).await.unwrap();
    with_logs().send().await.unwrap();

    let described = client.describe_trails().send().await.unwrap().trail_list.unwrap();
    assert_eq!(described[0].cloud_watch_logs_log_group_arn(), Some(group.as_str()));
    let off = client.update_trail().name("Trail").cloud_watch_logs_log_group_arn("");
    off.cloud_watch_logs_role_arn("").send().await.unwrap();
    let described = client.describe_trails().send().await.unwrap().trail_list.unwrap();
    assert_eq!(described[0].cloud_watch_logs_log_group_arn(), None);
}

#[tokio::test]
async fn a_trail_is_rejected_if_it_cannot_publish_to_its_topic() {
    let (twin, client) = ready().await;
    let owner = sns(&twin, MASTER);
    let topic = format!("arn:aws:sns:{REGION}:{MASTER}:files");
    let with_topic = || create(&client).sns_topic_name(&topic);
    let fifo = create(&client).sns_topic_name(format!("{topic}.fifo"));
    assert_eq!(code(fifo.send().await), "InvalidSnsTopicNameException");
    assert_eq!(code(with_topic().send().await), "InsufficientSnsTopicPolicyException");
    owner.create_topic().name("files").send().await.unwrap();
    assert_eq!(code(with_topic().send().await), "InsufficientSnsTopicPolicyException");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "SNS:Publish",
        "Resource": topic, "Condition": { "StringEquals": { "aws:SourceArn": arn(MEMBER, "Trail") } },
    }] });
    let call = owner.set_topic_attributes().topic_arn(&topic).attribute_name("Policy");
    call.attribute_value(policy.to_string()).send().await.unwrap();
    with_topic().send().await.unwrap();
    let described = client.describe_trails().send().await.unwrap().trail_list.unwrap();
    assert_eq!(described[0].sns_topic_arn(), Some(topic.as_str()));
    owner.delete_topic().topic_arn(&topic).send().await.unwrap();
    let trails = twin.summary().accounts.into_iter().flat_map(|account| account.trails).collect::<Vec<_>>();
    assert!(trails[0].unannounced.is_some() && trails[0].undeliverable.is_none());
}

#[tokio::test]
async fn a_trail_of_the_organization_belongs_to_the_management_account() {
    let (twin, member) = ready().await;
    let management = cloudtrail(&twin, MASTER, REGION);
    let of_organization = |client: &Client| {
        client.create_trail().name("Trail").s3_bucket_name(BUCKET).is_organization_trail(true)
    };
    assert_eq!(code(of_organization(&member).send().await), "NotOrganizationMasterAccountException");
    assert_eq!(code(of_organization(&management).send().await), "CloudTrailAccessNotEnabledException");
    let service = "cloudtrail.amazonaws.com";
    let organizations = organizations(&twin, MASTER);
    organizations.enable_aws_service_access().service_principal(service).send().await.unwrap();
    let register = organizations.register_delegated_administrator().account_id(MEMBER);
    register.service_principal(service).send().await.unwrap();
    // An administrator that is registered through Organizations does not have a role that
    // CloudTrail creates.
    assert_eq!(code(of_organization(&member).send().await), "NoManagementAccountSLRExistsException");
    let deregister = organizations.deregister_delegated_administrator().account_id(MEMBER);
    deregister.service_principal(service).send().await.unwrap();
    // A permission for the folder of the account is not enough.
    assert_eq!(code(of_organization(&management).send().await), "InsufficientS3BucketPolicyException");
    let mut policy = bucket_policy(&[arn(MASTER, "Trail")]);
    let resources = policy["Statement"][1]["Resource"].as_array_mut().unwrap();
    resources.push(json!(format!("arn:aws:s3:::{BUCKET}/AWSLogs/o-twin000000/*")));
    put_policy(&twin, &policy).await;
    let register = |client: &Client| client.register_organization_delegated_admin().member_account_id(MEMBER);
    assert_eq!(code(register(&member).send().await), "NotOrganizationManagementAccountException");
    register(&management).send().await.unwrap();
    assert_eq!(code(register(&management).send().await), "AccountRegisteredException");

    // The delegated administrator creates, reads and updates the trail, but does not own it.
    let made = of_organization(&member).send().await.unwrap();
    assert_eq!(made.trail_arn(), Some(arn(MASTER, "Trail").as_str()));
    let seen = member.describe_trails().send().await.unwrap().trail_list.unwrap();
    assert_eq!(seen[0].trail_arn(), Some(arn(MASTER, "Trail").as_str()));
    assert_eq!(seen[0].is_organization_trail(), Some(true));
    assert_eq!(code(member.start_logging().name("Trail").send().await), "TrailNotFoundException");
    member.start_logging().name(arn(MASTER, "Trail")).send().await.unwrap();
    let deregister = organizations.deregister_delegated_administrator().account_id(MEMBER);
    deregister.service_principal(service).send().await.unwrap();
    // Any other member can read the trail, but cannot change it.
    assert_eq!(member.describe_trails().send().await.unwrap().trail_list().len(), 1);
    assert_eq!(code(member.stop_logging().name(arn(MASTER, "Trail")).send().await), "TrailNotFoundException");
    management.delete_trail().name(arn(MASTER, "Trail")).send().await.unwrap();
}

/// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide.
#[tokio::test]
async fn a_trail_is_rejected_if_cloudtrail_cannot_use_the_key_of_its_topic() {
    let (twin, client) = ready().await;
    // CloudTrail publishes to topics of other accounts and Regions.
    let owner = aws_sdk_sns::Client::new(&config(&twin, MASTER, "us-east-1"));
    let kms = aws_sdk_kms::Client::new(&config(&twin, MASTER, "us-east-1"));
    let topic = owner.create_topic().name("files").send().await.unwrap().topic_arn.unwrap();
    let set = |attribute: &str, value: &str| {
        let call = owner.set_topic_attributes().topic_arn(&topic).attribute_name(attribute);
        call.attribute_value(value).send()
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "SNS:Publish",
        "Resource": "*",
    }] });
    set("Policy", &policy.to_string()).await.unwrap();
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    kms.create_alias().alias_name("alias/topics").target_key_id(key.key_id()).send().await.unwrap();

    let root = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MASTER}:root") },
        "Action": "kms:*", "Resource": "*" });
    let for_cloudtrail = |actions: Value, topic: &str| {
        json!({ "Version": "2012-10-17", "Statement": [root, {
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": actions,
            "Resource": "*",
            "Condition": { "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": topic } },
        }] })
    };
    let both = || json!(["kms:GenerateDataKey*", "kms:Decrypt"]);
    for (name, named, policy, is_accepted) in [
        ("the key of AWS", "alias/aws/sns", for_cloudtrail(both(), &topic), false),
        ("no decryption", "alias/topics", for_cloudtrail(json!("kms:GenerateDataKey*"), &topic), false),
        ("another topic", "alias/topics", for_cloudtrail(both(), &format!("{topic}2")), false),
        ("by alias", "alias/topics", for_cloudtrail(both(), &topic), true),
        ("by id", key.key_id(), for_cloudtrail(both(), &topic), true),
        ("by ARN", key.arn().unwrap(), for_cloudtrail(both(), &topic), true),
        (
            "in no Region of the topic",
            &key.arn().unwrap().replace("us-east-1", REGION),
            for_cloudtrail(both(), &topic),
            false,
        ),
    ] {
        set("KmsMasterKeyId", named).await.unwrap();
        kms.put_key_policy().key_id(key.key_id()).policy(policy.to_string()).send().await.unwrap();
        let created = create(&client).sns_topic_name(&topic).send().await;
        assert_eq!(created.is_ok(), is_accepted, "{name}");
        match created {
            Ok(_) => _ = client.delete_trail().name("Trail").send().await.unwrap(),
            refused => assert_eq!(code(refused), "InsufficientSnsTopicPolicyException", "{name}"),
        }
    }
}
