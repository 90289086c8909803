//! Limits how many calls are in flight, and counts them.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reconcile_operations::Operation;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The numbers of calls to a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The calls, without retries.
    pub calls: u64,
    /// The attempts after the first one of each call.
    pub retries: u64,
    /// The attempts that AWS throttled.
    pub throttles: u64,
}

/// A gate that every attempt of a call passes.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    counts: Mutex<BTreeMap<&'static str, Counts>>,
    slow: Duration,
}

impl Gate {
    /// Creates a gate for `limit` attempts at once. An attempt that has had no answer for the time
    /// `slow` no longer counts.
    pub(crate) fn new(limit: usize, slow: Duration) -> Self {
        Self { places: Semaphore::new(limit.min(Semaphore::MAX_PERMITS)), counts: Mutex::default(), slow }
    }

    /// Waits for a place, then makes the attempt.
    pub(crate) async fn pass<T>(&self, attempt: impl Future<Output = T>) -> T {
        // The semaphore is never closed. If it were closed, an attempt without a limit would be
        // better than no attempt.
        let place = self.places.acquire().await.ok();
        let mut attempt = pin!(attempt);
        if let Ok(answer) = timeout(self.slow, attempt.as_mut()).await {
            return answer;
        }
        drop(place);
        attempt.await
    }

    /// Counts an attempt of a call, by its number.
    pub(crate) fn count(&self, operation: Operation, attempt: u32) {
        self.update(operation, |counts| match attempt {
            1 => counts.calls += 1,
            _ => counts.retries += 1,
        });
    }

    /// Counts an attempt that AWS throttled.
    pub(crate) fn throttled(&self, operation: Operation) {
        self.update(operation, |counts| counts.throttles += 1);
    }

    /// Returns the numbers so far, by the IAM prefix of the service.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, operation: Operation, change: impl FnOnce(&mut Counts)) {
        let service = operation.action().split(':').next().unwrap_or_default();
        change(self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(service).or_default());
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

    #[test]
    fn attempts_are_counted_by_service() {
        let gate = Gate::new(1, Duration::ZERO);
        for (operation, attempt) in [
            (Operation::ListKeys, 1),
            (Operation::CreateKey, 1),
            (Operation::CreateKey, 2),
            (Operation::GetRole, 1),
        ] {
            gate.count(operation, attempt);
        }
        gate.throttled(Operation::CreateKey);
        let expected = [
            ("iam", Counts { calls: 1, ..Counts::default() }),
            ("kms", Counts { calls: 2, retries: 1, throttles: 1 }),
        ];
        assert_eq!(gate.counts(), expected.into());
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
