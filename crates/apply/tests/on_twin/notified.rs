//! The result of the proof for a topic: from its policy and from the key that encrypts its
//! messages.

use reconcile_plan::{Comparison, FindingKind, Severity, findings};
use reconcile_samples::{EditSpec, MASTER, members};
use serde_json::{Value, json};

use crate::exposure::{STRANGER, assert_reported, installed};
use crate::installation::{Installation, client};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:files";
const THEIRS: &str = "arn:aws:sns:us-east-1:999999999999:theirs";

fn sns(installation: &Installation) -> aws_sdk_sns::Client {
    client!(aws_sdk_sns, installation, MASTER)
}

async fn set(sns: &aws_sdk_sns::Client, name: &str, value: &str) {
    let call = sns.set_topic_attributes().topic_arn(TOPIC).attribute_name(name).attribute_value(value);
    call.send().await.unwrap();
}

/// Returns the code and the message of the only warning about delivery, or the code and the hint of
/// the only refusal.
fn verdict(comparison: &Comparison) -> (String, String) {
    let warnings = comparison.plan.warnings.iter().filter(|it| it.code.as_str().starts_with("delivery-"));
    let mut found: Vec<(String, String)> =
        warnings.map(|it| (it.code.to_string(), format!("{}: {}", it.address, it.message))).collect();
    // Each trail that no statement allows to publish has its own refusal.
    let refused = comparison
        .plan
        .refused
        .iter()
        .map(|it| (it.code.to_string(), format!("{}; {}", it.message, it.hint)));
    found.extend(refused.take(1));
    match found.as_slice() {
        [] => ("proven".to_owned(), String::new()),
        [one] => one.clone(),
        _ => panic!("{found:#?}"),
    }
}

/// Returns the severity of the expected finding if CloudTrail cannot send notifications now.
fn refused_by_aws(installation: &Installation) -> Vec<Severity> {
    let accounts = installation.twin.summary().accounts;
    let mut trails = accounts.iter().flat_map(|account| &account.trails);
    Vec::from_iter(trails.any(|trail| trail.unannounced.is_some()).then_some(Severity::Medium))
}

fn severities(comparison: &Comparison) -> Vec<Severity> {
    let mut found: Vec<Severity> = findings(comparison)
        .into_iter()
        .filter(|it| it.kind == FindingKind::Delivery)
        .map(|it| it.severity)
        .collect();
    found.dedup();
    found
}

fn publish(condition: &Value) -> Value {
    json!({
        "Sid": "Publish", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "SNS:Publish", "Resource": TOPIC, "Condition": condition,
    })
}

fn deny(condition: &Value) -> Value {
    json!({
        "Sid": "NotForAll", "Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": TOPIC,
        "Condition": condition,
    })
}

#[tokio::test]
async fn the_policy_of_a_topic_by_arn_is_proven_and_only_read() {
    let with =
        |more: &str| members(1).with("trails.0", &format!("{{ sns_topic: {{ arn: \"{TOPIC}\"{more} }} }}"));
    let installation = Installation::new();
    installation.converge(&with("")).await;
    let sns = sns(&installation);
    for (statements, expected, says, severity) in [
        (vec![publish(&json!({}))], "proven", "", None),
        (
            vec![publish(&json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }))],
            "undeliverable",
            "allow `cloudtrail.amazonaws.com` `sns:Publish` in the policy of \
             arn:aws:sns:eu-west-1:111111111111:files; if you know that CloudTrail can deliver, set \
             `sns_topic.proof: warn`",
            Some(Severity::Critical),
        ),
        (
            vec![publish(&json!({})), deny(&json!({ "StringEquals": { "aws:SourceAccount": MASTER } }))],
            "blocked",
            "topic_policy/master/files: statement `NotForAll` would prevent trail/master/Trail from delivering",
            Some(Severity::Critical),
        ),
        (
            vec![publish(&json!({})), deny(&json!({ "StringNotEquals": { "aws:SourceOrgID": "o-1" } }))],
            "delivery-unknown",
            "declare `organization` in the spec to know `aws:SourceOrgID`; or set `sns_topic.proof: warn` to \
             accept the risk",
            Some(Severity::Medium),
        ),
    ] {
        set(&sns, "Policy", &json!({ "Version": "2012-10-17", "Statement": statements }).to_string()).await;
        let comparison = installation.compare(&with("")).await;
        let (code, message) = verdict(&comparison);
        assert_eq!(code, expected, "{message}");
        assert!(message.contains(says), "{message}");
        assert_eq!(severities(&comparison), Vec::from_iter(severity), "{expected}");
        // The spec accepts the result of the proof. A delivery that AWS rejects is still a finding.
        let accepted = installation.compare(&with(", proof: warn")).await;
        let refused = refused_by_aws(&installation);
        assert_eq!((accepted.plan.refused.len(), severities(&accepted)), (0, refused), "{expected}");
        let warnings = accepted.plan.warnings.iter().filter(|it| it.code.as_str().starts_with("delivery-"));
        assert!(
            warnings
                .clone()
                .all(|it| it.message.ends_with("accepted, because the spec has `sns_topic.proof: warn`")),
            "{expected}"
        );
        assert_eq!(warnings.count() > 0, severity.is_some(), "{expected}");
    }
}

#[tokio::test]
async fn the_delivery_to_a_topic_whose_policy_cannot_be_read_is_unknown() {
    let with =
        |more: &str| members(1).with("trails.0", &format!("{{ sns_topic: {{ arn: \"{THEIRS}\"{more} }} }}"));
    let installation = Installation::new();
    installation.plan(&with("")).await;
    let arn: Vec<&str> = THEIRS.split(':').collect();
    let publish = json!({
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "SNS:Publish", "Resource": THEIRS,
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [publish] }).to_string();
    installation.twin.set_topic_policy(arn[4], arn[3], arn[5], &policy);
    let comparison = installation.compare(&with("")).await;
    let (code, message) = verdict(&comparison);
    assert_eq!(code, "delivery-unknown");
    assert!(message.starts_with("topic_policy/999999999999/theirs: it is not known"), "{message}");
    for part in [
        THEIRS,
        "cannot be read",
        "sns:GetTopicAttributes",
        "or set `sns_topic.proof: warn` to accept the risk",
    ] {
        assert!(message.contains(part), "{message}");
    }
    installation.converge(&with("")).await;
    assert_eq!(severities(&installation.compare(&with("")).await), [Severity::Medium]);
    assert_eq!(severities(&installation.compare(&with(", proof: warn")).await), []);
}

#[tokio::test]
async fn a_topic_by_arn_is_judged_by_what_its_policy_allows_to_outsiders() {
    let spec = members(1).with("trails.0", &format!("{{ sns_topic: {{ arn: \"{THEIRS}\" }} }}"));
    let (installation, ..) = installed(&spec).await;
    let arn: Vec<&str> = THEIRS.split(':').collect();
    let allow = |principal: Value, actions: Value, condition: Value| {
        json!({ "Sid": "Other", "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": THEIRS,
            "Condition": condition })
    };
    let ours = json!({ "StringEquals": { "aws:SourceAccount": [MASTER, "000000000001"] } });
    let trails = allow(json!({ "Service": "cloudtrail.amazonaws.com" }), json!("SNS:Publish"), ours);
    let readable = allow(json!("*"), json!("SNS:GetTopicAttributes"), json!({}));
    let stranger = json!({ "AWS": STRANGER });
    for (statement, expected) in [
        (
            allow(stranger.clone(), json!("SNS:Subscribe"), json!({})),
            vec![(Severity::Medium, "statement `Other` lets account 444455556666 subscribe to the topic")],
        ),
        (
            allow(stranger, json!(["SNS:Publish", "SNS:SetTopicAttributes"]), json!({})),
            vec![(
                Severity::High,
                "statement `Other` lets account 444455556666 publish to the topic and change the topic policy",
            )],
        ),
        // The account owns the topic.
        (allow(json!({ "AWS": "999999999999" }), json!("SNS:Subscribe"), json!({})), vec![]),
        (
            allow(
                json!("*"),
                json!("SNS:Publish"),
                json!({ "StringEquals": { "AWS:SourceOwner": "999999999999" } }),
            ),
            vec![],
        ),
    ] {
        let policy =
            json!({ "Version": "2012-10-17", "Statement": [trails, readable, statement] }).to_string();
        installation.twin.set_topic_policy(arn[4], arn[3], arn[5], &policy);
        assert_reported(&installation.compare(&spec).await, &expected);
    }
    let policy = json!({ "Version": "2012-10-17", "Statement": [trails] }).to_string();
    installation.twin.set_topic_policy(arn[4], arn[3], arn[5], &policy);
    let plan = installation.plan(&spec).await;
    let unjudged = plan.warnings.iter().find(|it| it.code.as_str() == "unjudged-policy").unwrap();
    assert_eq!(unjudged.address.to_string(), "topic_policy/999999999999/theirs");
    assert!(unjudged.message.ends_with("access of outsiders is not checked"), "{}", unjudged.message);
}

#[tokio::test]
async fn the_key_of_a_topic_is_part_of_the_proof() {
    let with = |more: &str| {
        members(1)
            .with("trails.0", &format!("{{ sns_topic: {{ name: files, encryption: unmanaged{more} }} }}"))
    };
    let installation = Installation::new();
    installation.converge(&with("")).await;
    let (sns, kms) = (sns(&installation), client!(aws_sdk_kms, installation, MASTER));
    let policy = |more: Value| {
        let root =
            json!({ "Effect": "Allow", "Principal": { "AWS": MASTER }, "Action": "kms:*", "Resource": "*" });
        json!({ "Version": "2012-10-17", "Statement": [root, more] }).to_string()
    };
    let service = |actions: Value, condition: Value| {
        json!({
            "Sid": "Service", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": actions, "Resource": "*", "Condition": condition,
        })
    };
    let both = json!(["kms:GenerateDataKey*", "kms:Decrypt"]);
    let create = async |policy: String| {
        let created = kms.create_key().policy(policy).send().await.unwrap();
        created.key_metadata.unwrap().arn.unwrap()
    };
    let open = create(policy(service(both.clone(), json!({})))).await;
    let encrypt_only = create(policy(service(json!("kms:GenerateDataKey*"), json!({})))).await;
    let by_account = json!({ "StringEquals": { "aws:SourceAccount": [MASTER, "000000000001"] } });
    let by_source = create(policy(service(both.clone(), by_account))).await;
    let disabled = create(policy(service(both, json!({})))).await;
    kms.disable_key().key_id(&disabled).send().await.unwrap();
    let foreign = "arn:aws:kms:eu-west-1:999999999999:key/00000000-0000-4000-8000-000000000009";

    for (key, expected, says, severity) in [
        ("", "proven", "", None),
        ("alias/test", "proven", "", None),
        (open.as_str(), "proven", "", None),
        (
            "alias/aws/sns",
            "undeliverable",
            "encrypt the topic with a customer managed key",
            Some(Severity::Critical),
        ),
        (
            encrypt_only.as_str(),
            "undeliverable",
            "decrypt a data key with the key of the topic",
            Some(Severity::Critical),
        ),
        (
            by_source.as_str(),
            "delivery-unknown",
            "AWS does not document `aws:SourceAccount`",
            Some(Severity::Medium),
        ),
        (disabled.as_str(), "undeliverable", "is disabled; enable the key", Some(Severity::Critical)),
        (foreign, "delivery-unknown", "add the account of the key", Some(Severity::Medium)),
    ] {
        set(&sns, "KmsMasterKeyId", key).await;
        if key == "alias/test" {
            // First, the key of the spec gets its statement.
            installation.converge(&with("")).await;
        }
        let comparison = installation.compare(&with("")).await;
        let (code, message) = verdict(&comparison);
        assert_eq!(code, expected, "{key}: {message}");
        assert!(message.contains(says), "{key}: {message}");
        assert_eq!(severities(&comparison), Vec::from_iter(severity), "{key}");
        let accepted = installation.compare(&with(", proof: warn")).await;
        let refused = refused_by_aws(&installation);
        assert_eq!((accepted.plan.refused.len(), severities(&accepted)), (0, refused), "{key}");
        // With the key of the spec, the plan refuses nothing.
        let own = installation.compare(&with("").with("trails.0.sns_topic.encryption", "key")).await;
        assert_eq!(own.plan.refused, [], "{key}");
    }
}

#[tokio::test]
async fn a_topic_that_cannot_be_used_refuses_its_trail_and_nothing_else() {
    let spec = members(1);
    let installation = Installation::new();
    installation.converge(&spec).await;
    let sns = sns(&installation);
    sns.create_topic().name("files").send().await.unwrap();
    let other = publish(&json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }));
    set(&sns, "Policy", &json!({ "Version": "2012-10-17", "Statement": [other] }).to_string()).await;
    let after =
        spec.with("trails.0.sns_topic", &format!("{{ arn: \"{TOPIC}\" }}")).with("key.rotation_days", "180");
    let plan = installation.plan(&after).await;
    let changes: Vec<String> = plan.changes.iter().map(|it| it.address.to_string()).collect();
    assert_eq!(changes, ["key/master/test"]);
    let left_out: Vec<String> =
        plan.refused.iter().flat_map(|it| &it.left_out).map(ToString::to_string).collect();
    assert_eq!(left_out, ["trail/master/Trail", "trail/m0/Trail"]);
}

/// The policies are correct, and only CloudTrail knows that deliveries fail.
#[tokio::test]
async fn what_cloudtrail_reports_of_deliveries_is_a_warning_and_a_finding() {
    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/Trail";
    const ALL: &str = "{ cloudwatch_logs: { log_group: a }, sns_topic: { name: files } }";
    let base = Installation::new();
    let spec = members(0).with("trails.0", ALL);
    base.converge(&spec).await;
    assert_eq!(findings(&base.compare(&spec).await), []);
    let long_ago = jiff::Timestamp::now().as_second() - 10 * 3600;
    for (fields, code, severity) in [
        (vec![("LatestDeliveryError", json!("AccessDenied"))], "refused-log-files", Severity::Critical),
        (vec![("LatestDigestDeliveryError", json!("AccessDenied"))], "refused-digest-files", Severity::High),
        (
            vec![("LatestCloudWatchLogsDeliveryError", json!("AccessDenied"))],
            "refused-events",
            Severity::High,
        ),
        (
            vec![("LatestNotificationError", json!("EndpointDisabled"))],
            "refused-notifications",
            Severity::Medium,
        ),
        (vec![("StartLoggingTime", json!(long_ago))], "nothing-delivered", Severity::High),
    ] {
        let installation = base.fork();
        installation
            .twin
            .set_trail_status(TRAIL, fields.iter().map(|(name, it)| ((*name).to_owned(), it.clone())));
        let comparison = installation.compare(&spec).await;
        assert!(comparison.plan.changes.is_empty(), "{code}");
        let warned: Vec<&str> = comparison.plan.warnings.iter().map(|it| it.code.as_str()).collect();
        assert!(warned.contains(&code), "{code}: {warned:?}");
        assert_eq!(severities(&comparison), [severity], "{code}");

        // A delivery after the start of logging resolves only the finding `nothing-delivered`.
        let now = json!(jiff::Timestamp::now().as_second());
        installation.twin.set_trail_status(TRAIL, [("LatestDigestDeliveryTime".to_owned(), now)]);
        let is_silent = code == "nothing-delivered";
        assert_eq!(findings(&installation.compare(&spec).await).is_empty(), is_silent, "{code}");
    }

    // If a policy does not allow the delivery, only this better explanation is reported.
    let installation = base.fork();
    let bucket = installation.s3(MASTER);
    bucket.delete_bucket_policy().bucket("test-logs").send().await.unwrap();
    let comparison = installation.compare(&spec).await;
    let about_trail = findings(&comparison).into_iter().filter(|it| it.address == "trail/master/Trail");
    assert_eq!(about_trail.count(), 1);
}
