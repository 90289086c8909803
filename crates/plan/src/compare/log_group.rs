//! Compares log groups.

use reconcile_spec as spec;

use super::CompareContext;
use super::change::{ChangeParts, Compared, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::observed::Unread;
use crate::plan::{Action, Changed, Phase, Risk, WarningCode};
use crate::view::{LogGroup, LogGroupField};

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.log_groups {
        let Some(live) = context.observed.log_groups.get(&desired.arn) else { continue };
        if live.is_some() {
            warn_of_unread(context, desired, compared);
        }
        let before = live.as_ref().map(|live| (live.encryption.as_ref(), &live.tags));
        let encryption = context.at_rest(desired.encryption, &desired.arn, before);
        let depends_on = context.needs_of(encryption.as_ref());
        let wanted = LogGroup {
            encryption,
            retention_days: desired.retention_days,
            tags: context.tags_of_made(&desired.tags, live.as_ref().map(|live| &live.tags)),
        };
        let parts = ChangeParts {
            address: Address::log_group(desired),
            place: context.place(&desired.site),
            phase: Phase::Expand,
            depends_on,
            changed: Changed::LogGroup,
            explain,
        };
        compared.view(parts, live.clone(), wanted);
    }
}

/// Warns of settings that could not be read and may give others access.
fn warn_of_unread(context: &CompareContext<'_>, desired: &spec::LogGroup, compared: &mut Compared) {
    let unread = context.observed.log_access.get(&desired.arn).into_iter().flat_map(|access| &access.unread);
    for (what, error) in unread {
        let (what, danger) = match what {
            Unread::AccountPolicies => (
                "the resource policies of CloudWatch Logs in its account and Region",
                "they may let others write events into the log group",
            ),
            Unread::GroupPolicy => {
                ("its resource policy", "it may let others write events into the log group")
            }
            Unread::AccountSubscriptions => (
                "the account-level subscription filters of its account and Region",
                "they may send its events to other accounts",
            ),
            Unread::GroupSubscriptions => {
                ("its subscription filters", "they may send its events to other accounts")
            }
        };
        let message = format!("{what} cannot be read ({error}): {danger}");
        compared.warn(WarningCode::UnreadableAccess, Address::log_group(desired), message);
    }
}

pub(super) fn explain(action: &Action<LogGroup>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => (vec!["the log group does not exist".to_owned()], Risk::Safe),
        Action::Delete { .. } => {
            (vec!["no trail of the spec delivers to this log group".to_owned()], Risk::Destructive)
        }
        Action::Update { before, after } => {
            let why = reasons(diff, |field, _| match field {
                LogGroupField::RetentionDays => "the retention of events differs from the spec".to_owned(),
                LogGroupField::Encryption => "events are not encrypted with the key of the spec".to_owned(),
                LogGroupField::Tags => "tags are missing or differ".to_owned(),
            });
            // CloudWatch Logs deletes older events at once.
            let keeps_less = before.retention_days.is_none_or(|before| after.retention_days < Some(before));
            let is_shorter = after.retention_days.is_some() && keeps_less;
            (why, if is_shorter { Risk::Destructive } else { Risk::Safe })
        }
    }
}
