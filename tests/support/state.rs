//! Parts of the documents that the binary writes.

use serde_json::Value;

/// Returns the resources of an account in the Region of `specs/prod.yaml`, in a sandbox.
pub fn regional<'s>(sandbox: &'s mut Value, account: &str) -> &'s mut Value {
    &mut sandbox["accounts"][account]["regions"]["us-east-1"]
}

/// Returns the addresses of the changes of a plan.
pub fn addresses(plan: &Value) -> Vec<&str> {
    plan["changes"].as_array().unwrap().iter().map(|change| change["address"].as_str().unwrap()).collect()
}
