//! Implements the event history: records the management calls that change something, and looks up
//! the recorded events.
//!
//! AWS also records calls that only read, and shows an event after some minutes. The twin records
//! no reads, shows an event at once, and keeps the last [`KEPT`] events of an account and Region.
//! It omits parameters that are neither short texts nor short lists of texts.
//!
//! See `LookupEvents` in the CloudTrail API reference, and "CloudTrail record contents for
//! management, data, and network activity events" in the CloudTrail user guide.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::json::{list, optional};
use super::super::page;
use super::super::query::Form;
use crate::answer::Answer;
use crate::caller::{Caller, user_arn};
use crate::fault::Fault;
use crate::request::{Request, base_key, session_key};
use crate::state::{Event, Parameter, Shared, State, now};

/// The number of events that the twin keeps for an account and Region.
const KEPT: usize = 500;

/// The length of the longest recorded parameter.
const LONGEST: usize = 512;

/// The days for which AWS keeps events.
const DAYS: i64 = 90;

const CODE: &str = "InvalidLookupAttributesException";

/// Records an answered call. `bucket` is the bucket of a request of S3.
pub(crate) fn record(state: &mut State, request: &Request, answer: &Answer, bucket: Option<&str>) {
    let Some(account) = request.account() else { return };
    let region = request.scope.region.as_str();
    let parameters = parameters(request, bucket);
    let arn = match request.scope.service.as_str() {
        "s3" => bucket.map(|name| format!("arn:{}:s3:::{name}", crate::state::partition(region))),
        "kms" => key_of(state, account, region, &parameters, answer),
        _ => None,
    };
    let user_agent = user_agent(state, request.header("user-agent").unwrap_or_default());
    let Some(of_account) = state.accounts.get_mut(account) else { return };
    let events = of_account.events.entry(region.to_owned()).or_default();
    let event = Event {
        number: events.last().map_or(1, |last| last.number + 1),
        time: now(),
        operation: name(&answer.operation),
        role: request.scope.role.clone(),
        user_agent,
        error: answer.error.map(str::to_owned),
        parameters,
        arn,
    };
    events.push(event.into());
    if events.len() > KEPT {
        events.remove(0);
    }
}

/// Returns the index of a user agent, and adds the user agent if it is new.
fn user_agent(state: &mut State, text: &str) -> usize {
    state.user_agents.iter().position(|known| known == text).unwrap_or_else(|| {
        state.user_agents.push(text.to_owned());
        state.user_agents.len() - 1
    })
}

/// The name of the operation in events. See "Amazon S3 CloudTrail events" in the S3 user guide.
fn name(operation: &str) -> String {
    let name = match operation {
        "s3:PutPublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        "s3:DeletePublicAccessBlock" => "s3:DeleteBucketPublicAccessBlock",
        "s3:PutBucketLifecycleConfiguration" => "s3:PutBucketLifecycle",
        "s3:PutBucketNotificationConfiguration" => "s3:PutBucketNotification",
        "s3:PutObjectLockConfiguration" => "s3:PutBucketObjectLockConfiguration",
        other => other,
    };
    name.to_owned()
}

/// The parameters of a request that are short texts, or short lists of texts. In events, their
/// names begin with a lower-case letter.
fn parameters(request: &Request, bucket: Option<&str>) -> BTreeMap<String, Parameter> {
    let text = |(name, text)| (name, Parameter::Text(text));
    let all: Vec<(String, Parameter)> = match request.scope.service.as_str() {
        "s3" => bucket.map(|name| text(("bucketName".to_owned(), name.to_owned()))).into_iter().collect(),
        "sns" | "iam" => Form::of(request).into_fields().into_iter().map(text).collect(),
        _ => match request.input() {
            Value::Object(members) => members
                .into_iter()
                .filter_map(|(name, value)| Some((name, Parameter::deserialize(value).ok()?)))
                .collect(),
            _ => Vec::new(),
        },
    };
    let is_kept = |(name, parameter): &(String, Parameter)| {
        let length: usize = parameter.texts().iter().map(String::len).sum();
        !matches!(name.as_str(), "Action" | "Version") && !name.contains('.') && length <= LONGEST
    };
    all.into_iter().filter(is_kept).map(|(name, parameter)| (small(&name), parameter)).collect()
}

fn small(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// The ARN of the key of a call, whatever the name of the key in the request.
fn key_of(
    state: &State,
    account: &str,
    region: &str,
    parameters: &BTreeMap<String, Parameter>,
    answer: &Answer,
) -> Option<String> {
    let named = ["keyId", "targetKeyId"].into_iter().find_map(|name| parameters.get(name));
    let named = named.and_then(|parameter| parameter.texts().first());
    let key = named.and_then(|name| state.key_named(account, region, name));
    let created = || {
        let created: Value = serde_json::from_slice(answer.response.body()).ok()?;
        Some(created.get("KeyMetadata")?.get("Arn")?.as_str()?.to_owned())
    };
    key.map(|key| key.arn.clone()).or_else(created)
}

/// Looks up events, the newest first.
pub(super) fn lookup(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let attributes = list(input, "LookupAttributes");
    if attributes.len() > 1 {
        return Err(Fault::bad(CODE, "you can specify only one lookup attribute"));
    }
    let limit = input.get("MaxResults").map_or(Some(50), Value::as_u64);
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| (1..=50).contains(limit));
    let limit =
        limit.ok_or_else(|| Fault::bad("InvalidMaxResultsException", "MaxResults must be 1 to 50"))?;
    let time = |name| input.get(name).and_then(Value::as_f64);
    let (start, end) = (time("StartTime"), time("EndTime"));
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        return Err(Fault::bad("InvalidTimeRangeException", "StartTime is after EndTime"));
    }
    // The twin has no Insights events.
    if optional(input, "EventCategory").is_some() {
        return Ok(json!({ "Events": [] }));
    }
    let oldest = now() - DAYS * 24 * 60 * 60;
    let events = state.accounts.get(caller.account).and_then(|account| account.events.get(caller.region));
    let shown = events.into_iter().flatten().rev().filter(|event| {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let at = event.time as f64;
        event.time >= oldest && start.is_none_or(|start| at >= start) && end.is_none_or(|end| at <= end)
    });
    let shown = shown.map(|event| (id(caller, event), event)).filter(|(id, event)| {
        attributes.iter().all(|attribute| {
            let wanted = optional(attribute, "AttributeValue").unwrap_or_default();
            has(caller, event, id, optional(attribute, "AttributeKey").unwrap_or_default(), wanted)
        })
    });
    let found: Vec<(String, &Shared<Event>)> = shown.collect();
    let first = match optional(input, "NextToken") {
        None => 0,
        Some(token) => {
            let last = found.iter().position(|(id, _)| token.strip_prefix("after:") == Some(id));
            1 + last.ok_or_else(|| Fault::bad("InvalidNextTokenException", "the token belongs to no page"))?
        }
    };
    let entries = found.iter().skip(first).map(|(id, event)| (id.as_str(), event));
    let (events, next) = page::page(entries, limit, |id, event| view(caller, &state.user_agents, id, event));
    Ok(match next {
        Some(next) => json!({ "Events": events, "NextToken": next }),
        None => json!({ "Events": events }),
    })
}

/// Whether an event has an attribute. See `LookupAttribute` in the CloudTrail API reference.
fn has(caller: Caller<'_>, event: &Event, id: &str, attribute: &str, wanted: &str) -> bool {
    let (source, name) = source_and_name(event);
    match attribute {
        "EventId" => id == wanted,
        "EventName" => name == wanted,
        "EventSource" => source == wanted,
        "ReadOnly" => wanted == "false",
        "Username" => user_name(event) == wanted,
        "AccessKeyId" => access_key(caller, event) == wanted,
        "ResourceName" => resources(event).iter().any(|(_, name)| *name == wanted),
        "ResourceType" => resources(event).iter().any(|(kind, _)| *kind == wanted),
        _ => false,
    }
}

/// The ID, in the form of a UUID. Events of different accounts never have the same ID.
fn id(caller: Caller<'_>, event: &Event) -> String {
    let region =
        caller.region.bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("{:08x}-{region:04x}-4000-8000-{}", event.number, caller.account)
}

/// The access key ID of the caller.
fn access_key(caller: Caller<'_>, event: &Event) -> String {
    match event.role {
        Some(_) => session_key(caller.account),
        None => base_key(caller.account),
    }
}

fn user_name(event: &Event) -> &str {
    event.role.as_deref().and_then(|role| role.rsplit('/').next()).unwrap_or("twin")
}

/// The types and names of the resources of an event, if a parameter or the service names them.
fn resources(event: &Event) -> Vec<(&'static str, &str)> {
    let named = |kind, parameters: &[&str]| -> Vec<(&'static str, &str)> {
        let named = parameters.iter().filter_map(|it| event.parameters.get(*it));
        named.flat_map(Parameter::texts).map(|name| (kind, name.as_str())).collect()
    };
    match event.operation.split(':').next() {
        Some("cloudtrail") => named("AWS::CloudTrail::Trail", &["name", "trailName", "resourceId"]),
        Some("s3") => named("AWS::S3::Bucket", &["bucketName"]),
        Some("kms") => {
            let arn = event.arn.as_deref().map(|arn| ("AWS::KMS::Key", arn));
            arn.into_iter().chain(named("AWS::KMS::Alias", &["aliasName"])).collect()
        }
        Some("sns") => named("AWS::SNS::Topic", &["topicArn", "resourceArn"]),
        Some("iam") => named("AWS::IAM::Role", &["roleName"]),
        Some("logs") => named("AWS::Logs::LogGroup", &["logGroupName"]),
        Some("cloudwatch") => named("AWS::CloudWatch::Alarm", &["alarmName", "alarmNames"]),
        _ => Vec::new(),
    }
}

/// The source and the name of an event.
fn source_and_name(event: &Event) -> (String, &str) {
    let (service, name) = event.operation.split_once(':').unwrap_or_default();
    // Events contain the name of the endpoint.
    let service = if service == "cloudwatch" { "monitoring" } else { service };
    (format!("{service}.amazonaws.com"), name)
}

fn view(caller: Caller<'_>, user_agents: &[String], id: &str, event: &Event) -> Value {
    let (source, name) = source_and_name(event);
    let resources: Vec<Value> = resources(event)
        .into_iter()
        .map(|(kind, name)| json!({ "ResourceType": kind, "ResourceName": name }))
        .collect();
    json!({
        "EventId": id,
        "EventName": name,
        "ReadOnly": "false",
        "AccessKeyId": access_key(caller, event),
        "EventTime": event.time,
        "EventSource": source,
        "Username": user_name(event),
        "Resources": resources,
        "CloudTrailEvent": document(caller, user_agents, id, event).to_string(),
    })
}

/// The whole event.
fn document(caller: Caller<'_>, user_agents: &[String], id: &str, event: &Event) -> Value {
    let (source, name) = source_and_name(event);
    let time = Timestamp::from_second(event.time).unwrap_or_default().to_string();
    let arn = user_arn(caller.account, caller.region, event.role.as_deref());
    let identity = match &event.role {
        Some(_) => json!({
            "type": "AssumedRole", "principalId": format!("AROATWIN:{}", user_name(event)), "arn": arn,
            "accountId": caller.account, "accessKeyId": access_key(caller, event),
        }),
        None => json!({
            "type": "IAMUser", "principalId": "AIDATWIN", "arn": arn, "accountId": caller.account,
            "accessKeyId": access_key(caller, event), "userName": user_name(event),
        }),
    };
    let mut document = json!({
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": time,
        "eventSource": source,
        "eventName": name,
        "awsRegion": caller.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": user_agents.get(event.user_agent),
        "requestParameters": event.parameters,
        "responseElements": null,
        "requestID": id,
        "eventID": id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": caller.account,
        "eventCategory": "Management",
    });
    if let Some(code) = &event.error {
        document["errorCode"] = json!(code);
    }
    if let Some(arn) = &event.arn {
        let kind = if source == "kms.amazonaws.com" { "AWS::KMS::Key" } else { "AWS::S3::Bucket" };
        document["resources"] = json!([{ "accountId": caller.account, "type": kind, "ARN": arn }]);
    }
    document
}
