//! Implements the operations on trails.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::json::{list as listed, optional, required};
use super::{attached, delivery, name, organization, selectors, tag};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, Trail, partition};

/// The maximum number of trails in a Region, including shadows of multi-Region trails. See "Quotas
/// in CloudTrail".
const PER_REGION: usize = 5;

pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let name = required(input, "Name")?;
    name::check(name)?;
    let is_organization = input["IsOrganizationTrail"].as_bool() == Some(true);
    let owner = match is_organization {
        true => organization::owner(state, caller)?,
        false => caller.account.to_owned(),
    };
    let (account, region) = (owner.as_str(), caller.region);
    let here = || name::all(state, account).filter(|trail| trail.home_region == region || trail.multi_region);
    if here().any(|trail| short_name(trail) == name) {
        let message = format!("Trail {name} already exists for customer: {account}");
        return Err(Fault::bad("TrailAlreadyExistsException", message));
    }
    let count = here().count();
    if count >= PER_REGION {
        let message = format!("User: {account} already has {count} trails in {region}.");
        return Err(Fault::bad("MaximumNumberOfTrailsExceededException", message));
    }
    let mut trail = Trail {
        arn: format!("arn:{}:cloudtrail:{region}:{account}:trail/{name}", partition(region)),
        account: account.to_owned(),
        home_region: region.to_owned(),
        bucket: required(input, "S3BucketName")?.to_owned(),
        prefix: None,
        kms_key: None,
        multi_region: false,
        global_service_events: true,
        log_file_validation: false,
        logging: false,
        recursive_logging: true,
        organization: false,
        log_group: None,
        log_role: None,
        topic: None,
        event_selectors: selectors::defaults(),
        advanced_event_selectors: Vec::new(),
        insight_selectors: Vec::new(),
        aggregation: Vec::new(),
        status: BTreeMap::new(),
        tags: tag::pairs(listed(input, "TagsList")),
    };
    if !state.is_trusting {
        tag::check(&BTreeMap::new(), listed(input, "TagsList"))?;
    }
    set(&mut trail, caller, input)?;
    check(state, &trail, input)?;
    let answer = details(&trail);
    state.regional(account, region).trails.insert(name.to_owned(), trail);
    Ok(answer)
}

pub(super) fn update(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let given = required(input, "Name")?;
    let mut trail = name::find_mut(state, caller, given)?.clone();
    set(&mut trail, caller, input)?;
    if trail.organization {
        organization::owner(state, caller)?;
    }
    check(state, &trail, input)?;
    let answer = details(&trail);
    *name::find_mut(state, caller, given)? = trail;
    Ok(answer)
}

/// Rejects a trail that cannot deliver. A log group and its role are checked only if the request
/// names them.
fn check(state: &State, trail: &Trail, input: &Value) -> Result<(), Fault> {
    if state.is_trusting {
        return Ok(());
    }
    delivery::check(state, trail)?;
    attached::check_topic(state, trail)?;
    let names = |name| input.get(name).is_some();
    match names("CloudWatchLogsLogGroupArn") || names("CloudWatchLogsRoleArn") {
        true => attached::check_logs(state, trail),
        false => Ok(()),
    }
}

/// Sets the values of a request. Values that the request does not contain do not change.
fn set(trail: &mut Trail, caller: Caller<'_>, input: &Value) -> Result<(), Fault> {
    let text = |name| optional(input, name).map(str::to_owned);
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    if let Some(bucket) = text("S3BucketName") {
        trail.bucket = bucket;
    }
    if let Some(prefix) = text("S3KeyPrefix") {
        trail.prefix = given(prefix);
    }
    if let Some(key) = text("KmsKeyId") {
        trail.kms_key = given(key);
    }
    if let Some(group) = text("CloudWatchLogsLogGroupArn") {
        trail.log_group = given(group);
    }
    if let Some(role) = text("CloudWatchLogsRoleArn") {
        trail.log_role = given(role);
    }
    if let Some(topic) = text("SnsTopicName") {
        let arn = |name: String| match name.starts_with("arn:") {
            true => name,
            false => {
                format!("arn:{}:sns:{}:{}:{name}", partition(caller.region), caller.region, caller.account)
            }
        };
        trail.topic = given(topic).map(arn);
    }
    for (name, field) in [
        ("IsMultiRegionTrail", &mut trail.multi_region),
        ("IncludeGlobalServiceEvents", &mut trail.global_service_events),
        ("EnableLogFileValidation", &mut trail.log_file_validation),
        ("IsOrganizationTrail", &mut trail.organization),
        ("RecursiveLogging", &mut trail.recursive_logging),
    ] {
        if let Some(value) = input.get(name).and_then(Value::as_bool) {
            *field = value;
        }
    }
    if trail.multi_region && !trail.global_service_events {
        let message = "Multi-Region trail must include global service events.";
        return Err(Fault::bad("InvalidParameterCombinationException", message));
    }
    Ok(())
}

pub(super) fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let trail = name::find_mut(state, caller, required(input, "Name")?)?;
    let (arn, owner) = (trail.arn.clone(), trail.account.clone());
    state.regional(&owner, caller.region).trails.retain(|_, trail| trail.arn != arn);
    Ok(json!({}))
}

pub(super) fn describe(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let with_shadows = input["includeShadowTrails"].as_bool().unwrap_or(true);
    let wanted = listed(input, "trailNameList");
    let is_wanted = |trail: &Trail| {
        wanted.is_empty()
            || wanted
                .iter()
                .filter_map(Value::as_str)
                .any(|given| trail.arn == given || trail.arn.ends_with(&format!("/{given}")))
    };
    let trails = name::seen(state, caller.account)
        .filter(|trail| trail.home_region == caller.region || (with_shadows && trail.multi_region))
        .filter(|trail| is_wanted(trail));
    Ok(json!({ "trailList": trails.map(details).collect::<Vec<_>>() }))
}

pub(super) fn get(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    Ok(json!({ "Trail": details(name::find(state, caller, required(input, "Name")?)?) }))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, _: &Value) -> Result<Value, Fault> {
    let trails = name::all(state, caller.account).map(
        |trail| json!({ "TrailARN": trail.arn, "Name": short_name(trail), "HomeRegion": trail.home_region }),
    );
    Ok(json!({ "Trails": trails.collect::<Vec<_>>() }))
}

fn short_name(trail: &Trail) -> &str {
    trail.arn.rsplit('/').next().unwrap_or_default()
}

fn details(trail: &Trail) -> Value {
    let mut details = json!({
        "Name": short_name(trail),
        "TrailARN": trail.arn,
        "S3BucketName": trail.bucket,
        "HomeRegion": trail.home_region,
        "IsMultiRegionTrail": trail.multi_region,
        "IncludeGlobalServiceEvents": trail.global_service_events,
        "LogFileValidationEnabled": trail.log_file_validation,
        "HasCustomEventSelectors": trail.event_selectors != selectors::defaults(),
        "HasInsightSelectors": !trail.insight_selectors.is_empty(),
        "IsOrganizationTrail": trail.organization,
        "RecursiveLogging": trail.recursive_logging,
    });
    if let Some(prefix) = &trail.prefix {
        details["S3KeyPrefix"] = json!(prefix);
    }
    if let Some(key) = &trail.kms_key {
        details["KmsKeyId"] = json!(key);
    }
    if let Some(group) = &trail.log_group {
        details["CloudWatchLogsLogGroupArn"] = json!(group);
    }
    if let Some(role) = &trail.log_role {
        details["CloudWatchLogsRoleArn"] = json!(role);
    }
    if let Some(topic) = &trail.topic {
        details["SnsTopicARN"] = json!(topic);
        details["SnsTopicName"] = json!(topic);
    }
    details
}
