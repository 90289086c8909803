//! Decides whether a failed attempt is repeated.
//!
//! A call that was throttled did not take effect, and is repeated as long as its time lasts. Of a
//! call whose answer is lost, or that AWS answers with a fault of its own, it is not known whether
//! it took effect: it is repeated a few times, unless a second effect would do harm. A call that
//! AWS refused because the credentials of an assumed role have expired is repeated once, with new
//! credentials.

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

/// The time of a call with all its attempts. After it, nothing is repeated.
pub(crate) const BUDGET: Duration = Duration::from_mins(1);
/// The most attempts of unknown outcome of a call.
const LOST: u32 = 4;
/// The most attempts of a call without pauses, as in the embedded AWS. With pauses, the time of the
/// call ends long before.
const ATTEMPTS: u32 = 100;
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The failure of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    /// AWS takes no more calls for the moment. The call did not take effect.
    Throttled,
    /// It is unknown whether the call took effect. The number of attempts that ended so, with this
    /// one.
    Lost(u32),
}

/// Returns whether a call is repeated that has already taken this time.
fn is_repeated(operation: Option<Operation>, failed: Failed, spent: Duration) -> bool {
    let is_safe = match failed {
        Failed::Throttled => true,
        Failed::Lost(times) => times < LOST && operation.is_none_or(is_repeatable),
    };
    is_safe && spent < BUDGET
}

/// Returns whether an operation can take effect twice without harm.
///
/// A second key could not be told from the first; all other resources have a name. See
/// "Idempotency" in the API reference of each service, and `CreateKey` in the KMS API reference.
fn is_repeatable(operation: Operation) -> bool {
    operation != Operation::CreateKey
}

/// Applies the rules above to the results of the classifiers of the SDK.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The role whose credentials are renewed. Other credentials are not issued here.
    pub(crate) role: Option<AssumedRole>,
    /// The gate that counts throttled attempts.
    pub(crate) gate: Arc<Gate>,
}

impl Rules {
    /// Has the role of the session assumed again if AWS refused its credentials as expired. Returns
    /// whether the call is repeated.
    ///
    /// AWS can refuse credentials before they expire by the clock of this machine. The refused call
    /// did not take effect.
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
/// each other service. `RequestExpired` is about the date of the signature, and new credentials do
/// not change it.
fn is_expired(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException")
}

/// Returns whether AWS answers that a quota is used up. The SDK takes the code for that of a
/// throttle, which it is in other services: KMS and CloudWatch Logs have it for the number of
/// resources. See `LimitExceededException` in their API references.
fn is_quota(context: &InterceptorContext) -> bool {
    context.response().and_then(code).is_some_and(|code| code == "LimitExceededException")
}

/// How the clients of one account repeat calls, with [`Rules`].
#[derive(Debug, Clone)]
pub(crate) struct Retries {
    pub(crate) partition: RetryPartition,
    pub(crate) config: RetryConfig,
    pub(crate) timeouts: TimeoutConfig,
}

impl Retries {
    /// Returns the retries of an account, with the pauses of the base configuration.
    ///
    /// The SDK shares what it counts among all clients of a service and Region, and then gives up
    /// after a number of failures: here, each account counts for itself, and time ends its calls.
    /// Timeouts of the SDK would count the time in which a call waits for its turn: the transport
    /// and the rules end calls.
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
