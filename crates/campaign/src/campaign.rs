//! Runs many seeds on several threads, and counts the results.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use serde::Serialize;

use crate::crash::{Crashes, crash};
use crate::garbage::{Garbled, garble};
use crate::scenario::Scenario;
use crate::seed::Case;
use crate::simulate::{CaseClass, CaseResult, simulate};

/// The results of a run over seeds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// The seeds that were run.
    pub seeds: u64,
    /// The number of cases by the class of their end in the weather of the case.
    pub ends: BTreeMap<CaseClass, u64>,
    /// The number of cases in which an apply was killed.
    pub kills: u64,
    /// The number of cases with weather.
    pub weather: u64,
    /// The number of calls to AWS.
    pub calls: usize,
    /// The number of calls that can change something.
    pub writes: usize,
    /// The time of the run, in seconds.
    pub seconds: f64,
    /// The seeds that broke a promise, in their order.
    pub broken: Vec<Broken>,
}

/// A seed that broke a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The seed.
    pub seed: u64,
    /// The broken promises, in words.
    pub promises: Vec<String>,
    /// The command that runs the seed again.
    pub replay: String,
}

/// The command that runs a seed again.
pub fn replay(seed: u64) -> String {
    format!("cargo run -p reconcile-campaign -- --seed {seed}")
}

/// Runs one seed on this thread.
pub fn run_seed(seed: u64) -> (Option<Case>, Result<CaseResult, String>) {
    let case = match Case::of(seed) {
        Ok(case) => case,
        Err(error) => return (None, Err(error)),
    };
    let verdict = on_this_thread(simulate(&case)).and_then(|it| it.map_err(|failure| failure.to_string()));
    (Some(case), verdict)
}

/// Runs seeds on `jobs` threads, and calls `progress` with the results so far.
pub fn run_seeds(seeds: std::ops::Range<u64>, jobs: usize, mut progress: impl FnMut(&Figures)) -> Figures {
    let start = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let (sender, verdicts) = mpsc::channel();
    let mut figures = Figures::default();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (next, end, sender) = (&next, seeds.end, sender.clone());
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || sender.send((seed, run_seed(seed))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (seed, (case, verdict)) in verdicts {
            figures.add(seed, case.as_ref(), verdict);
            figures.seconds = start.elapsed().as_secs_f64();
            progress(&figures);
        }
    });
    figures.broken.sort_by_key(|it| it.seed);
    figures
}

impl Figures {
    fn add(&mut self, seed: u64, case: Option<&Case>, verdict: Result<CaseResult, String>) {
        self.seeds += 1;
        self.weather += u64::from(case.is_some_and(|case| case.weather.is_some()));
        let promises = match verdict {
            Ok(verdict) => {
                *self.ends.entry(verdict.end).or_default() += 1;
                self.kills += u64::from(verdict.killed);
                self.calls += verdict.calls;
                self.writes += verdict.writes;
                verdict.broken
            }
            Err(error) => vec![error],
        };
        if !promises.is_empty() {
            self.broken.push(Broken { seed, promises, replay: replay(seed) });
        }
    }
}

/// Runs crash points of scenarios on `jobs` threads: each `every`-th case. Returns the results of
/// each scenario, in the order of the scenarios.
pub fn run_crash_points(
    scenarios: &[Scenario],
    every: usize,
    jobs: usize,
    progress: impl Fn(&Scenario, &Result<Crashes, String>) + Sync,
) -> Vec<Result<Crashes, String>> {
    let (next, results) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let number = usize::try_from(number).unwrap_or(usize::MAX);
                    let Some(scenario) = scenarios.get(number) else { break };
                    let crashes = on_this_thread(crash(scenario, every, number));
                    let crashes = crashes.and_then(|it| it.map_err(|failure| failure.to_string()));
                    progress(scenario, &crashes);
                    let mut results = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    results.insert(number, crashes);
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect()
}

/// Runs each `every`-th case of garbage on this thread.
///
/// # Errors
/// Fails if the apply does not succeed without garbage.
pub fn run_garbage(every: usize) -> Result<Garbled, String> {
    on_this_thread(garble(every)).and_then(|it| it.map_err(|failure| failure.to_string()))
}

/// Runs a future to its end. A panic becomes an error message.
fn on_this_thread<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    catch_unwind(AssertUnwindSafe(|| runtime.block_on(future))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        format!("panicked: {}", text.unwrap_or_default())
    })
}
