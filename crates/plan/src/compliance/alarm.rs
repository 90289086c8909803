//! Controls on metric filters and alarms.

use reconcile_policy::Arn;
use reconcile_spec::{self as spec, CisAlarm};

use super::context::{ControlContext, Judged, line};
use super::metric_filter::pattern::{Relation, relation};
use super::metric_filter::{Filters, filters};
use super::{ControlVerdict, Fix};
use crate::observed::Monitors;
use crate::view::{Alarm, MetricFilter};

fn each(
    context: &ControlContext<'_>,
    judge: impl Fn(&spec::Account, Filters<'_>) -> ControlVerdict,
) -> Vec<Judged> {
    let judged = |account: &spec::Account| {
        Judged::of_account(&account.name, judge(account, filters(context, account)))
    };
    context.desired.accounts.iter().map(judged).collect()
}

/// Judges a metric filter and alarm of section 4 of the CIS benchmark. An account passes if a
/// multi-Region trail that is logging delivers to a log group with a metric filter of this pattern,
/// and an alarm on its metric notifies a topic that has subscribers.
///
/// See `CloudWatch.1` to `CloudWatch.14` in the Security Hub user guide: a pattern with other terms
/// does not pass.
pub(super) fn monitored(context: &ControlContext<'_>, id: &str) -> Vec<Judged> {
    let Some(control) = CisAlarm::by_id(id) else { return Vec::new() };
    each(context, |account, filters| match filters {
        Filters::Elsewhere(account) => ControlVerdict::NotApplicable(format!(
            "an organization trail records the account, and its log group is in account `{account}`"
        )),
        Filters::Unread(error) => ControlVerdict::Unreadable(error),
        Filters::NoLogGroup => ControlVerdict::Failed {
            why: "no multi-Region trail of the account that is logging delivers to a log group".to_owned(),
            fix: line(
                false,
                "trails[].cloudwatch_logs",
                "{ log_group: NAME, retention_days: 365, encryption: key, alarms: { topic: NAME } }",
            ),
        },
        Filters::Of(groups) => judge_groups(context, account, control, &groups),
    })
}

/// Returns the best verdict on a metric filter of an account.
fn judge_groups(
    context: &ControlContext<'_>,
    account: &spec::Account,
    control: &'static CisAlarm,
    groups: &[&Monitors],
) -> ControlVerdict {
    let mut alarms = context.desired.alarms.iter();
    let is_wanted = alarms.any(|it| it.site.account == account.name && it.detects == control);
    let fix = || line(is_wanted, "trails[].cloudwatch_logs.alarms", "{ topic: NAME }");
    let mut found = Vec::new();
    for monitors in groups {
        for (name, filter) in &monitors.filters {
            match relation(&filter.pattern, control.pattern) {
                Relation::Same => found.push(judge_filter(context, monitors, name, filter, &fix)),
                Relation::Similar => found.push(ControlVerdict::Manual(format!(
                    "the pattern of metric filter `{name}` of log group {} has other terms than the control: compare it with the page of the control",
                    monitors.group
                ))),
                Relation::Other => {}
            }
        }
    }
    let rank = |verdict: &ControlVerdict| match verdict {
        ControlVerdict::Passed => 0,
        ControlVerdict::Unreadable(_) => 1,
        ControlVerdict::Manual(_) => 2,
        ControlVerdict::Failed { .. } | ControlVerdict::NotApplicable(_) => 3,
    };
    found.into_iter().min_by_key(rank).unwrap_or_else(|| ControlVerdict::Failed {
        why: "no metric filter of the log groups of the trails has the pattern of the control".to_owned(),
        fix: fix(),
    })
}

fn judge_filter(
    context: &ControlContext<'_>,
    monitors: &Monitors,
    name: &str,
    filter: &MetricFilter,
    fix: &impl Fn() -> Fix,
) -> ControlVerdict {
    let failed = |why: String| ControlVerdict::Failed { why, fix: fix() };
    if filter.criteria.is_some() || filter.on_transformed {
        return failed(format!("metric filter `{name}` does not read every event"));
    }
    let alarms = match on_metrics(context, monitors, filter) {
        Ok(alarms) => alarms,
        Err(error) => return ControlVerdict::Unreadable(error),
    };
    if alarms.is_empty() {
        return failed(format!("no alarm watches the metric of metric filter `{name}`"));
    }
    let topics = alarms
        .iter()
        .filter(|(_, alarm)| alarm.actions_enabled)
        .flat_map(|(_, alarm)| alarm.actions.iter().filter_map(|action| action.parse::<Arn>().ok()))
        .filter(|action| action.service() == "sns");
    let (mut unknown, mut silent) = (None, None);
    for topic in topics {
        match context.observed.alarm_topics.get(&(monitors.account.clone(), topic.clone())) {
            Some(Ok(Some(live))) => match live.subscribers {
                Some(0) => {
                    let why =
                        format!("topic {topic}, which the alarm notifies, has no confirmed subscription");
                    silent = Some((why, "confirm a subscription of the topic"));
                }
                Some(_) => return ControlVerdict::Passed,
                None => unknown = Some(topic),
            },
            Some(Ok(None)) => {
                let why = format!("topic {topic}, which the alarm notifies, does not exist");
                silent = Some((why, "create the topic, add a subscription, and confirm the subscription"));
            }
            Some(Err(_)) | None => unknown = Some(topic),
        }
    }
    match (unknown, silent) {
        (None, Some((why, advice))) => ControlVerdict::Failed { why, fix: Fix::Outside(advice.to_owned()) },
        (Some(topic), _) => ControlVerdict::Manual(format!(
            "check that topic {topic}, which the alarm notifies, has subscribers: it could not be read"
        )),
        (None, None) => failed(format!("no alarm on the metric of metric filter `{name}` notifies a topic")),
    }
}

/// The alarms on the metrics of a metric filter, by name.
fn on_metrics<'a>(
    context: &ControlContext<'a>,
    monitors: &Monitors,
    filter: &MetricFilter,
) -> Result<Vec<(&'a String, &'a Alarm)>, String> {
    let site = (monitors.account.clone(), monitors.region.clone());
    let all = match context.observed.all_alarms.get(&site) {
        Some(Ok(all)) => all,
        Some(Err(error)) => return Err(error.to_string()),
        None => return Err(format!("the alarms of account `{}` could not be read", monitors.account)),
    };
    let is_on = |alarm: &Alarm| {
        filter.metrics.iter().any(|it| it.namespace == alarm.namespace && it.name == alarm.metric)
    };
    Ok(all.iter().filter(|(_, alarm)| is_on(alarm)).collect())
}

/// Judges the alarms on the metrics of the metric filters of an account. The first alarm that fails
/// decides.
fn every_alarm(
    context: &ControlContext<'_>,
    judge: impl Fn(&Alarm) -> bool,
    why: &str,
    advice: &str,
) -> Vec<Judged> {
    let none = || {
        ControlVerdict::NotApplicable(
            "no alarm watches the metric of a metric filter of a log group of the account".to_owned(),
        )
    };
    each(context, |_, filters| match filters {
        Filters::Elsewhere(_) | Filters::NoLogGroup => none(),
        Filters::Unread(error) => ControlVerdict::Unreadable(error),
        Filters::Of(groups) => {
            let mut any = false;
            for (monitors, filter) in
                groups.iter().flat_map(|it| it.filters.values().map(move |filter| (it, filter)))
            {
                let alarms = match on_metrics(context, monitors, filter) {
                    Ok(alarms) => alarms,
                    Err(error) => return ControlVerdict::Unreadable(error),
                };
                any |= !alarms.is_empty();
                if let Some((name, _)) = alarms.into_iter().find(|(_, alarm)| !judge(alarm)) {
                    let ours = context
                        .desired
                        .alarms
                        .iter()
                        .any(|it| it.site.account == monitors.account && it.name == *name);
                    let fix = if ours { Fix::Apply } else { Fix::Outside(advice.to_owned()) };
                    return ControlVerdict::Failed { why: format!("alarm `{name}` {why}"), fix };
                }
            }
            if any { ControlVerdict::Passed } else { none() }
        }
    })
}

/// See `CloudWatch.15` in the Security Hub user guide.
pub(super) fn have_actions(context: &ControlContext<'_>) -> Vec<Judged> {
    every_alarm(context, |alarm| !alarm.actions.is_empty(), "has no action", "add an action to the alarm")
}

/// See `CloudWatch.17` in the Security Hub user guide.
pub(super) fn actions_are_enabled(context: &ControlContext<'_>) -> Vec<Judged> {
    every_alarm(
        context,
        |alarm| alarm.actions_enabled,
        "has its actions disabled",
        "enable the actions of the alarm",
    )
}
