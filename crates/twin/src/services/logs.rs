//! Implements CloudWatch Logs: log groups, without their events.

mod access;
mod metric;
mod protection;

use std::collections::BTreeMap;
use std::ops::Bound;

use reconcile_policy::{Region, Request};
use serde_json::{Value, json};

use super::json::{Operation, list as listed, optional, read, required, write};
use super::page;
use super::tags::{self, Faults};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::policy::Policy;
use crate::state::{LogGroup, State, now, partition};

/// The maximum number of entries of a page. See `DescribeLogGroups` in the CloudWatch Logs API
/// reference.
const PAGE: usize = 50;

/// The valid retention periods in days. See `PutRetentionPolicy` in the CloudWatch Logs API
/// reference.
const RETENTION_DAYS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) const OPERATIONS: &[Operation] = &[
    write("CreateLogGroup", create),
    write("DeleteLogGroup", delete),
    read("DescribeLogGroups", describe),
    write("PutRetentionPolicy", put_retention),
    write("AssociateKmsKey", associate),
    write("DisassociateKmsKey", disassociate),
    write("DeleteRetentionPolicy", delete_retention),
    write("TagResource", tag),
    write("UntagResource", untag),
    read("ListTagsForResource", list_tags),
    write("PutDataProtectionPolicy", protection::put),
    write("DeleteDataProtectionPolicy", protection::delete),
    write("PutBearerTokenAuthentication", protection::put_bearer_tokens),
    write("PutResourcePolicy", access::put_resource_policy),
    write("DeleteResourcePolicy", access::delete_resource_policy),
    read("DescribeResourcePolicies", access::describe_resource_policies),
    write("PutSubscriptionFilter", access::put_subscription_filter),
    write("DeleteSubscriptionFilter", access::delete_subscription_filter),
    read("DescribeSubscriptionFilters", access::describe_subscription_filters),
    write("PutMetricFilter", metric::put),
    write("DeleteMetricFilter", metric::delete),
    read("DescribeMetricFilters", metric::describe),
    write("PutAccountPolicy", access::put_account_policy),
    write("DeleteAccountPolicy", access::delete_account_policy),
    read("DescribeAccountPolicies", access::describe_account_policies),
];

fn not_found() -> Fault {
    Fault::bad("ResourceNotFoundException", "The specified log group does not exist.")
}

fn named<'s>(state: &'s mut State, caller: Caller<'_>, name: &str) -> Result<&'s mut LogGroup, Fault> {
    state.regional(caller.account, caller.region).log_groups.get_mut(name).ok_or_else(not_found)
}

fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let name = required(input, "logGroupName")?;
    if !is_name(name) {
        let message = "1 validation error detected: Value at 'logGroupName' failed to satisfy constraint";
        return Err(Fault::bad("InvalidParameterException", message));
    }
    let key = optional(input, "kmsKeyId");
    let exists = |state: &State| {
        let regional = state.regional_ref(caller.account, caller.region);
        regional.is_some_and(|regional| regional.log_groups.contains_key(name))
    };
    if exists(state) {
        let message = "The specified log group already exists";
        return Err(Fault::bad("ResourceAlreadyExistsException", message));
    }
    if let Some(key) = key {
        check_key(state, caller, name, key)?;
    }
    let (kms_key, tags) = (key.map(str::to_owned), pairs(&input["tags"]));
    if !state.is_trusting {
        check_tags(&BTreeMap::new(), &tags)?;
    }
    let groups = &mut state.regional(caller.account, caller.region).log_groups;
    let class = optional(input, "logGroupClass").filter(|class| *class != "STANDARD").map(str::to_owned);
    let group = LogGroup { kms_key, tags, class, ..LogGroup::default() };
    groups.insert(name.to_owned(), group);
    Ok(json!({}))
}

/// Returns whether a text is the name of a log group. See `CreateLogGroup` in the CloudWatch Logs
/// API reference.
fn is_name(name: &str) -> bool {
    let is_of = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'/' | b'.' | b'#');
    (1..=512).contains(&name.len()) && name.bytes().all(is_of) && !name.starts_with("aws/")
}

fn group_arn(caller: Caller<'_>, name: &str) -> String {
    let Caller { account, region, .. } = caller;
    format!("arn:{}:logs:{region}:{account}:log-group:{name}", partition(region))
}

/// Rejects keys that CloudWatch Logs rejects: a key of another Region, a disabled key, and a key
/// whose policy does not allow it to encrypt the log group.
///
/// See "Encrypt log data in CloudWatch Logs using AWS Key Management Service" in the CloudWatch
/// Logs user guide, and `AssociateKmsKey` in its API reference.
fn check_key(state: &State, caller: Caller<'_>, name: &str, arn: &str) -> Result<(), Fault> {
    let group = group_arn(caller, name);
    let not_allowed = || {
        let message =
            format!("The specified KMS key does not exist or is not allowed to be used with Arn '{group}'");
        Fault::bad("AccessDeniedException", message)
    };
    let Ok(region) = caller.region.parse::<Region>() else { return Err(not_allowed()) };
    let is_here = arn.split(':').nth(3) == Some(caller.region);
    let key = state.key_by_arn(arn).filter(|_| is_here).ok_or_else(not_allowed)?;
    if !key.encrypts() {
        let message = "The specified KMS key is disabled, pending deletion or not symmetric.";
        return Err(Fault::bad("InvalidParameterException", message));
    }
    let policy = Policy::parse(&key.policy).map_err(|_| not_allowed())?;
    let service = format!("logs.{region}.{}", region.partition().dns_suffix());
    let may = |action: &str| {
        let request = Request::by_service(&service, action, arn)
            .with("kms:EncryptionContext:aws:logs:arn", &group)
            .with_each("kms:EncryptionContextKeys", ["aws:logs:arn"]);
        policy.allows(request)
    };
    let needed =
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey"];
    if needed.into_iter().all(may) { Ok(()) } else { Err(not_allowed()) }
}

fn associate(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let (name, key) = (required(input, "logGroupName")?, required(input, "kmsKeyId")?);
    named(state, caller, name)?;
    check_key(state, caller, name, key)?;
    named(state, caller, name)?.kms_key = Some(key.to_owned());
    Ok(json!({}))
}

fn disassociate(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    named(state, caller, required(input, "logGroupName")?)?.kms_key = None;
    Ok(json!({}))
}

fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let groups = &mut state.regional(caller.account, caller.region).log_groups;
    groups.remove(required(input, "logGroupName")?).map(|_| json!({})).ok_or_else(not_found)
}

fn describe(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let prefix = optional(input, "logGroupNamePrefix").unwrap_or_default();
    let (start, end) = page::start(optional(input, "nextToken")).map_err(|page::UnknownToken| {
        Fault::bad("InvalidParameterException", "The specified nextToken is invalid.")
    })?;
    // Names that begin with the prefix sort after it.
    let start = if start == Bound::Unbounded { Bound::Included(prefix) } else { start };
    let groups = &state.regional(caller.account, caller.region).log_groups;
    let found = groups.range::<str, _>((start, end)).take_while(|(name, _)| name.starts_with(prefix));
    let (groups, next) = page::page(found, PAGE, |name, group| details(caller, name, group));
    let mut answer = json!({ "logGroups": groups });
    if let Some(next) = next {
        answer["nextToken"] = json!(next);
    }
    Ok(answer)
}

fn details(caller: Caller<'_>, name: &str, group: &LogGroup) -> Value {
    let mut details = json!({
        "logGroupName": name,
        "arn": format!("{}:*", group_arn(caller, name)),
        "logGroupArn": group_arn(caller, name),
        "creationTime": now() * 1000,
        "metricFilterCount": group.metric_filters.len(),
        "storedBytes": 0,
    });
    if let Some(days) = group.retention_days {
        details["retentionInDays"] = json!(days);
    }
    if let Some(key) = &group.kms_key {
        details["kmsKeyId"] = json!(key);
    }
    protection::describe(group, &mut details);
    details
}

fn put_retention(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let days = input["retentionInDays"].as_u64().filter(|days| RETENTION_DAYS.contains(days));
    let days = days.ok_or_else(|| {
        Fault::bad("InvalidParameterException", "1 validation error detected: Value at 'retentionInDays'")
    })?;
    named(state, caller, required(input, "logGroupName")?)?.retention_days = Some(days);
    Ok(json!({}))
}

fn delete_retention(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    named(state, caller, required(input, "logGroupName")?)?.retention_days = None;
    Ok(json!({}))
}

/// The name of the log group in an ARN without the suffix `:*`.
fn name_of(arn: &str) -> Result<&str, Fault> {
    let name = arn.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("log-group:"));
    let name = name.filter(|name| !name.ends_with(":*"));
    name.ok_or_else(|| Fault::bad("InvalidParameterException", format!("Invalid ARN {arn}")))
}

fn tagged<'s>(state: &'s mut State, caller: Caller<'_>, input: &Value) -> Result<&'s mut LogGroup, Fault> {
    named(state, caller, name_of(required(input, "resourceArn")?)?)
}

fn tag(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let is_trusting = state.is_trusting;
    let group = tagged(state, caller, input)?;
    let new = pairs(&input["tags"]);
    if !is_trusting {
        check_tags(&group.tags, &new)?;
    }
    group.tags.extend(new);
    Ok(json!({}))
}

/// Checks tags. See the errors of `TagResource` in the CloudWatch Logs API reference.
fn check_tags(live: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Result<(), Fault> {
    const FAULTS: Faults =
        Faults { invalid: "InvalidParameterException", too_many: (400, "TooManyTagsException") };

    tags::check(live, new.keys().map(String::as_str), &FAULTS)
}

fn untag(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let group = tagged(state, caller, input)?;
    for key in listed(input, "tagKeys").iter().filter_map(Value::as_str) {
        group.tags.remove(key);
    }
    Ok(json!({}))
}

fn list_tags(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    Ok(json!({ "tags": tagged(state, caller, input)?.tags }))
}

fn pairs(tags: &Value) -> BTreeMap<String, String> {
    let pairs = tags.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
