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
    /// Failed attempts of which it is not known whether they took effect.
    lost: AtomicU32,
}

/// Makes a call of an operation.
pub(crate) async fn make<T>(operation: Operation, send: impl Future<Output = T>) -> T {
    CURRENT.scope(Call { operation, sent: OnceLock::new(), lost: AtomicU32::new(0) }, send).await
}

/// The operation of the call that is being made, if the request is made for one: providers of credentials make their own.
pub(crate) fn operation() -> Option<Operation> {
    CURRENT.try_with(|call| call.operation).ok()
}

/// Remembers that an attempt is sent. The time of a call begins with the first: waiting for a turn is not counted.
pub(crate) fn sent() {
    let _ = CURRENT.try_with(|call| call.sent.get_or_init(Instant::now).elapsed());
}

/// The time since the first attempt was sent.
pub(crate) fn spent() -> Duration {
    CURRENT.try_with(|call| call.sent.get().map(Instant::elapsed)).ok().flatten().unwrap_or_default()
}

/// Counts an attempt of which it is not known whether it took effect; returns how many there were, with this one.
pub(crate) fn lost() -> u32 {
    CURRENT.try_with(|call| call.lost.fetch_add(1, Ordering::Relaxed) + 1).unwrap_or(1)
}
