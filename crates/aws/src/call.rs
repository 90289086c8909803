//! The current call, for the layers below the SDK.
//!
//! The HTTP client of the SDK receives a signed request, and the retry classifiers of the SDK
//! receive an answer; neither contains the operation of this program. The errors of the SDK do not
//! contain the host of a request. All of this code runs in the task that makes the call, so a
//! task-local value contains the operation and the host.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use reconcile_operations::{Endpoint, Operation};
use tokio::time::Instant;

use crate::endpoint::endpoint_of;

tokio::task_local! {
    static CURRENT: Call;
}

/// The value for no attempt.
const NONE: u32 = u32::MAX;

/// A call with all its attempts.
#[derive(Debug)]
struct Call {
    operation: Operation,
    /// The time at which the first attempt was sent.
    sent: OnceLock<Instant>,
    /// The number of attempts that were sent.
    attempts: AtomicU32,
    /// The number of failed attempts of which it is unknown whether they took effect.
    lost: AtomicU32,
    /// The last of those attempts, by its number.
    last_lost: AtomicU32,
    /// The last attempt that was throttled, by its number.
    last_throttled: AtomicU32,
    /// The number of the attempt after which the credentials are renewed; [`NONE`] for no attempt.
    renewing: AtomicU32,
    /// The session token of the last request.
    token: Mutex<Option<String>>,
    /// The endpoint of the last request, including requests for credentials.
    endpoint: Arc<Mutex<Option<Endpoint>>>,
}

impl Call {
    /// Whether an event happens to the current attempt for the first time. `last` contains the
    /// number of the attempt to which the event happened last.
    ///
    /// The SDK classifies some answers more than once.
    fn is_first(&self, last: &AtomicU32) -> bool {
        let attempt = self.attempts.load(Ordering::Relaxed);
        last.swap(attempt, Ordering::Relaxed) != attempt
    }
}

/// Makes a call of an operation. Returns its result, and the endpoint of its last request, if there
/// was a request.
pub(crate) async fn make<T>(operation: Operation, send: impl Future<Output = T>) -> (T, Option<Endpoint>) {
    // A call for the credentials of another call passes its endpoint on to that call.
    let endpoint = CURRENT.try_with(|outer| Arc::clone(&outer.endpoint)).unwrap_or_default();
    let call = Call {
        operation,
        sent: OnceLock::new(),
        attempts: AtomicU32::new(0),
        lost: AtomicU32::new(0),
        last_lost: AtomicU32::new(NONE),
        last_throttled: AtomicU32::new(NONE),
        renewing: AtomicU32::new(NONE),
        token: Mutex::default(),
        endpoint: Arc::clone(&endpoint),
    };
    let result = CURRENT.scope(call, send).await;
    let endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (result, endpoint)
}

/// The header of a signed request that has the session token. See "Create a signed AWS API request"
/// in the IAM user guide.
const TOKEN: &str = "x-amz-security-token";

/// Remembers the endpoint of a request of the call, and its session token.
pub(crate) fn note(request: &HttpRequest) {
    // Outside of a call, nothing reads these values.
    let _ = CURRENT.try_with(|call| {
        *call.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint_of(request));
        let token = request.headers().get(TOKEN).map(str::to_owned);
        *call.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    });
}

/// Returns the session token of the last request of the call.
pub(crate) fn token() -> Option<String> {
    CURRENT.try_with(|call| call.token.lock().unwrap_or_else(PoisonError::into_inner).clone()).ok().flatten()
}

/// Returns the operation of the current call, if the request belongs to a call: providers of
/// credentials also make requests outside of calls.
pub(crate) fn operation() -> Option<Operation> {
    CURRENT.try_with(|call| call.operation).ok()
}

/// Remembers that an attempt is sent. Returns the operation and the number of the attempt, from 1.
/// The time of a call begins with the first attempt, so the time in which the call waits for its
/// turn is not counted.
pub(crate) fn sent() -> Option<(Operation, u32)> {
    let sent = |call: &Call| {
        call.sent.get_or_init(Instant::now);
        (call.operation, call.attempts.fetch_add(1, Ordering::Relaxed) + 1)
    };
    CURRENT.try_with(sent).ok()
}

/// Remembers that the current attempt was throttled. Returns the operation only the first time.
pub(crate) fn throttled() -> Option<Operation> {
    let throttled = |call: &Call| call.is_first(&call.last_throttled).then_some(call.operation);
    CURRENT.try_with(throttled).ok().flatten()
}

/// Returns the time since the first attempt was sent.
pub(crate) fn spent() -> Duration {
    CURRENT.try_with(|call| call.sent.get().map(Instant::elapsed)).ok().flatten().unwrap_or_default()
}

/// Counts the current attempt as one of unknown outcome, once. Returns the number of such attempts,
/// including the current one.
pub(crate) fn lost() -> u32 {
    let count = |call: &Call| {
        if call.is_first(&call.last_lost) {
            call.lost.fetch_add(1, Ordering::Relaxed);
        }
        call.lost.load(Ordering::Relaxed)
    };
    CURRENT.try_with(count).unwrap_or(1)
}

/// Returns whether the credentials are renewed after the current attempt, which happens at most
/// once in a call.
///
/// The SDK classifies some answers more than once. The result for an attempt is always the same.
pub(crate) fn renews() -> bool {
    let renews = |call: &Call| {
        let attempt = call.attempts.load(Ordering::Relaxed);
        let first = call.renewing.compare_exchange(NONE, attempt, Ordering::Relaxed, Ordering::Relaxed);
        first.is_ok() || first == Err(attempt)
    };
    CURRENT.try_with(renews).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[tokio::test]
    async fn an_attempt_is_lost_once() {
        let counts = make(Operation::GetRole, async {
            sent();
            let first = (lost(), lost());
            sent();
            (first, lost())
        });
        assert_eq!(counts.await.0, ((1, 1), 2));
    }

    #[tokio::test]
    async fn an_attempt_is_throttled_once() {
        let counts = make(Operation::GetRole, async {
            let first = (sent(), throttled(), throttled());
            let second = (sent(), throttled());
            (first, second)
        });
        let role = Some(Operation::GetRole);
        let expected = ((Some((Operation::GetRole, 1)), role, None), (Some((Operation::GetRole, 2)), role));
        assert_eq!(counts.await.0, expected);
        assert_eq!((sent(), throttled()), (None, None), "outside of a call");
    }

    #[tokio::test]
    async fn the_token_is_that_of_the_last_request_of_the_same_call() {
        let send = |token: &'static str| {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.headers_mut().insert(TOKEN, token);
            note(&request);
        };
        let tokens = make(Operation::GetRole, async {
            send("first");
            let first = token();
            send("second");
            make(Operation::AssumeRole, async { note(&HttpRequest::new(SdkBody::empty())) }).await;
            [first, token()]
        });
        assert_eq!(tokens.await.0, ["first", "second"].map(|token| Some(token.to_owned())));
        assert_eq!(token(), None, "outside of a call");
    }

    #[tokio::test]
    async fn credentials_are_renewed_once_in_a_call() {
        let renewals = make(Operation::GetRole, async {
            sent();
            let first = (renews(), renews());
            sent();
            (first, renews())
        });
        assert_eq!(renewals.await.0, ((true, true), false));
        assert!(!renews(), "outside of a call");
    }

    #[tokio::test]
    async fn each_call_has_its_own_endpoint() {
        let call = |host: &'static str| {
            make(Operation::GetRole, async move {
                let mut request = HttpRequest::new(SdkBody::empty());
                request.set_uri(format!("http://{host}/")).unwrap();
                note(&request);
                tokio::task::yield_now().await;
            })
        };
        let nothing = make(Operation::GetRole, async {});
        let (((), a), ((), b), ((), none)) = tokio::join!(call("a"), call("b"), nothing);
        let host = |endpoint: Option<Endpoint>| endpoint.map(|endpoint| endpoint.host);
        assert_eq!((host(a), host(b), host(none)), (Some("a".into()), Some("b".into()), None));
    }
}
