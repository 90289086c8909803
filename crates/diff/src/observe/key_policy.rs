//! Reads the key policy.

use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{ReadError, StoredPolicy};
use reconcile_policy::{Arn, Document, Region};

/// Reads the policy of a key. A key always has a policy.
///
/// # Errors
/// Returns [`ReadError::Policy`] if the text is not a policy, or another error if `GetKeyPolicy`
/// fails or its answer is incomplete.
pub async fn read(session: &Session, region: &Region, key: &Arn) -> Result<Document, ReadError> {
    Ok(read_stored(session, region, key, Operation::GetKeyPolicy).await?.document)
}

/// Reads the policy of a key with its text. `operation` is the operation that `reconcile` is
/// allowed to call in the account of the key.
///
/// # Errors
/// Returns the same errors as [`read`].
pub async fn read_stored(
    session: &Session,
    region: &Region,
    key: &Arn,
    operation: Operation,
) -> Result<StoredPolicy, ReadError> {
    // `default` is the only name that a key policy can have. See `GetKeyPolicy` in the KMS API
    // reference.
    let call = session.kms(region).get_key_policy().key_id(key.as_str()).policy_name("default").send();
    let answer = session.call(operation, call).await?;
    let text = answer.policy.ok_or_else(|| session.incomplete(operation, "Policy"))?;
    StoredPolicy::parse(&format!("key {key}"), text)
}
