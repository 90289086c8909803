//! Judges the receivers of names of log files: notifications and inventories of the bucket, and
//! subscriptions of topics.
//!
//! A name contains the account, the Region and the time of a log file, but no content.

use reconcile_policy::{Allowed, Capability, Holds, Who};

use super::bucket::retention::files;
use super::{ForeignItem, ForeignReviewer};
use crate::address::Address;
use crate::compare::CompareContext;
use crate::compare::change::Compared;
use crate::foreign::ForeignAccess;
use crate::observed::{NameReceiver, ReceiverTarget};
use crate::plan::WarningCode;
use crate::severity::Severity;

/// Returns the outsiders who receive the names of log files.
pub(super) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let configurations = configurations(reviewer.context).into_iter();
    let readable = configurations.filter_map(|configuration| {
        Some((configuration.address, configuration.kind, configuration.receivers.ok()?))
    });
    readable
        .flat_map(|(address, kind, receivers)| {
            receivers
                .iter()
                .filter_map(move |receiver| receiver_access(reviewer, address.clone(), kind, receiver))
        })
        .collect()
}

/// Warns about receivers that cannot be read.
pub(super) fn warn(context: &CompareContext<'_>, compared: &mut Compared) {
    for ReceiverConfiguration { address, kinds, receivers, .. } in configurations(context) {
        if let Err(error) = receivers {
            let message = format!(
                "the {kinds} of the {} cannot be read ({error}): outsiders may receive the names of log files",
                address.kind.as_str().replace('_', " ")
            );
            compared.warn(WarningCode::UnreadableNames, address, message);
        }
    }
}

/// The configuration that names receivers.
struct ReceiverConfiguration<'a> {
    address: Address,
    /// The kind, such as `notification`.
    kind: &'static str,
    /// The plural of the kind.
    kinds: &'static str,
    receivers: Result<&'a [NameReceiver], &'a reconcile_operations::Error>,
}

fn configurations<'a>(context: &CompareContext<'a>) -> Vec<ReceiverConfiguration<'a>> {
    let bucket = context.observed.bucket_conditions.iter().flat_map(|conditions| {
        let notified = conditions.notifications.as_ref().map(|it| it.receivers.as_slice());
        [
            ("notification", "notifications", notified),
            ("inventory", "inventories", conditions.inventories.as_deref()),
        ]
        .map(|(kind, kinds, receivers)| ReceiverConfiguration {
            address: context.bucket_address(),
            kind,
            kinds,
            receivers,
        })
    });
    let topics = context.desired.topics.iter().filter_map(|desired| {
        let live = context.observed.topics.get(&desired.arn)?.as_ref()?;
        let receivers = live.subscriptions.as_deref();
        let address = Address::topic(desired);
        Some(ReceiverConfiguration { address, kind: "subscription", kinds: "subscriptions", receivers })
    });
    bucket.chain(topics).collect()
}

/// Returns the text that identifies a receiver. Digests of such texts are in the `reviewed` section
/// of specs, so the text must not change with the names of types.
fn content(reviewer: &ForeignReviewer<'_>, receiver: &NameReceiver) -> String {
    let NameReceiver { name, prefix, target } = receiver;
    format!("{}\nReceiver {{ name: {name:?}, prefix: {prefix:?}, target: {target:?} }}", reviewer.bucket)
}

fn receiver_access(
    reviewer: &ForeignReviewer<'_>,
    address: Address,
    kind: &str,
    receiver: &NameReceiver,
) -> Option<ForeignAccess> {
    files(&receiver.prefix, false, reviewer)?;
    let name = if receiver.name.is_empty() { kind } else { &receiver.name };
    let item = ForeignItem {
        address,
        name,
        words: format!("{kind} `{name}`"),
        content: content(reviewer, receiver),
    };
    let account = match &receiver.target {
        ReceiverTarget::Resource(arn) => arn.split(':').nth(4).map(str::to_owned),
        ReceiverTarget::Bucket { account, .. } => account.clone(),
        ReceiverTarget::Endpoint(_) => None,
    };
    if let Some(account) = account {
        let who = Who::Account(account.clone());
        let listed = Allowed { who, capability: Capability::List, files: None, holds: Holds::Always };
        let is_inside = reviewer.insiders.accounts.contains(&account);
        return if is_inside { None } else { reviewer.assess_allowed(&item, &[listed]) };
    }
    let whom = match &receiver.target {
        ReceiverTarget::Bucket { name, .. } if reviewer.bucket.ends_with(&format!(":::{name}")) => {
            return None;
        }
        ReceiverTarget::Bucket { name, .. } => {
            format!("bucket `{name}`, whose account the configuration does not name")
        }
        ReceiverTarget::Resource(target) | ReceiverTarget::Endpoint(target) => format!("`{target}`"),
    };
    let message = format!("{} sends the names of log files to {whom}", item.words);
    Some(reviewer.report(&item, Severity::Low, message, &item.content))
}
