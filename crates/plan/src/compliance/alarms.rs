//! Controls on metric filters and alarms, which `reconcile` does not read yet: only whether there can be any.

use reconcile_spec as spec;

use super::scope::{Judged, Scope, Seen, line};
use super::{Fix, Verdict};

/// The metric filters of the log groups of an account.
enum Filters {
    /// An organization trail records the account: its log group is in the account of the trail.
    Elsewhere(String),
    Unread(String),
    /// No trail of the account delivers to a log group.
    NoLogGroup,
    Count(u64),
}

fn filters(scope: &Scope<'_>, account: &spec::Account) -> Filters {
    let is_own = |trail: &&spec::Trail| trail.site.account == account.name;
    if let Some(trail) = scope.recording(account).find(|trail| !is_own(trail))
        && !scope.recording(account).any(|trail| is_own(&trail))
    {
        return Filters::Elsewhere(trail.site.account.to_string());
    }
    let (mut count, mut has_group) = (0, false);
    for wanted in scope.recording(account).filter(is_own) {
        let live = match scope.trail(wanted) {
            Seen::Live(live) => live,
            Seen::Absent => continue,
            Seen::Unread(error) => return Filters::Unread(error),
        };
        let Some(group) = Scope::group_of(live).filter(|_| live.logging && live.multi_region) else {
            continue;
        };
        match scope.observed.group_traits.get(&group) {
            Some(traits) => count += traits.metric_filters,
            None => return Filters::Unread(format!("log group {group} could not be read")),
        }
        has_group = true;
    }
    if has_group { Filters::Count(count) } else { Filters::NoLogGroup }
}

fn each(scope: &Scope<'_>, judge: impl Fn(Filters) -> Verdict) -> Vec<Judged> {
    let accounts = scope.desired.accounts.iter();
    accounts.map(|account| Judged::of_account(&account.name, judge(filters(scope, account)))).collect()
}

/// The metric filters and alarms of section 4 of the CIS benchmark. An account passes if a multi-Region trail that is logging
/// delivers to a log group with the filter, and an alarm on its metric notifies a topic that has subscribers.
pub(super) fn monitored(scope: &Scope<'_>) -> Vec<Judged> {
    const FIX: &str = "create the metric filter and the alarm that the page of the control describes";
    each(scope, |filters| match filters {
        Filters::Elsewhere(account) => Verdict::NotApplicable(format!(
            "an organization trail records the account, and its log group is in account `{account}`"
        )),
        Filters::Unread(error) => Verdict::Unreadable(error),
        Filters::NoLogGroup => Verdict::Failed {
            why: "no multi-Region trail of the account that is logging delivers to a log group".to_owned(),
            fix: line(
                false,
                "trails[].cloudwatch_logs",
                "{ log_group: NAME, retention_days: 365, encryption: key }",
            ),
        },
        Filters::Count(0) => Verdict::Failed {
            why: "the log groups of the trails have no metric filters".to_owned(),
            fix: Fix::Outside(FIX.to_owned()),
        },
        Filters::Count(count) => Verdict::Manual(format!(
            "compare the pattern and the alarm of the metric filters of the log groups with the page of the control: there \
             are {count}, and `reconcile` does not read them"
        )),
    })
}

/// Alarms on the metrics of metric filters.
pub(super) fn alarm_actions(scope: &Scope<'_>) -> Vec<Judged> {
    each(scope, |filters| {
        match filters {
        Filters::Elsewhere(_) | Filters::NoLogGroup | Filters::Count(0) => Verdict::NotApplicable(
            "no metric filter of a log group of the account makes a metric that an alarm could watch".to_owned(),
        ),
        Filters::Unread(error) => Verdict::Unreadable(error),
        Filters::Count(_) => Verdict::Manual(
            "inspect the actions of the alarms on the metrics of the log groups: `reconcile` does not read alarms".to_owned(),
        ),
    }
    })
}
