use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use reconcile_twin::Twin;
use serde_json::{Value, json};

use crate::clients::{MASTER, MEMBER, REGION, cloudtrail, code, kms, s3, twin};

const BUCKET: &str = "central-logs";

fn arn(account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{REGION}:{account}:trail/{name}")
}

/// A policy that lets these trails deliver.
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

/// A bucket that trail `T` of both accounts may deliver to.
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
async fn a_trail_is_refused_where_the_bucket_policy_does_not_let_it_deliver() {
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
async fn a_trail_is_refused_where_the_key_policy_does_not_let_it_encrypt() {
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
    assert_eq!(code(with_key().await), "KmsKeyDisabledException");
    kms.enable_key().key_id(&key).send().await.unwrap();
    assert_eq!(with_key().await.unwrap().kms_key_id(), Some(key.as_str()));
}

#[tokio::test]
async fn a_trail_lives_in_its_home_region_and_casts_shadows() {
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
async fn selectors_of_one_sort_clear_the_other() {
    let (_twin, client) = ready().await;
    create(&client).send().await.unwrap();
    let get = || client.get_event_selectors().trail_name("Trail").send();
    assert_eq!(get().await.unwrap().event_selectors()[0].include_management_events(), Some(true));

    let field = AdvancedFieldSelector::builder().field("eventCategory").equals("Data").build().unwrap();
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

#[tokio::test]
async fn names_are_checked_and_a_region_holds_five() {
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
async fn the_log_tells_what_can_change_something() {
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

/// The twin asks its own requests, the product asks its own: they have to come to the same.
#[tokio::test]
async fn the_proof_of_delivery_agrees_with_what_the_twin_takes() {
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
                organization: None,
            };
            let proofs = delivery.prove(Some(&policy.to_string().parse().unwrap()), None);
            let can_deliver = proofs.iter().all(|proof| proof.decision.is_allowed());
            assert_eq!(made.is_ok(), can_deliver, "{policy}");
            verdicts.push(can_deliver);
        }
    }
    assert!(verdicts.contains(&true) && verdicts.contains(&false));
}
