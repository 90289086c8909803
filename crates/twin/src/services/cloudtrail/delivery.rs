//! Checks whether a trail can deliver, as CloudTrail does before it accepts a trail.
//!
//! See "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for CloudTrail"
//! in the CloudTrail user guide.

use super::request::{ResourceLocation, by_trail};
use crate::fault::Fault;
use crate::policy::Policy;
use crate::services::organizations::ID as ORGANIZATION;
use crate::state::{Bucket, State, Trail, partition};

/// The folder of digest files. CloudTrail encrypts digest files with keys of S3, whatever the key
/// of the trail: see the note on policies that require SSE-KMS in "Security best practices in AWS
/// CloudTrail".
const DIGESTS: &str = "CloudTrail-Digest";

/// Rejects a trail that cannot deliver, as CloudTrail does.
pub(crate) fn check(state: &State, trail: &Trail) -> Result<(), Fault> {
    let bucket = state.buckets.get(&trail.bucket).ok_or_else(|| {
        Fault::bad("S3BucketDoesNotExistException", format!("S3 bucket {} does not exist!", trail.bucket))
    })?;
    check_bucket(state, bucket, trail)?;
    match &trail.kms_key {
        Some(key) => check_key(state, bucket, trail, key),
        None => Ok(()),
    }
}

fn check_bucket(state: &State, bucket: &Bucket, trail: &Trail) -> Result<(), Fault> {
    let insufficient = || {
        let message = format!("Incorrect S3 bucket policy is detected for bucket: {}", trail.bucket);
        Fault::bad("InsufficientS3BucketPolicyException", message)
    };
    // CloudTrail does not deliver to a bucket whose requester pays. See "Amazon S3 bucket policy
    // for CloudTrail".
    if bucket.has("requestPayment", "<Payer>Requester") {
        return Err(insufficient());
    }
    let policy =
        bucket.policy.as_deref().and_then(|text| Policy::parse(text).ok()).ok_or_else(insufficient)?;
    let arn = format!("arn:{}:s3:::{}", partition(&bucket.region), trail.bucket);
    let prefix = trail.prefix.as_ref().map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let account = &trail.account;
    let location = ResourceLocation { account: &bucket.owner, region: &bucket.region };
    let file = |below: &str, folder: &str| {
        let region = &trail.home_region;
        let key = format!("{arn}/{prefix}AWSLogs/{below}/{folder}/{region}/2026/11/23/log.json.gz");
        let request = by_trail(state, trail, "s3:PutObject", &key, location)
            .with("s3:x-amz-acl", "bucket-owner-full-control");
        match trail.kms_key.as_ref().filter(|_| folder != DIGESTS) {
            Some(key) => request
                .with("s3:x-amz-server-side-encryption", "aws:kms")
                .with("s3:x-amz-server-side-encryption-aws-kms-key-id", key),
            None => request.with("s3:x-amz-server-side-encryption", "AES256"),
        }
    };
    let allows = |request| state.disagreement.allows(&policy, request);
    let is_allowed = allows(by_trail(state, trail, "s3:GetBucketAcl", &arn, location))
        && allows(file(account, "CloudTrail"))
        && (!trail.log_file_validation || allows(file(account, DIGESTS)))
        // The log files of members are below the folder of the organization.
        && (!trail.organization || allows(file(&format!("{ORGANIZATION}/000000000000"), "CloudTrail")));
    if is_allowed { Ok(()) } else { Err(insufficient()) }
}

fn check_key(state: &State, bucket: &Bucket, trail: &Trail, arn: &str) -> Result<(), Fault> {
    let key = state.key_by_arn(arn).filter(|_| arn.split(':').nth(3) == Some(&bucket.region));
    let key = key.ok_or_else(|| {
        let message = format!("KMS key {arn} does not exist, or is not in the Region of the bucket.");
        Fault::bad("KmsKeyNotFoundException", message)
    })?;
    // CloudTrail encrypts only with symmetric keys: see "Configure AWS KMS key policies for
    // CloudTrail".
    if !key.encrypts() {
        let message = format!("KMS key {arn} is not an enabled symmetric encryption key.");
        return Err(Fault::bad("KmsException", message));
    }
    let insufficient = || {
        let message =
            format!("Insufficient permissions to access S3 bucket {} or KMS key {arn}.", trail.bucket);
        Fault::bad("InsufficientEncryptionPolicyException", message)
    };
    let policy = Policy::parse(&key.policy).map_err(|_| insufficient())?;
    let owner = arn.split(':').nth(4).unwrap_or_default();
    let location = ResourceLocation { account: owner, region: &bucket.region };
    let look = by_trail(state, trail, "kms:DescribeKey", arn, location);
    let with_context = |action: &str| {
        by_trail(state, trail, action, arn, location)
            .with("kms:EncryptionContext:aws:cloudtrail:arn", &trail.arn)
            .with_each("kms:EncryptionContextKeys", ["aws:cloudtrail:arn"])
            .with("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT")
    };
    let has_bucket_key = bucket.has("encryption", "<BucketKeyEnabled>true</BucketKeyEnabled>");
    let allows = |request| state.disagreement.allows(&policy, request);
    let is_allowed = allows(with_context("kms:GenerateDataKey"))
        && allows(look)
        && (!has_bucket_key || allows(with_context("kms:Decrypt")));
    if is_allowed { Ok(()) } else { Err(insufficient()) }
}
