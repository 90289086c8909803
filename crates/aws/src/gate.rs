//! Limits how many calls are in flight, and counts them.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

/// The door that every call passes.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    calls: AtomicU64,
}

impl Gate {
    /// A gate that lets through `limit` calls at once.
    pub(crate) fn new(limit: usize) -> Self {
        Self { places: Semaphore::new(limit.min(Semaphore::MAX_PERMITS)), calls: AtomicU64::new(0) }
    }

    /// Waits for a place, then makes the call.
    pub(crate) async fn pass<T>(&self, call: impl Future<Output = T>) -> T {
        // The semaphore is never closed; were it, a call without a limit is better than none.
        let _place = self.places.acquire().await.ok();
        self.calls.fetch_add(1, Ordering::Relaxed);
        call.await
    }

    /// How many calls have been made, retries not counted.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}
