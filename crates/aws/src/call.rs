//! The call that is being made, as the layers below the SDK know it.
//!
//! The SDK gives its HTTP client a signed request, and its retry classifiers an answer; neither says which operation of ours it
//! is for. Both run in the task that makes the call, which remembers it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::Operation;

tokio::task_local! {
    static CURRENT: Call;
}

/// A call with all its attempts.
#[derive(Debug)]
struct Call {
    operation: Operation,
    /// When the first attempt was sent.
    sent: OnceLock<Instant>,
    /// How many attempts were sent.
    attempts: AtomicU32,
    /// Failed attempts of which it is not known whether they took effect.
    lost: AtomicU32,
    /// The last of those attempts, by its number.
    last_lost: AtomicU32,
}

/// Makes a call of an operation.
pub(crate) async fn make<T>(operation: Operation, send: impl Future<Output = T>) -> T {
    let call = Call {
        operation,
        sent: OnceLock::new(),
        attempts: AtomicU32::new(0),
        lost: AtomicU32::new(0),
        last_lost: AtomicU32::new(u32::MAX),
    };
    CURRENT.scope(call, send).await
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
    use super::*;

    #[tokio::test]
    async fn an_attempt_is_lost_once() {
        let counts = make(Operation::GetRole, async {
            sent();
            let first = (lost(), lost());
            sent();
            (first, lost())
        });
        assert_eq!(counts.await, ((1, 1), 2));
    }
}
