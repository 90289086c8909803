//! Settings of an alarm.

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    ComparisonOperator, Dimension, EvaluationWindow, Metric, MetricDataQuery, MetricStat, StandardUnit,
    Statistic, WallClockWindow, WarmUpConfiguration,
};

use super::World;

const ALARM: &str = "reconcile-test-root-user";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let cloudwatch = &world.cloudwatch;
    let put = put(world).await;
    let (put, says) = match setting {
        "the alarm" => {
            cloudwatch.delete_alarms().alarm_names(ALARM).send().await.unwrap();
            return Some("the alarm does not exist");
        }
        "actions: disabled" => {
            cloudwatch.disable_alarm_actions().alarm_names(ALARM).send().await.unwrap();
            return Some("its actions are disabled");
        }
        "actions: the topic of the spec is removed" => {
            (put.set_alarm_actions(None), "it does not notify the topic of the spec")
        }
        "metric: another one" => (put.metric_name("other"), "it does not watch the metric"),
        "metric: an expression" => (of_expression(put), "it does not watch the metric"),
        condition => {
            (other_condition(put, condition)?, "it enters the `ALARM` state under another condition")
        }
    };
    put.send().await.unwrap();
    Some(says)
}

/// Changes the condition of the alarm.
fn other_condition(put: PutMetricAlarmFluentBuilder, setting: &str) -> Option<PutMetricAlarmFluentBuilder> {
    Some(match setting {
        "metric: other dimensions" => {
            put.dimensions(Dimension::builder().name("account").value("1").build()).unit(StandardUnit::Count)
        }
        "condition: threshold" => {
            put.threshold(1000.0).comparison_operator(ComparisonOperator::LessThanThreshold)
        }
        "condition: statistic" => put.statistic(Statistic::Minimum),
        "condition: periods" => put.period(3600).evaluation_periods(12).datapoints_to_alarm(12),
        "condition: missing data" => put.treat_missing_data("ignore"),
        "condition: fixed periods" => {
            let window = EvaluationWindow::WallClockWindow(WallClockWindow::builder().build());
            put.evaluation_window(window)
        }
        "condition: warm-up" => put.warm_up_configuration(
            WarmUpConfiguration::builder().warm_up_period_duration_in_minutes(1440).build(),
        ),
        _ => return None,
    })
}

/// Replaces the metric of the alarm by an expression.
fn of_expression(put: PutMetricAlarmFluentBuilder) -> PutMetricAlarmFluentBuilder {
    let metric = Metric::builder().namespace("a").metric_name("b").build();
    let stat = MetricStat::builder().metric(metric).period(300).stat("Sum").build();
    let query = MetricDataQuery::builder().id("m").metric_stat(stat).return_data(true).build();
    let put = put.set_namespace(None).set_metric_name(None).set_period(None).set_statistic(None);
    put.metrics(query)
}

/// Returns a call that writes the alarm with its current settings.
async fn put(world: &World) -> PutMetricAlarmFluentBuilder {
    let found = world.cloudwatch.describe_alarms().alarm_names(ALARM).send().await.unwrap();
    let alarm = found.metric_alarms.unwrap().remove(0);
    let put = world.cloudwatch.put_metric_alarm().alarm_name(ALARM);
    let put = put.set_namespace(alarm.namespace).set_metric_name(alarm.metric_name);
    let put = put.set_statistic(alarm.statistic).set_period(alarm.period);
    let put = put.set_evaluation_periods(alarm.evaluation_periods).set_threshold(alarm.threshold);
    let put = put.set_comparison_operator(alarm.comparison_operator);
    let put = put.set_treat_missing_data(alarm.treat_missing_data);
    put.set_alarm_actions(alarm.alarm_actions).set_alarm_description(alarm.alarm_description)
}
