//! Reads alarms of CloudWatch.

use aws_sdk_cloudwatch::types::{
    ActionConfiguration, ComparisonOperator, EvaluationWindow, MetricAlarm, StandardUnit, Statistic,
};
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::ReadError;
use reconcile_plan::view::{Alarm, Condition};
use reconcile_policy::Region;
use reconcile_spec::Installation;

use super::page;

const READ: Operation = Operation::DescribeAlarms;

/// An alarm, with the settings that no spec manages. A write replaces these settings too.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveAlarm {
    /// The alarm.
    pub view: Alarm,
    /// The description.
    pub description: Option<String>,
    /// The actions when the alarm returns to the state OK.
    pub ok_actions: Vec<String>,
    /// The actions when the metric of the alarm has no data.
    pub insufficient_data_actions: Vec<String>,
    /// The configuration of the content of its notifications.
    pub action_configuration: Option<ActionConfiguration>,
}

/// Reads the alarm with a name; `None` if the alarm does not exist.
///
/// Reads the same list as a plan, the alarms with names of the installation: CloudWatch can show a
/// change in another list earlier.
///
/// # Errors
/// Returns an error if `DescribeAlarms` fails, or if its answer is incomplete or does not end.
pub async fn read(
    session: &Session,
    region: &Region,
    name: &str,
    installation: &Installation,
) -> Result<Option<LiveAlarm>, ReadError> {
    let prefix = installation.alarm_prefixes().find(|prefix| name.starts_with(prefix));
    let found = list(session, region, prefix.as_deref().or(Some(name))).await?;
    Ok(found.into_iter().find(|(it, _)| it == name).map(|(_, alarm)| alarm))
}

/// Reads the alarms whose names begin with a prefix, if they are alarms on metrics. Each alarm has
/// its name.
///
/// # Errors
/// Returns an error if `DescribeAlarms` fails, or if its answer is incomplete or does not end.
pub async fn list(
    session: &Session,
    region: &Region,
    prefix: Option<&str>,
) -> Result<Vec<(String, LiveAlarm)>, ReadError> {
    /// The maximum page size: see `MaxRecords` of `DescribeAlarms` in the CloudWatch API reference.
    const PAGE: i32 = 100;

    let cloudwatch = &session.cloudwatch(region);
    let alarms = page::all(session, READ, |token| async move {
        let call = cloudwatch.describe_alarms().max_records(PAGE);
        let call = call.set_alarm_name_prefix(prefix.map(str::to_owned)).set_next_token(token).send();
        let page = session.call(READ, call).await?;
        let alarms = page.metric_alarms.ok_or_else(|| session.incomplete(READ, "MetricAlarms"))?;
        Ok::<_, ReadError>((alarms, page.next_token))
    });
    let named = alarms.await?.into_iter().map(|alarm| {
        let name = alarm.alarm_name.clone().ok_or_else(|| session.incomplete(READ, "AlarmName"))?;
        Ok::<_, Error>((name, live(alarm)))
    });
    Ok(named.collect::<Result<_, Error>>()?)
}

fn live(alarm: MetricAlarm) -> LiveAlarm {
    let dimension = |it: &aws_sdk_cloudwatch::types::Dimension| Some((it.name.clone()?, it.value.clone()?));
    let condition = Condition {
        dimensions: alarm.dimensions().iter().filter_map(dimension).collect(),
        statistic: alarm
            .statistic
            .as_ref()
            .map(Statistic::as_str)
            .map(str::to_owned)
            .or(alarm.extended_statistic),
        period: alarm.period,
        periods: alarm.evaluation_periods,
        // A number of breaches that equals the number of periods means the same as no number.
        breaches: alarm.datapoints_to_alarm.filter(|breaches| Some(*breaches) != alarm.evaluation_periods),
        comparison: alarm.comparison_operator.as_ref().map(ComparisonOperator::as_str).map(str::to_owned),
        threshold: alarm.threshold,
        missing_data: alarm.treat_missing_data,
        unit: alarm.unit.as_ref().map(StandardUnit::as_str).map(str::to_owned),
        // A sliding window means the same as no setting.
        on_wall_clock: alarm
            .evaluation_window
            .is_some_and(|window| !matches!(window, EvaluationWindow::SlidingWindow(_))),
        warm_up: alarm
            .warm_up_configuration
            .map(|warm_up| warm_up.warm_up_period_duration_in_minutes.unwrap_or_default()),
    };
    LiveAlarm {
        view: Alarm {
            namespace: alarm.namespace.unwrap_or_default(),
            metric: alarm.metric_name.unwrap_or_default(),
            condition,
            actions_enabled: alarm.actions_enabled.unwrap_or(true),
            actions: alarm.alarm_actions.unwrap_or_default().into_iter().collect(),
        },
        description: alarm.alarm_description,
        ok_actions: alarm.ok_actions.unwrap_or_default(),
        insufficient_data_actions: alarm.insufficient_data_actions.unwrap_or_default(),
        action_configuration: alarm.action_configuration,
    }
}
