//! Turns an AWS error code and HTTP status into a class of error.
//!
//! The code decides; the status is asked only where there is no code, as after a `HEAD` of S3.

use crate::Class;

/// Codes that say more than the status they come with, by class.
///
/// See "Common error types" of each service's API reference, and "Error responses" of the S3 one.
const BY_CODE: &[(Class, &[&str])] = &[
    (
        Class::NotFound,
        &[
            "InsightNotEnabledException",
            "NoSuchBucket",
            "NoSuchBucketPolicy",
            "NoSuchEntity",
            "NoSuchKey",
            "NoSuchLifecycleConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
            "NoSuchTagSet",
            "NoSuchTagSetError",
            "NotFound",
            "NotFoundException",
            "ObjectLockConfigurationNotFoundError",
            "OwnershipControlsNotFoundError",
            "ReplicationConfigurationNotFoundError",
            "ResourceNotFoundException",
            "ServerSideEncryptionConfigurationNotFoundError",
            "TrailNotFoundException",
        ],
    ),
    (
        Class::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AllAccessDisabled",
            "AuthFailure",
            "AuthorizationError",
            "AuthorizationErrorException",
            "Forbidden",
            "MethodNotAllowed",
            "NotAuthorized",
            "OptInRequired",
            "UnauthorizedOperation",
        ],
    ),
    (
        Class::Credentials,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ],
    ),
    (
        Class::Throttled,
        &[
            "BandwidthLimitExceeded",
            "RequestLimitExceeded",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "TooManyRequests",
            "TooManyRequestsException",
        ],
    ),
    (
        Class::Propagating,
        &[
            "InsufficientEncryptionPolicyException",
            "InsufficientS3BucketPolicyException",
            "InsufficientSnsTopicPolicyException",
            "InvalidCloudWatchLogsLogGroupArnException",
            "InvalidCloudWatchLogsRoleArnException",
            "InvalidSnsTopicNameException",
            "KmsKeyNotFoundException",
            "S3BucketDoesNotExistException",
        ],
    ),
    (
        Class::Conflict,
        &[
            "AlreadyExistsException",
            "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou",
            "AccountRegisteredException",
            "EntityAlreadyExists",
            "PreconditionFailed",
            "ResourceAlreadyExistsException",
            "TrailAlreadyExistsException",
        ],
    ),
    (
        Class::Busy,
        &[
            "ConcurrentAccess",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "ConflictException",
            "OperationAborted",
            "OperationAbortedException",
        ],
    ),
    (Class::Unavailable, &["InternalError", "InternalFailure", "ServiceUnavailable", "KMSInternalException"]),
];

/// The class of an answer that is an error.
pub(crate) fn classify(code: Option<&str>, status: u16) -> Class {
    let by_code = code
        .and_then(|code| BY_CODE.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class));
    by_code.unwrap_or(match status {
        401 | 403 | 405 => Class::Denied,
        404 => Class::NotFound,
        409 => Class::Conflict,
        429 => Class::Throttled,
        500.. => Class::Unavailable,
        _ => Class::Rejected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_and_the_status_fills_in() {
        for (code, status, class) in [
            (Some("NoSuchBucketPolicy"), 404, Class::NotFound),
            (Some("TrailNotFoundException"), 400, Class::NotFound),
            (Some("AccessDeniedException"), 400, Class::Denied),
            (Some("SlowDown"), 503, Class::Throttled),
            (Some("ConflictException"), 409, Class::Busy),
            (Some("TrailAlreadyExistsException"), 400, Class::Conflict),
            (Some("InsufficientS3BucketPolicyException"), 403, Class::Propagating),
            (Some("ExpiredToken"), 403, Class::Credentials),
            (Some("MalformedPolicy"), 400, Class::Rejected),
            (Some("SomethingNew"), 400, Class::Rejected),
            (None, 403, Class::Denied),
            (None, 404, Class::NotFound),
            (None, 500, Class::Unavailable),
            (None, 301, Class::Rejected),
        ] {
            assert_eq!(classify(code, status), class, "{code:?} {status}");
        }
    }

    #[test]
    fn no_code_is_in_two_classes() {
        let mut codes: Vec<&str> = BY_CODE.iter().flat_map(|(_, codes)| *codes).copied().collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
