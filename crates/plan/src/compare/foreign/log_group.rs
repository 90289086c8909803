//! Judges the resource policies that apply to log groups, and the subscription filters that send
//! their events elsewhere.

pub(super) mod traits;

use reconcile_policy::{Asset, AssetKind, canonical_text, exposures};
use reconcile_spec as spec;

use super::{ForeignItem, ForeignReviewer};
use crate::address::Address;
use crate::foreign::ForeignAccess;
use crate::observed::{Reach, ResourcePolicy, Subscription};
use crate::severity::Severity;

/// Returns the access that resource policies and subscription filters give to outsiders, for each
/// existing log group of the spec.
pub(super) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let (desired, observed) = (reviewer.context.desired, reviewer.context.observed);
    let mut found = Vec::new();
    for group in &desired.log_groups {
        let Some(access) = observed.log_access.get(&group.arn) else { continue };
        let asset = reviewer.asset(AssetKind::LogGroup, group.arn.to_string(), &group.site.account);
        found
            .extend(access.policies.iter().flat_map(|policy| policy_access(reviewer, group, &asset, policy)));
        found.extend(access.subscriptions.iter().filter_map(|it| subscription_access(reviewer, group, it)));
    }
    found
}

fn policy_access(
    reviewer: &ForeignReviewer<'_>,
    group: &spec::LogGroup,
    asset: &Asset,
    policy: &ResourcePolicy,
) -> Vec<ForeignAccess> {
    let owner = match &policy.name {
        Some(name) => format!("the resource policy `{name}`"),
        None => "the policy of the log group".to_owned(),
    };
    let exposures = exposures(&policy.document, asset, &reviewer.insiders, |_| true).into_iter();
    exposures
        .filter_map(|exposure| {
            let statement = policy.document.statements().get(exposure.statement.index)?;
            let item = ForeignItem {
                address: Address::log_group(group),
                name: exposure.statement.sid.as_deref().unwrap_or("statement"),
                words: format!("{} of {owner}", exposure.statement),
                content: format!("{}\n{}", asset.arn, canonical_text(std::iter::once(statement))),
            };
            reviewer.assess_allowed(&item, &exposure.allowed)
        })
        .collect()
}

fn subscription_access(
    reviewer: &ForeignReviewer<'_>,
    group: &spec::LogGroup,
    subscription: &Subscription,
) -> Option<ForeignAccess> {
    let doubt = match &subscription.reach {
        Reach::Group => None,
        Reach::Account { criteria } => match is_selected(criteria.as_deref(), group.name.as_str()) {
            Some(false) => return None,
            Some(true) => None,
            None => criteria.as_deref(),
        },
    };
    let (severity, words) = sends(subscription, |id| reviewer.insiders.accounts.contains(id))?;
    let (severity, words) = match doubt {
        Some(criteria) => (
            severity.lower(),
            format!("{words}, if its selection criteria `{criteria}` select the log group"),
        ),
        None => (severity, words),
    };
    let sort = match &subscription.reach {
        Reach::Group => "subscription filter",
        Reach::Account { .. } => "account-level subscription filter",
    };
    let name = &subscription.name;
    let item = ForeignItem {
        address: Address::log_group(group),
        name: if name.is_empty() { "filter" } else { name },
        words: format!("{sort} `{name}`"),
        content: format!("{}\n{subscription:?}", group.arn),
    };
    let (message, content) = (format!("{} {words}", item.words), item.content.clone());
    Some(reviewer.report(&item, severity, message, &content))
}

/// Returns the severity of a destination of events, and its description; `None` for a destination
/// of insiders.
///
/// A stream or function belongs to the account of the log group; events go to other accounts
/// through a destination of CloudWatch Logs. See `PutSubscriptionFilter` in the CloudWatch Logs API
/// reference.
fn sends(subscription: &Subscription, is_inside: impl Fn(&str) -> bool) -> Option<(Severity, String)> {
    let Subscription { destination, pattern, .. } = subscription;
    let events = match pattern.trim() {
        "" => "every event of the log group".to_owned(),
        pattern => format!("the events of the log group that match `{pattern}`"),
    };
    match destination.split(':').nth(4).filter(|account| !account.is_empty()) {
        Some(account) if is_inside(account) => None,
        Some(account) => {
            Some((Severity::Critical, format!("sends {events} to `{destination}` of account {account}")))
        }
        None => {
            Some((Severity::High, format!("sends {events} to `{destination}`, whose account is not known")))
        }
    }
}

/// Returns whether the selection criteria of an account policy select a log group; `None` if their
/// form is unknown.
///
/// The only form for subscription filters is `LogGroupName NOT IN ["a", "b"]`: see
/// `PutAccountPolicy` in the CloudWatch Logs API reference.
fn is_selected(criteria: Option<&str>, group: &str) -> Option<bool> {
    let Some(criteria) = criteria else { return Some(true) };
    let mut words = criteria.trim().splitn(4, char::is_whitespace);
    let operator = [words.next()?, words.next()?, words.next()?];
    let names = words.next()?.trim();
    if !operator
        .iter()
        .zip(["LogGroupName", "NOT", "IN"])
        .all(|(word, known)| word.eq_ignore_ascii_case(known))
    {
        return None;
    }
    let excluded: Vec<String> = serde_json::from_str(names).ok()?;
    Some(!excluded.iter().any(|name| name == group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_filter_is_judged_by_the_account_of_its_destination() {
        let to = |destination: &str, pattern: &str| {
            let subscription = Subscription {
                name: "copy".to_owned(),
                destination: destination.to_owned(),
                pattern: pattern.to_owned(),
                reach: Reach::Group,
            };
            sends(&subscription, |id| id == "111111111111")
        };
        let outside = "arn:aws:logs:eu-west-1:444455556666:destination:theirs";
        for (destination, pattern, expected) in [
            ("arn:aws:kinesis:eu-west-1:111111111111:stream/own", "", None),
            ("arn:aws:logs:eu-west-1:111111111111:destination:own", "", None),
            (
                outside,
                "",
                Some((
                    Severity::Critical,
                    "sends every event of the log group to `arn:aws:logs:eu-west-1:444455556666:destination:theirs` of \
                     account 444455556666",
                )),
            ),
            (
                "arn:aws:lambda:eu-west-1:444455556666:function:f",
                "ERROR",
                Some((
                    Severity::Critical,
                    "sends the events of the log group that match `ERROR` to \
                     `arn:aws:lambda:eu-west-1:444455556666:function:f` of account 444455556666",
                )),
            ),
            (
                "theirs",
                " ",
                Some((
                    Severity::High,
                    "sends every event of the log group to `theirs`, whose account is not known",
                )),
            ),
        ] {
            let expected = expected.map(|(severity, words)| (severity, words.to_owned()));
            assert_eq!(to(destination, pattern), expected, "{destination} {pattern}");
        }
    }

    #[test]
    fn selection_criteria_exclude_log_groups_by_name() {
        for (criteria, selected) in [
            (None, Some(true)),
            (Some(r#"LogGroupName NOT IN ["trails"]"#), Some(false)),
            (Some(r#"LogGroupName  NOT IN ["trails"]"#), None),
            (Some(r#"LogGroupName NOT IN ["a", "trails-of-others"]"#), Some(true)),
            (Some("LogGroupName NOT IN []"), Some(true)),
            (Some(r#"LogGroupNamePrefix IN ["a"]"#), None),
            (Some("LogGroupName NOT IN"), None),
        ] {
            assert_eq!(is_selected(criteria, "trails"), selected, "{criteria:?}");
        }
    }
}
