//! The loop of checks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use reconcile_apply::Interrupt;
use reconcile_aws::Counts;
use reconcile_plan::{DriftReport, Finding};
use reconcile_report::drift::SpecDrift;
use reconcile_report::error::{CommandError, Details, ErrorCode};
use reconcile_report::verify::Verified;
use reconcile_text::Hint;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, trace_span};

use crate::board::{Board, Done, Lead};
use crate::change::FindingChange;
use crate::notify::Notifier;
use crate::schedule::Schedule;
use crate::store::{StateStore, StateStoreError};
use crate::verify::Verifications;

/// The result of one check.
#[derive(Debug)]
pub struct Check {
    /// The findings, or the error.
    pub result: Result<DriftReport, CommandError>,
    /// The calls of the check, by service.
    pub calls: BTreeMap<&'static str, Counts>,
    /// The number of changes that `--apply safe` can make.
    pub repairable: usize,
}

/// The result of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// This number of changes was made.
    Applied(usize),
    /// This number of changes failed or was skipped.
    Failed(usize),
    /// Another apply holds the lock, or the changes are no longer needed.
    Nothing,
}

/// Checks, repairs and verifies specs, against AWS or the sandbox. The calls for one spec never
/// overlap, except that a verification runs beside the other calls.
pub trait SpecChecker: Send + Sync + 'static {
    /// Checks a spec.
    fn check(&self, spec: &str) -> impl Future<Output = Check> + Send;

    /// Makes the safe changes of a spec.
    fn repair(&self, spec: &str) -> impl Future<Output = Result<Repair, CommandError>> + Send;

    /// Verifies the log files of the last day.
    fn verify(&self, spec: &str) -> impl Future<Output = Result<Verified, CommandError>> + Send;

    /// Agrees with other replicas on the process that checks a spec.
    fn lead(&self, spec: &str) -> impl Future<Output = Result<Lead, CommandError>> + Send;

    /// Lets another replica check the spec.
    fn resign(&self, spec: &str) -> impl Future<Output = ()> + Send;
}

/// The error of a check whose task ended early.
#[derive(Debug, thiserror::Error)]
#[error("the check ended unexpectedly")]
struct Ended(#[source] tokio::task::JoinError);

impl Hint for Ended {
    fn own_hint(&self) -> Option<String> {
        Some("this is an error of reconcile; please report it with the log".to_owned())
    }
}

/// Checks specs on a schedule.
pub struct Watch<W> {
    /// The checker of specs.
    pub checker: Arc<W>,
    /// The times of checks.
    pub schedule: Schedule,
    /// Whether safe changes are made.
    pub repairs: bool,
    /// The time from a verification of the log files to the next one; `None` for no verifications.
    pub verifies: Option<Duration>,
    /// The memory across restarts.
    pub store: Option<StateStore>,
    /// The state of the specs.
    pub board: Arc<Board>,
    /// The receivers of notifications.
    pub notifier: Notifier,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The clock of a watch.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Waits for a duration.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl<W> std::fmt::Debug for Watch<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

impl<W: SpecChecker> Watch<W> {
    /// Checks the specs until a stop is requested. `again` requests an immediate check of every
    /// spec.
    ///
    /// A failed check is recorded and reported, but does not end the loop. A stop request does not
    /// interrupt a running repair.
    ///
    /// # Errors
    /// [`StateStoreError`] if the state of a spec cannot be read at the start.
    pub async fn run(
        self,
        specs: &[String],
        stop: &Interrupt,
        again: &Arc<Notify>,
    ) -> Result<(), StateStoreError> {
        for spec in specs {
            let memory = self.store.as_ref().map(|store| store.read(spec)).transpose()?.unwrap_or_default();
            self.board.add(spec, memory);
        }
        let watch = Arc::new(self);
        let mut loops = JoinSet::new();
        for spec in specs {
            let (watch, spec, stop, again) =
                (Arc::clone(&watch), spec.clone(), stop.clone(), Arc::clone(again));
            loops.spawn(async move { watch.run_spec(&spec, &stop, &again).await });
        }
        while loops.join_next().await.is_some() {}
        watch.notifier.finish().await;
        Ok(())
    }

    /// Checks one spec on its schedule until a stop is requested.
    async fn run_spec(self: &Arc<Self>, spec: &str, stop: &Interrupt, again: &Notify) {
        if !stop.sleep(self.schedule.delay(fastrand::f64())).await {
            return;
        }
        let mut verifications = Verifications::default();
        while !stop.is_stopped() {
            let begun = Instant::now();
            self.check_and_repair(spec, stop).await;
            if !stop.is_stopped() {
                verifications.start_if_due(self, spec);
            }
            let pause = self.schedule.pause(begun.elapsed(), fastrand::f64());
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = again.notified() => {}
                () = stop.stopped() => {}
            }
        }
        verifications.stop();
        self.checker.resign(spec).await;
    }

    /// Makes one check, if this process leads, and makes the safe changes.
    async fn check_and_repair(self: &Arc<Self>, spec: &str, stop: &Interrupt) {
        let lead = self.checker.lead(spec).await;
        self.board.lead(spec, lead.as_ref().ok().cloned());
        match lead {
            Ok(Lead::This) => {}
            Ok(Lead::Other(_)) => return,
            Err(failure) => return self.record(spec, Err(failure), Instant::now()),
        }
        let Some(repairable) = self.check(spec, stop).await else { return };
        if !self.repairs || repairable == 0 || stop.is_stopped() {
            return;
        }
        match self.checker.repair(spec).instrument(trace_span!("repair", spec)).await {
            Ok(Repair::Applied(changes)) => {
                self.board.repaired(spec, Some(changes));
                // A check immediately after the repair reports its result.
                self.check(spec, stop).await;
            }
            Ok(Repair::Failed(changes)) => {
                tracing::error!(spec, changes, "repair failed; the journal has the errors");
                self.board.repaired(spec, None);
            }
            Ok(Repair::Nothing) => {}
            Err(failure) => {
                tracing::error!(spec, error = failure.message(), "repair failed");
                self.board.repaired(spec, None);
            }
        }
    }

    /// Checks a spec and records the result. Returns the number of changes that a repair can make;
    /// `None` after a stop request.
    async fn check(self: &Arc<Self>, spec: &str, stop: &Interrupt) -> Option<usize> {
        let begun = Instant::now();
        let task = {
            let (watch, spec) = (Arc::clone(self), spec.to_owned());
            // The check runs in a separate task, so that a panic does not end the loop.
            let span = trace_span!("check", spec);
            tokio::spawn(async move { watch.checker.check(&spec).await }.instrument(span))
        };
        let abort = task.abort_handle();
        let check = tokio::select! {
            check = task => check,
            // A check only reads, so it can be abandoned.
            () = stop.stopped() => {
                abort.abort();
                return None;
            }
        };
        let check = check.unwrap_or_else(|error| Check {
            result: Err(CommandError::new(ErrorCode::Internal, &Ended(error), Details::None)),
            calls: BTreeMap::new(),
            repairable: 0,
        });
        self.board.count(&check.calls);
        self.record(spec, check.result, begun);
        Some(check.repairable)
    }

    fn record(&self, spec: &str, result: Result<DriftReport, CommandError>, begun: Instant) {
        if let Err(failure) = &result {
            tracing::error!(spec, error = failure.message(), "check failed");
        }
        let installation = result.as_ref().ok().map(|checked| checked.installation.clone());
        let checked_at = self.clock.now();
        let drift = SpecDrift { spec: spec.to_owned(), checked_at, result };
        let news = self.board.record(spec, Done { drift, taken: begun.elapsed() });
        self.save(spec);
        for FindingChange { transition, finding } in &news.changes {
            let (transition, severity) = (transition.as_str(), finding.severity.as_str());
            let Finding { address, message, .. } = finding;
            tracing::info!(spec, transition, severity, address, message, "finding");
        }
        if news.is_recovered {
            tracing::info!(spec, "can be checked again");
        }
        if !news.is_empty() {
            self.notifier.notify(spec, installation.as_deref(), checked_at, &news);
        }
    }

    /// Saves the memory of a spec.
    pub(crate) fn save(&self, spec: &str) {
        if let Some(store) = &self.store
            && let Err(error) = store.write(spec, || self.board.memory(spec))
        {
            tracing::error!(spec, error = reconcile_text::message(&error), "the history is not saved");
        }
    }
}
