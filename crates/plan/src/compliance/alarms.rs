//! Controls on metric filters and alarms.

use reconcile_policy::Arn;
use reconcile_spec::{self as spec, CisAlarm};

use super::pattern::{Relation, relation};
use super::scope::{Judged, Scope, Seen, line};
use super::{Fix, Verdict};
use crate::observed::Monitors;
use crate::view::{Alarm, MetricFilter};

/// The metric filters of the log groups of an account.
enum Filters<'a> {
    /// An organization trail records the account: its log group is in the account of the trail.
    Elsewhere(String),
    Unread(String),
    /// No trail of the account delivers to a log group.
    NoLogGroup,
    /// The metric filters of each log group that has some.
    Of(Vec<&'a Monitors>),
}

fn filters<'a>(scope: &Scope<'a>, account: &spec::Account) -> Filters<'a> {
    let is_own = |trail: &&spec::Trail| trail.site.account == account.name;
    if let Some(trail) = scope.recording(account).find(|trail| !is_own(trail))
        && !scope.recording(account).any(|trail| is_own(&trail))
    {
        return Filters::Elsewhere(trail.site.account.to_string());
    }
    let (mut all, mut has_group) = (Vec::new(), false);
    for wanted in scope.recording(account).filter(is_own) {
        let live = match scope.trail(wanted) {
            Seen::Live(live) => live,
            Seen::Absent => continue,
            Seen::Unread(error) => return Filters::Unread(error),
        };
        let Some(group) = Scope::group_of(live).filter(|_| live.logging && live.multi_region) else {
            continue;
        };
        let Some(traits) = scope.observed.group_traits.get(&group) else {
            return Filters::Unread(format!("log group {group} could not be read"));
        };
        match scope.observed.monitors.get(&group) {
            Some(Ok(monitors)) => all.push(monitors),
            Some(Err(error)) => return Filters::Unread(error.to_string()),
            None if traits.metric_filters > 0 => {
                return Filters::Unread(format!("the metric filters of log group {group} could not be read"));
            }
            None => {}
        }
        has_group = true;
    }
    if has_group { Filters::Of(all) } else { Filters::NoLogGroup }
}

fn each(scope: &Scope<'_>, judge: impl Fn(Filters<'_>) -> Verdict) -> Vec<Judged> {
    let accounts = scope.desired.accounts.iter();
    accounts.map(|account| Judged::of_account(&account.name, judge(filters(scope, account)))).collect()
}

/// A metric filter and alarm of section 4 of the CIS benchmark. An account passes if a multi-Region trail that is logging delivers to a
/// log group with a metric filter of this pattern, and an alarm on its metric notifies a topic that has subscribers.
///
/// See `CloudWatch.1` to `CloudWatch.14` in the Security Hub user guide: a pattern with other terms does not pass.
pub(super) fn monitored(scope: &Scope<'_>, id: &str) -> Vec<Judged> {
    let Some(control) = CisAlarm::of_id(id) else { return Vec::new() };
    let accounts = scope.desired.accounts.iter();
    accounts
        .map(|account| {
            let verdict = match filters(scope, account) {
                Filters::Elsewhere(account) => Verdict::NotApplicable(format!(
                    "an organization trail records the account, and its log group is in account `{account}`"
                )),
                Filters::Unread(error) => Verdict::Unreadable(error),
                Filters::NoLogGroup => Verdict::Failed {
                    why: "no multi-Region trail of the account that is logging delivers to a log group"
                        .to_owned(),
                    fix: line(
                        false,
                        "trails[].cloudwatch_logs",
                        "{ log_group: NAME, retention_days: 365, encryption: key, alarms: { topic: NAME } }",
                    ),
                },
                Filters::Of(groups) => of_groups(scope, account, control, &groups),
            };
            Judged::of_account(&account.name, verdict)
        })
        .collect()
}

/// The best verdict of any metric filter of an account.
fn of_groups(
    scope: &Scope<'_>,
    account: &spec::Account,
    control: &'static CisAlarm,
    groups: &[&Monitors],
) -> Verdict {
    let mut alarms = scope.desired.alarms.iter();
    let is_wanted = alarms.any(|it| it.site.account == account.name && it.detects == control);
    let fix = || line(is_wanted, "trails[].cloudwatch_logs.alarms", "{ topic: NAME }");
    let mut found = Vec::new();
    for monitors in groups {
        for (name, filter) in &monitors.filters {
            match relation(&filter.pattern, control.pattern) {
                Relation::Same => found.push(of_filter(scope, monitors, name, filter, &fix)),
                Relation::Similar => found.push(Verdict::Manual(format!(
                    "compare the pattern of metric filter `{name}` of log group {} with the page of the control: it has other terms",
                    monitors.group
                ))),
                Relation::Other => {}
            }
        }
    }
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Passed => 0,
        Verdict::Unreadable(_) => 1,
        Verdict::Manual(_) => 2,
        Verdict::Failed { .. } | Verdict::NotApplicable(_) => 3,
    };
    found.into_iter().min_by_key(rank).unwrap_or_else(|| Verdict::Failed {
        why: "no metric filter of the log groups of the trails has the pattern of the control".to_owned(),
        fix: fix(),
    })
}

fn of_filter(
    scope: &Scope<'_>,
    monitors: &Monitors,
    name: &str,
    filter: &MetricFilter,
    fix: &impl Fn() -> Fix,
) -> Verdict {
    let failed = |why: String| Verdict::Failed { why, fix: fix() };
    if filter.criteria.is_some() || filter.on_transformed {
        return failed(format!("metric filter `{name}` does not read every event"));
    }
    let alarms = match on_metrics(scope, monitors, filter) {
        Ok(alarms) => alarms,
        Err(error) => return Verdict::Unreadable(error),
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
        match scope.observed.alarm_topics.get(&(monitors.account.clone(), topic.clone())) {
            Some(Ok(Some(live))) => match live.subscribers {
                Some(0) => {
                    let why =
                        format!("topic {topic}, which the alarm notifies, has no confirmed subscription");
                    silent = Some((why, "confirm a subscription of the topic"));
                }
                Some(_) => return Verdict::Passed,
                None => unknown = Some(topic),
            },
            Some(Ok(None)) => {
                let why = format!("topic {topic}, which the alarm notifies, does not exist");
                silent = Some((why, "create the topic, and confirm a subscription of it"));
            }
            Some(Err(_)) | None => unknown = Some(topic),
        }
    }
    match (unknown, silent) {
        (None, Some((why, advice))) => Verdict::Failed { why, fix: Fix::Outside(advice.to_owned()) },
        (Some(topic), _) => Verdict::Manual(format!(
            "check that topic {topic}, which the alarm notifies, has subscribers: it could not be read"
        )),
        (None, None) => failed(format!("no alarm on the metric of metric filter `{name}` notifies a topic")),
    }
}

/// The alarms on the metrics of a metric filter, by name.
fn on_metrics<'a>(
    scope: &Scope<'a>,
    monitors: &Monitors,
    filter: &MetricFilter,
) -> Result<Vec<(&'a String, &'a Alarm)>, String> {
    let site = (monitors.account.clone(), monitors.region.clone());
    let all = match scope.observed.all_alarms.get(&site) {
        Some(Ok(all)) => all,
        Some(Err(error)) => return Err(error.to_string()),
        None => return Err(format!("the alarms of account `{}` could not be read", monitors.account)),
    };
    let is_on = |alarm: &Alarm| {
        filter.metrics.iter().any(|it| it.namespace == alarm.namespace && it.name == alarm.metric)
    };
    Ok(all.iter().filter(|(_, alarm)| is_on(alarm)).collect())
}

/// Judges each alarm on the metrics of metric filters of an account; the first one that fails decides.
fn every_alarm(scope: &Scope<'_>, judge: impl Fn(&Alarm) -> bool, why: &str, advice: &str) -> Vec<Judged> {
    let none = || {
        Verdict::NotApplicable(
            "no alarm watches the metric of a metric filter of a log group of the account".to_owned(),
        )
    };
    each(scope, |filters| match filters {
        Filters::Elsewhere(_) | Filters::NoLogGroup => none(),
        Filters::Unread(error) => Verdict::Unreadable(error),
        Filters::Of(groups) => {
            let mut any = false;
            for (monitors, filter) in
                groups.iter().flat_map(|it| it.filters.values().map(move |filter| (it, filter)))
            {
                let alarms = match on_metrics(scope, monitors, filter) {
                    Ok(alarms) => alarms,
                    Err(error) => return Verdict::Unreadable(error),
                };
                any |= !alarms.is_empty();
                if let Some((name, _)) = alarms.into_iter().find(|(_, alarm)| !judge(alarm)) {
                    let ours = scope
                        .desired
                        .alarms
                        .iter()
                        .any(|it| it.site.account == monitors.account && it.name == *name);
                    let fix = if ours { Fix::Apply } else { Fix::Outside(advice.to_owned()) };
                    return Verdict::Failed { why: format!("alarm `{name}` {why}"), fix };
                }
            }
            if any { Verdict::Passed } else { none() }
        }
    })
}

/// See `CloudWatch.15` in the Security Hub user guide.
pub(super) fn have_actions(scope: &Scope<'_>) -> Vec<Judged> {
    every_alarm(scope, |alarm| !alarm.actions.is_empty(), "has no action", "add an action to the alarm")
}

/// See `CloudWatch.17` in the Security Hub user guide.
pub(super) fn actions_are_enabled(scope: &Scope<'_>) -> Vec<Judged> {
    every_alarm(
        scope,
        |alarm| alarm.actions_enabled,
        "has its actions disabled",
        "enable the actions of the alarm",
    )
}
