//! Verifications of log files, which run beside the checks of a spec.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::VerificationOutcome;
use reconcile_report::watch::VerificationRecord;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{Instrument, trace_span};

use crate::watch::{SpecChecker, Watch};

/// The longest time from a failed verification to the next attempt.
const AGAIN: Duration = Duration::from_hours(1);

/// The error of a verification that panicked.
const ENDED: &str =
    "the verification ended unexpectedly: this is an error of reconcile, please report it with the log";

/// The verifications of one spec, at most one at a time.
#[derive(Debug, Default)]
pub(crate) struct Verifications {
    running: Option<JoinHandle<()>>,
}

impl Verifications {
    /// Starts a verification if it is due, if no other verification is running, and if this process
    /// leads. A check does not wait for the verification.
    pub(crate) fn start_if_due<W: SpecChecker>(&mut self, watch: &Arc<Watch<W>>, spec: &str) {
        let Some(every) = watch.verifies else { return };
        let now = watch.clock.now();
        let is_running = self.running.as_ref().is_some_and(|running| !running.is_finished());
        let last = watch.board.last_verification(spec);
        if is_running || !is_due(last.as_ref(), every, now) || !watch.board.leads(spec) {
            return;
        }
        let (watch, spec) = (Arc::clone(watch), spec.to_owned());
        self.running = Some(tokio::spawn(async move { verify(&watch, &spec, now).await }));
    }

    /// Stops a running verification, which only reads.
    pub(crate) fn stop(&self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

/// Whether the next verification is due. It is due at once if there is no history, and earlier
/// after a failed verification.
fn is_due(last: Option<&VerificationRecord>, every: Duration, now: Timestamp) -> bool {
    last.is_none_or(|last| {
        let pause = if last.result.is_ok() { every } else { every.min(AGAIN) };
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        last.at.checked_add(pause).is_ok_and(|due| due <= now)
    })
}

async fn verify<W: SpecChecker>(watch: &Watch<W>, spec: &str, at: Timestamp) {
    let begun = Instant::now();
    let verification = watch.checker.verify(spec).instrument(trace_span!("verify", spec));
    // A panic also counts as a failure. Without a record, the next check would start another
    // verification.
    let verified = match AssertUnwindSafe(verification).catch_unwind().await {
        Ok(result) => result.map_err(|failure| failure.message()),
        Err(_) => Err(ENDED.to_owned()),
    };
    let (result, worst) =
        verified.map_or_else(|error| (Err(error), Vec::new()), |it| (Ok(it.brief), it.worst));
    match &result {
        Ok(brief) if brief.outcome() == VerificationOutcome::Verified => {
            tracing::info!(
                spec,
                digests = brief.digests.total,
                logs = brief.logs.total,
                "log files are verified"
            );
        }
        Ok(brief) => {
            tracing::error!(spec, wrong = brief.wrong, unknown = brief.unknown, "log files are not verified");
        }
        Err(error) => tracing::error!(spec, error, "verification failed"),
    }
    let record = VerificationRecord { at, seconds: begun.elapsed().as_secs_f64(), result };
    let news = watch.board.verified(spec, record, worst);
    watch.save(spec);
    let Some(news) = news else { return };
    for finding in &news.new {
        tracing::info!(spec, status = finding.status.as_str(), message = %finding, "finding");
    }
    watch.notifier.notify_of_evidence(spec, watch.board.installation(spec).as_deref(), at, &news);
}

#[cfg(test)]
mod tests {
    use reconcile_report::verify::Brief;

    use super::*;

    #[test]
    fn a_verification_is_due_after_the_interval_and_earlier_after_a_failure() {
        let day = Duration::from_hours(24);
        let record =
            |result| VerificationRecord { at: "2026-01-01T00:00:00Z".parse().unwrap(), seconds: 1.0, result };
        let (verified, failed) = (record(Ok(Brief::default())), record(Err("away".to_owned())));
        for (case, last, every, now, expected) in [
            ("the first one", None, day, "2026-01-01T00:00:00Z", true),
            ("within the day", Some(&verified), day, "2026-01-01T23:59:59Z", false),
            ("after a day", Some(&verified), day, "2026-01-02T00:00:00Z", true),
            ("soon after a failure", Some(&failed), day, "2026-01-01T00:59:59Z", false),
            ("an hour after a failure", Some(&failed), day, "2026-01-01T01:00:00Z", true),
            ("a shorter interval", Some(&failed), AGAIN / 2, "2026-01-01T00:30:00Z", true),
            ("never", Some(&verified), Duration::MAX, "2026-01-02T00:00:00Z", false),
        ] {
            assert_eq!(is_due(last, every, now.parse().unwrap()), expected, "{case}");
        }
    }
}
