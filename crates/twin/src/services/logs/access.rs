//! Implements resource policies, subscription filters and account policies of CloudWatch Logs.

use serde_json::{Value, json};

use super::super::json::{optional, required};
use super::{group_arn, name_of, named, not_found};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::policy::Policy;
use crate::state::{ResourcePolicy, State, now};

/// The maximum number of resource policies of an account and Region. See `PutResourcePolicy` in the
/// CloudWatch Logs API reference.
const POLICIES: usize = 10;

/// The maximum length of a resource policy of an account. The policy of a log group can be ten
/// times as long. See "CloudWatch Logs quotas" in the CloudWatch Logs user guide.
const POLICY_LENGTH: usize = 5120;

/// The maximum number of subscription filters of a log group. See `PutSubscriptionFilter` in the
/// CloudWatch Logs API reference.
const FILTERS: usize = 2;

/// The only type of account policies that the twin supports.
const SUBSCRIPTION: &str = "SUBSCRIPTION_FILTER_POLICY";

fn invalid(message: impl Into<String>) -> Fault {
    Fault::bad("InvalidParameterException", message)
}

fn too_many() -> Fault {
    Fault::bad("LimitExceededException", "Resource limit exceeded.")
}

pub(super) fn put_resource_policy(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let document = required(input, "policyDocument").map_err(|fault| invalid(fault.message))?.to_owned();
    Policy::parse(&document).map_err(invalid)?;
    if let Some(arn) = optional(input, "resourceArn") {
        return put_group_policy(state, caller, arn, document, optional(input, "expectedRevisionId"));
    }
    let name = required(input, "policyName").map_err(|fault| invalid(fault.message))?;
    if document.len() > POLICY_LENGTH {
        return Err(invalid(format!("The policy is longer than {POLICY_LENGTH} characters.")));
    }
    let policies = &mut state.regional(caller.account, caller.region).log_policies;
    if !policies.contains_key(name) && policies.len() >= POLICIES {
        return Err(too_many());
    }
    let policy = ResourcePolicy { document, revision: None };
    let shown = show(Some(name), None, &policy);
    policies.insert(name.to_owned(), policy);
    Ok(json!({ "resourcePolicy": shown }))
}

/// Writes the policy of a log group, if the request names the current revision of the policy.
fn put_group_policy(
    state: &mut State,
    caller: Caller<'_>,
    arn: &str,
    document: String,
    expected: Option<&str>,
) -> Result<Value, Fault> {
    let revision = state.next_id().to_string();
    let group = named(state, caller, name_of(arn)?)?;
    let live = group.policy.as_ref().and_then(|policy| policy.revision.as_deref());
    if live != expected {
        return Err(Fault::bad("OperationAbortedException", "The revision is not that of the live policy."));
    }
    let policy = ResourcePolicy { document, revision: Some(revision.clone()) };
    let shown = show(None, Some(arn), &policy);
    group.policy = Some(policy);
    Ok(json!({ "resourcePolicy": shown, "revisionId": revision }))
}

fn show(name: Option<&str>, group: Option<&str>, policy: &ResourcePolicy) -> Value {
    let mut shown = json!({
        "policyDocument": policy.document,
        "policyScope": if group.is_some() { "RESOURCE" } else { "ACCOUNT" },
        "lastUpdatedTime": now() * 1000,
    });
    let members = [("policyName", name), ("resourceArn", group), ("revisionId", policy.revision.as_deref())];
    for (member, value) in members {
        if let Some(value) = value {
            shown[member] = json!(value);
        }
    }
    shown
}

pub(super) fn delete_resource_policy(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let removed = match optional(input, "resourceArn") {
        Some(arn) => named(state, caller, name_of(arn)?)?.policy.take(),
        None => {
            let name = required(input, "policyName").map_err(|fault| invalid(fault.message))?;
            state.regional(caller.account, caller.region).log_policies.remove(name)
        }
    };
    removed.map(|_| json!({})).ok_or_else(|| {
        Fault::bad("ResourceNotFoundException", "The specified resource policy does not exist.")
    })
}

pub(super) fn describe_resource_policies(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let is_of_groups = optional(input, "policyScope") == Some("RESOURCE");
    let asked = optional(input, "resourceArn").map(name_of).transpose()?;
    let Some(regional) = state.regional_ref(caller.account, caller.region) else {
        return Ok(json!({ "resourcePolicies": [] }));
    };
    let of_account = regional.log_policies.iter().filter(|_| !is_of_groups);
    let of_account = of_account.map(|(name, policy)| show(Some(name), None, policy));
    let groups = regional.log_groups.iter().filter(|_| is_of_groups);
    let of_groups = groups.filter(|(name, _)| asked.is_none_or(|asked| asked == name.as_str()));
    let of_groups = of_groups
        .filter_map(|(name, group)| Some(show(None, Some(&group_arn(caller, name)), group.policy.as_ref()?)));
    Ok(json!({ "resourcePolicies": of_account.chain(of_groups).collect::<Vec<_>>() }))
}

/// Rejects a destination to which CloudWatch Logs cannot send: a stream or function of another
/// account, and any resource in another Region.
fn check_destination(caller: Caller<'_>, input: &Value, arn: &str) -> Result<(), Fault> {
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, region, account, resource] = elements.as_slice() else {
        return Err(invalid(format!("Invalid destination ARN {arn}")));
    };
    let is_own = *account == caller.account;
    let is_known = match *service {
        "logs" => resource.starts_with("destination:"),
        "kinesis" | "firehose" | "lambda" => is_own,
        _ => false,
    };
    if *region != caller.region || !is_known {
        return Err(invalid(format!("Could not deliver test message to specified destination {arn}")));
    }
    // A function needs no role, and a destination has its own role.
    let needs_role = matches!(*service, "kinesis" | "firehose");
    match optional(input, "roleArn").or_else(|| optional(input, "RoleArn")) {
        None if needs_role => Err(invalid("destinationArn for vendor requires a roleArn")),
        _ => Ok(()),
    }
}

pub(super) fn put_subscription_filter(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let (group, name) = (required(input, "logGroupName")?, required(input, "filterName")?);
    let destination = required(input, "destinationArn")?;
    let filters = &mut named(state, caller, group)?.subscription_filters;
    check_destination(caller, input, destination)?;
    if !filters.contains_key(name) && filters.len() >= FILTERS {
        return Err(too_many());
    }
    let mut filter = json!({
        "filterName": name,
        "logGroupName": group,
        "filterPattern": required(input, "filterPattern")?,
        "destinationArn": destination,
        "distribution": optional(input, "distribution").unwrap_or("ByLogStream"),
        "creationTime": now() * 1000,
    });
    if let Some(role) = optional(input, "roleArn") {
        filter["roleArn"] = json!(role);
    }
    filters.insert(name.to_owned(), filter);
    Ok(json!({}))
}

pub(super) fn delete_subscription_filter(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let filters = &mut named(state, caller, required(input, "logGroupName")?)?.subscription_filters;
    filters.remove(required(input, "filterName")?).map(|_| json!({})).ok_or_else(|| {
        Fault::bad("ResourceNotFoundException", "The specified subscription filter does not exist.")
    })
}

pub(super) fn describe_subscription_filters(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let prefix = optional(input, "filterNamePrefix").unwrap_or_default();
    let filters = &named(state, caller, required(input, "logGroupName")?)?.subscription_filters;
    let found = filters.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, filter)| filter);
    Ok(json!({ "subscriptionFilters": found.collect::<Vec<_>>() }))
}

/// Writes an account policy. An account has one subscription filter policy in a Region, whose
/// document is JSON. See `PutAccountPolicy` in the CloudWatch Logs API reference.
pub(super) fn put_account_policy(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let (name, kind) = (required(input, "policyName")?, required(input, "policyType")?);
    if kind != SUBSCRIPTION {
        return Err(invalid(format!("the twin has no account policies of type {kind}")));
    }
    let text = required(input, "policyDocument")?;
    let document: Value =
        serde_json::from_str(text).map_err(|error| invalid(format!("Invalid policy document: {error}")))?;
    let destination = optional(&document, "DestinationArn");
    let destination = destination.ok_or_else(|| invalid("The policy document has no DestinationArn"))?;
    check_destination(caller, &document, destination)?;
    let criteria = optional(input, "selectionCriteria");
    if criteria.is_some_and(|criteria| !criteria.starts_with("LogGroupName NOT IN")) {
        return Err(invalid("Invalid selection criteria"));
    }
    let policies = &mut state.regional(caller.account, caller.region).log_account_policies;
    if policies.keys().any(|other| other != name) {
        return Err(too_many());
    }
    let mut policy = json!({
        "policyName": name,
        "policyDocument": text,
        "policyType": kind,
        "scope": "ALL",
        "accountId": caller.account,
        "lastUpdatedTime": now() * 1000,
    });
    if let Some(criteria) = criteria {
        policy["selectionCriteria"] = json!(criteria);
    }
    policies.insert(name.to_owned(), policy.clone());
    Ok(json!({ "accountPolicy": policy }))
}

pub(super) fn delete_account_policy(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let policies = &mut state.regional(caller.account, caller.region).log_account_policies;
    policies.remove(required(input, "policyName")?).map(|_| json!({})).ok_or_else(not_found)
}

pub(super) fn describe_account_policies(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let kind = required(input, "policyType")?;
    let name = optional(input, "policyName");
    let regional = state.regional_ref(caller.account, caller.region);
    let policies = regional.into_iter().flat_map(|regional| regional.log_account_policies.values());
    let is_asked = |policy: &&Value| {
        policy["policyType"] == kind && name.is_none_or(|name| policy["policyName"] == name)
    };
    Ok(json!({ "accountPolicies": policies.filter(is_asked).collect::<Vec<_>>() }))
}
