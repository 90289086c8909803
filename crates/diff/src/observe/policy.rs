//! Reads the policies of the bucket and of the key.

use reconcile_aws::{Operation, Session};
use reconcile_policy::{Arn, Document, Region};
use reconcile_spec::BucketName;

use super::error::{ReadError, found};

/// The policy of a bucket; `None` where it has none.
///
/// # Errors
/// [`ReadError::Policy`] where it is not a policy; whatever S3 answered.
pub async fn read_bucket_policy(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<Option<Document>, ReadError> {
    let call = session
        .s3(region)
        .get_bucket_policy()
        .bucket(bucket.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = found(session.call(Operation::GetBucketPolicy, call).await)?;
    let text = answer.and_then(|answer| answer.policy).filter(|text| !text.is_empty());
    text.map(|text| parse(&format!("bucket {bucket}"), &text)).transpose()
}

/// The policy of a key; a key always has one.
///
/// # Errors
/// [`ReadError::Policy`] where it is not a policy; whatever KMS answered.
pub async fn read_key_policy(session: &Session, region: &Region, key: &Arn) -> Result<Document, ReadError> {
    read_policy_of_key(session, region, key, Operation::GetKeyPolicy).await
}

pub(super) async fn read_policy_of_key(
    session: &Session,
    region: &Region,
    key: &Arn,
    operation: Operation,
) -> Result<Document, ReadError> {
    // The only name that a key policy can have. See `GetKeyPolicy` in the KMS API reference.
    let call = session.kms(region).get_key_policy().key_id(key.as_str()).policy_name("default").send();
    let answer = session.call(operation, call).await?;
    parse(&format!("key {key}"), answer.policy().unwrap_or_default())
}

fn parse(resource: &str, text: &str) -> Result<Document, ReadError> {
    text.parse().map_err(|error| ReadError::Policy { resource: resource.to_owned(), error })
}
