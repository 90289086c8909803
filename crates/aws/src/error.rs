//! Turns the result of a call that the SDK made into an [`Error`].

use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use reconcile_operations::{Class, Endpoint, Error, Operation, classify};
use reconcile_policy::AccountId;

use crate::failure::{causes, describe, failure_of, find};

/// Builds the error from the result of the SDK.
pub(crate) fn error_of<E>(
    account: &AccountId,
    operation: Operation,
    error: &SdkError<E, HttpResponse>,
    endpoint: Option<Endpoint>,
) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    // The session of a role is renewed before the call. The answer of STS says more than the error
    // that there are no credentials.
    if let Some(error) = find::<SdkError<AssumeRoleError, HttpResponse>>(error)
        && operation != Operation::AssumeRole
    {
        return error_of(account, Operation::AssumeRole, error, endpoint);
    }
    let code: Option<Box<str>> = error.code().map(Box::from);
    let region = endpoint.as_ref().and_then(|endpoint| endpoint.region.as_ref());
    let message = error.message().unwrap_or_default();
    let answered = || (classify(operation, code.as_deref(), message, region), None);
    let (class, failure) = match error {
        SdkError::ServiceError(_) | SdkError::ResponseError(_) => answered(),
        SdkError::ConstructionFailure(_) => (Class::Refused, None),
        _ => {
            let failure = failure_of(error);
            let class = if failure.is_of_credentials() { Class::Credentials } else { Class::Unavailable };
            (class, Some(failure))
        }
    };
    let answer = error.raw_response();
    let bucket_region = answer.and_then(|answer| bucket_region(operation, code.as_deref(), message, answer));
    let message = match (&bucket_region, failure, answer) {
        (Some(region), _, _) => format!("the bucket is in Region {region}"),
        (None, Some(failure), _) => describe(failure, error, endpoint.as_ref()),
        (None, None, Some(answer)) if code.is_none() => unreadable(answer, endpoint.as_ref()),
        (None, None, _) if message.is_empty() => causes(error),
        (None, None, _) => message.to_owned(),
    };
    let (message, endpoint) = (message.into(), endpoint.map(Box::new));
    Error { account: account.clone(), operation, class, code, message, bucket_region, endpoint, failure }
}

/// Describes an answer that has no error code, or that cannot be read.
fn unreadable(answer: &HttpResponse, endpoint: Option<&Endpoint>) -> String {
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").map(|kind| format!(", `{kind}`")).unwrap_or_default();
    let from = endpoint.map(|endpoint| format!(" from {endpoint}")).unwrap_or_default();
    format!("the answer{from} cannot be read (HTTP status {status}{kind})")
}

/// The Region of the bucket in an answer that sends the caller to another Region.
///
/// See "List of error codes" in the S3 API reference. The message of
/// `IllegalLocationConstraintException` is "The me-south-1 location constraint is incompatible for
/// the region specific endpoint this request was sent to", with `unspecified` for us-east-1. In
/// answer to `CreateBucket`, the code is about the request.
fn bucket_region(
    operation: Operation,
    code: Option<&str>,
    message: &str,
    answer: &HttpResponse,
) -> Option<Box<str>> {
    let named = match code? {
        "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect" => None,
        "IllegalLocationConstraintException" if operation != Operation::CreateBucket => {
            let (_, rest) = message.split_once("The ")?;
            let (region, _) = rest.split_once(" location constraint is incompatible")?;
            Some(if region == "unspecified" { "us-east-1" } else { region })
        }
        _ => return None,
    };
    answer.headers().get("x-amz-bucket-region").or(named).map(Box::from)
}
