//! Implements settings of a log group: masking of events, and access with a bearer token.

use serde_json::{Value, json};

use super::super::json::required;
use super::named;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{LogGroup, State};

/// Returns the log group that `logGroupIdentifier` names, by its name or its ARN.
fn identified<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<&'s mut LogGroup, Fault> {
    let given = required(input, "logGroupIdentifier")?;
    let name = given.split_once(":log-group:").map_or(given, |(_, name)| name);
    named(state, caller, name.trim_end_matches(":*"))
}

/// Adds the settings to the answer of `DescribeLogGroups`.
pub(super) fn describe(group: &LogGroup, details: &mut Value) {
    details["logGroupClass"] = json!(group.class.as_deref().unwrap_or("STANDARD"));
    details["bearerTokenAuthenticationEnabled"] = json!(group.bearer_tokens);
    if group.data_protection.is_some() {
        details["dataProtectionStatus"] = json!("ACTIVATED");
    }
}

/// Writes a data protection policy. Only log groups of the standard class can have a policy. The
/// policy must have a statement that audits and a statement that masks.
///
/// See `PutDataProtectionPolicy` in the CloudWatch Logs API reference.
pub(super) fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let text = required(input, "policyDocument")?;
    let invalid = |message: &str| Fault::bad("InvalidParameterException", message);
    let document: Value =
        serde_json::from_str(text).map_err(|_| invalid("The policy document is not JSON."))?;
    let statements = document["Statement"].as_array().map(Vec::as_slice).unwrap_or_default();
    let does = |operation: &str| statements.iter().any(|it| it["Operation"].get(operation).is_some());
    if statements.len() != 2 || !does("Audit") || !does("Deidentify") {
        return Err(invalid("A data protection policy has an Audit and a Deidentify statement."));
    }
    let group = identified(state, caller, input)?;
    if group.class.is_some() {
        return Err(Fault::bad(
            "OperationNotSupportedException",
            "The class of the log group is not STANDARD.",
        ));
    }
    group.data_protection = Some(text.to_owned());
    Ok(json!({ "logGroupIdentifier": input["logGroupIdentifier"], "policyDocument": text }))
}

pub(super) fn delete(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    identified(state, caller, input)?.data_protection = None;
    Ok(json!({}))
}

pub(super) fn put_bearer_tokens(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let is_enabled = input["bearerTokenAuthenticationEnabled"].as_bool() == Some(true);
    identified(state, caller, input)?.bearer_tokens = is_enabled;
    Ok(json!({}))
}
