//! Judges settings of log groups that hide or forge events, or that keep events from alarms.
//!
//! These settings do not affect the log files in the bucket. The log group is a copy of the events
//! for alarms.

use super::super::{ForeignItem, ForeignReviewer};
use crate::address::Address;
use crate::foreign::ForeignAccess;
use crate::observed::{GroupTraits, Masking};
use crate::severity::Severity;

pub(in crate::compare::foreign) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let groups = reviewer.context.desired.log_groups.iter().filter_map(|desired| {
        let traits = reviewer.context.observed.group_traits.get(&desired.arn)?;
        Some((desired, traits))
    });
    groups
        .flat_map(|(desired, traits)| {
            dangerous_settings(traits).into_iter().map(|(name, message)| {
                let item = ForeignItem {
                    address: Address::log_group(desired),
                    name,
                    words: message.clone(),
                    content: format!("{}\n{message}", desired.arn),
                };
                reviewer.report(&item, Severity::Medium, message, &item.content)
            })
        })
        .collect()
}

/// Returns the settings that endanger the events, by name.
///
/// See "Help protect sensitive log data with masking", "Log classes" and "HTTP endpoints" in the
/// CloudWatch Logs user guide.
fn dangerous_settings(traits: &GroupTraits) -> Vec<(&'static str, String)> {
    let masked = traits.masked_by.iter().map(|masking| {
        let (name, whose) = match masking {
            Masking::Group => ("data-protection", "the log group"),
            Masking::Account => ("account-data-protection", "the account"),
        };
        let message = format!(
            "the data protection policy of {whose} masks parts of the events: metric filters, subscription filters and most \
             readers do not see them"
        );
        (name, message)
    });
    let tokens = traits.takes_bearer_tokens.then(|| {
        let message = "the log group accepts bearer tokens: everybody who has a token of the account can write \
            events into the log group";
        ("bearer-tokens", message.to_owned())
    });
    let class = traits.class.as_ref().map(|class| {
        let message = format!(
            "the log group is of class {class}: metric filters and subscription filters do not work, and alarms stay silent"
        );
        ("class", message)
    });
    masked.chain(tokens).chain(class).collect()
}
