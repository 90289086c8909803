//! Topics and log groups, including those that somebody else created.

use reconcile_plan::plan::Plan;
use reconcile_samples::{EditSpec, EditText, MASTER, members};
use serde_json::{Value, json};

use crate::installation::{Installation, client};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:files";

fn sns(installation: &Installation) -> aws_sdk_sns::Client {
    client!(aws_sdk_sns, installation, MASTER)
}

fn logs(installation: &Installation, account: &str) -> aws_sdk_cloudwatchlogs::Client {
    client!(aws_sdk_cloudwatchlogs, installation, account)
}

/// Returns the actions of a plan, such as `create topic/master/files`.
fn actions(plan: &Plan) -> Vec<String> {
    let named = plan.changes.iter().map(|change| format!("{} {}", change.action().as_str(), change.address));
    named.collect()
}

fn key_policy(installation: &Installation) -> Value {
    let summary = installation.twin.summary();
    let keys: Vec<_> = summary.accounts.iter().flat_map(|account| &account.keys).collect();
    let [key] = keys.as_slice() else { panic!("{keys:?}") };
    key.policy.clone()
}

/// Returns the statement with a Sid in the key policy, if the policy has it.
fn key_statement(installation: &Installation, sid: &str) -> Option<Value> {
    let policy = key_policy(installation);
    policy["Statement"].as_array().unwrap().iter().find(|it| it["Sid"] == sid).cloned()
}

const GROUP: &str = "arn:aws:logs:eu-west-1:000000000001:log-group:events";

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

/// Returns the statement of the CloudTrail console, in the form of the AWS guide.
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
    let spec = members(1).with("trails.0", "{ sns_topic: { name: files } }");
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

/// The plan shows the default policy. A statement that somebody adds before the apply is kept.
#[tokio::test]
async fn a_statement_that_is_added_before_the_apply_is_kept_and_no_default_is_written() {
    let installation = Installation::new();
    let spec = members(1).with("trails.0", "{ sns_topic: { name: files } }");
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

#[tokio::test]
async fn a_new_topic_is_encrypted_with_the_key_and_stays_so() {
    let installation = Installation::new();
    let spec = members(1).with("trails.0", "{ sns_topic: { name: files } }");
    installation.watch_over(|_| true);
    installation.converge(&spec).await;
    let sns = sns(&installation);
    let key = attribute(&sns, "KmsMasterKeyId").await.unwrap();
    assert!(key.starts_with("arn:aws:kms:eu-west-1:111111111111:key/"), "{key}");
    let statement = key_statement(&installation, "TestTrailTopicEncrypt").unwrap();
    assert_eq!(statement["Condition"]["StringEquals"]["kms:EncryptionContext:aws:sns:topicArn"], TOPIC);
    assert!(installation.plan(&spec).await.is_in_sync());

    // The alias points to the same key.
    set(&sns, "KmsMasterKeyId", "alias/test").await;
    assert!(installation.plan(&spec).await.is_in_sync());
    for other in ["", "alias/aws/sns"] {
        set(&sns, "KmsMasterKeyId", other).await;
        let plan = installation.converge(&spec).await;
        assert_eq!(actions(&plan), ["update topic/master/files"], "{other}");
        assert_eq!(attribute(&sns, "KmsMasterKeyId").await.as_ref(), Some(&key), "{other}");
    }
    // If the spec does not manage the encryption, CloudTrail still needs the key, so the statement
    // is kept.
    let unmanaged = members(1).with("trails.0", "{ sns_topic: { name: files, encryption: unmanaged } }");
    assert!(installation.plan(&unmanaged).await.is_in_sync());
}

#[tokio::test]
async fn the_encryption_of_an_existing_topic_is_changed_only_if_the_spec_requires_it() {
    let installation = Installation::new();
    let spec = members(1).with("trails.0", "{ sns_topic: { name: files } }");
    installation.plan(&spec).await;
    let sns = sns(&installation);
    sns.create_topic().name("files").send().await.unwrap();
    installation.converge(&spec).await;
    assert_eq!(attribute(&sns, "KmsMasterKeyId").await, None);
    assert_eq!(key_statement(&installation, "TestTrailTopicEncrypt"), None);

    let encrypted = members(1).with("trails.0", "{ sns_topic: { name: files, encryption: key } }");
    let plan = installation.plan(&encrypted).await;
    assert_eq!(actions(&plan), ["update key_policy/master/test", "update topic/master/files"]);
    // Every other publisher needs the key too.
    let warned: Vec<&str> = plan.warnings.iter().map(|it| it.code.as_str()).collect();
    assert!(warned.contains(&"topic-publishers"), "{warned:?}");
    installation.converge(&encrypted).await;
    assert!(attribute(&sns, "KmsMasterKeyId").await.is_some());
    assert!(installation.plan(&encrypted).await.is_in_sync());
}

/// CloudWatch Logs needs the key as long as events exist that it encrypted with the key.
#[tokio::test]
async fn a_log_group_that_is_kept_keeps_its_permission_for_the_key() {
    let installation = Installation::new();
    let spec = members(1).with("trails.0", "{ cloudwatch_logs: { log_group: events, encryption: key } }");
    installation.plan(&spec).await;
    let logs = logs(&installation, "000000000001");
    logs.create_log_group().log_group_name("events").send().await.unwrap();
    installation.converge(&spec).await;
    let key_of = async || {
        let found = logs.describe_log_groups().log_group_name_prefix("events").send().await.unwrap();
        found.log_groups()[0].kms_key_id().map(str::to_owned)
    };
    let key = key_of().await;
    assert!(key.is_some());
    let groups = |installation: &Installation| {
        let statement = key_statement(installation, "TestTrailLogGroupEncrypt");
        statement.map(|it| it["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"].clone())
    };
    let of_master = GROUP.edited_everywhere("000000000001", MASTER);
    assert_eq!(groups(&installation), Some(json!([GROUP, of_master])));

    // Somebody else disables the encryption. The earlier events still need the key.
    logs.disassociate_kms_key().log_group_name("events").send().await.unwrap();
    let unmanaged = members(1).with("trails.0", "{ cloudwatch_logs: { log_group: events } }");
    assert!(installation.plan(&unmanaged).await.is_in_sync());
    let plan = installation.converge(&spec).await;
    assert_eq!(actions(&plan), ["update log_group/m0/events"]);
    assert_eq!(key_of().await, key);

    // The log groups leave the spec: the log group of the master was created and is deleted, and
    // the other one is kept.
    let without = members(1);
    let plan = installation.converge(&without).await;
    assert!(
        plan.warnings.iter().any(|it| it.code.as_str() == "still-encrypted" && it.message.contains(GROUP))
    );
    assert_eq!(groups(&installation), Some(json!(GROUP)));
    assert!(installation.plan(&without).await.is_in_sync());

    // A destroy also reports this, and does not delete the key.
    let deletion = without.with("deletion", "{ key: true, bucket: true }");
    let plan = installation.plan_to_destroy(&deletion).await;
    assert!(
        plan.warnings.iter().any(|it| it.message.contains("is encrypted with it")),
        "{:?}",
        plan.warnings
    );
    assert!(installation.apply(&deletion, &plan).await.is_complete());
    assert_eq!(groups(&installation), Some(json!(GROUP)));
    assert!(installation.plan_to_destroy(&deletion).await.changes.is_empty());

    logs.delete_log_group().log_group_name("events").send().await.unwrap();
    let plan = installation.plan_to_destroy(&deletion).await;
    assert!(actions(&plan).iter().any(|it| it.starts_with("delete key/")), "{:?}", actions(&plan));
}

/// If a caller is allowed to create roles only with a boundary, no created role can have more
/// permissions.
#[tokio::test]
async fn the_boundary_of_a_role_is_set_repaired_and_left_alone_where_the_spec_has_none() {
    let installation = Installation::new();
    let with = |boundary: &str| {
        members(1).with("trails.0", &format!("{{ cloudwatch_logs: {{ log_group: events{boundary} }} }}"))
    };
    let bounded = with(", permissions_boundary: boundaries/Logs");
    let own = |account: &str| format!("arn:aws:iam::{account}:policy/boundaries/Logs");

    // The policy has to exist: AWS rejects a role whose boundary does not exist.
    let plan = installation.plan(&bounded).await;
    let outcome = installation.apply(&bounded, &plan).await;
    let failed = format!("{:?}", outcome.results);
    assert!(failed.contains(&format!("Scope ARN: {} does not exist", own("000000000001"))), "{failed}");

    for account in [MASTER, "000000000001"] {
        let iam = client!(aws_sdk_iam, installation, account);
        let policy =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;
        let call = iam.create_policy().policy_name("Logs").path("/boundaries/").policy_document(policy);
        call.send().await.unwrap();
    }
    installation.converge(&bounded).await;
    let iam = client!(aws_sdk_iam, installation, "000000000001");
    let boundary = async || {
        let found = iam.get_role().role_name("reconcile-test-cloudtrail").send().await.unwrap();
        found.role.unwrap().permissions_boundary.and_then(|it| it.permissions_boundary_arn)
    };
    assert_eq!(boundary().await, Some(own("000000000001")));

    iam.delete_role_permissions_boundary().role_name("reconcile-test-cloudtrail").send().await.unwrap();
    let plan = installation.converge(&bounded).await;
    assert_eq!(actions(&plan), ["update role/m0/reconcile-test-cloudtrail"]);
    assert_eq!(boundary().await, Some(own("000000000001")));

    let of_aws = with(", permissions_boundary: \"arn:aws:iam::aws:policy/CloudWatchLogsFullAccess\"");
    installation.converge(&of_aws).await;
    assert_eq!(boundary().await.as_deref(), Some("arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"));
    assert!(installation.plan(&with("")).await.is_in_sync());
}

/// A destroy makes the same distinction for log groups that are still in the spec.
#[tokio::test]
async fn a_destroy_keeps_the_key_for_an_adopted_log_group() {
    let installation = Installation::new();
    let spec = members(1)
        .with("trails.0", "{ cloudwatch_logs: { log_group: events, encryption: key } }")
        .with("deletion", "{ key: true, bucket: true }");
    installation.plan(&spec).await;
    let logs = logs(&installation, "000000000001");
    logs.create_log_group().log_group_name("events").send().await.unwrap();
    installation.converge(&spec).await;
    let plan = installation.plan_to_destroy(&spec).await;
    assert!(installation.apply(&spec, &plan).await.is_complete());
    let statement = key_statement(&installation, "TestTrailLogGroupEncrypt").unwrap();
    assert_eq!(statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"], GROUP);
    assert!(installation.plan_to_destroy(&spec).await.changes.is_empty());
}

#[tokio::test]
async fn a_topic_of_somebody_else_is_used_and_only_read() {
    let installation = Installation::new();
    let theirs = "arn:aws:sns:us-east-1:999999999999:theirs";
    let spec = members(1).with("trails.0", &format!("{{ sns_topic: {{ arn: \"{theirs}\" }} }}"));
    let plan = installation.converge(&spec).await;
    assert!(!actions(&plan).iter().any(|it| it.contains("topic")), "{:?}", actions(&plan));
    assert!(installation.plan(&spec).await.is_in_sync());

    let cloudtrail = client!(aws_sdk_cloudtrail, installation, MASTER);
    let topic = async || {
        let found = cloudtrail.describe_trails().send().await.unwrap().trail_list.unwrap();
        found[0].sns_topic_arn().map(str::to_owned)
    };
    assert_eq!(topic().await.as_deref(), Some(theirs));
    cloudtrail.update_trail().name("Trail").sns_topic_name("").send().await.unwrap();
    let plan = installation.converge(&spec).await;
    assert_eq!(actions(&plan), ["update trail/master/Trail"]);
    assert_eq!(topic().await.as_deref(), Some(theirs));

    // First another topic, a managed one; then no topic.
    let other =
        members(1).with("trails.0", "{ sns_topic: { arn: \"arn:aws:sns:eu-west-1:000000000001:other\" } }");
    installation.converge(&other).await;
    assert!(installation.plan(&other).await.is_in_sync());
    installation.converge(&members(1).with("trails.0", "{ sns_topic: { name: files } }")).await;
    let plan = installation.plan_to_destroy(&other).await;
    assert!(installation.apply(&other, &plan).await.is_complete());
    let calls = installation.twin.calls();
    let written: Vec<_> = calls.iter().filter(|it| it.operation.starts_with("sns:") && it.mutating).collect();
    let here = written.iter().filter(|it| (it.account.as_str(), it.region.as_str()) == (MASTER, "eu-west-1"));
    assert_eq!((here.count(), written.len()), (3, 3), "only the topic of our own: {written:?}");
}
