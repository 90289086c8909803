//! The state of all specs, for the loop, the metrics and the status page.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reconcile_aws::Counts;
use reconcile_report::drift::{DriftStatus, SpecDrift};
use reconcile_report::verify::NamedFinding;
use reconcile_report::watch::{CheckRecord, VerificationRecord, Watched};
use tokio::time::Instant;

use crate::change::{FindingChange, FindingTransition, advance};
use crate::evidence::EvidenceNews;
use crate::store::Memory;

/// The maximum number of remembered checks of a spec: a week of checks every five minutes.
const REMEMBERED: usize = 2016;

/// The process that checks a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lead {
    /// This process.
    This,
    /// Another replica.
    Other(String),
}

/// The state of all specs in this process.
#[derive(Debug, Default)]
pub struct Board(Mutex<State>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) specs: BTreeMap<String, SpecState>,
    /// The calls of all checks, by service.
    pub(crate) calls: BTreeMap<&'static str, Counts>,
    /// The messages by receiver, and whether they were delivered.
    pub(crate) messages: BTreeMap<(String, &'static str), u64>,
}

/// The state of a spec.
#[derive(Debug)]
pub(crate) struct SpecState {
    pub(crate) drift: Option<SpecDrift>,
    pub(crate) memory: Memory,
    /// The process that checks the spec; `None` until this is known, and after an attempt to find
    /// out failed.
    pub(crate) lead: Option<Lead>,
    pub(crate) last_success: Option<Timestamp>,
    pub(crate) last_seconds: f64,
    /// The number of checks by status.
    pub(crate) checks: BTreeMap<&'static str, u64>,
    pub(crate) repairs: BTreeMap<&'static str, u64>,
    /// The number of verifications by status.
    pub(crate) verifications: BTreeMap<&'static str, u64>,
    /// The last sign of life of the loop.
    pub(crate) alive: Instant,
}

impl SpecState {
    /// Whether this process is known to check the spec.
    pub(crate) fn is_led_here(&self) -> bool {
        self.lead == Some(Lead::This)
    }

    /// The replica that checks the spec instead of this process.
    fn standby(&self) -> Option<&str> {
        match &self.lead {
            Some(Lead::Other(leader)) => Some(leader),
            Some(Lead::This) | None => None,
        }
    }
}

impl State {
    /// The specs in the form of the status page.
    pub(crate) fn watched(&self) -> Vec<Watched<'_>> {
        let watched = self.specs.iter().map(|(name, spec)| Watched {
            spec: name,
            standby: spec.standby(),
            drift: spec.drift.as_ref(),
            last_success: spec.last_success,
            history: &spec.memory.history,
            verifications: &spec.memory.evidence.history,
            unverified: &spec.memory.evidence.findings,
        });
        watched.collect()
    }
}

/// A completed check to be recorded.
pub(crate) struct Done {
    pub(crate) drift: SpecDrift,
    pub(crate) taken: Duration,
}

/// The news of a check, for receivers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct News {
    pub(crate) changes: Vec<FindingChange>,
    /// The reason why the spec can no longer be checked.
    pub(crate) failed: Option<String>,
    /// The spec can be checked again.
    pub(crate) is_recovered: bool,
}

impl News {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.failed.is_none() && !self.is_recovered
    }
}

impl Board {
    /// Reads the current values.
    pub(crate) fn read<T>(&self, at: impl FnOnce(&State) -> T) -> T {
        at(&self.lock())
    }

    /// Adds a spec with its memory.
    pub(crate) fn add(&self, spec: &str, memory: Memory) {
        let last = |record: &&CheckRecord| record.status != DriftStatus::Error;
        let last_success = memory.history.iter().rfind(last).map(|record| record.at);
        let spec_state = SpecState {
            drift: None,
            memory,
            lead: None,
            last_success,
            last_seconds: 0.0,
            checks: BTreeMap::new(),
            repairs: BTreeMap::new(),
            verifications: BTreeMap::new(),
            alive: Instant::now(),
        };
        self.lock().specs.insert(spec.to_owned(), spec_state);
    }

    /// Records which process checks a spec; `None` if this is not known.
    pub(crate) fn lead(&self, spec: &str, lead: Option<Lead>) {
        self.update(spec, |state| {
            state.alive = Instant::now();
            state.lead = lead;
        });
    }

    /// Records a check. Returns the news for receivers.
    pub(crate) fn record(&self, spec: &str, done: Done) -> News {
        let Done { drift, taken } = done;
        self.update(spec, |state| {
            let news = take_news(&mut state.memory, &drift);
            let of = |wanted: &[FindingTransition]| {
                news.changes.iter().filter(|it| wanted.contains(&it.transition)).count()
            };
            let status = drift.status();
            state.memory.history.push(CheckRecord {
                at: drift.checked_at,
                seconds: taken.as_secs_f64(),
                status,
                findings: drift.findings().iter().filter(|finding| finding.is_open()).count(),
                new: of(&[FindingTransition::New, FindingTransition::Worse]),
                resolved: of(&[FindingTransition::Resolved]),
                repaired: 0,
            });
            let excess = state.memory.history.len().saturating_sub(REMEMBERED);
            state.memory.history.drain(..excess);
            if status != DriftStatus::Error {
                state.last_success = Some(drift.checked_at);
            }
            *state.checks.entry(status.as_str()).or_default() += 1;
            state.last_seconds = taken.as_secs_f64();
            state.alive = Instant::now();
            state.drift = Some(drift);
            news
        })
        .unwrap_or_default()
    }

    /// The memory of a spec, for saving.
    pub(crate) fn memory(&self, spec: &str) -> Memory {
        self.read(|state| state.specs.get(spec).map(|spec| spec.memory.clone())).unwrap_or_default()
    }

    /// The name of the installation of a spec, from the last check.
    pub(crate) fn installation(&self, spec: &str) -> Option<String> {
        let drift = |spec: &SpecState| Some(spec.drift.as_ref()?.result.as_ref().ok()?.installation.clone());
        self.read(|state| state.specs.get(spec).and_then(drift))
    }

    /// Records the number of changes of a repair after the last check; `None` if the repair failed.
    pub(crate) fn repaired(&self, spec: &str, changes: Option<usize>) {
        self.update(spec, |state| {
            let result = if changes.is_some() { "applied" } else { "failed" };
            *state.repairs.entry(result).or_default() += 1;
            if let (Some(record), Some(changes)) = (state.memory.history.last_mut(), changes) {
                record.repaired = changes;
            }
            state.alive = Instant::now();
        });
    }

    /// Records a verification with its findings. Returns the news for receivers.
    pub(crate) fn verified(
        &self,
        spec: &str,
        record: VerificationRecord,
        worst: Vec<NamedFinding>,
    ) -> Option<EvidenceNews> {
        self.update(spec, |state| {
            *state.verifications.entry(record.status()).or_default() += 1;
            state.memory.evidence.add(record, worst)
        })
        .flatten()
    }

    /// The last verification of a spec.
    pub(crate) fn last_verification(&self, spec: &str) -> Option<VerificationRecord> {
        self.read(|state| state.specs.get(spec)?.memory.evidence.history.last().cloned())
    }

    /// Whether this process is known to check a spec.
    pub(crate) fn leads(&self, spec: &str) -> bool {
        self.read(|state| state.specs.get(spec).is_some_and(SpecState::is_led_here))
    }

    /// Adds the calls of a check.
    pub(crate) fn count(&self, calls: &BTreeMap<&'static str, Counts>) {
        let mut state = self.lock();
        for (service, counts) in calls {
            let sum = state.calls.entry(service).or_default();
            sum.calls += counts.calls;
            sum.retries += counts.retries;
            sum.throttles += counts.throttles;
        }
    }

    /// Counts a message to a receiver.
    pub(crate) fn message(&self, receiver: &str, result: &'static str) {
        *self.lock().messages.entry((receiver.to_owned(), result)).or_default() += 1;
    }

    /// Whether every spec was checked, or is checked by another replica.
    pub(crate) fn is_ready(&self) -> bool {
        let state = self.lock();
        // Before the first spec is added, the process is not ready.
        !state.specs.is_empty()
            && state.specs.values().all(|spec| spec.drift.is_some() || spec.standby().is_some())
    }

    /// Whether the loop of every spec gave a sign of life within a time.
    pub(crate) fn is_alive(&self, within: Duration) -> bool {
        self.lock().specs.values().all(|spec| spec.alive.elapsed() <= within)
    }

    fn update<T>(&self, spec: &str, change: impl FnOnce(&mut SpecState) -> T) -> Option<T> {
        self.lock().specs.get_mut(spec).map(change)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the news of a check for receivers, and remembers that the receivers know the news.
fn take_news(memory: &mut Memory, drift: &SpecDrift) -> News {
    match &drift.result {
        Ok(checked) => News {
            changes: advance(&mut memory.known, checked),
            failed: None,
            is_recovered: std::mem::take(&mut memory.is_failing),
        },
        Err(_) if memory.is_failing => News::default(),
        Err(failure) => {
            memory.is_failing = true;
            News { failed: Some(failure.message()), ..News::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use reconcile_report::error::{CommandError, Details, ErrorCode};
    use reconcile_text::Hint;

    use super::*;
    use crate::change::tests::checked;
    use crate::evidence::tests::verification;

    const SPEC: &str = "specs/prod.yaml";

    #[derive(Debug, thiserror::Error)]
    #[error("AWS does not answer")]
    struct Away;

    impl Hint for Away {
        fn own_hint(&self) -> Option<String> {
            None
        }
    }

    #[test]
    fn nobody_leads_before_that_is_known() {
        let board = Board::default();
        board.add(SPEC, Memory::default());
        let metric = || {
            board.read(crate::metrics::text).unwrap().contains("reconcile_leader{spec=\"specs/prod.yaml\"} 1")
        };
        for (lead, expected) in [
            (None, false),
            (Some(Lead::This), true),
            (Some(Lead::Other("host-2".to_owned())), false),
            (Some(Lead::This), true),
            // The lock could not be read.
            (None, false),
        ] {
            board.lead(SPEC, lead.clone());
            assert_eq!((board.leads(SPEC), metric()), (expected, expected), "{lead:?}");
        }
    }

    /// The number of bytes of everything that the board keeps, as text.
    fn kept(board: &Board) -> usize {
        board.read(|state| {
            let spec = &state.specs[SPEC];
            let memory = serde_json::to_string(&spec.memory).unwrap();
            format!("{memory}{:?}{:?}{:?}{:?}", spec.drift, spec.checks, state.calls, state.messages).len()
        })
    }

    /// Five weeks of checks every five minutes: findings appear, get worse and disappear, AWS is
    /// unavailable for an hour each day, repairs are made, and log files are verified.
    #[test]
    fn what_a_long_watch_keeps_is_flat() {
        const DAY: usize = 24 * 12;

        let board = Board::default();
        board.add(SPEC, Memory::default());
        let mut sizes = Vec::new();
        for check in 0..5 * 7 * DAY {
            let findings = match check % 12 {
                0..4 => String::new(),
                // Each hour has its own finding.
                4..8 => format!("a{:07}:high b:low", check / 12),
                _ => format!("a{:07}:critical", check / 12),
            };
            let result = match check % DAY {
                0..12 => Err(CommandError::new(ErrorCode::Read, &Away, Details::None)),
                _ => Ok(checked(&findings)),
            };
            let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
            let checked_at = start + jiff::SignedDuration::from_mins(5 * i64::try_from(check).unwrap());
            let drift = SpecDrift { spec: SPEC.to_owned(), checked_at, result };
            board.record(SPEC, Done { drift, taken: Duration::from_millis(1500) });
            board.repaired(SPEC, Some(1));
            board.count(&[("kms", Counts { calls: 7, retries: 2, throttles: 1 })].into());
            board.message("https://hooks.example.org", "delivered");
            let (record, worst) = verification(if check % 12 < 4 { "" } else { "a b" });
            board.verified(SPEC, record, worst);
            // The check is at the same hour of each day.
            if check % DAY == 100 {
                sizes.push(kept(&board));
            }
        }
        // The history is full after a week.
        let (week, end) = (sizes[8], sizes[34]);
        assert!(end.abs_diff(week) * 20 <= week, "{sizes:?}");
        assert_eq!(board.memory(SPEC).history.len(), REMEMBERED);
    }
}
