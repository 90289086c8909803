//! Decides whether a failed attempt is retried.
//!
//! - A throttled call did not take effect. The call is retried until its time is used up.
//! - It is unknown whether a call took effect if its answer is lost, or if AWS answers with a fault
//!   of its own. The call is retried a few times, unless a second effect would do harm.
//! - A call that AWS rejected because the credentials of an assumed role have expired is retried
//!   once, with new credentials.

use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_kms::config::retry::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason,
};
use aws_smithy_types::retry::ErrorKind;
use reconcile_operations::Operation;
use reconcile_policy::AccountId;

use crate::assumed_role::AssumedRole;
use crate::call;
use crate::code::code;
use crate::gate::Gate;

/// The time of a call with all its attempts. After this time, nothing is retried.
pub(crate) const BUDGET: Duration = Duration::from_mins(1);
/// The maximum number of attempts of unknown outcome in a call.
const LOST: u32 = 4;
/// The maximum number of attempts in a call without pauses, as in the embedded AWS. With pauses,
/// the time of the call ends long before this number is reached.
const ATTEMPTS: u32 = 100;
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The failure of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// AWS accepts no more calls for the moment. The call did not take effect.
    Throttled,
    /// It is unknown whether the call took effect. The value is the number of attempts that ended
    /// like this, including this one.
    Lost(u32),
}

/// Returns whether a call that has already taken a time is retried.
fn is_repeated(operation: Option<Operation>, failed: Failed, spent: Duration) -> bool {
    let is_safe = match failed {
        Failed::Throttled => true,
        Failed::Lost(times) => times < LOST && operation.is_none_or(is_repeatable),
    };
    is_safe && spent < BUDGET
}

/// Returns whether an operation can take effect twice without harm.
///
/// A second key could not be distinguished from the first; all other resources have a name. See
/// "Idempotency" in the API reference of each service, and `CreateKey` in the KMS API reference.
fn is_repeatable(operation: Operation) -> bool {
    operation != Operation::CreateKey
}

/// Applies the rules above to the results of the classifiers of the SDK.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The role whose credentials are renewed; `None` if the session did not assume a role.
    pub(crate) role: Option<AssumedRole>,
    /// The gate that counts throttled attempts.
    pub(crate) gate: Arc<Gate>,
}

impl Rules {
    /// Marks the credentials of the role for renewal if AWS rejected them as expired. Returns
    /// whether the call is retried.
    ///
    /// AWS can reject credentials before they expire by the clock of this machine. The rejected
    /// call did not take effect.
    fn renews(&self, context: &InterceptorContext) -> bool {
        let Some(role) = &self.role else { return false };
        let code = context.response().and_then(code);
        if !code.is_some_and(|code| is_expired(&code)) || !call::renews() {
            return false;
        }
        if let Some(token) = call::token() {
            role.refuse(token);
        }
        true
    }
}

impl ClassifyRetry for Rules {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) = previous else {
            return match self.renews(context) {
                true => RetryAction::server_error(),
                false => RetryAction::NoActionIndicated,
            };
        };
        // Another attempt would return the same long answer.
        if is_quota(context) || *kind == ErrorKind::ClientError {
            return RetryAction::RetryForbidden;
        }
        let failed = match kind {
            ErrorKind::ThrottlingError => {
                if let Some(operation) = call::throttled() {
                    self.gate.throttled(operation);
                }
                Failed::Throttled
            }
            _ => Failed::Lost(call::lost()),
        };
        match is_repeated(call::operation(), failed, call::spent()) {
            true => RetryAction::NoActionIndicated,
            false => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "reconcile"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Returns whether AWS answers that the security token of the request has expired.
///
/// See "List of error codes" in the S3 API reference, and "Common errors" in the API reference of
/// each other service. `RequestExpired` is about the date of the signature, which new credentials
/// do not change.
fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException")
}

/// Returns whether AWS answers that a quota is used up. The SDK treats the code as throttling,
/// which is its meaning in other services. In KMS and CloudWatch Logs, the code is about the number
/// of resources: see `LimitExceededException` in their API references.
fn is_quota(context: &InterceptorContext) -> bool {
    context.response().and_then(code).is_some_and(|code| code == "LimitExceededException")
}

/// The retry behavior of the clients of one account, with [`Rules`].
#[derive(Debug, Clone)]
pub(crate) struct Retries {
    pub(crate) partition: RetryPartition,
    pub(crate) config: RetryConfig,
    pub(crate) timeouts: TimeoutConfig,
}

impl Retries {
    /// Returns the retry behavior of an account, with the pauses of the base configuration.
    ///
    /// By default, the SDK counts failures for all clients of a service and Region together, and
    /// gives up after a number of failures. Here, each account has its own count, and its calls end
    /// after a time. The timeouts of the SDK would include the time in which a call waits for its
    /// turn, so the transport and the rules end calls instead.
    pub(crate) fn of(account: &AccountId, base: &SdkConfig) -> Self {
        let partition = RetryPartition::custom(format!("reconcile-{account}"));
        let config = base.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let timeouts = base.timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
        Self {
            partition: partition.token_bucket(TokenBucket::unlimited()).build(),
            config: config.with_max_attempts(ATTEMPTS),
            timeouts: timeouts.disable_operation_timeout().disable_operation_attempt_timeout().build(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttles_are_repeated_for_a_time_and_unknown_outcomes_a_few_times() {
        let secs = Duration::from_secs;
        for (operation, failed, spent, expected) in [
            (Operation::CreateKey, Failed::Throttled, secs(0), true),
            (Operation::CreateTrail, Failed::Throttled, secs(59), true),
            (Operation::CreateTrail, Failed::Throttled, BUDGET, false),
            (Operation::DescribeTrails, Failed::Lost(1), secs(15), true),
            (Operation::DescribeTrails, Failed::Lost(LOST - 1), secs(45), true),
            (Operation::DescribeTrails, Failed::Lost(LOST), secs(1), false),
            (Operation::PutBucketPolicy, Failed::Lost(1), BUDGET, false),
            (Operation::CreateKey, Failed::Lost(1), secs(0), false),
        ] {
            assert_eq!(is_repeated(Some(operation), failed, spent), expected, "{operation:?} {failed:?}");
        }
        assert!(is_repeated(None, Failed::Lost(1), secs(1)));
    }

    #[test]
    fn the_code_of_an_expired_token_is_recognized() {
        for (code, expected) in [
            ("ExpiredToken", true),
            ("ExpiredTokenException", true),
            ("RequestExpired", false),
            ("AccessDenied", false),
        ] {
            assert_eq!(is_expired(code), expected, "{code}");
        }
    }
}
