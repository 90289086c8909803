//! Controls on each log group of the spec.

use reconcile_spec::{self as spec, AtRest as Wanted};

use super::Verdict;
use super::scope::{Judged, Scope, line, passed_if};
use crate::address::Address;
use crate::view::{AtRest, LogGroup};

/// The least retention that the control requires by default.
const YEAR: u32 = 365;

fn each(scope: &Scope<'_>, judge: impl Fn(&spec::LogGroup, &LogGroup) -> Verdict) -> Vec<Judged> {
    let groups = &scope.desired.log_groups;
    let judged = |wanted: &spec::LogGroup| {
        let entry = scope.observed.log_groups.get(&wanted.arn);
        let seen = scope.seen(entry, &wanted.site.account);
        Judged::of(&Address::of_log_group(wanted), seen.judge("log group", |live| judge(wanted, live)))
    };
    if groups.is_empty() {
        let why = "no trail of the spec delivers to a log group".to_owned();
        return vec![Judged::of_account(&scope.desired.bucket.site.account, Verdict::NotApplicable(why))];
    }
    groups.iter().map(judged).collect()
}

/// The key of a setting of a log group, at the first trail that delivers to the log group.
fn of_group(scope: &Scope<'_>, group: &spec::LogGroup, setting: &str) -> String {
    let is_of = |trail: &&spec::Trail| {
        let logs = trail.logs.as_ref();
        logs.is_some_and(|logs| logs.group.as_str().trim_end_matches(":*") == group.arn.as_str())
    };
    let trail = scope.desired.trails.iter().find(is_of).map(|trail| trail.name.to_string());
    format!("trails[{}].cloudwatch_logs.{setting}", trail.unwrap_or_default())
}

/// See `cw-loggroup-retention-period-check` in the AWS Config developer guide. Events of a log group without a retention never
/// expire.
pub(super) fn retained(scope: &Scope<'_>) -> Vec<Judged> {
    each(scope, |wanted, live| {
        let is_wanted = wanted.retention_days.is_some_and(|days| days >= YEAR);
        let fix = line(is_wanted, of_group(scope, wanted, "retention_days"), YEAR.to_string());
        match live.retention_days {
            Some(days) => {
                passed_if(days >= YEAR, format!("events expire after {days} days, before {YEAR} days"), fix)
            }
            None => Verdict::Passed,
        }
    })
}

/// See `cloudwatch-log-group-encrypted` in the AWS Config developer guide.
pub(super) fn encrypted(scope: &Scope<'_>) -> Vec<Judged> {
    each(scope, |wanted, live| {
        let fix = line(wanted.encryption == Wanted::Key, of_group(scope, wanted, "encryption"), "key");
        let is_encrypted = matches!(live.encryption, Some(AtRest::Kms { .. }));
        passed_if(is_encrypted, "no KMS key encrypts its events", fix)
    })
}
