//! A request to stop an apply. Running work can wait for the request.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

/// The urgency of a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    None,
    /// Changes in flight are finished, and no further change is started.
    Stop,
    /// Calls in flight are abandoned.
    Abort,
}

/// A request to stop. All clones are the same request.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<watch::Sender<Urgency>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Urgency::None)))
    }
}

impl Interrupt {
    /// Requests that the changes in flight are finished, and that no further change is started.
    pub fn stop(&self) {
        self.raise(Urgency::Stop);
    }

    /// Requests that the calls in flight are also abandoned.
    pub fn abort(&self) {
        self.raise(Urgency::Abort);
    }

    /// Whether a stop was requested.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() >= Urgency::Stop
    }

    /// Waits until a stop is requested.
    pub async fn stopped(&self) {
        self.reached(Urgency::Stop).await;
    }

    /// Waits until a request abandons the calls in flight.
    pub async fn aborted(&self) {
        self.reached(Urgency::Abort).await;
    }

    /// Sleeps until the time is over or a stop is requested. Returns whether the whole time is
    /// over.
    pub async fn sleep(&self, duration: Duration) -> bool {
        if self.is_stopped() {
            return false;
        }
        tokio::time::timeout(duration, self.stopped()).await.is_err()
    }

    fn raise(&self, urgency: Urgency) {
        self.0.send_if_modified(|current| {
            let is_higher = *current < urgency;
            *current = urgency.max(*current);
            is_higher
        });
    }

    async fn reached(&self, urgency: Urgency) {
        // The sender lives as long as `self`, so the wait ends only when the value arrives.
        let _ = self.0.subscribe().wait_for(|current| *current >= urgency).await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn a_request_is_never_taken_back() {
        let interrupt = Interrupt::default();
        let state = |interrupt: &Interrupt| {
            (
                interrupt.is_stopped(),
                interrupt.stopped().now_or_never().is_some(),
                interrupt.aborted().now_or_never().is_some(),
            )
        };
        assert_eq!(state(&interrupt), (false, false, false));
        interrupt.clone().stop();
        assert_eq!(state(&interrupt), (true, true, false));
        interrupt.abort();
        interrupt.stop();
        assert_eq!(state(&interrupt), (true, true, true));
    }

    #[tokio::test]
    async fn sleep_ends_with_the_request() {
        let interrupt = Interrupt::default();
        assert!(interrupt.sleep(Duration::ZERO).await);
        let (is_over, ()) =
            tokio::join!(interrupt.sleep(Duration::from_hours(1)), async { interrupt.stop() });
        assert!(!is_over);
        assert!(!interrupt.sleep(Duration::ZERO).await);
    }
}
