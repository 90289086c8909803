//! Reads the policies that allow others to write into log groups, and the subscription filters that
//! send events to other destinations.
//!
//! If a list cannot be read, its error is kept together with the other lists.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::types::{AccountPolicy, PolicyScope, PolicyType, ResourcePolicy as Stored};
use futures::future::{join, join_all};
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{
    LogAccess, Reach, ReadError, ResourcePolicy, StoredPolicy, Subscription, Unread,
};
use reconcile_policy::{Arn, Region};
use reconcile_spec as spec;
use serde_json::Value;

use super::super::error::found;
use super::super::page;

/// Reads the access to log groups of the account of a session. Skips log groups that do not exist.
pub(in crate::observe) async fn read<'g>(
    session: &Session,
    groups: impl Iterator<Item = &'g spec::LogGroup>,
) -> Vec<(Arn, LogAccess)> {
    let groups: Vec<&spec::LogGroup> = groups.collect();
    let regions: BTreeSet<&Region> = groups.iter().map(|group| &group.site.region).collect();
    let accounts =
        regions.into_iter().map(async |region| (region, read_account_access(session, region).await));
    let read_group = async |group: &'g spec::LogGroup| {
        let (region, name) = (&group.site.region, group.name.as_str());
        (group, read_group_access(session, region, &group.arn, name).await)
    };
    let (accounts, groups) = join(join_all(accounts), join_all(groups.into_iter().map(read_group))).await;
    let accounts: BTreeMap<&Region, LogAccess> = accounts.into_iter().collect();
    let groups = groups.into_iter().filter_map(|(group, access)| {
        let access = access?;
        Some((group.arn.clone(), access.with(accounts.get(&group.site.region).cloned().unwrap_or_default())))
    });
    groups.collect()
}

/// Returns the listed items. If the list cannot be read, records the error, and returns no items.
fn kept<T>(listed: Result<Vec<T>, ReadError>, what: Unread, unread: &mut Vec<(Unread, ReadError)>) -> Vec<T> {
    listed.unwrap_or_else(|error| {
        unread.push((what, error));
        Vec::new()
    })
}

/// Reads the access that the account policies of a Region allow to all its log groups.
async fn read_account_access(session: &Session, region: &Region) -> LogAccess {
    let (policies, subscriptions) =
        join(resource_policies(session, region, None), account_subscriptions(session, region)).await;
    let mut unread = Vec::new();
    LogAccess {
        policies: kept(policies, Unread::AccountPolicies, &mut unread),
        subscriptions: kept(subscriptions, Unread::AccountSubscriptions, &mut unread),
        unread,
    }
}

/// Reads the access that the policy and filters of one log group allow; `None` if the log group
/// does not exist.
pub async fn read_group_access(
    session: &Session,
    region: &Region,
    arn: &Arn,
    name: &str,
) -> Option<LogAccess> {
    let (policies, subscriptions) =
        join(resource_policies(session, region, Some(arn)), group_subscriptions(session, region, name)).await;
    let mut unread = Vec::new();
    Some(LogAccess {
        policies: kept(policies, Unread::GroupPolicy, &mut unread),
        subscriptions: kept(subscriptions.transpose()?, Unread::GroupSubscriptions, &mut unread),
        unread,
    })
}

/// Reads the resource policies of the account and Region, or the policy of one log group.
///
/// Without a scope, `DescribeResourcePolicies` lists the policies of the account. See the
/// CloudWatch Logs API reference.
async fn resource_policies(
    session: &Session,
    region: &Region,
    group: Option<&Arn>,
) -> Result<Vec<ResourcePolicy>, ReadError> {
    let logs = &session.logs(region);
    let listed = page::all(session, Operation::DescribeResourcePolicies, |token| async move {
        let call = logs.describe_resource_policies().set_next_token(token);
        let call = match group {
            Some(group) => call.policy_scope(PolicyScope::Resource).resource_arn(group.as_str()),
            None => call.policy_scope(PolicyScope::Account),
        };
        let answer = found(session.call(Operation::DescribeResourcePolicies, call.send()).await)?;
        let (policies, token) = answer.map(|it| (it.resource_policies, it.next_token)).unwrap_or_default();
        Ok::<_, Error>((policies.unwrap_or_default(), token))
    });
    // An emulator without scopes also returns the policies of the account here.
    let is_of_scope = |policy: &Stored| group.is_none() || policy.resource_arn().is_some();
    let policies = listed.await?.into_iter().filter(is_of_scope);
    policies
        .map(|policy| {
            let name = policy.policy_name.filter(|_| group.is_none());
            let resource = match (group, &name) {
                (Some(group), _) => format!("log group {group}"),
                (None, name) => {
                    format!("the log groups of {region} (`{}`)", name.as_deref().unwrap_or_default())
                }
            };
            let text = policy.policy_document.unwrap_or_default();
            Ok(ResourcePolicy { name, document: StoredPolicy::parse(&resource, text)?.document })
        })
        .collect()
}

/// Reads the subscription filters of a log group; `None` if the log group does not exist.
async fn group_subscriptions(
    session: &Session,
    region: &Region,
    group: &str,
) -> Result<Option<Vec<Subscription>>, ReadError> {
    let logs = &session.logs(region);
    let listed = page::all(session, Operation::DescribeSubscriptionFilters, |token| async move {
        let call = logs.describe_subscription_filters().log_group_name(group).set_next_token(token);
        let answer = session.call(Operation::DescribeSubscriptionFilters, call.send()).await?;
        Ok::<_, Error>((answer.subscription_filters.unwrap_or_default(), answer.next_token))
    });
    let filters = found(listed.await)?.map(|filters| {
        let filters = filters.into_iter().map(|filter| Subscription {
            name: filter.filter_name.unwrap_or_default(),
            destination: filter.destination_arn.unwrap_or_default(),
            pattern: filter.filter_pattern.unwrap_or_default(),
            reach: Reach::Group,
        });
        filters.collect()
    });
    Ok(filters)
}

async fn account_subscriptions(session: &Session, region: &Region) -> Result<Vec<Subscription>, ReadError> {
    let logs = &session.logs(region);
    let listed = page::all(session, Operation::DescribeAccountPolicies, |token| async move {
        let call = logs.describe_account_policies().policy_type(PolicyType::SubscriptionFilterPolicy);
        let call = call.set_next_token(token).send();
        let answer = found(session.call(Operation::DescribeAccountPolicies, call).await)?;
        let (policies, token) = answer.map(|it| (it.account_policies, it.next_token)).unwrap_or_default();
        Ok::<_, Error>((policies.unwrap_or_default(), token))
    });
    listed.await?.into_iter().map(subscription_of_account).collect()
}

/// Returns the subscription of an account policy. The document of such a policy is a JSON object.
/// See `PutAccountPolicy` in the CloudWatch Logs API reference.
fn subscription_of_account(policy: AccountPolicy) -> Result<Subscription, ReadError> {
    let name = policy.policy_name.unwrap_or_default();
    let document: Option<Value> =
        policy.policy_document.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let text = |member: &str| Some(document.as_ref()?.get(member)?.as_str()?.to_owned());
    let Some(destination) = text("DestinationArn") else {
        return Err(ReadError::Incomplete {
            resource: format!("account policy `{name}` of CloudWatch Logs"),
            what: "a destination",
        });
    };
    Ok(Subscription {
        name,
        destination,
        pattern: text("FilterPattern").unwrap_or_default(),
        reach: Reach::Account { criteria: policy.selection_criteria.filter(|it| !it.is_empty()) },
    })
}
