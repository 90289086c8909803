//! The call that is being made, as the layers below the SDK know it.
//!
//! The SDK gives its HTTP client a signed request, and its retry classifiers an answer; neither says which operation of ours it
//! is for. The SDK's errors do not say where a request went: a timeout ends the request and everything that knew of it. All of
//! them run in the task that makes the call, which remembers both.

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

/// A call with all its attempts.
#[derive(Debug)]
struct Call {
    operation: Operation,
    /// When the first attempt was sent.
    sent: OnceLock<Instant>,
    /// The number of attempts that were sent.
    attempts: AtomicU32,
    /// Failed attempts of which it is not known whether they took effect.
    lost: AtomicU32,
    /// The last of those attempts, by its number.
    last_lost: AtomicU32,
    /// Where the last request went. A request for credentials counts, too.
    endpoint: Arc<Mutex<Option<Endpoint>>>,
}

/// Makes a call of an operation. Returns its result, and where its last request went, if it made one.
pub(crate) async fn make<T>(operation: Operation, send: impl Future<Output = T>) -> (T, Option<Endpoint>) {
    // A call for the credentials of another one shows where that one went.
    let endpoint = CURRENT.try_with(|outer| Arc::clone(&outer.endpoint)).unwrap_or_default();
    let call = Call {
        operation,
        sent: OnceLock::new(),
        attempts: AtomicU32::new(0),
        lost: AtomicU32::new(0),
        last_lost: AtomicU32::new(u32::MAX),
        endpoint: Arc::clone(&endpoint),
    };
    let result = CURRENT.scope(call, send).await;
    let endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (result, endpoint)
}

/// Remembers where a request of the call goes.
pub(crate) fn note(request: &HttpRequest) {
    // Outside of a call nobody asks.
    let _ = CURRENT.try_with(|call| {
        *call.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(endpoint_of(request));
    });
}

/// The operation of the call that is being made, if the request is made for one: providers of credentials make their own.
pub(crate) fn operation() -> Option<Operation> {
    CURRENT.try_with(|call| call.operation).ok()
}

/// Remembers that an attempt is sent. The time of a call begins with the first: waiting for a turn is not counted.
pub(crate) fn sent() {
    let _ = CURRENT.try_with(|call| {
        call.sent.get_or_init(Instant::now);
        call.attempts.fetch_add(1, Ordering::Relaxed);
    });
}

/// The time since the first attempt was sent.
pub(crate) fn spent() -> Duration {
    CURRENT.try_with(|call| call.sent.get().map(Instant::elapsed)).ok().flatten().unwrap_or_default()
}

/// Counts the present attempt as one of which it is not known whether it took effect; returns how many there were, with this one.
///
/// The SDK classifies some answers more than once. An attempt counts once.
pub(crate) fn lost() -> u32 {
    let count = |call: &Call| {
        let attempt = call.attempts.load(Ordering::Relaxed);
        if call.last_lost.swap(attempt, Ordering::Relaxed) != attempt {
            call.lost.fetch_add(1, Ordering::Relaxed);
        }
        call.lost.load(Ordering::Relaxed)
    };
    CURRENT.try_with(count).unwrap_or(1)
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
