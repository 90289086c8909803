//! The errors of each service for the events of the weather, with their HTTP status.

use crate::fault::Fault;

/// Returns the error of a throttled call. See "Common error types" in the API reference of each
/// service, "Error responses" in the S3 API reference, and `TooManyRequestsException` in the
/// Organizations API reference.
pub(super) fn throttled(service: &str, draw: u64) -> Fault {
    let (status, code, message) = match service {
        "s3" => (503, "SlowDown", "Please reduce your request rate."),
        "organizations" => {
            (400, "TooManyRequestsException", "You have sent too many requests in too short a period.")
        }
        "iam" | "sts" | "cloudwatch" if draw.is_multiple_of(2) => (400, "Throttling", "Rate exceeded"),
        "kms" => (400, "ThrottlingException", "You have exceeded the rate at which you may call KMS."),
        _ => (400, "ThrottlingException", "Rate exceeded"),
    };
    Fault::new(status, code, message)
}

/// Returns an error of the service. See the same pages, `KMSInternalException` and
/// `DependencyTimeoutException` in the KMS API reference, `ServiceUnavailableException` in the
/// CloudWatch Logs API reference, and `ServiceException` in the Organizations API reference.
pub(super) fn failed(service: &str, draw: u64) -> Fault {
    let codes: [(u16, &str); 2] = match service {
        "s3" | "sns" => [(500, "InternalError"), (503, "ServiceUnavailable")],
        "kms" => [(500, "KMSInternalException"), (503, "DependencyTimeoutException")],
        "logs" => [(500, "ServiceUnavailableException"), (500, "InternalFailure")],
        "organizations" => [(500, "ServiceException"), (503, "ServiceUnavailable")],
        "iam" => [(500, "ServiceFailure"), (503, "ServiceUnavailable")],
        _ => [(500, "InternalFailure"), (503, "ServiceUnavailable")],
    };
    let (status, code) = if draw.is_multiple_of(2) { codes[0] } else { codes[1] };
    Fault::new(status, code, "The request processing has failed because of an unknown error.")
}

/// Returns the error of expired credentials. See the same pages: services of the query protocol and
/// S3 use another code than services with JSON.
pub(super) fn expired(service: &str) -> Fault {
    let (status, code) = match service {
        "s3" => (400, "ExpiredToken"),
        "iam" | "sts" | "sns" | "cloudwatch" => (403, "ExpiredToken"),
        _ => (400, "ExpiredTokenException"),
    };
    Fault::new(status, code, "The security token included in the request is expired")
}

/// Returns the error of a denied call. See "Troubleshoot access denied error messages" in the IAM
/// user guide for the kinds of policies in the message.
pub(super) fn denied(service: &str, operation: &str, draw: u64) -> Fault {
    let code = match service {
        "s3" | "iam" | "sts" | "cloudwatch" => "AccessDenied",
        "sns" => "AuthorizationError",
        _ => "AccessDeniedException",
    };
    let because = match draw % 4 {
        0 => "because no identity-based policy allows the action",
        1 => "with an explicit deny in a service control policy",
        2 => "with an explicit deny in a resource control policy",
        _ => "because no permissions boundary allows the action",
    };
    Fault::new(403, code, format!("User is not authorized to perform: {operation} {because}"))
}

/// Returns the error of a Region that the account has not enabled, which does not know the account.
///
/// See "Considerations before enabling and disabling Regions" in the Account Management reference.
pub(super) fn disabled(service: &str) -> Fault {
    let code = match service {
        "s3" => "InvalidAccessKeyId",
        "sts" | "iam" | "sns" | "cloudwatch" => "InvalidClientTokenId",
        _ => "UnrecognizedClientException",
    };
    Fault::new(403, code, "The security token included in the request is invalid.")
}

/// Returns the error of an operation for an account that has reached a quota; `None` for operations
/// without a quota.
///
/// See the errors of each operation in the API references, and "List of error codes" in the S3 API
/// reference.
pub(super) fn quota(operation: &str) -> Option<Fault> {
    let (status, code) = match operation {
        "iam:CreateRole" | "iam:PutRolePolicy" | "iam:TagRole" => (409, "LimitExceeded"),
        "kms:CreateKey"
        | "kms:CreateAlias"
        | "kms:CreateGrant"
        | "logs:CreateLogGroup"
        | "logs:PutResourcePolicy"
        | "logs:PutMetricFilter" => (400, "LimitExceededException"),
        "cloudwatch:PutMetricAlarm" => (400, "LimitExceeded"),
        "cloudtrail:CreateTrail" => (400, "MaximumNumberOfTrailsExceededException"),
        "s3:CreateBucket" => (400, "TooManyBuckets"),
        "sns:CreateTopic" => (403, "TopicLimitExceeded"),
        "organizations:RegisterDelegatedAdministrator" => (400, "ConstraintViolationException"),
        _ => return None,
    };
    Some(Fault::new(status, code, "The account has reached a quota."))
}
