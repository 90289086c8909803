//! Reads the policies of the bucket and of the key.

use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{ReadError, StoredPolicy};
use reconcile_policy::{Arn, Document, Region};
use reconcile_spec::BucketName;

use super::error::found;

/// Reads the policy of a bucket; `None` if the bucket has none.
///
/// # Errors
/// [`ReadError::Policy`] if the text is not a policy; otherwise the error of S3.
pub async fn read_bucket_policy(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<Option<Document>, ReadError> {
    Ok(stored_bucket_policy(session, region, bucket).await?.map(|stored| stored.document))
}

/// Reads the policy of a bucket with its text; `None` if the bucket has none.
///
/// # Errors
/// As [`read_bucket_policy`].
pub async fn stored_bucket_policy(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<Option<StoredPolicy>, ReadError> {
    let call = session
        .s3(region)
        .get_bucket_policy()
        .bucket(bucket.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let Some(answer) = found(session.call(Operation::GetBucketPolicy, call).await)? else { return Ok(None) };
    let text = answer.policy.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| session.incomplete(Operation::GetBucketPolicy, "Policy"))?;
    StoredPolicy::parse(&format!("bucket {bucket}"), text).map(Some)
}

/// Reads the policy of a key. A key always has a policy.
///
/// # Errors
/// [`ReadError::Policy`] if the text is not a policy; otherwise the error of KMS.
pub async fn read_key_policy(session: &Session, region: &Region, key: &Arn) -> Result<Document, ReadError> {
    Ok(stored_key_policy(session, region, key, Operation::GetKeyPolicy).await?.document)
}

/// Reads the policy of a key with its text, by an operation that is permitted in the account of the key.
///
/// # Errors
/// As [`read_key_policy`].
pub async fn stored_key_policy(
    session: &Session,
    region: &Region,
    key: &Arn,
    operation: Operation,
) -> Result<StoredPolicy, ReadError> {
    // The only name that a key policy can have. See `GetKeyPolicy` in the KMS API reference.
    let call = session.kms(region).get_key_policy().key_id(key.as_str()).policy_name("default").send();
    let answer = session.call(operation, call).await?;
    let text = answer.policy.ok_or_else(|| session.incomplete(operation, "Policy"))?;
    StoredPolicy::parse(&format!("key {key}"), text)
}
