//! Creates the requests that CloudTrail makes for a trail, with every condition key of AWS.
//!
//! A request has no condition keys other than those that the twin adds.
//!
//! See "AWS global condition context keys" in the IAM user guide, "Amazon S3 Signature Version 4
//! authentication specific policy keys" in the S3 API reference, and "AWS KMS condition keys" in
//! the KMS developer guide.

use reconcile_policy::{CLOUDTRAIL, Request};

use crate::services::organizations::{ID as ORGANIZATION, path_of};
use crate::state::{State, Trail};

/// The account and the Region of the resource of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct ResourceLocation<'p> {
    pub(super) account: &'p str,
    pub(super) region: &'p str,
}

/// Creates a request of CloudTrail on behalf of a trail.
pub(super) fn by_trail(
    state: &State,
    trail: &Trail,
    action: &str,
    resource: &str,
    location: ResourceLocation<'_>,
) -> Request {
    let request = Request::by_service(CLOUDTRAIL, action, resource)
        .with_each(
            "aws:PrincipalServiceNamesList",
            [CLOUDTRAIL, &format!("cloudtrail.{}.amazonaws.com", trail.home_region)],
        )
        .with("aws:SourceArn", &trail.arn)
        .with("aws:SourceAccount", &trail.account)
        .with("aws:SourceOrgID", ORGANIZATION)
        .with("aws:SourceOrgPaths", &path_of(state, &trail.account))
        .with("aws:ResourceAccount", location.account)
        .with("aws:ResourceOrgID", ORGANIZATION)
        .with("aws:ResourceOrgPaths", &path_of(state, location.account))
        .with("aws:RequestedRegion", location.region)
        .with("aws:CurrentTime", &jiff::Timestamp::now().to_string())
        .with("aws:EpochTime", &crate::state::now().to_string())
        .with("aws:PrincipalType", "Service")
        .with("aws:SourceIp", "3.80.0.1")
        .with("aws:UserAgent", CLOUDTRAIL);
    match action.split(':').next() {
        Some("s3") => request
            .with("s3:ResourceAccount", location.account)
            .with("s3:authType", "REST-HEADER")
            .with("s3:signatureversion", "AWS4-HMAC-SHA256")
            .with("s3:TlsVersion", "1.3")
            .with("s3:x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        Some("kms") => request
            .with("kms:KeySpec", "SYMMETRIC_DEFAULT")
            .with("kms:KeyUsage", "ENCRYPT_DECRYPT")
            .with("kms:KeyOrigin", "AWS_KMS"),
        _ => request,
    }
}
