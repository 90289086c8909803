//! The access that others allow to outsiders on log groups that receive events of trails: through
//! resource policies, and through subscription filters.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::PolicyType;
use reconcile_plan::{FindingKind, Severity, findings};
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::InjectedDenial;
use serde_json::{Value, json};

use crate::exposure::{STRANGER, assert_reported, installed, of_outsiders};
use crate::installation::{Installation, client};

const GROUP: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:events";
const OUTSIDE: &str = "arn:aws:logs:eu-west-1:444455556666:destination:theirs";

/// Creates one account whose trail delivers to a log group, and a client of another team in the
/// account.
async fn with_log_group() -> (String, Installation, Client) {
    let spec = members(0).with("trails.0", "{ cloudwatch_logs: { log_group: events } }");
    let (installation, ..) = installed(&spec).await;
    let logs = client!(aws_sdk_cloudwatchlogs, installation, MASTER);
    (spec, installation, logs)
}

fn policy(principal: &Value, action: &str, resource: &str, condition: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Other", "Effect": "Allow", "Principal": principal,
        "Action": action, "Resource": resource, "Condition": condition }] })
    .to_string()
}

#[tokio::test]
async fn resource_policies_are_reported_by_what_they_allow_to_whom() {
    let (spec, installation, logs) = with_log_group().await;
    let service = json!({ "Service": "delivery.logs.amazonaws.com" });
    let of_account = json!({ "StringEquals": { "aws:SourceAccount": MASTER } });
    let no_effect = "(CloudWatch Logs enforces resource policies only for AWS services that write events, so it has no effect)";
    let writes = "statement `Other` of the resource policy `theirs` lets delivery.logs.amazonaws.com on behalf of any account \
                  write events into the log group";
    let reads = format!(
        "statement `Other` of the resource policy `theirs` lets account 444455556666 read the events of the log group \
         {no_effect}"
    );
    for (document, expected) in [
        (policy(&service, "logs:PutLogEvents", "*", &json!({})), vec![(Severity::Low, writes)]),
        (policy(&service, "logs:PutLogEvents", "*", &of_account), vec![]),
        (
            policy(&service, "logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/aws/events/*", &json!({})),
            vec![],
        ),
        (
            policy(&json!({ "AWS": STRANGER }), "logs:GetLogEvents", &format!("{GROUP}:*"), &json!({})),
            vec![(Severity::Low, reads.as_str())],
        ),
    ] {
        logs.put_resource_policy().policy_name("theirs").policy_document(document).send().await.unwrap();
        assert_reported(&installation.compare(&spec).await, &expected);
    }
    logs.delete_resource_policy().policy_name("theirs").send().await.unwrap();

    let document = policy(&json!("*"), "logs:PutLogEvents", &format!("{GROUP}:*"), &json!({}));
    logs.put_resource_policy().resource_arn(GROUP).policy_document(document).send().await.unwrap();
    let says = format!(
        "statement `Other` of the policy of the log group lets anybody write events into the log group {no_effect}; lets any \
         AWS service on behalf of any account write events into the log group"
    );
    assert_reported(&installation.compare(&spec).await, &[(Severity::Low, &says)]);
}

#[tokio::test]
async fn a_subscription_filter_that_sends_events_to_an_outsider_is_reported_until_it_is_reviewed() {
    let (spec, installation, logs) = with_log_group().await;
    let put = |destination: &str, pattern: &str| {
        let call = logs.put_subscription_filter().log_group_name("events").filter_name("copy");
        call.destination_arn(destination).filter_pattern(pattern).send()
    };
    put("arn:aws:lambda:eu-west-1:111111111111:function:own", "").await.unwrap();
    assert_reported(&installation.compare(&spec).await, &[]);
    put(OUTSIDE, "").await.unwrap();
    let says = format!(
        "subscription filter `copy` sends every event of the log group to `{OUTSIDE}` of account 444455556666"
    );
    let comparison = installation.compare(&spec).await;
    assert_reported(&comparison, &[(Severity::Critical, &says)]);

    let [found] = &of_outsiders(&comparison)[..] else { panic!() };
    assert_eq!(found.address, "log_group/master/events");
    let review = found.review.clone().unwrap();
    assert!(review.starts_with("log_group/copy@"), "{review}");
    let reviewed =
        spec.with("reviewed", &format!("[{{ finding: {review}, reason: Our security provider }}]"));
    let comparison = installation.compare(&reviewed).await;
    assert!(findings(&comparison).iter().all(|it| !it.is_open()), "{:#?}", findings(&comparison));
    // A filter for other events is another finding.
    put(OUTSIDE, "ERROR").await.unwrap();
    let comparison = installation.compare(&reviewed).await;
    assert!(findings(&comparison).iter().any(|it| it.is_open() && it.severity == Severity::Critical));
}

#[tokio::test]
async fn an_account_level_subscription_filter_counts_unless_it_excludes_the_log_group() {
    let (spec, installation, logs) = with_log_group().await;
    let put = |criteria: Option<&str>| {
        let document = json!({ "DestinationArn": OUTSIDE, "FilterPattern": "", "Distribution": "Random" });
        let call = logs.put_account_policy().policy_name("all").policy_document(document.to_string());
        let call = call.policy_type(PolicyType::SubscriptionFilterPolicy);
        call.set_selection_criteria(criteria.map(str::to_owned)).send()
    };
    let says = format!(
        "account-level subscription filter `all` sends every event of the log group to `{OUTSIDE}` of account 444455556666"
    );
    put(None).await.unwrap();
    assert_reported(&installation.compare(&spec).await, &[(Severity::Critical, &says)]);
    put(Some(r#"LogGroupName NOT IN ["others"]"#)).await.unwrap();
    assert_reported(&installation.compare(&spec).await, &[(Severity::Critical, &says)]);
    put(Some(r#"LogGroupName NOT IN ["events"]"#)).await.unwrap();
    assert_reported(&installation.compare(&spec).await, &[]);
}

#[tokio::test]
async fn policies_and_filters_that_cannot_be_read_are_neither_absent_nor_in_sync() {
    let (spec, installation, logs) = with_log_group().await;
    let deny = |operations: &[&str]| {
        let denial = |operation: &&str| InjectedDenial {
            account: MASTER.to_owned(),
            region: None,
            operation: (*operation).to_owned(),
        };
        installation.twin.deny(operations.iter().map(denial).collect());
    };
    deny(&[
        "logs:DescribeResourcePolicies",
        "logs:DescribeSubscriptionFilters",
        "logs:DescribeAccountPolicies",
    ]);
    let comparison = installation.compare(&spec).await;
    let found = findings(&comparison);
    assert_eq!(found.len(), 4, "{found:#?}");
    for finding in &found {
        assert_eq!((finding.kind, finding.severity), (FindingKind::Unreadable, Severity::High));
        assert_eq!(finding.address, "log_group/master/events");
    }
    assert!(comparison.plan.is_in_sync());

    // The filters that can be read are still judged.
    let call = logs.put_subscription_filter().log_group_name("events").filter_name("copy");
    call.destination_arn(OUTSIDE).filter_pattern("").send().await.unwrap();
    deny(&["logs:DescribeResourcePolicies"]);
    let found = findings(&installation.compare(&spec).await);
    let kinds: Vec<FindingKind> = found.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [FindingKind::Unexpected, FindingKind::Unreadable, FindingKind::Unreadable]);
}

/// The settings of an account and Region are read once, regardless of the number of log groups in
/// the spec.
#[tokio::test]
async fn the_policies_of_an_account_are_read_once_for_all_its_log_groups() {
    let (spec, installation, _) = with_log_group().await;
    let second = "{ name: Second, accounts: [master], cloudwatch_logs: { log_group: more } }";
    let spec = spec.with("trails.1", second);
    installation.converge(&spec).await;
    let before = installation.twin.calls().len();
    assert!(installation.plan(&spec).await.is_in_sync());
    let calls = installation.twin.calls();
    let count = |operation: &str| calls[before..].iter().filter(|call| call.operation == operation).count();
    assert_eq!(count("logs:DescribeAccountPolicies"), 1);
    // One call for the account, and one for each log group.
    assert_eq!(count("logs:DescribeResourcePolicies"), 3);
    assert_eq!(count("logs:DescribeSubscriptionFilters"), 2);
}
