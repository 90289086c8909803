//! Deletes the log groups, roles and topics of this installation that the spec no longer has.
//!
//! A resource that others use is kept, and loses only managed statements.

use std::collections::BTreeMap;

use reconcile_policy::Arn;
use reconcile_spec::{AccountName, OWNER_TAG, Site};

use super::change::{ChangeParts, Compared, Explain};
use super::{CompareContext, log_group, metric_filter, role, topic, topic_policy};
use crate::address::Address;
use crate::kind::Kind;
use crate::observed::{Hidden, Leftover, Stray, What};
use crate::plan::{Action, Changed, Phase, Warning, WarningCode};
use crate::view::{Trail, View};

/// Deletes the leftovers after the trails of the spec have stopped using them, and before the
/// trails that the spec no longer has.
pub(super) fn contract(context: &CompareContext<'_>, compared: &mut Compared) {
    let users = users(context);
    for (arn, leftover) in &context.observed.leftovers {
        let mut after = users.get(arn).cloned().unwrap_or_default();
        after.extend(metric_filter::deleted_from(context, arn));
        match leftover.what.clone() {
            What::LogGroup(live) => {
                let parts = parts(context, arn, leftover, after, Changed::LogGroup, log_group::explain);
                delete_or_keep(context, arn, leftover, parts, live, compared);
            }
            What::Role(live) => {
                let parts = parts(context, arn, leftover, after, Changed::Role, role::explain);
                delete_or_keep(context, arn, leftover, parts, live, compared);
            }
            What::Topic(live) => {
                let parts = parts(context, arn, leftover, after, Changed::Topic, topic::explain);
                delete_or_keep(context, arn, leftover, parts, live.view, compared);
            }
        }
    }
    warn_of_hidden(context, compared);
}

/// Returns the trails of the spec that use each log group, role and topic.
fn users(context: &CompareContext<'_>) -> BTreeMap<Arn, Vec<Address>> {
    let mut users: BTreeMap<Arn, Vec<Address>> = BTreeMap::new();
    for wanted in &context.desired.trails {
        let Some(Some(live)) = context.observed.trails.get(&wanted.arn) else { continue };
        for arn in live.destinations() {
            let address = Address::trail(wanted);
            users.entry(arn).or_default().push(address);
        }
    }
    users
}

/// Returns the resources that a trail names and that the plan may delete or update before the
/// trail.
pub(super) fn addresses(context: &CompareContext<'_>, trail: &Trail) -> Vec<Address> {
    let named = trail.named().filter_map(|arn| {
        let leftover = context.observed.leftovers.get(&arn)?;
        let address = address(kind(&arn)?, &arn, &leftover.account);
        Some([Address { kind: Kind::TopicPolicy, ..address.clone() }, address])
    });
    named.flatten().collect()
}

/// Warns of resources that may be managed, and that are kept because they could not be read.
fn warn_of_hidden(context: &CompareContext<'_>, compared: &mut Compared) {
    for (arn, Hidden { account, error }) in &context.observed.hidden {
        let Some(kind) = kind(arn) else { continue };
        let message = match kind {
            Kind::Key => format!(
                "the key cannot be read ({error}): if it belongs to this installation, this plan would create a second key"
            ),
            Kind::ServiceAccess
            | Kind::DelegatedAdministrator
            | Kind::Alias
            | Kind::KeyPolicy
            | Kind::Grant
            | Kind::Bucket
            | Kind::BucketPolicy
            | Kind::LogGroup
            | Kind::Role
            | Kind::Topic
            | Kind::TopicPolicy
            | Kind::Trail
            | Kind::MetricFilter
            | Kind::Alarm => {
                format!("it cannot be read ({error}), so it is kept: it may belong to this installation")
            }
        };
        compared.warnings.push(Warning {
            code: WarningCode::Hidden,
            address: address(kind, arn, account),
            message,
        });
    }
}

fn kind(arn: &Arn) -> Option<Kind> {
    match arn.service() {
        "iam" => Some(Kind::Role),
        "kms" => Some(Kind::Key),
        "logs" => Some(Kind::LogGroup),
        "sns" => Some(Kind::Topic),
        _ => None,
    }
}

fn address(kind: Kind, arn: &Arn, account: &AccountName) -> Address {
    let name = match kind {
        Kind::LogGroup => arn.resource().trim_start_matches("log-group:"),
        Kind::ServiceAccess
        | Kind::DelegatedAdministrator
        | Kind::Key
        | Kind::Alias
        | Kind::KeyPolicy
        | Kind::Grant
        | Kind::Bucket
        | Kind::BucketPolicy
        | Kind::Role
        | Kind::Topic
        | Kind::TopicPolicy
        | Kind::Trail
        | Kind::MetricFilter
        | Kind::Alarm => arn.resource_name(),
    };
    Address::new(kind, account, name)
}

fn parts<A>(
    context: &CompareContext<'_>,
    arn: &Arn,
    Leftover { account, region, what, .. }: &Leftover,
    depends_on: Vec<Address>,
    changed: fn(A) -> Changed,
    explain: Explain<A>,
) -> ChangeParts<A> {
    let kind = match what {
        What::LogGroup(_) => Kind::LogGroup,
        What::Role(_) => Kind::Role,
        What::Topic(_) => Kind::Topic,
    };
    ChangeParts {
        address: address(kind, arn, account),
        place: context.place(&Site { account: account.clone(), region: region.clone() }),
        phase: Phase::Contract,
        depends_on,
        changed,
        explain,
    }
}

fn delete_or_keep<V: View>(
    context: &CompareContext<'_>,
    arn: &Arn,
    leftover: &Leftover,
    parts: ChangeParts<Action<V>>,
    live: V,
    compared: &mut Compared,
) {
    if !context.desired.deletion.trails {
        compared.warn_of_kept(&parts.address, "deletion.trails");
        return;
    }
    if let Some(warning) = withheld(context, arn, leftover, &parts.address) {
        compared.warnings.push(warning);
        return;
    }
    if leftover.additions.is_empty() {
        compared.delete(parts, live);
        return;
    }
    compared.warn(WarningCode::InUse, parts.address.clone(), kept(parts.address.kind, &leftover.additions));
    if let What::Topic(live) = &leftover.what {
        let address = Address { kind: Kind::TopicPolicy, ..parts.address };
        topic_policy::remove_managed_statements(context, live, address, parts.place, compared);
    }
}

/// Returns the warning that this plan keeps a resource because a trail uses or may use the
/// resource.
fn withheld(
    context: &CompareContext<'_>,
    arn: &Arn,
    leftover: &Leftover,
    address: &Address,
) -> Option<Warning> {
    if context.is_withheld(leftover) {
        return context.withholds(address, "its deletion");
    }
    let is_kept = |(trail, stray): &(&Arn, &Stray)| {
        let address = Address::new(Kind::Trail, &stray.account, trail.resource_name());
        context.withholds_stray(&address, stray).is_some()
    };
    let (trail, _) = context
        .observed
        .strays
        .iter()
        .filter(|(_, it)| it.trail.destinations().any(|it| it == *arn))
        .find(is_kept)?;
    Some(Warning {
        code: WarningCode::Withheld,
        address: address.clone(),
        message: format!("its deletion is withheld until trail {trail} is deleted"),
    })
}

/// Describes a kept resource, the reason, and the next step of the user.
fn kept(kind: Kind, additions: &[String]) -> String {
    let what = kind.as_str().replace('_', " ");
    format!(
        "the {what} is kept because others use it: {}. Delete it by hand, or remove its tag `{OWNER_TAG}` to leave it to them",
        additions.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_is_kept_why_and_what_to_do() {
        let additions = ["statement `Team`".to_owned(), "subscription `sqs` to `a`".to_owned()];
        assert_eq!(
            kept(Kind::Topic, &additions),
            "the topic is kept because others use it: statement `Team`, subscription `sqs` to `a`. Delete it by hand, or remove \
             its tag `reconcile:spec` to leave it to them"
        );
    }
}
