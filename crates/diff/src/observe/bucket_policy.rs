//! Reads the bucket policy.

use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{ReadError, StoredPolicy};
use reconcile_policy::{Document, Region};
use reconcile_spec::BucketName;

use super::error::found;

/// Reads the policy of a bucket; `None` if the bucket has no policy.
///
/// # Errors
/// Returns [`ReadError::Policy`] if the text is not a policy, or another error if `GetBucketPolicy`
/// fails or its answer is incomplete.
pub async fn read(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<Option<Document>, ReadError> {
    Ok(read_stored(session, region, bucket).await?.map(|stored| stored.document))
}

/// Reads the policy of a bucket with its text; `None` if the bucket has no policy.
///
/// # Errors
/// Returns the same errors as [`read`].
pub async fn read_stored(
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
