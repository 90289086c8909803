//! Turns the error code of an AWS operation into a class of error.
//!
//! The code decides, together with the operation. An HTTP status decides nothing: proxies, load balancers and emulators answer
//! with 404 and 403 as well, and the quota of IAM has the status of a conflict.

use crate::{Class, Operation};

/// The codes that say that what the operation asks for, or deletes, does not exist. Any other code says something else, even if
/// it is about something that does not exist: `NoSuchBucket` in answer to `GetBucketPolicy` is about the bucket.
///
/// See the errors of each operation in the API references, and "List of error codes" in the S3 API reference for S3.
fn absent(operation: Operation) -> &'static [&'static str] {
    use Operation as Op;

    match operation {
        Op::GetBucketVersioning | Op::GetBucketLocation | Op::DeleteBucket | Op::TakeLock => {
            &["NoSuchBucket"]
        }
        Op::GetBucketPolicy => &["NoSuchBucketPolicy"],
        Op::GetBucketEncryption => &["ServerSideEncryptionConfigurationNotFoundError"],
        Op::GetPublicAccessBlock => &["NoSuchPublicAccessBlockConfiguration"],
        Op::GetBucketOwnershipControls => &["OwnershipControlsNotFoundError"],
        Op::GetBucketTagging => &["NoSuchTagSet", "NoSuchTagSetError"],
        Op::GetBucketLifecycleConfiguration => &["NoSuchLifecycleConfiguration"],
        Op::GetObjectLockConfiguration => &["ObjectLockConfigurationNotFoundError"],
        Op::GetBucketReplication => &["ReplicationConfigurationNotFoundError"],
        Op::ReadLock | Op::RenewLock | Op::ReleaseLock => &["NoSuchKey"],

        Op::DescribeKey | Op::DescribeUsedKey | Op::RevokeGrant | Op::DeleteAlias => &["NotFoundException"],

        Op::GetTrailStatus
        | Op::GetEventSelectors
        | Op::GetEventConfiguration
        | Op::UpdateTrail
        | Op::DeleteTrail => &["TrailNotFoundException"],
        Op::GetInsightSelectors => &["InsightNotEnabledException"],
        Op::ListTags
        | Op::DescribeResourcePolicies
        | Op::DescribeSubscriptionFilters
        | Op::DescribeAccountPolicies
        | Op::DeleteLogGroup => &["ResourceNotFoundException"],
        Op::GetRole
        | Op::GetRolePolicy
        | Op::ListRolePolicies
        | Op::ListAttachedRolePolicies
        | Op::DeleteRolePolicy
        | Op::DeleteRole => &["NoSuchEntity"],

        Op::GetTopicAttributes | Op::ReadExistingTopic => &["NotFound"],
        Op::ListTopicTags => &["ResourceNotFound"],
        _ => &[],
    }
}

/// The class of every other code that has one, whatever the operation.
///
/// See "Common error types" of each service's API reference, and "Error responses" of the S3 one.
const BY_CODE: &[(Class, &[&str])] = &[
    (
        Class::Missing,
        &[
            "NoSuchBucket",
            "NoSuchEntity",
            "NoSuchKey",
            "NotFound",
            "NotFoundException",
            "ResourceNotFound",
            "ResourceNotFoundException",
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
            "InsufficientDependencyServiceAccessPermissionException",
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
            "ConditionalRequestConflict",
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
            // KMS: the key is not yet enabled.
            "DisabledException",
            // S3: versioning, which another setting needs, is not yet enabled.
            "InvalidBucketState",
            "KMSInvalidState",
            "KMSInvalidStateException",
            "OperationAborted",
            "OperationAbortedException",
        ],
    ),
    (
        Class::Unavailable,
        &[
            "DependencyTimeoutException",
            "InternalError",
            "InternalErrorException",
            "InternalFailure",
            "InternalServerError",
            "InternalServerException",
            "KMSInternalException",
            "RequestTimeout",
            "RequestTimeoutException",
            "ServiceException",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),
];

/// The class of an answer that is an error. An answer without a code is not from AWS, or not whole: whether the call took effect
/// is not known.
pub(crate) fn classify(operation: Operation, code: Option<&str>) -> Class {
    let Some(code) = code else { return Class::Unavailable };
    if absent(operation).contains(&code) {
        return Class::NotFound;
    }
    let by_code = BY_CODE.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class);
    by_code.unwrap_or(Class::Rejected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_and_the_operation_decide() {
        for (operation, code, class) in [
            (Operation::GetBucketPolicy, Some("NoSuchBucketPolicy"), Class::NotFound),
            (Operation::GetBucketPolicy, Some("NoSuchBucket"), Class::Missing),
            (Operation::GetBucketVersioning, Some("NoSuchBucket"), Class::NotFound),
            (Operation::GetBucketTagging, Some("NotFound"), Class::Missing),
            (Operation::DescribeKey, Some("NotFoundException"), Class::NotFound),
            (Operation::GetKeyPolicy, Some("NotFoundException"), Class::Missing),
            (Operation::GetTrailStatus, Some("TrailNotFoundException"), Class::NotFound),
            (Operation::DescribeTrails, Some("TrailNotFoundException"), Class::Missing),
            (Operation::GetRole, Some("AccessDeniedException"), Class::Denied),
            (Operation::GetRole, Some("SlowDown"), Class::Throttled),
            (Operation::CreateRole, Some("EntityAlreadyExists"), Class::Conflict),
            (Operation::CreateRole, Some("LimitExceeded"), Class::Rejected),
            (Operation::CreateTrail, Some("ConflictException"), Class::Busy),
            (Operation::CreateTrail, Some("InsufficientS3BucketPolicyException"), Class::Propagating),
            (Operation::GetRole, Some("ExpiredToken"), Class::Credentials),
            (Operation::PutBucketPolicy, Some("MalformedPolicy"), Class::Rejected),
            (Operation::TakeLock, Some("ConditionalRequestConflict"), Class::Conflict),
            (Operation::TakeLock, Some("NoSuchBucket"), Class::NotFound),
            (Operation::RenewLock, Some("NoSuchKey"), Class::NotFound),
            (Operation::RenewLock, Some("PreconditionFailed"), Class::Conflict),
            (Operation::ReleaseLock, Some("NoSuchKey"), Class::NotFound),
            (Operation::GetRole, Some("SomethingNew"), Class::Rejected),
            (Operation::GetRole, None, Class::Unavailable),
        ] {
            assert_eq!(classify(operation, code), class, "{operation} {code:?}");
        }
    }

    #[test]
    fn nothing_is_absent_without_a_code_or_by_a_code_that_nobody_knows() {
        for operation in Operation::ALL {
            for code in [None, Some("SomethingNew"), Some("404"), Some("NoSuchThing"), Some("")] {
                assert_ne!(classify(*operation, code), Class::NotFound, "{operation} {code:?}");
            }
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
