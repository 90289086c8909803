//! Tests the metric filters and alarms of a spec.

use std::collections::BTreeSet;
use std::fmt::Write;

use reconcile_operations::Operation;
use reconcile_plan::observed::{Monitors, Observed, StoredPolicy, TopicAttributes};
use reconcile_plan::view::{AtRest, Metric};
use reconcile_plan::{Comparison, destroy};
use reconcile_samples::{EditSpec, every_destination};

use super::made::{Case, compared, described, made, moved, nothing, outcomes, spec, unread};

/// A spec with alarms for two controls.
fn with_alarms() -> String {
    without_alarms()
        .with("trails.0.cloudwatch_logs.alarms", "{ controls: [CIS 4.3, CIS 4.5], topic: alarms }")
}

fn without_alarms() -> String {
    every_destination().without("trails.0.sns_topic")
}

/// The changes of metric filters and alarms, and the warnings about them.
fn of_alarms(comparison: &Comparison) -> String {
    let text = described(comparison);
    let is_of_alarms = |line: &&str| line.contains("metric_filter/") || line.contains(" alarm/");
    text.lines().filter(is_of_alarms).fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").unwrap();
        text
    })
}

fn member(observed: &mut Observed) -> &mut Monitors {
    let monitors = observed.monitors.values_mut().flatten();
    monitors.into_iter().find(|it| it.account.as_str() == "member").unwrap()
}

const FILTER: &str = "reconcile-test-root-user";

#[test]
fn a_metric_filter_and_an_alarm_are_created_for_each_control_in_each_account() {
    let spec = spec(&with_alarms());
    let plan = compared(&spec, &nothing(&spec)).plan;
    let mut text = String::new();
    for change in &plan.changes {
        let (address, (_, after)) = (change.address.to_string(), change.views());
        if address.starts_with("metric_filter/member") || address.starts_with("alarm/member") {
            let waits: Vec<String> = change.depends_on.iter().map(ToString::to_string).collect();
            writeln!(text, "{address} in {:?}\n  after {}\n  {after}", change.phase, waits.join(", "))
                .unwrap();
        }
    }
    insta::assert_snapshot!(text);
    let again = compared(&spec, &made(&spec));
    assert!(again.plan.changes.is_empty(), "{}", described(&again));
}

#[test]
fn alarms_that_leave_the_spec_are_deleted_before_their_metric_filters() {
    let (from, to) = (spec(&with_alarms()), spec(&without_alarms()));
    let mut text = of_alarms(&compared(&to, &moved(&from, &to)));
    let fewer = spec(&with_alarms().with("trails.0.cloudwatch_logs.alarms.controls", "[CIS 4.5]"));
    write!(text, "fewer controls\n{}", of_alarms(&compared(&fewer, &moved(&from, &fewer)))).unwrap();
    let kept = spec(&without_alarms().with("deletion", "{ trails: false }"));
    write!(text, "kept\n{}", of_alarms(&compared(&kept, &moved(&from, &kept)))).unwrap();
    let renamed = spec(&with_alarms().with("", "{ name: newer, previous_name: test }"));
    write!(text, "renamed\n{}", of_alarms(&compared(&renamed, &moved(&from, &renamed)))).unwrap();
    let destroyed = destroy(&from, &made(&from), jiff::Timestamp::UNIX_EPOCH);
    write!(text, "destroyed\n{}", of_alarms(&destroyed)).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn changes_of_metric_filters_and_alarms_by_others_are_reported_and_reverted() {
    let case = |name, edit| Case { name, spec: with_alarms, edit };
    insta::assert_snapshot!(outcomes(&[
        case("another pattern", |observed| {
            member(observed).filters.get_mut(FILTER).unwrap().pattern = "{ $.a = b }".to_owned();
        }),
        case("another metric", |observed| {
            member(observed).filters.get_mut(FILTER).unwrap().metrics = vec![Metric {
                namespace: "Other".to_owned(),
                name: "Other".to_owned(),
                value: "1".to_owned(),
                default_value: None,
                dimensions: [("User".to_owned(), "$.user".to_owned())].into(),
            }];
        }),
        case("settings of the metric filter that no spec has", |observed| {
            let filter = member(observed).filters.get_mut(FILTER).unwrap();
            filter.criteria = Some("@aws.account = 1".to_owned());
            filter.on_transformed = true;
            filter.system_dimensions = vec!["@aws.account".to_owned()];
        }),
        case("no metric filter", |observed| _ = member(observed).filters.remove(FILTER)),
        case("no alarm", |observed| _ = member(observed).alarms.remove(FILTER)),
        case("another threshold", |observed| {
            member(observed).alarms.get_mut(FILTER).unwrap().condition.threshold = Some(100.0);
        }),
        case("no actions", |observed| member(observed).alarms.get_mut(FILTER).unwrap().actions.clear()),
        case("disabled actions, on another metric", |observed| {
            let alarm = member(observed).alarms.get_mut(FILTER).unwrap();
            alarm.actions_enabled = false;
            alarm.metric = "Other".to_owned();
        }),
    ]));
}

#[test]
fn additions_of_others_are_not_changed() {
    let spec = spec(&with_alarms());
    let mut observed = made(&spec);
    let monitors = member(&mut observed);
    let filter = monitors.filters[FILTER].clone();
    let alarm = monitors.alarms[FILTER].clone();
    for name in ["RootUser", "reconcile-other-root-user", "reconcile-test-something"] {
        monitors.filters.insert(name.to_owned(), filter.clone());
        monitors.alarms.insert(name.to_owned(), alarm.clone());
    }
    let mine = monitors.alarms.get_mut(FILTER).unwrap();
    mine.actions.insert("arn:aws:sns:eu-west-1:222222222222:pagers".to_owned());
    assert_eq!(of_alarms(&compared(&spec, &observed)), "");
    let destroyed = destroy(&spec, &observed, jiff::Timestamp::UNIX_EPOCH).plan;
    let deleted: BTreeSet<String> = destroyed.changes.iter().map(|it| it.address.to_string()).collect();
    let of_member: Vec<&String> =
        deleted.iter().filter(|it| it.contains("/member/") && it.contains("reconcile-")).collect();
    assert_eq!(
        of_member,
        [
            "alarm/member/reconcile-test-cloudtrail",
            "alarm/member/reconcile-test-root-user",
            "metric_filter/member//trails/reconcile-test-cloudtrail",
            "metric_filter/member//trails/reconcile-test-root-user",
            "role/member/reconcile-test-cloudtrail",
        ]
    );
}

#[test]
fn topics_through_which_alarms_reach_nobody_are_reported() {
    let spec = spec(&with_alarms());
    let topic = spec.desired().alarms.iter().find(|it| it.site.account.as_str() == "member").unwrap();
    let at = (topic.site.account.clone(), topic.topic.clone());
    let attributes = |subscribers| TopicAttributes {
        policy: StoredPolicy::parse("topic t", r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned())
            .unwrap(),
        encryption: AtRest::Off,
        subscribers,
        pending: 1,
    };
    let mut text = String::new();
    for live in [
        Ok(None),
        Ok(Some(attributes(Some(0)))),
        Ok(Some(attributes(Some(1)))),
        Ok(Some(attributes(None))),
        Err(unread(Operation::ReadAlarmTopic)),
    ] {
        let mut observed = made(&spec);
        observed.alarm_topics.insert(at.clone(), live);
        writeln!(text, "{}", of_alarms(&compared(&spec, &observed))).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn metric_filters_that_cannot_be_read_are_kept() {
    let spec = spec(&without_alarms());
    let mut observed = made(&spec);
    let group = spec.desired().log_groups[0].arn.clone();
    observed.monitors.insert(group, Err(unread(Operation::DescribeMetricFilters)));
    insta::assert_snapshot!(described(&compared(&spec, &observed)));
}
