use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Statistic, Tag};
use reconcile_twin::{Garbage, GarbageAnswer, InjectedDenial};
use serde_json::{Value, json};

use crate::clients::{MASTER, MEMBER, REGION, cloudtrail, cloudwatch, code, twin};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:alarms";

/// Returns the request of a valid alarm.
fn alarm(client: &aws_sdk_cloudwatch::Client, name: &str) -> PutMetricAlarmFluentBuilder {
    let alarm = client.put_metric_alarm().alarm_name(name).namespace("Trails").metric_name("root");
    let alarm = alarm.statistic(Statistic::Sum).period(300).evaluation_periods(1).threshold(1.0);
    alarm.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold).alarm_actions(TOPIC)
}

#[tokio::test]
async fn an_alarm_is_created_replaced_listed_and_deleted() {
    let twin = twin();
    let client = cloudwatch(&twin, MASTER);
    let tag = Tag::builder().key("team").value("security").build();
    alarm(&client, "root").alarm_description("first").tags(tag).send().await.unwrap();
    // The second request replaces all settings of the first request.
    alarm(&client, "root").treat_missing_data("notBreaching").actions_enabled(false).send().await.unwrap();
    let found = client.describe_alarms().alarm_names("root").alarm_names("other").send().await.unwrap();
    let [found] = found.metric_alarms() else { panic!("{found:?}") };
    assert_eq!(found.alarm_arn(), Some("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:root"));
    assert_eq!((found.alarm_description(), found.actions_enabled()), (None, Some(false)));
    assert_eq!((found.threshold(), found.period()), (Some(1.0), Some(300)));
    assert_eq!(
        (found.treat_missing_data(), found.alarm_actions()),
        (Some("notBreaching"), &[TOPIC.to_owned()][..])
    );
    let of_others = cloudwatch(&twin, MEMBER).describe_alarms().send().await.unwrap();
    assert_eq!(of_others.metric_alarms(), []);

    client.delete_alarms().alarm_names("root").send().await.unwrap();
    assert_eq!(code(client.delete_alarms().alarm_names("root").send().await), "ResourceNotFound");
    assert_eq!(client.describe_alarms().send().await.unwrap().metric_alarms(), []);
}

#[tokio::test]
async fn the_actions_of_alarms_are_disabled_and_enabled_and_the_history_names_the_alarms() {
    let twin = twin();
    let client = cloudwatch(&twin, MASTER);
    for name in ["one", "two"] {
        alarm(&client, name).send().await.unwrap();
    }
    let enabled = async || {
        let found = client.describe_alarms().send().await.unwrap();
        found.metric_alarms().iter().map(|it| it.actions_enabled().unwrap()).collect::<Vec<_>>()
    };
    // Unknown names of alarms are ignored.
    client.disable_alarm_actions().alarm_names("one").alarm_names("none").send().await.unwrap();
    assert_eq!(enabled().await, [false, true]);
    client.enable_alarm_actions().alarm_names("one").send().await.unwrap();
    assert_eq!(enabled().await, [true, true]);

    let by_alarm = LookupAttribute::builder().attribute_key(LookupAttributeKey::ResourceName);
    let request = cloudtrail(&twin, MASTER, REGION).lookup_events();
    let found = request.lookup_attributes(by_alarm.attribute_value("one").build().unwrap()).send().await;
    let found = found.unwrap().events.unwrap();
    let names: Vec<&str> = found.iter().map(|event| event.event_name().unwrap()).collect();
    assert_eq!(names, ["EnableAlarmActions", "DisableAlarmActions", "PutMetricAlarm"]);
    let document: Value = serde_json::from_str(found[1].cloud_trail_event().unwrap()).unwrap();
    assert_eq!(document["requestParameters"], json!({ "alarmNames": ["one", "none"] }));
}

#[tokio::test]
async fn alarms_are_listed_in_pages_and_by_prefix() {
    let twin = twin();
    let client = cloudwatch(&twin, MASTER);
    for number in 0..60 {
        alarm(&client, &format!("a{number:02}")).send().await.unwrap();
    }
    alarm(&client, "b").send().await.unwrap();
    let first = client.describe_alarms().send().await.unwrap();
    let second = client.describe_alarms().set_next_token(first.next_token.clone()).send().await.unwrap();
    assert_eq!((first.metric_alarms().len(), second.metric_alarms().len()), (50, 11));
    assert_eq!(second.next_token(), None);
    let prefixed = client.describe_alarms().alarm_name_prefix("a0").max_records(100).send().await.unwrap();
    assert_eq!(prefixed.metric_alarms().len(), 10);
    assert_eq!(code(client.describe_alarms().next_token("x").send().await), "InvalidNextToken");
    let both = client.describe_alarms().alarm_name_prefix("a").alarm_names("b");
    assert_eq!(code(both.send().await), "ValidationError");
}

/// See `PutMetricAlarm` in the CloudWatch API reference, and "CloudWatch service quotas" in the
/// CloudWatch user guide.
#[tokio::test]
async fn an_alarm_that_cloudwatch_cannot_evaluate_is_rejected() {
    let twin = twin();
    let client = cloudwatch(&twin, MASTER);
    let elsewhere = TOPIC.replace(REGION, "us-east-1");
    for (what, call) in [
        ("no metric", alarm(&client, "a").set_metric_name(None)),
        ("no threshold", alarm(&client, "a").set_threshold(None)),
        ("two statistics", alarm(&client, "a").extended_statistic("p90")),
        ("a period of 45 seconds", alarm(&client, "a").period(45)),
        ("more than a day", alarm(&client, "a").evaluation_periods(289)),
        ("more breaches than periods", alarm(&client, "a").datapoints_to_alarm(2)),
        ("another word for missing data", alarm(&client, "a").treat_missing_data("alarm")),
        ("a topic of another Region", alarm(&client, "a").alarm_actions(elsewhere)),
        ("an action without an ARN", alarm(&client, "a").alarm_actions("alarms")),
        ("six actions", alarm(&client, "a").set_alarm_actions(Some(vec![TOPIC.to_owned(); 6]))),
        ("no name", alarm(&client, "")),
    ] {
        assert_eq!(code(call.send().await), "ValidationError", "{what}");
    }
    assert_eq!(client.describe_alarms().send().await.unwrap().metric_alarms(), []);
}

#[tokio::test]
async fn denials_and_garbage_are_in_the_protocol_of_cloudwatch() {
    let twin = twin();
    let client = cloudwatch(&twin, MASTER);
    let operation = "cloudwatch:DescribeAlarms".to_owned();
    twin.deny(vec![InjectedDenial {
        account: MASTER.to_owned(),
        region: None,
        operation: operation.clone(),
    }]);
    assert_eq!(code(client.describe_alarms().send().await), "AccessDenied");
    twin.deny(Vec::new());
    let answer = |answer| vec![Garbage { operation: operation.clone(), answer }];
    twin.garble(answer(GarbageAnswer::NoMembers));
    assert!(client.describe_alarms().send().await.unwrap().metric_alarms.is_none());
    twin.garble(answer(GarbageAnswer::Endless));
    assert!(client.describe_alarms().send().await.unwrap().next_token.is_some());
    twin.garble(answer(GarbageAnswer::Half));
    client.describe_alarms().send().await.unwrap_err();
}
