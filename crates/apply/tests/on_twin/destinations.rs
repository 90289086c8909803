//! Topics and log groups, also those that somebody else made.

use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};

use crate::installation::{Installation, MASTER, members};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:files";

/// Another hand than ours, in the account of the bucket.
fn sns(installation: &Installation) -> aws_sdk_sns::Client {
    let (key, secret) = installation.twin.credentials_for(MASTER);
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .http_client(installation.twin.http_client())
        .endpoint_url("http://twin.localhost")
        .credentials_provider(Credentials::new(key, secret, None, None, "test"));
    aws_sdk_sns::Client::from_conf(config.build())
}

async fn attribute(sns: &aws_sdk_sns::Client, name: &str) -> Option<String> {
    let answer = sns.get_topic_attributes().topic_arn(TOPIC).send().await.unwrap();
    answer.attributes.unwrap().remove(name)
}

async fn set(sns: &aws_sdk_sns::Client, name: &str, value: &str) {
    let call = sns.set_topic_attributes().topic_arn(TOPIC).attribute_name(name).attribute_value(value);
    call.send().await.unwrap();
}

async fn policy(sns: &aws_sdk_sns::Client) -> Value {
    serde_json::from_str(&attribute(sns, "Policy").await.unwrap()).unwrap()
}

/// What AWS's guide makes of the statement of the CloudTrail console.
fn of_cloudtrail() -> Value {
    let trails = [MASTER, "000000000001"].map(|id| format!("arn:aws:cloudtrail:eu-west-1:{id}:trail/Trail"));
    json!({ "Sid": "AWSCloudTrailSNSPolicy20131101", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "SNS:Publish", "Resource": TOPIC,
        "Condition": { "StringEquals": { "aws:SourceArn": trails } } })
}

/// SNS accepts no policy without statements.
#[tokio::test]
async fn an_adopted_topic_gets_the_default_policy_of_sns_where_nothing_else_is_left() {
    let installation = Installation::new();
    let spec = members(1, ", sns_topic: { name: files }");
    installation.plan(&spec).await;
    let sns = sns(&installation);
    sns.create_topic().name("files").send().await.unwrap();
    let default = policy(&sns).await;
    let theirs = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "444444444444" },
        "Action": "SNS:Subscribe", "Resource": "*" });
    for (name, statements, expected) in [
        ("only ours", vec![of_cloudtrail()], default),
        (
            "another's",
            vec![of_cloudtrail(), theirs.clone()],
            json!({ "Version": "2012-10-17", "Statement": [theirs] }),
        ),
    ] {
        let live = json!({ "Version": "2012-10-17", "Statement": statements });
        set(&sns, "Policy", &live.to_string()).await;
        installation.converge(&spec).await;
        let plan = installation.plan_to_destroy(&spec).await;
        let outcome = installation.apply(&spec, &plan).await;
        assert!(outcome.is_complete(), "{name}: {:#?}", outcome.results);
        assert_eq!(policy(&sns).await, expected, "{name}");
        let again = installation.plan_to_destroy(&spec).await;
        let addresses: Vec<String> = again.changes.iter().map(|it| it.address.to_string()).collect();
        assert!(addresses.is_empty(), "{name}: {addresses:?}");
    }
}

/// What the plan shows is the default policy; what somebody adds before the apply stays.
#[tokio::test]
async fn a_statement_that_is_added_before_the_apply_stays_and_no_default_is_written() {
    let installation = Installation::new();
    let spec = members(1, ", sns_topic: { name: files }");
    installation.plan(&spec).await;
    let sns = sns(&installation);
    sns.create_topic().name("files").send().await.unwrap();
    set(&sns, "Policy", &json!({ "Version": "2012-10-17", "Statement": [of_cloudtrail()] }).to_string())
        .await;
    installation.converge(&spec).await;

    let plan = installation.plan_to_destroy(&spec).await;
    let change =
        plan.changes.iter().find(|it| it.address.to_string() == "topic_policy/master/files").unwrap();
    assert!(
        change.reasons.iter().any(|it| it.contains("the default policy of SNS is restored")),
        "{change:#?}"
    );
    let mut live = policy(&sns).await;
    let theirs = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "444444444444" },
        "Action": "SNS:Subscribe", "Resource": TOPIC });
    live["Statement"].as_array_mut().unwrap().push(theirs.clone());
    set(&sns, "Policy", &live.to_string()).await;
    assert!(installation.apply(&spec, &plan).await.is_complete());
    assert_eq!(policy(&sns).await, json!({ "Version": "2012-10-17", "Statement": [theirs] }));
}
