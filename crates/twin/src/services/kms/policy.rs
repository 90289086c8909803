//! Implements key policies.

use reconcile_policy::{Administration, Membership, administration};
use serde_json::{Value, json};

use super::super::json::{optional, required};
use super::key_mut;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::policy::{Policy, Service};
use crate::services::organizations::ID as ORGANIZATION;
use crate::state::{State, partition};

/// The maximum size of a key policy. See "Resource quotas" in the KMS developer guide.
const LIMIT: usize = 32 * 1024;

/// The policy of a key that is created without one. See "Default key policy" in the KMS developer
/// guide.
pub(super) fn default(caller: Caller<'_>) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": root(caller) },
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

fn root(caller: Caller<'_>) -> String {
    format!("arn:{}:iam::{}:root", partition(caller.region), caller.account)
}

/// Rejects policies that KMS rejects: invalid policies, policies that are too long, and policies
/// that would lock the account out of its key.
pub(super) fn check(caller: Caller<'_>, text: &str) -> Result<(), Fault> {
    if text.len() > LIMIT {
        return Err(Fault::bad("LimitExceededException", "The key policy exceeds 32768 bytes."));
    }
    let policy = Policy::parse_new(text, Service::Kms, partition(caller.region))
        .map_err(|error| Fault::bad("MalformedPolicyDocumentException", error))?;
    let organization = Membership::In { id: ORGANIZATION.to_owned(), path: None };
    let is_kept = caller.account.parse().is_ok_and(|account| {
        let partition = partition(caller.region);
        administration(&policy.document, partition, &account, &organization) != Administration::Lost
    });
    if is_kept {
        return Ok(());
    }
    Err(Fault::bad(
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    ))
}

pub(super) fn get(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let name = optional(input, "PolicyName").unwrap_or("default");
    if name != "default" {
        return Err(Fault::bad("NotFoundException", format!("No such policy: {name}")));
    }
    Ok(json!({ "Policy": key_mut(state, caller, input)?.policy, "PolicyName": name }))
}

pub(super) fn put(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let text = required(input, "Policy")?;
    let key = key_mut(state, caller, input)?;
    check(caller, text)?;
    text.clone_into(&mut key.policy);
    Ok(json!({}))
}
