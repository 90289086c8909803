//! Implements keys and their settings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::json::{list as listed, optional};
use super::{
    Aliases, check_imported, key_id, key_mut, live_key_mut, material, page, policy, start, tag,
    usable_key_mut,
};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{Key, KeyMaterial, MultiRegion, State, now, partition};

pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let policy = match optional(input, "Policy") {
        Some(text) => {
            policy::check(caller, text)?;
            text.to_owned()
        }
        None => policy::default(caller),
    };
    let material = material::asked(input)?;
    if !state.is_trusting {
        tag::check(&BTreeMap::new(), listed(input, "Tags"))?;
    }
    let number = state.next_id();
    let id = match material.multi_region {
        Some(_) => format!("mrk-{number:032x}"),
        None => format!("00000000-0000-4000-8000-{number:012x}"),
    };
    let (account, region) = (caller.account, caller.region);
    let key = Key {
        description: optional(input, "Description").unwrap_or_default().to_owned(),
        state: material::first_state(&material).to_owned(),
        tags: tag::pairs(listed(input, "Tags")),
        material,
        ..Key::new(format!("arn:{}:kms:{region}:{account}:key/{id}", partition(region)), policy)
    };
    state.regional(account, region).keys.insert(id.clone(), key);
    Ok(json!({ "KeyMetadata": described(state, caller, &id) }))
}

/// Creates a key with this ARN if the key does not exist. Does nothing if the ARN is not the ARN of
/// a key.
pub(super) fn provide(state: &mut State, arn: &str) {
    let elements: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, resource] = elements.as_slice() else { return };
    let Some(id) = resource.strip_prefix("key/") else { return };
    let policy = policy::default(Caller::account(account, region));
    let keys = &mut state.regional(account, region).keys;
    keys.entry(id.to_owned()).or_insert_with(|| Key::new(arn.to_owned(), policy));
}

/// The ARNs of the replicas of a primary key.
fn replicas<'s>(state: &'s State, primary: &'s str) -> impl Iterator<Item = &'s str> {
    let regional = state.accounts.values().flat_map(|account| account.regions.values());
    let keys = regional.flat_map(|region| region.keys.values());
    let is_replica = move |key: &&Key| matches!(&key.material.multi_region, Some(MultiRegion::ReplicaOf(of)) if of == primary);
    keys.filter(is_replica).map(|key| key.arn.as_str())
}

/// The answer of `DescribeKey` for a key ID; `Null` if there is no such key.
pub(super) fn described(state: &State, caller: Caller<'_>, id: &str) -> Value {
    let regional = state.regional_ref(caller.account, caller.region);
    let Some(key) = regional.and_then(|regional| regional.keys.get(id)) else { return Value::Null };
    let KeyMaterial { usage, spec, origin, multi_region } = &key.material;
    let mut metadata = json!({
        "KeyId": id,
        "Arn": key.arn,
        "AWSAccountId": caller.account,
        "Description": key.description,
        "KeyState": key.state,
        "Enabled": key.state == "Enabled",
        "CreationDate": key.created,
        "KeyUsage": usage,
        "KeySpec": spec,
        "CustomerMasterKeySpec": spec,
        "KeyManager": "CUSTOMER",
        "Origin": origin,
        "MultiRegion": multi_region.is_some(),
    });
    if key.material.is_symmetric_encryption() {
        metadata["EncryptionAlgorithms"] = json!(["SYMMETRIC_DEFAULT"]);
    }
    if let Some(deletion) = key.deletion {
        metadata["DeletionDate"] = json!(deletion);
    }
    if let Some(valid_to) = key.valid_to {
        metadata["ExpirationModel"] = json!("KEY_MATERIAL_EXPIRES");
        metadata["ValidTo"] = json!(valid_to);
    }
    if let Some(role) = multi_region {
        let (kind, primary) = match role {
            MultiRegion::Primary => ("PRIMARY", key.arn.as_str()),
            MultiRegion::ReplicaOf(primary) => ("REPLICA", primary.as_str()),
        };
        let of_region = |arn: &str| json!({ "Arn": arn, "Region": arn.split(':').nth(3) });
        metadata["MultiRegionConfiguration"] = json!({
            "MultiRegionKeyType": kind,
            "PrimaryKey": of_region(primary),
            "ReplicaKeys": replicas(state, primary).map(of_region).collect::<Vec<_>>(),
        });
    }
    metadata
}

pub(super) fn describe(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let id = key_id(state, caller, input, Aliases::Taken)?;
    Ok(json!({ "KeyMetadata": described(state, caller, &id) }))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let keys = &state.regional(caller.account, caller.region).keys;
    let keys = keys.range::<str, _>(start(input)?);
    Ok(page("Keys", input, keys, |id, key| json!({ "KeyId": id, "KeyArn": key.arn })))
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
    let key = live_key_mut(state, caller, input)?;
    check_imported(key)?;
    "Enabled".clone_into(&mut key.state);
    Ok(json!({}))
}

pub(super) fn disable(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let key = live_key_mut(state, caller, input)?;
    check_imported(key)?;
    "Disabled".clone_into(&mut key.state);
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
    key.deletion = Some(now() + days * DAY);
    Ok(json!({ "KeyId": key.arn, "DeletionDate": key.deletion, "KeyState": key.state }))
}

pub(super) fn cancel_deletion(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let key = key_mut(state, caller, input)?;
    if key.state != "PendingDeletion" {
        return Err(Fault::bad("KMSInvalidStateException", format!("{} is not pending deletion.", key.arn)));
    }
    "Disabled".clone_into(&mut key.state);
    key.deletion = None;
    Ok(json!({ "KeyId": key.arn }))
}

/// Returns the key that `KeyId` names, to change its rotation.
fn rotated_key_mut<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    input: &Value,
) -> Result<&'s mut Key, Fault> {
    let key = usable_key_mut(state, caller, input)?;
    material::check_rotates(key)?;
    material::check_primary(key)?;
    Ok(key)
}

pub(super) fn enable_rotation(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let days = input["RotationPeriodInDays"].as_u64();
    if days.is_some_and(|days| !(90..=2560).contains(&days)) {
        return Err(Fault::bad("ValidationException", "RotationPeriodInDays must be from 90 to 2560"));
    }
    let key = rotated_key_mut(state, caller, input)?;
    key.rotation_days = Some(days.or(key.rotation_days).unwrap_or(365));
    Ok(json!({}))
}

pub(super) fn disable_rotation(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    rotated_key_mut(state, caller, input)?.rotation_days = None;
    Ok(json!({}))
}

pub(super) fn rotation_status(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let id = key_id(state, caller, input, Aliases::Refused)?;
    let regional = state.regional_ref(caller.account, caller.region);
    let Some(key) = regional.and_then(|regional| regional.keys.get(&id)) else { return Ok(Value::Null) };
    material::check_rotates(key)?;
    let days = material::rotation_days(state, key);
    let mut answer = json!({ "KeyId": key.arn, "KeyRotationEnabled": days.is_some() });
    if let Some(days) = days {
        answer["RotationPeriodInDays"] = json!(days);
    }
    Ok(answer)
}
