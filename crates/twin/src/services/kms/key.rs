//! Keys and their settings.

use serde_json::{Value, json};

use super::super::Caller;
use super::super::json::{list as listed, optional};
use super::{Aliases, key_id, key_mut, live_key_mut, page, policy, tag};
use crate::fault::Fault;
use crate::state::{Key, State, now, partition};

pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let policy = match optional(input, "Policy") {
        Some(text) => {
            policy::check(caller, text)?;
            text.to_owned()
        }
        None => policy::default(caller),
    };
    let id = format!("00000000-0000-4000-8000-{:012x}", state.next_id());
    let (account, region) = (caller.account, caller.region);
    let key = Key {
        arn: format!("arn:{}:kms:{region}:{account}:key/{id}", partition(region)),
        description: optional(input, "Description").unwrap_or_default().to_owned(),
        state: "Enabled".to_owned(),
        created: now(),
        policy,
        rotation_days: None,
        tags: tag::pairs(listed(input, "Tags")),
        grants: Vec::new(),
    };
    let metadata = metadata(caller, &id, &key);
    state.regional(account, region).keys.insert(id, key);
    Ok(json!({ "KeyMetadata": metadata }))
}

/// Makes a key of this ARN where there is none; nothing happens where it is not the ARN of a key.
pub(super) fn provide(state: &mut State, arn: &str) {
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, resource] = elements.as_slice() else { return };
    let Some(id) = resource.strip_prefix("key/") else { return };
    let policy = policy::default(Caller { account, region });
    state.regional(account, region).keys.entry(id.to_owned()).or_insert_with(|| Key {
        arn: arn.to_owned(),
        description: String::new(),
        state: "Enabled".to_owned(),
        created: now(),
        policy,
        rotation_days: None,
        tags: std::collections::BTreeMap::new(),
        grants: Vec::new(),
    });
}

fn metadata(caller: Caller<'_>, id: &str, key: &Key) -> Value {
    json!({
        "KeyId": id,
        "Arn": key.arn,
        "AWSAccountId": caller.account,
        "Description": key.description,
        "KeyState": key.state,
        "Enabled": key.state == "Enabled",
        "CreationDate": key.created,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyManager": "CUSTOMER",
        "Origin": "AWS_KMS",
        "MultiRegion": false,
    })
}

pub(super) fn describe(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let id = key_id(state, caller, input, Aliases::Taken)?;
    let key = state.regional(caller.account, caller.region).keys.get(&id);
    Ok(json!({ "KeyMetadata": key.map(|key| metadata(caller, &id, key)) }))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let keys = &state.regional(caller.account, caller.region).keys;
    let keys = keys.iter().map(|(id, key)| json!({ "KeyId": id, "KeyArn": key.arn }));
    Ok(page("Keys", &keys.collect::<Vec<_>>(), input))
}

pub(super) fn update_description(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    let key = live_key_mut(state, caller, input)?;
    optional(input, "Description").unwrap_or_default().clone_into(&mut key.description);
    Ok(json!({}))
}

pub(super) fn enable(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    "Enabled".clone_into(&mut live_key_mut(state, caller, input)?.state);
    Ok(json!({}))
}

pub(super) fn disable(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    "Disabled".clone_into(&mut live_key_mut(state, caller, input)?.state);
    Ok(json!({}))
}

pub(super) fn schedule_deletion(
    state: &mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<Value, Fault> {
    const DAY: i64 = 24 * 60 * 60;
    let days = input["PendingWindowInDays"].as_i64().unwrap_or(30);
    if !(7..=30).contains(&days) {
        return Err(Fault::bad("ValidationException", "PendingWindowInDays must be from 7 to 30"));
    }
    let key = live_key_mut(state, caller, input)?;
    "PendingDeletion".clone_into(&mut key.state);
    Ok(json!({ "KeyId": key.arn, "DeletionDate": now() + days * DAY, "KeyState": key.state }))
}

pub(super) fn cancel_deletion(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let key = key_mut(state, caller, input)?;
    if key.state != "PendingDeletion" {
        return Err(Fault::bad("KMSInvalidStateException", format!("{} is not pending deletion.", key.arn)));
    }
    "Disabled".clone_into(&mut key.state);
    Ok(json!({ "KeyId": key.arn }))
}

pub(super) fn enable_rotation(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let days = input["RotationPeriodInDays"].as_u64();
    if days.is_some_and(|days| !(90..=2560).contains(&days)) {
        return Err(Fault::bad("ValidationException", "RotationPeriodInDays must be from 90 to 2560"));
    }
    let key = live_key_mut(state, caller, input)?;
    key.rotation_days = Some(days.or(key.rotation_days).unwrap_or(365));
    Ok(json!({}))
}

pub(super) fn disable_rotation(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    live_key_mut(state, caller, input)?.rotation_days = None;
    Ok(json!({}))
}

pub(super) fn rotation_status(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let key = key_mut(state, caller, input)?;
    let mut answer = json!({ "KeyId": key.arn, "KeyRotationEnabled": key.rotation_days.is_some() });
    if let Some(days) = key.rotation_days {
        answer["RotationPeriodInDays"] = json!(days);
    }
    Ok(answer)
}
