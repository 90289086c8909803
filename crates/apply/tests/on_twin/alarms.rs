//! Metric filters on log groups, and the alarms on their metrics.

use aws_sdk_cloudwatch::types::{ActionConfiguration, AlarmTagsPropagation, MetricAlarm};
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use reconcile_plan::findings;
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::{InjectedDenial, InjectedFailure};

use crate::installation::{Installation, client};

const M0: &str = "000000000001";
const GROUP: &str = "events";
const ROOT: &str = "reconcile-test-root-user";

fn spec(alarms: &str) -> String {
    members(1).with("trails.0", &format!("{{ cloudwatch_logs: {{ log_group: {GROUP}{alarms} }} }}"))
}

const ALL: &str = ", alarms: { topic: alarms }";
const TWO: &str = ", alarms: { controls: [CIS 4.3, CIS 4.5], topic: alarms }";

/// Clients that do not belong to `reconcile`, in one account.
struct Account {
    logs: aws_sdk_cloudwatchlogs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
}

impl Account {
    fn of(installation: &Installation, account: &str) -> Self {
        Self {
            logs: client!(aws_sdk_cloudwatchlogs, installation, account),
            cloudwatch: client!(aws_sdk_cloudwatch, installation, account),
        }
    }

    /// The names of the metric filters, and of the alarms.
    async fn names(&self) -> (Vec<String>, Vec<String>) {
        let filters = self.logs.describe_metric_filters().log_group_name(GROUP).send().await;
        let filters = filters.map(|page| page.metric_filters.unwrap()).unwrap_or_default();
        let alarms = self.cloudwatch.describe_alarms().send().await.unwrap().metric_alarms.unwrap();
        (
            filters.into_iter().map(|it| it.filter_name.unwrap()).collect(),
            alarms.into_iter().map(|it| it.alarm_name.unwrap()).collect(),
        )
    }

    async fn alarm(&self, name: &str) -> MetricAlarm {
        let found = self.cloudwatch.describe_alarms().alarm_names(name).send().await.unwrap();
        found.metric_alarms.unwrap().remove(0)
    }

    async fn put_filter(&self, name: &str) {
        let metric = MetricTransformation::builder().metric_namespace("Theirs").metric_name("errors");
        let call = self.logs.put_metric_filter().log_group_name(GROUP).filter_name(name);
        let call = call.filter_pattern("{ $.a = b }");
        call.metric_transformations(metric.metric_value("1").build().unwrap()).send().await.unwrap();
    }

    /// Writes an alarm with other settings.
    async fn put_alarm(&self, name: &str, actions: &[&str]) {
        let call =
            self.cloudwatch.put_metric_alarm().alarm_name(name).namespace("Theirs").metric_name("errors");
        let call = call.statistic("Sum".into()).period(60).evaluation_periods(3).threshold(9.0);
        let call = call.comparison_operator("GreaterThanThreshold".into()).alarm_description("theirs");
        let actions = actions.iter().map(|it| (*it).to_owned()).collect();
        let tags = AlarmTagsPropagation::builder().enabled(true).build();
        call.action_configuration(ActionConfiguration::builder().alarm_tags_propagation(tags).build())
            .ok_actions("arn:aws:sns:eu-west-1:111111111111:ok")
            .set_alarm_actions(Some(actions))
            .send()
            .await
            .unwrap();
    }
}

const PAGERS: &str = "arn:aws:sns:eu-west-1:000000000001:pagers";
const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000001:alarms";

#[tokio::test]
async fn metric_filters_and_alarms_are_created_repaired_and_deleted_and_those_of_others_stay() {
    let installation = Installation::new();
    installation.converge(&spec(ALL)).await;
    let member = Account::of(&installation, M0);
    let (filters, alarms) = member.names().await;
    assert_eq!((filters.len(), alarms.len()), (15, 15), "{filters:?} {alarms:?}");
    let alarm = member.alarm(ROOT).await;
    assert_eq!(alarm.alarm_actions(), [TOPIC]);
    assert_eq!((alarm.metric_name(), alarm.namespace()), (Some("root-user"), Some("reconcile/test")));
    assert_eq!(alarm.alarm_description(), Some("CIS 4.3: the use of the root user"));
    assert!(installation.plan(&spec(ALL)).await.changes.is_empty());

    // Others change an alarm, delete a filter, and create their own filters and alarms.
    member.put_alarm(ROOT, &[PAGERS]).await;
    member.logs.delete_metric_filter().log_group_name(GROUP).filter_name(ROOT).send().await.unwrap();
    member.put_filter("Theirs").await;
    member.put_alarm("Theirs", &[PAGERS]).await;
    let found: Vec<String> =
        findings(&installation.compare(&spec(ALL)).await).iter().map(|it| it.address.clone()).collect();
    assert_eq!(found, [format!("metric_filter/m0/{GROUP}/{ROOT}"), format!("alarm/m0/{ROOT}")]);
    installation.converge(&spec(ALL)).await;
    let alarm = member.alarm(ROOT).await;
    assert_eq!((alarm.threshold(), alarm.evaluation_periods()), (Some(1.0), Some(1)));
    // Actions that others added to the alarm are kept.
    assert_eq!(alarm.alarm_actions(), [TOPIC, PAGERS]);
    assert_eq!((alarm.alarm_description(), alarm.ok_actions().len()), (Some("theirs"), 1));
    let contents = alarm.action_configuration().and_then(ActionConfiguration::alarm_tags_propagation);
    assert_eq!(contents.and_then(AlarmTagsPropagation::enabled), Some(true));
    assert_eq!(findings(&installation.compare(&spec(ALL)).await), []);

    installation.converge(&spec(TWO)).await;
    let expected = ["Theirs", "reconcile-test-cloudtrail", ROOT].map(str::to_owned).to_vec();
    assert_eq!(member.names().await, (expected.clone(), expected));
    installation.converge(&spec("")).await;
    let theirs = vec!["Theirs".to_owned()];
    assert_eq!(member.names().await, (theirs.clone(), theirs.clone()));
    // Without filters of the installation, no alarms are read.
    let before = installation.accepted("cloudwatch:DescribeAlarms");
    assert!(installation.plan(&spec("")).await.changes.is_empty());
    assert_eq!(installation.accepted("cloudwatch:DescribeAlarms"), before);
}

#[tokio::test]
async fn a_destruction_deletes_alarms_and_filters_and_the_log_group_only_if_nobody_else_filters_it() {
    let installation = Installation::new();
    installation.converge(&spec(TWO)).await;
    let (master, member) = (Account::of(&installation, MASTER), Account::of(&installation, M0));
    member.put_filter("Theirs").await;
    let plan = installation.plan_to_destroy(&spec(TWO)).await;
    let outcome = installation.apply(&spec(TWO), &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    assert_eq!(member.names().await, (vec!["Theirs".to_owned()], Vec::new()));
    assert_eq!(master.names().await, (Vec::new(), Vec::new()));
    let groups = |logs: &aws_sdk_cloudwatchlogs::Client| logs.describe_log_groups().send();
    assert_eq!(groups(&member.logs).await.unwrap().log_groups().len(), 1);
    assert_eq!(groups(&master.logs).await.unwrap().log_groups().len(), 0);
}

#[tokio::test]
async fn alarms_of_a_log_group_that_the_spec_no_longer_has_are_deleted() {
    let installation = Installation::new();
    installation.converge(&spec(TWO)).await;
    let other = spec(TWO).with("trails.0.cloudwatch_logs.log_group", "other");
    let plan = installation.converge(&other).await;
    let moved: Vec<String> = plan.changes.iter().map(|it| it.address.to_string()).collect();
    // The alarms are kept, because they watch the same metrics.
    assert!(moved.iter().all(|address| !address.starts_with("alarm/")), "{moved:?}");
    assert!(moved.contains(&format!("metric_filter/m0/{GROUP}/{ROOT}")), "{moved:?}");
    let member = Account::of(&installation, M0);
    assert_eq!(member.names().await.1.len(), 2);
    installation.converge(&members(1)).await;
    assert_eq!(member.names().await, (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_renamed_installation_renames_its_alarms() {
    let installation = Installation::new();
    installation.converge(&spec(TWO)).await;
    let renamed = spec(TWO).with("", "{ name: newer, previous_name: test }");
    installation.converge(&renamed).await;
    let expected = ["reconcile-newer-cloudtrail", "reconcile-newer-root-user"].map(str::to_owned).to_vec();
    assert_eq!(Account::of(&installation, M0).names().await, (expected.clone(), expected));
}

/// The creation of an alarm with tags requires another permission.
#[tokio::test]
async fn alarms_have_the_tags_of_the_spec() {
    let installation = Installation::new();
    let tagged = spec(TWO).with("tags", "{ team: security }");
    installation.converge(&tagged).await;
    let summary = installation.twin.summary();
    let account = summary.accounts.iter().find(|it| it.id == M0).unwrap();
    let tags = &account.alarms["eu-west-1"][ROOT]["tags"];
    assert_eq!((&tags["team"], &tags["reconcile:spec"]), (&"security".into(), &"test".into()));
}

#[tokio::test]
async fn an_apply_that_fails_at_an_alarm_is_completed_by_the_next_one() {
    for (operation, code) in [
        ("logs:PutMetricFilter", "LimitExceededException"),
        ("cloudwatch:PutMetricAlarm", "LimitExceeded"),
        ("cloudwatch:DeleteAlarms", "AccessDenied"),
        ("logs:DeleteMetricFilter", "AccessDeniedException"),
    ] {
        let installation = Installation::new();
        let from = if operation.contains("Delete") { TWO } else { "" };
        let to = if from.is_empty() { TWO } else { "" };
        installation.converge(&spec(from)).await;
        let plan = installation.plan(&spec(to)).await;
        installation.twin.fail(vec![InjectedFailure {
            operation: operation.to_owned(),
            status: 400,
            code,
            message: "",
            times: 1,
            takes_effect: false,
        }]);
        assert!(!installation.apply(&spec(to), &plan).await.is_complete(), "{operation}");
        installation.twin.fail(Vec::new());
        installation.converge(&spec(to)).await;
        let expected = if to.is_empty() { 0 } else { 2 };
        let (filters, alarms) = Account::of(&installation, M0).names().await;
        assert_eq!((filters.len(), alarms.len()), (expected, expected), "{operation}");
    }
}

/// A resource that cannot be read is neither absent nor in sync.
#[tokio::test]
async fn metric_filters_and_alarms_that_cannot_be_read_are_kept() {
    for (operation, asked) in [
        ("logs:DescribeMetricFilters", TWO),
        ("cloudwatch:DescribeAlarms", TWO),
        ("logs:DescribeMetricFilters", ""),
    ] {
        let installation = Installation::new();
        installation.converge(&spec(TWO)).await;
        let denial = InjectedDenial { account: M0.to_owned(), region: None, operation: operation.to_owned() };
        installation.twin.deny(vec![denial]);
        let plan = installation.plan(&spec(asked)).await;
        let of_member = plan.changes.iter().filter(|it| it.address.account.as_str() == "m0");
        assert_eq!(of_member.count(), 0, "{operation}");
        let is_reported = match asked {
            "" => plan.warnings.iter().any(|it| it.message.contains("its metric filters cannot be read")),
            _ => !plan.unreadable.is_empty(),
        };
        assert!(is_reported, "{operation}: {plan:#?}");
    }
}

/// The test provides the topics that the spec requires.
#[tokio::test]
async fn a_topic_that_cannot_be_read_is_reported() {
    let installation = Installation::new();
    installation.converge(&spec(TWO)).await;
    let warned = async || -> Vec<String> {
        let warnings = installation.plan(&spec(TWO)).await.warnings;
        warnings.into_iter().filter(|it| it.code.as_str() == "alarm-topic").map(|it| it.message).collect()
    };
    assert_eq!(warned().await, [""; 0]);
    let operation = "sns:GetTopicAttributes".to_owned();
    installation.twin.deny(vec![InjectedDenial { account: M0.to_owned(), region: None, operation }]);
    let warned = warned().await;
    assert!(matches!(&warned[..], [one] if one.contains("cannot be read")), "{warned:?}");
}
