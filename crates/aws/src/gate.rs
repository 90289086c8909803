//! Limits how many calls are in flight, and counts them.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A gate that every attempt of a call passes.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    calls: AtomicU64,
    slow: Duration,
}

impl Gate {
    /// Creates a gate for `limit` attempts at once. An attempt without an answer after the time `slow` no longer counts.
    pub(crate) fn new(limit: usize, slow: Duration) -> Self {
        Self { places: Semaphore::new(limit.min(Semaphore::MAX_PERMITS)), calls: AtomicU64::new(0), slow }
    }

    /// Waits for a place, then makes the attempt.
    pub(crate) async fn pass<T>(&self, attempt: impl Future<Output = T>) -> T {
        // The semaphore is never closed. If it were, an attempt without a limit would be better than none.
        let place = self.places.acquire().await.ok();
        let mut attempt = pin!(attempt);
        if let Ok(answer) = timeout(self.slow, attempt.as_mut()).await {
            return answer;
        }
        drop(place);
        attempt.await
    }

    /// Counts a call.
    pub(crate) fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of calls, without retries.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::sync::Arc;

    use futures::FutureExt;

    use super::*;

    #[test]
    fn no_more_attempts_than_allowed_are_in_flight() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let gate = Gate::new(2, Duration::from_hours(1));
        let mut hanging = [Box::pin(gate.pass(pending::<()>())), Box::pin(gate.pass(pending()))];
        assert!(hanging.iter_mut().all(|attempt| attempt.now_or_never().is_none()));
        assert_eq!(gate.pass(ready(3)).now_or_never(), None);
        drop(hanging);
        assert_eq!(gate.pass(ready(3)).now_or_never(), Some(3));
    }

    #[tokio::test]
    async fn attempts_that_hang_do_not_hold_up_others() {
        let gate = Arc::new(Gate::new(4, Duration::ZERO));
        for _ in 0..200 {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.pass(pending::<()>()).await });
        }
        tokio::task::yield_now().await;
        let answer = timeout(Duration::from_secs(30), gate.pass(ready(7))).await;
        assert_eq!(answer, Ok(7));
    }
}
