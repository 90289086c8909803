//! What became of a call that did not succeed.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use reconcile_policy::AccountId;

use crate::Operation;
use crate::classify::classify;

/// What a caller can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// What was asked for does not exist, which for a read is an answer.
    NotFound,
    /// Something that the call needs does not exist, such as the bucket of a policy, or AWS does not show it yet.
    Missing,
    /// The caller may not do this; asking again will not help.
    Denied,
    /// There are no credentials, or AWS does not take them (any more).
    Credentials,
    /// Too many calls; the retries are used up.
    Throttled,
    /// CloudTrail does not see the bucket, the key or their policies as they should be: they are wrong, or were
    /// written a moment ago and are not yet seen everywhere.
    Propagating,
    /// Something of that name is there already.
    Conflict,
    /// Another change of the same resource is under way, or it is not ready a moment after it was made.
    Busy,
    /// AWS answered with a fault of its own, or not at all; whether the call took effect is not known.
    Unavailable,
    /// AWS does not take the request as it is.
    Rejected,
}

/// An AWS call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} in account {account}: {}", self.detail())]
pub struct Error {
    /// The account whose session made the call.
    pub account: AccountId,
    /// What was called.
    pub operation: Operation,
    /// What can be done about it.
    pub class: Class,
    /// The error code of AWS, where there was an answer with one.
    pub code: Option<String>,
    /// What AWS, or the way there, said.
    pub message: String,
    /// The Region of the bucket, where S3 answered that the bucket is not in the Region that was called.
    pub bucket_region: Option<Box<str>>,
}

impl Error {
    /// Builds the error from what the SDK gave.
    pub(crate) fn from_sdk<E>(
        account: &AccountId,
        operation: Operation,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.code().map(str::to_owned);
        let bucket_region = error.raw_response().and_then(|answer| bucket_region(code.as_deref(), answer));
        let (class, message) = match error {
            SdkError::ServiceError(context) if code.is_none() => {
                (classify(operation, None), Some(unreadable(context.raw())))
            }
            SdkError::ServiceError(_) => {
                (classify(operation, code.as_deref()), error.message().map(str::to_owned))
            }
            SdkError::ResponseError(context) => (classify(operation, None), Some(unreadable(context.raw()))),
            SdkError::ConstructionFailure(_) => (Class::Rejected, None),
            // The provider chain fails inside of the dispatch, with a text that says which providers were tried. A connection
            // that breaks off has a kind.
            SdkError::DispatchFailure(failure)
                if !failure.is_io() && !failure.is_timeout() && failure.as_other().is_none() =>
            {
                (Class::Credentials, None)
            }
            _ => (Class::Unavailable, None),
        };
        let message = match &bucket_region {
            Some(region) => format!("the bucket is in Region {region}"),
            None => message.unwrap_or_else(|| plain_chain(error)),
        };
        Self { account: account.clone(), operation, class, code, message, bucket_region }
    }

    /// Whether the resource that was asked for is simply not there.
    pub fn is_not_found(&self) -> bool {
        self.class == Class::NotFound
    }

    /// Whether CloudWatch Logs does not see the KMS key of a call, or not that its policy lets the service encrypt. That
    /// is also the answer for a while after both were written.
    ///
    /// The answer has the code of a denial and speaks of the key: "The specified KMS key does not exist or is not allowed
    /// to be used with Arn …". See `AssociateKmsKey` in the CloudWatch Logs API reference for the other code.
    pub fn is_unseen_key(&self) -> bool {
        matches!(self.operation, Operation::CreateLogGroup | Operation::AssociateKmsKey)
            && matches!(self.code.as_deref(), Some("AccessDeniedException" | "InvalidParameterException"))
            && self.message.contains("KMS")
    }

    /// Whether a service does not see a principal that a policy or a grant names. That is the answer where the user or role does not
    /// exist, and for a while after it was created.
    ///
    /// See "Invalid principal in policy" in the S3 user guide, `MalformedPolicyDocumentException` of `PutKeyPolicy` and
    /// `InvalidArnException` of `CreateGrant` in the KMS API reference, and "Troubleshoot IAM" in the IAM user guide.
    pub fn is_unseen_principal(&self) -> bool {
        const CODES: [&str; 5] = [
            "InvalidArnException",
            "InvalidParameter",
            "MalformedPolicy",
            "MalformedPolicyDocument",
            "MalformedPolicyDocumentException",
        ];

        self.code.as_deref().is_some_and(|code| CODES.contains(&code))
            && self.message.to_ascii_lowercase().contains("principal")
    }

    /// Whether CloudTrail does not see that it may act for the organization. That is also the answer for a while after trusted access
    /// was given, or a delegated administrator registered.
    ///
    /// See the errors of `CreateTrail` in the CloudTrail API reference.
    pub fn is_unseen_organization(&self) -> bool {
        const CODES: [&str; 3] = [
            "CloudTrailAccessNotEnabledException",
            "NoManagementAccountSLRExistsException",
            "NotOrganizationMasterAccountException",
        ];

        self.code.as_deref().is_some_and(|code| CODES.contains(&code))
    }

    fn detail(&self) -> String {
        match &self.code {
            Some(code) => format!("{code}: {}", self.message),
            None => self.message.clone(),
        }
    }

    /// What the user can do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        let action = self.operation.action();
        if let Some(region) = &self.bucket_region {
            return Some(format!(
                "set the Region of the bucket to {region} in the spec, or name another bucket"
            ));
        }
        // `GetBucketAcl` does not show grants that S3 ignores, so that no plan can see these.
        if self.code.as_deref() == Some("InvalidBucketAclWithObjectOwnership") {
            return Some(
                "the ACL of the bucket has grants to others, public ones that S3 ignores included: remove them with \
                 `aws s3api put-bucket-acl --acl private --bucket NAME`, or set `bucket.object_ownership: ObjectWriter`"
                    .to_owned(),
            );
        }
        match (self.class, self.operation) {
            (Class::Denied, Operation::AssumeRole) => Some(format!(
                "check that the role exists in account {} and that its trust policy lets your credentials assume it",
                self.account
            )),
            _ if self.is_unseen_key() => {
                Some("check that the key policy lets CloudWatch Logs encrypt the log group".to_owned())
            }
            (Class::Denied, Operation::GetBucketVersioning) => Some(format!(
                "the bucket may belong to another account: bucket names are shared by all of AWS; \
                 if it is yours, allow {action} on it"
            )),
            (Class::Denied, Operation::PutBucketPolicy) => Some(format!(
                "allow {action} for the credentials used in account {}; where the policy has a public statement, \
                 S3 also refuses it while Block Public Access is on for the bucket, its account or its organization",
                self.account
            )),
            (Class::Denied, _) => Some(format!("allow {action} for the credentials used in account {}", self.account)),
            (Class::Credentials, _) => Some(
                "set credentials as for the AWS CLI (environment, profile or role) and try `aws sts get-caller-identity`"
                    .to_owned(),
            ),
            (Class::Throttled, _) => Some("run again, with a lower --concurrency".to_owned()),
            (Class::Busy, _) => Some("somebody else is changing it: run again in a few minutes".to_owned()),
            (Class::Unavailable, _) => Some("check the network and --endpoint-url, then run again".to_owned()),
            _ => None,
        }
    }
}

/// Describes an answer that has no error code, or that cannot be read.
fn unreadable(answer: &HttpResponse) -> String {
    let status = answer.status().as_u16();
    match answer.headers().get("content-type") {
        Some(kind) => format!("the answer cannot be read (HTTP status {status}, `{kind}`)"),
        None => format!("the answer cannot be read (HTTP status {status})"),
    }
}

/// The Region of the bucket in an answer that sends the caller to another Region.
///
/// See "Error responses" in the S3 API reference (`PermanentRedirect`, `TemporaryRedirect`,
/// `AuthorizationHeaderMalformed`).
fn bucket_region(code: Option<&str>, answer: &HttpResponse) -> Option<Box<str>> {
    let codes = ["AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"];
    let is_elsewhere = code.is_some_and(|code| codes.contains(&code));
    answer.headers().get("x-amz-bucket-region").filter(|_| is_elsewhere).map(Box::from)
}

/// The chain of causes, without the debug text that the SDK puts behind it.
fn plain_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let full = DisplayErrorContext(error).to_string();
    full.split(" (").next().unwrap_or(&full).to_owned()
}
