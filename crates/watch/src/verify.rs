//! Verifications of log files beside the checks of a spec.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{Instrument, trace_span};

use crate::watch::{Watch, World};

/// The verifications of one spec: at most one at a time.
#[derive(Debug, Default)]
pub(crate) struct Verifications {
    /// The time of the next one; `None` before the first one.
    due: Option<Timestamp>,
    running: Option<JoinHandle<()>>,
}

impl Verifications {
    /// Starts a verification if one is due, none is running, and this process leads. A check does not wait for it.
    pub(crate) fn start_if_due<W: World>(&mut self, watch: &Arc<Watch<W>>, spec: &str) {
        let Some(every) = watch.verifies else { return };
        let now = watch.clock.now();
        let is_running = self.running.as_ref().is_some_and(|running| !running.is_finished());
        if is_running || !is_due(self.due, now) || !watch.board.leads(spec) {
            return;
        }
        self.due = Some(after(now, every));
        let (watch, spec) = (Arc::clone(watch), spec.to_owned());
        self.running = Some(tokio::spawn(async move { verify(&watch, &spec).await }));
    }

    /// Ends a verification that is running. It only reads.
    pub(crate) fn stop(&self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

fn is_due(due: Option<Timestamp>, now: Timestamp) -> bool {
    due.is_none_or(|due| due <= now)
}

fn after(now: Timestamp, every: Duration) -> Timestamp {
    let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
    now.checked_add(every).unwrap_or(Timestamp::MAX)
}

async fn verify<W: World>(watch: &Watch<W>, spec: &str) {
    let begun = Instant::now();
    let result = watch.world.verify(spec).instrument(trace_span!("verify", spec)).await;
    match &result {
        Ok(brief) if brief.status() == "verified" => {
            tracing::info!(spec, digests = brief.digests, logs = brief.logs, "log files are verified");
        }
        Ok(brief) => {
            tracing::error!(spec, wrong = brief.wrong, unknown = brief.unknown, "log files are not verified");
        }
        Err(failure) => tracing::error!(spec, error = failure.message(), "verification failed"),
    }
    watch.board.verified(spec, watch.clock.now(), begun.elapsed(), result.ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_verification_is_due_at_once_and_the_next_one_after_the_interval() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert!(is_due(None, now));
        let due = after(now, Duration::from_hours(24));
        assert_eq!(due, "2026-01-02T00:00:00Z".parse().unwrap());
        assert!(!is_due(Some(due), now) && is_due(Some(due), due));
        assert_eq!(after(now, Duration::MAX), Timestamp::MAX);
    }
}
