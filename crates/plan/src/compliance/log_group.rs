//! Controls on each log group of the spec.

use reconcile_spec::{self as spec, AtRest as SurveyFilter};

use super::ControlVerdict;
use super::context::{ControlContext, Judged, line, passed_if};
use crate::address::Address;
use crate::view::{AtRest, LogGroup};

/// The minimum retention that the control requires by default, in days.
const YEAR: u32 = 365;

fn each(
    context: &ControlContext<'_>,
    judge: impl Fn(&spec::LogGroup, &LogGroup) -> ControlVerdict,
) -> Vec<Judged> {
    let groups = &context.desired.log_groups;
    let judged = |wanted: &spec::LogGroup| {
        let entry = context.observed.log_groups.get(&wanted.arn);
        let seen = context.seen(entry, &wanted.site.account);
        Judged::of(&Address::log_group(wanted), seen.judge("log group", |live| judge(wanted, live)))
    };
    if groups.is_empty() {
        let why = "no trail of the spec delivers to a log group".to_owned();
        return vec![Judged::of_account(
            &context.desired.bucket.site.account,
            ControlVerdict::NotApplicable(why),
        )];
    }
    groups.iter().map(judged).collect()
}

/// The key of a setting of a log group, at the first trail that delivers to the log group.
fn log_group_key(context: &ControlContext<'_>, group: &spec::LogGroup, setting: &str) -> String {
    let is_of = |trail: &&spec::Trail| {
        let logs = trail.logs.as_ref();
        logs.is_some_and(|logs| logs.group.as_str().trim_end_matches(":*") == group.arn.as_str())
    };
    let trail = context.desired.trails.iter().find(is_of).map(|trail| trail.name.to_string());
    format!("trails[{}].cloudwatch_logs.{setting}", trail.unwrap_or_default())
}

/// See `cw-loggroup-retention-period-check` in the AWS Config developer guide. Without a retention,
/// events never expire.
pub(super) fn retained(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |wanted, live| {
        let is_wanted = wanted.retention_days.is_some_and(|days| days >= YEAR);
        let fix = line(is_wanted, log_group_key(context, wanted, "retention_days"), YEAR.to_string());
        match live.retention_days {
            Some(days) => {
                passed_if(days >= YEAR, format!("events expire after {days} days, before {YEAR} days"), fix)
            }
            None => ControlVerdict::Passed,
        }
    })
}

/// See `cloudwatch-log-group-encrypted` in the AWS Config developer guide.
pub(super) fn encrypted(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |wanted, live| {
        let fix =
            line(wanted.encryption == SurveyFilter::Key, log_group_key(context, wanted, "encryption"), "key");
        let is_encrypted = matches!(live.encryption, Some(AtRest::Kms { .. }));
        passed_if(is_encrypted, "no KMS key encrypts its events", fix)
    })
}
