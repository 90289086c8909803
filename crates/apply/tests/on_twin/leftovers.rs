//! Log groups, roles and topics of the installation that the spec no longer has.

use reconcile_apply::Outcome;
use reconcile_plan::{Kind, Plan, Severity, findings};
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::InjectedDenial;
use serde_json::{Value, json};

use crate::installation::{Installation, client};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:files";
const WITH_TOPIC: &str = "{ sns_topic: { name: files, encryption: unmanaged } }";
const ALL: &str =
    "{ cloudwatch_logs: { log_group: a, role_name: R }, sns_topic: { name: files, encryption: unmanaged } }";
const OTHER: &str =
    "{ cloudwatch_logs: { log_group: b, role_name: S }, sns_topic: { name: others, encryption: unmanaged } }";

/// Returns the names of all resources of the accounts, except trails and keys.
fn resources(installation: &Installation) -> Vec<String> {
    let mut names = Vec::new();
    for account in installation.twin.summary().accounts {
        let keys = |value: &Value| {
            value.as_object().into_iter().flatten().map(|it| it.0.clone()).collect::<Vec<_>>()
        };
        let regional = |value: &Value| {
            value.as_object().into_iter().flatten().flat_map(|(_, it)| keys(it)).collect::<Vec<_>>()
        };
        let all =
            [regional(&account.log_groups), keys(&account.iam_roles), regional(&account.topics)].concat();
        names.extend(all.into_iter().filter(|it| it != "Role").map(|it| format!("{} {it}", account.id)));
    }
    names.sort();
    names
}

async fn policy(sns: &aws_sdk_sns::Client) -> Option<Value> {
    let answer = sns.get_topic_attributes().topic_arn(TOPIC).send().await.ok()?;
    serde_json::from_str(&answer.attributes?.remove("Policy")?).ok()
}

async fn add_statement(sns: &aws_sdk_sns::Client) {
    let mut live = policy(sns).await.unwrap();
    let theirs = json!({ "Sid": "Team", "Effect": "Allow", "Principal": { "AWS": "444444444444" },
        "Action": "SNS:Subscribe", "Resource": TOPIC });
    live["Statement"].as_array_mut().unwrap().push(theirs);
    let call = sns.set_topic_attributes().topic_arn(TOPIC).attribute_name("Policy");
    call.attribute_value(live.to_string()).send().await.unwrap();
}

async fn subscribe(sns: &aws_sdk_sns::Client, endpoint: &str) {
    sns.subscribe().topic_arn(TOPIC).protocol("sqs").endpoint(endpoint).send().await.unwrap();
}

fn kept(plan: &Plan) -> Vec<&str> {
    plan.warnings.iter().filter(|it| it.code.as_str() == "in-use").map(|it| it.message.as_str()).collect()
}

fn deletes(plan: &Plan, kind: Kind) -> bool {
    plan.changes.iter().any(|it| it.address.kind == kind && it.views().1.is_null())
}

fn errors(outcome: &Outcome) -> Vec<String> {
    outcome.results.iter().filter_map(|it| it.status.error()).map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_topic_that_others_use_is_kept_without_our_statement() {
    let (with, without) = (members(1).with("trails.0", WITH_TOPIC), members(1));
    for (case, named) in [
        ("statement", "statement `Team`"),
        ("subscription", "subscription `sqs` to `arn:aws:sqs:eu-west-1:111111111111:q`"),
        ("pending", "1 unconfirmed subscription"),
    ] {
        let installation = Installation::new();
        installation.converge(&with).await;
        let sns = client!(aws_sdk_sns, installation, MASTER);
        match case {
            "statement" => add_statement(&sns).await,
            "subscription" => subscribe(&sns, "arn:aws:sqs:eu-west-1:111111111111:q").await,
            _ => subscribe(&sns, "arn:aws:sqs:eu-west-1:999999999999:q").await,
        }
        let destroyed = installation.fork();

        let plan = installation.converge(&without).await;
        assert!(!deletes(&plan, Kind::Topic), "{case}: {:#?}", plan.changes);
        let [message] = kept(&plan)[..] else { panic!("{case}: {:?}", plan.warnings) };
        assert!(message.contains(named) && message.contains("Delete it by hand"), "{message}");
        let live = policy(&sns).await.unwrap().to_string();
        assert!(
            !live.contains("TestTrailNotify") && live.contains("__default_statement_ID"),
            "{case}: {live}"
        );
        assert_eq!(live.contains("Team"), case == "statement", "{live}");

        // The trails still reference the topic.
        let again = installation.compare(&without).await;
        assert!(again.plan.is_in_sync(), "{case}: {:#?}", again.plan.changes);
        let found = findings(&again);
        let found = found.iter().find(|it| it.address == "topic/master/files");
        assert_eq!(found.map(|it| it.severity), Some(Severity::Low), "{case}");

        let plan = destroyed.plan_to_destroy(&with).await;
        assert!(!deletes(&plan, Kind::Topic) && !kept(&plan).is_empty(), "{case}: {:?}", plan.warnings);
        assert_eq!(errors(&destroyed.apply(&with, &plan).await), [""; 0], "{case}");
        let live = policy(&client!(aws_sdk_sns, destroyed, MASTER)).await.unwrap().to_string();
        assert!(!live.contains("TestTrailNotify"), "{case}: {live}");
        assert!(destroyed.plan_to_destroy(&with).await.changes.is_empty(), "{case}");
    }
}

#[tokio::test]
async fn a_topic_that_others_use_no_longer_is_deleted() {
    let installation = Installation::new();
    installation.converge(&members(1).with("trails.0", WITH_TOPIC)).await;
    let sns = client!(aws_sdk_sns, installation, MASTER);
    subscribe(&sns, "arn:aws:sqs:eu-west-1:111111111111:q").await;
    let without = members(1);
    installation.converge(&without).await;

    let untagged = installation.fork();
    let others = client!(aws_sdk_sns, untagged, MASTER);
    others.untag_resource().resource_arn(TOPIC).tag_keys("reconcile:spec").send().await.unwrap();
    let plan = untagged.plan(&without).await;
    assert!(plan.is_in_sync() && kept(&plan).is_empty(), "{:?}", plan.warnings);

    sns.delete_topic().topic_arn(TOPIC).send().await.unwrap();
    let plan = installation.plan(&without).await;
    assert!(plan.is_in_sync() && kept(&plan).is_empty(), "{:?}", plan.warnings);
}

#[tokio::test]
async fn a_log_group_and_a_role_that_others_use_are_kept() {
    let installation = Installation::new();
    let with = members(1).with("trails.0", "{ cloudwatch_logs: { log_group: a, role_name: R } }");
    installation.converge(&with).await;
    let logs = client!(aws_sdk_cloudwatchlogs, installation, "000000000001");
    let call = logs.put_subscription_filter().log_group_name("a").filter_name("siem").filter_pattern("");
    call.destination_arn("arn:aws:lambda:eu-west-1:000000000001:function:f").send().await.unwrap();
    let iam = client!(aws_sdk_iam, installation, MASTER);
    let audit = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    iam.put_role_policy().role_name("R").policy_name("Audit").policy_document(audit).send().await.unwrap();
    let destroyed = installation.fork();

    let plan = installation.converge(&members(1)).await;
    let mut named = kept(&plan);
    named.sort_unstable();
    let [group, role] = named[..] else { panic!("{:?}", plan.warnings) };
    assert!(
        group.contains("the log group is kept") && group.contains("subscription filter `siem`"),
        "{group}"
    );
    assert!(role.contains("the role is kept") && role.contains("policy `Audit`"), "{role}");
    assert_eq!(resources(&installation), ["000000000001 a", "111111111111 R"]);
    assert!(installation.plan(&members(1)).await.is_in_sync());

    let plan = destroyed.plan_to_destroy(&with).await;
    assert_eq!(kept(&plan).len(), 2, "{:?}", plan.warnings);
    assert_eq!(errors(&destroyed.apply(&with, &plan).await), [""; 0]);
    assert_eq!(resources(&destroyed), ["000000000001 a", "111111111111 R"]);
}

#[tokio::test]
async fn what_others_begin_to_use_after_the_plan_is_not_deleted() {
    let installation = Installation::new();
    installation.converge(&members(1).with("trails.0", ALL)).await;
    let without = members(1);
    let plan = installation.plan(&without).await;
    assert!(deletes(&plan, Kind::Topic) && deletes(&plan, Kind::LogGroup) && deletes(&plan, Kind::Role));
    add_statement(&client!(aws_sdk_sns, installation, MASTER)).await;
    let logs = client!(aws_sdk_cloudwatchlogs, installation, MASTER);
    let call = logs.put_subscription_filter().log_group_name("a").filter_name("siem").filter_pattern("");
    call.destination_arn("arn:aws:lambda:eu-west-1:111111111111:function:f").send().await.unwrap();
    let iam = client!(aws_sdk_iam, installation, MASTER);
    let audit = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}"#;
    iam.put_role_policy().role_name("R").policy_name("Audit").policy_document(audit).send().await.unwrap();

    let outcome = installation.apply(&without, &plan).await;
    let errors = errors(&outcome).join("\n");
    for words in ["statement `Team`", "subscription filter `siem`", "policy `Audit`"] {
        assert!(errors.contains(words), "{errors}");
    }
    assert!(outcome.is_stale());
    assert_eq!(resources(&installation), ["111111111111 R", "111111111111 a", "111111111111 files"]);
    assert_eq!(kept(&installation.converge(&without).await).len(), 3);
}

/// The state is that of an interrupted apply: the trails no longer use the resources, and nothing
/// was deleted.
#[tokio::test]
async fn what_an_apply_did_not_delete_is_found_again() {
    for (case, text, expected) in [
        (
            "other destinations",
            members(1).with("trails.0", OTHER),
            vec![
                "000000000001 S",
                "000000000001 b",
                "111111111111 S",
                "111111111111 b",
                "111111111111 others",
            ],
        ),
        ("no destinations", members(1), vec![]),
        (
            "one trail fewer",
            members(1).with("trails.0", ALL).with("trails.0.accounts", "[master]"),
            vec!["111111111111 R", "111111111111 a", "111111111111 files"],
        ),
        ("no trail", members(1).with("trails.0", "{ name: New, accounts: [master] }"), vec![]),
    ] {
        let mut installation = Installation::new();
        installation.converge(&members(1).with("trails.0", ALL)).await;
        let plan = installation.plan(&text).await;
        let denied = ["logs:DeleteLogGroup", "iam:DeleteRole", "sns:DeleteTopic"].map(|operation| {
            [MASTER, "000000000001"].map(|account| InjectedDenial {
                account: account.to_owned(),
                region: None,
                operation: operation.to_owned(),
            })
        });
        installation.twin.deny(denied.concat());
        assert!(!errors(&installation.apply(&text, &plan).await).is_empty(), "{case}");
        installation.twin.deny(Vec::new());
        installation.lose_journals();
        installation.converge(&text).await;
        assert_eq!(resources(&installation), expected, "{case}");
        assert!(installation.plan(&text).await.is_in_sync(), "{case}");
    }
}

/// A trail in an account that cannot be read may still notify the topic, so the topic and
/// everything that references it are kept.
#[tokio::test]
async fn a_trail_that_names_a_withheld_topic_stays_with_it() {
    let installation = Installation::new();
    installation.converge(&members(2).with("trails.0", WITH_TOPIC)).await;
    let without = members(2).with("trails.0", "{ name: New, accounts: [master] }");
    let operation = "cloudtrail:DescribeTrails".to_owned();
    installation.twin.deny(vec![InjectedDenial {
        account: "000000000002".to_owned(),
        region: None,
        operation,
    }]);
    let plan = installation.plan(&without).await;
    assert!(!deletes(&plan, Kind::Topic) && !deletes(&plan, Kind::Trail), "{:#?}", plan.changes);
    assert_eq!(errors(&installation.apply(&without, &plan).await), [""; 0]);
    installation.twin.deny(Vec::new());
    installation.converge(&without).await;
    assert_eq!(resources(&installation), [""; 0]);
    assert_eq!(installation.trails().len(), 1);
}
