//! Implements replicas of multi-Region keys.

use serde_json::{Value, json};

use super::super::json::{list as listed, optional, required};
use super::{key, policy, tag, usable_key_mut};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{Key, KeyMaterial, MultiRegion, State, partition};

/// Creates a replica. See `ReplicateKey` in the KMS API reference.
pub(super) fn create(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let region = required(input, "ReplicaRegion")?;
    let there = caller.in_region(region);
    let text = match optional(input, "Policy") {
        Some(text) => {
            policy::check(there, text)?;
            text.to_owned()
        }
        None => policy::default(there),
    };
    let primary = usable_key_mut(state, caller, input)?.clone();
    if primary.material.multi_region != Some(MultiRegion::Primary) {
        let message = format!("{} is not a multi-Region primary key.", primary.arn);
        return Err(Fault::bad("UnsupportedOperationException", message));
    }
    let id = primary.arn.rsplit('/').next().unwrap_or_default().to_owned();
    let arn = format!("arn:{}:kms:{region}:{}:key/{id}", partition(region), caller.account);
    let replica = Key {
        description: optional(input, "Description").unwrap_or_default().to_owned(),
        material: KeyMaterial {
            multi_region: Some(MultiRegion::ReplicaOf(primary.arn.clone())),
            ..primary.material
        },
        tags: tag::pairs(listed(input, "Tags")),
        ..Key::new(arn.clone(), text.clone())
    };
    let keys = &mut state.regional(caller.account, region).keys;
    if keys.contains_key(&id) {
        return Err(Fault::bad("AlreadyExistsException", format!("{arn} already exists.")));
    }
    keys.insert(id.clone(), replica);
    let metadata = key::described(state, there, &id);
    Ok(json!({ "ReplicaKeyMetadata": metadata, "ReplicaPolicy": text, "ReplicaTags": input["Tags"] }))
}
