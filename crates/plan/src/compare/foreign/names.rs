//! Judges the receivers of names of log files: notifications and inventories of the bucket, and subscriptions of topics.
//!
//! A name contains the account, the Region and the time of a log file, and nothing of its content.

use reconcile_policy::{Allowed, Capability, Holds, Who};

use super::retention::files;
use super::{Judge, Subject};
use crate::address::Address;
use crate::compare::Scope;
use crate::compare::change::Compared;
use crate::foreign::ForeignAccess;
use crate::observed::{Receiver, Target};
use crate::plan::WarningCode;
use crate::severity::Severity;

/// Returns the outsiders who receive the names of log files.
pub(super) fn access(judge: &Judge<'_>) -> Vec<ForeignAccess> {
    let sources = sources(judge.scope).into_iter();
    let told = sources.filter_map(|source| Some((source.address, source.kind, source.receivers.ok()?)));
    told.flat_map(|(address, kind, receivers)| {
        receivers.iter().filter_map(move |receiver| told_to(judge, address.clone(), kind, receiver))
    })
    .collect()
}

/// Warns about receivers that cannot be read.
pub(super) fn warn(scope: &Scope<'_>, compared: &mut Compared) {
    for Source { address, kind, receivers } in sources(scope) {
        if let Err(error) = receivers {
            let message = format!(
                "each {kind} of the {} cannot be read ({error}): the names of log files may be sent to outsiders",
                address.kind.as_str().replace('_', " ")
            );
            compared.warn(WarningCode::UnreadableNames, address, message);
        }
    }
}

/// The configuration that names receivers.
struct Source<'a> {
    address: Address,
    /// The kind, such as `notification`.
    kind: &'static str,
    receivers: Result<&'a [Receiver], &'a reconcile_operations::Error>,
}

fn sources<'a>(scope: &Scope<'a>) -> Vec<Source<'a>> {
    let bucket = scope.observed.bucket_conditions.iter().flat_map(|conditions| {
        let notified = conditions.notifications.as_ref().map(|it| it.receivers.as_slice());
        [("notification", notified), ("inventory", conditions.inventories.as_deref())]
            .map(|(kind, receivers)| Source { address: scope.bucket_address(), kind, receivers })
    });
    let topics = scope.desired.topics.iter().filter_map(|desired| {
        let live = scope.observed.topics.get(&desired.arn)?.as_ref()?;
        let receivers = live.subscriptions.as_deref();
        Some(Source { address: Address::of_topic(desired), kind: "subscription", receivers })
    });
    bucket.chain(topics).collect()
}

fn told_to(judge: &Judge<'_>, address: Address, kind: &str, receiver: &Receiver) -> Option<ForeignAccess> {
    files(&receiver.prefix, false, judge)?;
    let name = if receiver.name.is_empty() { kind } else { &receiver.name };
    let subject = Subject {
        address,
        name,
        words: format!("{kind} `{name}`"),
        content: format!("{}\n{receiver:?}", judge.bucket),
    };
    let account = match &receiver.target {
        Target::Resource(arn) => arn.split(':').nth(4).map(str::to_owned),
        Target::Bucket { account, .. } => account.clone(),
        Target::Endpoint(_) => None,
    };
    if let Some(account) = account {
        let who = Who::Account(account.clone());
        let listed = Allowed { who, capability: Capability::List, files: None, holds: Holds::Always };
        let is_inside = judge.insiders.accounts.contains(&account);
        return if is_inside { None } else { judge.of_allowed(&subject, &[listed]) };
    }
    let whom = match &receiver.target {
        Target::Bucket { name, .. } if judge.bucket.ends_with(&format!(":::{name}")) => return None,
        Target::Bucket { name, .. } => {
            format!("bucket `{name}`, whose account the configuration does not name")
        }
        Target::Resource(target) | Target::Endpoint(target) => format!("`{target}`"),
    };
    let message = format!("{} sends the names of log files to {whom}", subject.words);
    Some(judge.report(&subject, Severity::Low, message, &subject.content))
}
