//! The authors of findings, from the events that CloudTrail recorded.

use reconcile_diff::blame;
use reconcile_operations::{Mode, Operation, Run, permissions};
use reconcile_plan::blame::Blame;
use reconcile_plan::{Comparison, Finding, FindingKind, findings};
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::{Clock, InjectedDenial, Share, Weather, WeatherKind};
use serde_json::json;

use crate::installation::{Installation, client, spec};

const M0: &str = "000000000001";
const USER: &str = "arn:aws:iam::000000000001:user/twin";

/// The findings with their authors.
async fn blamed(installation: &Installation, text: &str) -> (Comparison, Vec<Finding>) {
    let comparison = installation.compare(text).await;
    let mut findings = findings(&comparison);
    let spec = spec(text);
    blame(&installation.connect(&spec), spec.desired(), comparison.plan.key.as_ref(), &mut findings).await;
    (comparison, findings)
}

fn of<'f>(findings: &'f [Finding], address: &str) -> &'f Blame {
    let finding = findings.iter().find(|it| it.address == address && it.kind != FindingKind::Delivery);
    let finding = finding.unwrap_or_else(|| panic!("{address}: {findings:#?}"));
    finding.blame.as_ref().unwrap()
}

/// Returns the calls, each with its author; `we` is the author of an apply of this test.
fn authors(blame: &Blame) -> Vec<String> {
    let who = |by_reconcile| if by_reconcile { "we" } else { "others" };
    blame.calls.iter().map(|call| format!("{} by {}", call.event_name, who(call.by_reconcile))).collect()
}

#[tokio::test]
async fn a_finding_names_the_call_that_caused_it() {
    let installation = Installation::new();
    let text = members(3).with("trails.0", "{ sns_topic: { name: t } }");
    installation.converge(&text).await;
    for (account, does) in [(M0, "stop"), ("000000000002", "delete"), ("000000000003", "limit")] {
        let cloudtrail = client!(aws_sdk_cloudtrail, installation, account);
        match does {
            "stop" => drop(cloudtrail.stop_logging().name("Trail").send().await.unwrap()),
            "delete" => drop(cloudtrail.delete_trail().name("Trail").send().await.unwrap()),
            _ => {
                let arn = format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/Trail");
                let call = cloudtrail.update_trail().name(arn).is_multi_region_trail(false);
                call.send().await.unwrap();
                cloudtrail.stop_logging().name("Trail").send().await.unwrap();
            }
        }
    }
    let statement = json!({ "Sid": "Guest", "Effect": "Allow", "Principal": { "AWS": "444455556666" },
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::test-logs/*" });
    installation.add_to_bucket_policy(statement).await;
    let s3 = installation.s3(MASTER);
    s3.delete_public_access_block().bucket("test-logs").send().await.unwrap();
    let kms = client!(aws_sdk_kms, installation, MASTER);
    let key = kms.list_keys().send().await.unwrap().keys.unwrap()[0].key_id.clone().unwrap();
    kms.disable_key_rotation().key_id(key).send().await.unwrap();
    kms.delete_alias().alias_name("alias/test").send().await.unwrap();
    let sns = client!(aws_sdk_sns, installation, MASTER);
    let topic = "arn:aws:sns:eu-west-1:111111111111:t";
    let statement = json!({ "Sid": "Own", "Effect": "Allow", "Principal": { "AWS": MASTER },
        "Action": "SNS:Publish", "Resource": topic });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let call = sns.set_topic_attributes().topic_arn(topic).attribute_name("Policy").attribute_value(policy);
    call.send().await.unwrap();

    let (comparison, findings) = blamed(&installation, &text).await;
    for (address, expected) in [
        ("trail/m0/Trail", &["StopLogging by others"][..]),
        ("trail/m1/Trail", &["DeleteTrail by others"]),
        ("trail/m2/Trail", &["StopLogging by others", "UpdateTrail by others"]),
        ("bucket/master/test-logs", &["DeleteBucketPublicAccessBlock by others"]),
        ("bucket_policy/master/test-logs", &["PutBucketPolicy by others"]),
        ("key/master/test", &["DisableKeyRotation by others"]),
        ("alias/master/test", &["DeleteAlias by others"]),
        ("topic_policy/master/t", &["SetTopicAttributes by others"]),
    ] {
        let mut found = authors(of(&findings, address));
        found.sort();
        assert_eq!(found, expected, "{address}: {:#?}", of(&findings, address));
    }
    let call = &of(&findings, "trail/m0/Trail").calls[0];
    assert_eq!((call.principal.as_str(), call.source_address.as_str()), (USER, "127.0.0.1"));
    assert_eq!((call.account_id.as_str(), call.region.as_str()), (M0, "eu-west-1"));
    assert_eq!(call.event_source, "cloudtrail.amazonaws.com");
    assert!(!call.event_id.is_empty());
    // The finding of the delivery has no author of its own.
    let delivery: Vec<&Finding> = findings.iter().filter(|it| it.code.as_str() == "undeliverable").collect();
    assert!(!delivery.is_empty(), "the trails cannot notify the topic");
    for finding in delivery {
        let blame = finding.blame.as_ref().unwrap();
        assert!(blame.calls.is_empty() && blame.unknown[0].contains("see the findings"), "{blame:?}");
    }
    assert!(comparison.plan.key.is_some());
}

/// These calls name several alarms in a list.
#[tokio::test]
async fn the_author_who_disabled_or_deleted_an_alarm_is_reported() {
    let installation = Installation::new();
    let alarms = "alarms: { controls: [CIS 4.3, CIS 4.5], topic: alarms }";
    let text =
        members(1).with("trails.0", &format!("{{ cloudwatch_logs: {{ log_group: events, {alarms} }} }}"));
    installation.converge(&text).await;
    let cloudwatch = client!(aws_sdk_cloudwatch, installation, M0);
    cloudwatch.disable_alarm_actions().alarm_names("reconcile-test-root-user").send().await.unwrap();
    cloudwatch.delete_alarms().alarm_names("reconcile-test-cloudtrail").send().await.unwrap();
    let (_, findings) = blamed(&installation, &text).await;
    for (alarm, expected) in [
        ("reconcile-test-root-user", "DisableAlarmActions by others"),
        ("reconcile-test-cloudtrail", "DeleteAlarms by others"),
    ] {
        assert_eq!(authors(of(&findings, &format!("alarm/m0/{alarm}"))), [expected]);
    }
}

#[tokio::test]
async fn an_apply_and_a_changed_spec_are_reported_as_the_author() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let (_, findings) =
        blamed(&installation, &members(1).with("trails.0", "{ data_events: { s3: all } }")).await;
    let blame = of(&findings, "trail/m0/Trail");
    assert_eq!(authors(blame), ["PutEventSelectors by we"]);
    assert_eq!(blame.calls[0].principal, "arn:aws:sts::000000000001:assumed-role/Role/reconcile-test");
}

#[tokio::test]
async fn an_unrecorded_author_is_unknown_with_the_reason() {
    let text = members(1);
    // The state file was edited, so there is no call.
    let edited = Installation::edited(&text, |state| {
        let trail = format!("/accounts/{M0}/regions/eu-west-1/trails/Trail");
        state.pointer_mut(&trail).unwrap()["logging"] = json!(false);
    })
    .await;
    let (_, findings) = blamed(&edited, &text).await;
    let blame = of(&findings, "trail/m0/Trail");
    assert_eq!(blame.calls, []);
    assert!(blame.unknown[0].starts_with("the last recorded call is StartLogging at "), "{blame:?}");

    let denied = Installation::new();
    denied.converge(&text).await;
    let cloudtrail = client!(aws_sdk_cloudtrail, denied, M0);
    cloudtrail.stop_logging().name("Trail").send().await.unwrap();
    let operation = "cloudtrail:LookupEvents".to_owned();
    denied.twin.deny(vec![InjectedDenial { account: M0.to_owned(), region: None, operation }]);
    let (_, findings) = blamed(&denied, &text).await;
    let blame = of(&findings, "trail/m0/Trail");
    assert_eq!(blame.calls, []);
    assert!(blame.unknown[0].contains("not authorized to perform: cloudtrail:LookupEvents"), "{blame:?}");
}

#[tokio::test]
async fn a_failed_call_and_a_call_on_another_trail_are_not_blamed() {
    let installation = Installation::new();
    let text = members(1);
    installation.converge(&text).await;
    let cloudtrail = client!(aws_sdk_cloudtrail, installation, M0);
    cloudtrail.stop_logging().name("Trail").send().await.unwrap();
    let stopped = cloudtrail.lookup_events().send().await.unwrap().events.unwrap()[0].event_id.clone();
    let other = cloudtrail.create_trail().name("Other").s3_bucket_name("test-logs");
    installation.twin.trust(true);
    other.send().await.unwrap();
    cloudtrail.stop_logging().name("Other").send().await.unwrap();
    let operation = "cloudtrail:StopLogging".to_owned();
    installation.twin.deny(vec![InjectedDenial { account: M0.to_owned(), region: None, operation }]);
    cloudtrail.stop_logging().name("Trail").send().await.unwrap_err();

    let (_, findings) = blamed(&installation, &text).await;
    let calls = &of(&findings, "trail/m0/Trail").calls;
    assert_eq!(calls.iter().map(|call| Some(call.event_id.clone())).collect::<Vec<_>>(), [stopped]);
}

#[tokio::test]
async fn only_the_permissions_of_blame_contain_lookups() {
    let installation = Installation::new();
    let text = members(2);
    installation.converge(&text).await;
    for account in [M0, "000000000002"] {
        let cloudtrail = client!(aws_sdk_cloudtrail, installation, account);
        cloudtrail.stop_logging().name("Trail").send().await.unwrap();
    }
    let before = installation.twin.calls().len();
    blamed(&installation, &text).await;
    let calls = installation.twin.calls();
    let lookups: Vec<&str> = calls[before..]
        .iter()
        .filter(|call| call.operation == "cloudtrail:LookupEvents")
        .map(|call| call.account.as_str())
        .collect();
    // The lookups are for the calls that stop and start a trail, and for the calls that create it.
    assert_eq!(lookups.len(), 2 * 3, "{lookups:?}");
    let action = format!("\"{}\"", Operation::LookupEvents.action());
    for (mode, blame, expected) in
        [(Mode::Plan, true, true), (Mode::Plan, false, false), (Mode::Apply, false, false)]
    {
        let run = Run { blame, ..Run::from(mode) };
        for permissions in permissions(spec(&text).desired(), run) {
            assert_eq!(permissions.policy.to_string().contains(&action), expected, "{run:?}");
        }
    }
}

#[tokio::test]
async fn a_throttled_lookup_is_retried() {
    let installation = Installation::new();
    let text = members(1);
    installation.converge(&text).await;
    let cloudtrail = client!(aws_sdk_cloudtrail, installation, M0);
    cloudtrail.stop_logging().name("Trail").send().await.unwrap();
    let weather = Weather::calm().seeded(3).with(WeatherKind::Throttles, Share::percent(30));
    installation.twin.set_weather(weather, Clock::Calls);
    let (_, findings) = blamed(&installation, &text).await;
    assert_eq!(authors(of(&findings, "trail/m0/Trail")), ["StopLogging by others"]);
}
