//! Controls on each trail.

use reconcile_spec::{self as spec, KeyIdentity};

use super::ControlVerdict;
use super::context::{ControlContext, Judged, line, passed_if, trail_key};
use crate::address::Address;
use crate::view::{CloudWatchLogs, Trail};

fn each(context: &ControlContext<'_>, judge: impl Fn(&spec::Trail, &Trail) -> ControlVerdict) -> Vec<Judged> {
    let judged = |wanted: &spec::Trail| {
        let verdict = context.trail(wanted).judge("trail", |live| judge(wanted, live));
        Judged::of(&Address::trail(wanted), verdict)
    };
    context.desired.trails.iter().map(judged).collect()
}

/// See `cloud-trail-encryption-enabled` in the AWS Config developer guide.
pub(super) fn encrypted(context: &ControlContext<'_>) -> Vec<Judged> {
    let is_wanted = context.desired.key.identity != KeyIdentity::Unmanaged;
    each(context, |_, live| {
        let why = "no KMS key encrypts its log files";
        passed_if(live.kms_key.is_some(), why, line(is_wanted, "key", "{ alias: NAME }"))
    })
}

/// See `cloud-trail-log-file-validation-enabled` in the AWS Config developer guide.
pub(super) fn validated(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |wanted, live| {
        let fix = line(wanted.log_file_validation, trail_key(wanted, "log_file_validation"), "true");
        passed_if(live.log_file_validation, "it delivers no digest files", fix)
    })
}

/// See `cloud-trail-cloud-watch-logs-enabled` in the AWS Config developer guide.
pub(super) fn sent_to_logs(context: &ControlContext<'_>) -> Vec<Judged> {
    each(context, |wanted, live| {
        let value = "{ log_group: NAME, retention_days: 365, encryption: key }";
        let fix = line(wanted.logs.is_some(), trail_key(wanted, "cloudwatch_logs"), value);
        let is_sent = matches!(live.cloudwatch_logs, Some(CloudWatchLogs::To { .. }));
        passed_if(is_sent, "it does not deliver to CloudWatch Logs", fix)
    })
}

/// Returns that the control does not apply: event data stores of CloudTrail Lake are not part of an
/// installation.
pub(super) fn event_data_stores(context: &ControlContext<'_>) -> Vec<Judged> {
    let why = "`reconcile` manages trails, and no event data stores of CloudTrail Lake";
    let account = &context.desired.bucket.site.account;
    vec![Judged::of_account(account, ControlVerdict::NotApplicable(why.to_owned()))]
}
