//! Implements CloudWatch: alarms on one metric, without metrics.
//!
//! The newest SDKs call CloudWatch in CBOR: the path of a request names the operation.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde_json::{Value, json};

use super::json::{self, Codes, Operation, list, optional, read, required, write};
use super::page;
use super::tags::{self, Faults};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::request::Request;
use crate::state::{Alarm, State, partition};
use crate::{cbor, protocol};

/// The name of the service in signatures. In permissions, it is `cloudwatch`.
pub(super) const SIGNED_AS: &str = "monitoring";

/// The maximum number of alarms of an account and Region. See "CloudWatch service quotas" in the
/// CloudWatch user guide.
const ALARMS: usize = 5000;

/// The number of alarms of a page, and its maximum. See `DescribeAlarms` in the CloudWatch API
/// reference.
const PAGES: [usize; 2] = [50, 100];

/// The longest time that an alarm evaluates, in seconds. See "CloudWatch service quotas".
const LONGEST: u64 = 86_400;

pub(super) const OPERATIONS: &[Operation] = &[
    write("PutMetricAlarm", put),
    write("DeleteAlarms", delete),
    write("EnableAlarmActions", |state, caller, input| set_actions(state, caller, input, true)),
    write("DisableAlarmActions", |state, caller, input| set_actions(state, caller, input, false)),
    read("DescribeAlarms", describe),
];

/// The code of most errors of CloudWatch. See "Common Errors" in the CloudWatch API reference.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::bad("ValidationError", message)
}

fn find(request: &Request) -> (&str, Option<&'static Operation>) {
    let name = request.path.rsplit_once("/operation/").map_or("", |(_, name)| name);
    (name, OPERATIONS.iter().find(|operation| operation.name == name))
}

pub(super) fn requested(request: &Request) -> (String, bool) {
    let (name, operation) = find(request);
    (format!("cloudwatch:{name}"), operation.is_some_and(|operation| operation.mutating))
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    const CODES: Codes = Codes { invalid: "ValidationError", denied: "AccessDenied" };

    let (name, operation) = find(request);
    let parse = |body: &[u8]| cbor::decode(body).map_err(|error| error.to_string());
    let result = match operation {
        Some(operation) => json::run("cloudwatch", &CODES, operation, state, request, parse),
        None => {
            Err(Fault::new(404, "UnknownOperationException", format!("the twin has no operation `{name}`")))
        }
    };
    Answer {
        response: protocol::cbor(&result),
        operation: format!("cloudwatch:{name}"),
        mutating: operation.is_some_and(|operation| operation.mutating),
        error: result.err().map(|fault| fault.code),
    }
}

/// Creates an alarm, or replaces all of it except for its tags.
fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let name = required(input, "AlarmName")?;
    check_condition(input)?;
    for actions in ["AlarmActions", "OKActions", "InsufficientDataActions"] {
        for action in list(input, actions).iter().filter_map(Value::as_str) {
            check_action(caller, action)?;
        }
    }
    let new = pairs(input);
    let alarms = &mut state.regional(caller.account, caller.region).alarms;
    let tags = match alarms.get(name) {
        // See `Tags` of `PutMetricAlarm`: CloudWatch ignores the tags in the request for an
        // existing alarm.
        Some(live) => live.tags.clone(),
        None => {
            const FAULTS: Faults =
                Faults { invalid: "InvalidParameterValue", too_many: (400, "InvalidParameterValue") };
            tags::check(&BTreeMap::new(), new.iter().map(|(key, _)| key.as_str()), &FAULTS)?;
            new.into_iter().collect()
        }
    };
    if !alarms.contains_key(name) && alarms.len() >= ALARMS {
        return Err(Fault::bad("LimitExceeded", "The maximum limit of metric alarms has been reached."));
    }
    let settings = settings(caller, name, input);
    alarms.insert(name.to_owned(), Alarm { settings, tags });
    Ok(json!({}))
}

/// The alarm in the form in which [`describe`] returns it.
fn settings(caller: Caller<'_>, name: &str, input: &Value) -> Value {
    let Caller { account, region, .. } = caller;
    let mut settings = json!({
        "AlarmArn": format!("arn:{}:cloudwatch:{region}:{account}:alarm:{name}", partition(region)),
        "ActionsEnabled": true,
        "AlarmActions": [],
        "OKActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        "StateValue": "INSUFFICIENT_DATA",
    });
    for (setting, value) in input.as_object().into_iter().flatten() {
        if setting != "Tags" && !value.is_null() {
            settings[setting] = value.clone();
        }
    }
    settings
}

/// Rejects a condition that CloudWatch rejects. See the parameters of `PutMetricAlarm` in the
/// CloudWatch API reference.
fn check_condition(input: &Value) -> Result<(), Fault> {
    let is_given = |name: &str| input.get(name).is_some_and(|value| !value.is_null());
    let of_metric = ["MetricName", "Namespace", "Period"];
    let is_expression = is_given("Metrics");
    if is_expression && let Some(name) = of_metric.into_iter().find(|name| is_given(name)) {
        return Err(invalid(format!("The parameters Metrics and {name} are mutually exclusive.")));
    }
    let of_all = ["EvaluationPeriods", "ComparisonOperator", "Threshold"];
    for needed in of_all.into_iter().chain(of_metric.into_iter().filter(|_| !is_expression)) {
        if !is_given(needed) {
            return Err(invalid(format!("The parameter {needed} is required.")));
        }
    }
    let statistics = usize::from(is_given("Statistic")) + usize::from(is_given("ExtendedStatistic"));
    if statistics != usize::from(!is_expression) {
        return Err(invalid("Exactly one of Statistic, ExtendedStatistic and Metrics is required."));
    }
    let number = |name: &str| input[name].as_u64().unwrap_or_default();
    let (period, periods) = (number("Period"), number("EvaluationPeriods"));
    if is_given("Period") && !matches!(period, 10 | 20 | 30) && (period == 0 || !period.is_multiple_of(60)) {
        return Err(invalid("Period must be 10, 20, 30 or a multiple of 60."));
    }
    if period < 3600 && period.saturating_mul(periods) > LONGEST {
        return Err(invalid(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period).",
        ));
    }
    if is_given("DatapointsToAlarm") && number("DatapointsToAlarm") > periods {
        return Err(invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods."));
    }
    let missing = optional(input, "TreatMissingData").unwrap_or("missing");
    if !["breaching", "notBreaching", "ignore", "missing"].contains(&missing) {
        return Err(invalid(format!("Option {missing} is not supported for TreatMissingData.")));
    }
    Ok(())
}

/// Rejects an action that is not an ARN, or that is a topic in another Region. CloudWatch checks
/// neither whether the topic exists nor whether its policy allows the alarm to publish.
fn check_action(caller: Caller<'_>, action: &str) -> Result<(), Fault> {
    let elements: Vec<&str> = action.splitn(6, ':').collect();
    let ["arn", _, service, region, ..] = elements.as_slice() else {
        return Err(invalid(format!("Invalid arn syntax: {action}")));
    };
    if *service == "sns" && *region != caller.region {
        let message = format!("Invalid region {region} specified. Only {} is supported.", caller.region);
        return Err(invalid(message));
    }
    Ok(())
}

/// Deletes the alarms that exist, even if other alarms of the request do not exist. See
/// `DeleteAlarms` in the CloudWatch API reference.
fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let alarms = &mut state.regional(caller.account, caller.region).alarms;
    let names = list(input, "AlarmNames").iter().filter_map(Value::as_str);
    let missing: Vec<&str> = names.filter(|name| alarms.remove(*name).is_none()).collect();
    match missing.as_slice() {
        [] => Ok(json!({})),
        names => Err(Fault::new(404, "ResourceNotFound", format!("Unknown alarms: {}", names.join(", ")))),
    }
}

/// Enables or disables the actions of alarms. Unknown names are ignored: the operations have no
/// error for them.
fn set_actions(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
    are_enabled: bool,
) -> Result<Value, Fault> {
    let alarms = &mut state.regional(caller.account, caller.region).alarms;
    for name in list(input, "AlarmNames").iter().filter_map(Value::as_str) {
        if let Some(alarm) = alarms.get_mut(name) {
            alarm.settings["ActionsEnabled"] = json!(are_enabled);
        }
    }
    Ok(json!({}))
}

/// Lists alarms, sorted by name. Ignores unknown names.
fn describe(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let names: Vec<&str> = list(input, "AlarmNames").iter().filter_map(Value::as_str).collect();
    let prefix = optional(input, "AlarmNamePrefix").unwrap_or_default();
    if !prefix.is_empty() && !names.is_empty() {
        return Err(invalid("AlarmNames and AlarmNamePrefix are mutually exclusive."));
    }
    let (start, end) = page::start(optional(input, "NextToken")).map_err(|page::UnknownToken| {
        Fault::bad("InvalidNextToken", "The next token specified is invalid.")
    })?;
    // Names that begin with the prefix sort after it.
    let start = if start == Bound::Unbounded { Bound::Included(prefix) } else { start };
    let alarms = state.regional_ref(caller.account, caller.region).map(|regional| &regional.alarms);
    let found = alarms.into_iter().flat_map(|alarms| alarms.range::<str, _>((start, end)));
    let found = found.take_while(|(name, _)| name.starts_with(prefix));
    let found = found.filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()));
    let asked =
        input["MaxRecords"].as_u64().and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGES[0]);
    let (alarms, next) = page::page(found, asked.clamp(1, PAGES[1]), |_, alarm| alarm.settings.clone());
    let mut answer = json!({ "MetricAlarms": alarms, "CompositeAlarms": [] });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    Ok(answer)
}

fn pairs(input: &Value) -> Vec<(String, String)> {
    let text = |tag: &Value, name: &str| tag[name].as_str().map(str::to_owned);
    list(input, "Tags").iter().filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value")?))).collect()
}
