//! Runs the case of a seed, and checks its end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reconcile_twin::{Clock, Twin, Weather, WeatherKind};
use serde::Serialize;

use crate::crash::Remains;
use crate::normal::{first_difference, normal};
use crate::promises::Watcher;
use crate::scenario::add_members;
use crate::seed::{Case, MEMBERS};
use crate::test_bed::{End, LEFT, RunError, Task, TestBed, journals, reasons};

/// The number of applies of a user in bad weather before the user waits for better weather.
const ATTEMPTS: usize = 3;

/// The result of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// The seed.
    pub seed: u64,
    /// The end of the case in its weather.
    pub end: CaseClass,
    /// The messages of the last attempt, if an apply stopped.
    pub stopped: Vec<String>,
    /// The number of applies in the weather of the case.
    pub attempts: usize,
    /// Whether an apply was killed.
    pub killed: bool,
    /// The number of calls to AWS.
    pub calls: usize,
    /// The number of calls that can change something.
    pub writes: usize,
    /// The promises that were broken, in words.
    pub broken: Vec<String>,
}

/// The class of the end of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseClass {
    /// A new plan was empty.
    Converged,
    /// Live state could not be read.
    NoPlan,
    /// Some accounts could not be read.
    Unreadable,
    /// A change failed.
    Failed,
    /// The plan refuses something, even in calm weather: the user must repair the state of other
    /// teams first.
    Refused,
}

/// Runs the case of a seed.
///
/// # Errors
/// [`RunError`] if the live state of the case cannot be set up.
pub async fn simulate(case: &Case) -> Result<CaseResult, RunError> {
    let bed = prepare(case).await?;
    let reference = TestBed::new(bed.twin.fork())?;
    let expected = reference.run(&case.task).await;
    let expected_state = normal(&reference.twin.summary());

    let mut verdict = CaseResult {
        seed: case.seed,
        end: CaseClass::Converged,
        stopped: Vec::new(),
        attempts: 0,
        killed: false,
        calls: 0,
        writes: 0,
        broken: Vec::new(),
    };
    let watcher = Watcher::start(&bed.twin, case.task.destroy);
    let killed = match case.kill {
        Some(call) => kill(&bed, &watcher, &case.task, call, case.weather).await?,
        None => None,
    };
    let (bed, watcher) = match killed {
        Some(killed) => {
            (verdict.killed, verdict.calls, verdict.writes) =
                (true, killed.calls, case.kill.unwrap_or_default());
            (killed.bed, killed.watcher)
        }
        None => (bed, watcher),
    };
    watcher.watch(&bed.twin, |_| {});
    set_weather(&bed.twin, case.weather);
    while verdict.attempts < ATTEMPTS {
        verdict.attempts += 1;
        let end = bed.run(&case.task).await;
        (verdict.end, verdict.stopped) = classified(end);
        verdict.broken.extend(dishonest(case, &verdict.stopped));
        if matches!(verdict.end, CaseClass::Converged | CaseClass::Refused) {
            break;
        }
    }
    // From the state that the weather left, an apply in calm weather must reach the same state as
    // an apply in calm weather from the start.
    set_weather(&bed.twin, None);
    let calm = match verdict.end {
        // In most cases, no change is left, which a single plan shows.
        CaseClass::Converged if matches!(bed.rest(&case.task).await, Ok(End::Converged)) => {
            Ok(End::Converged)
        }
        _ => bed.run(&case.task).await,
    };
    bed.twin.observe(|_| {});
    verdict.count(&bed.twin);
    verdict.broken.extend(watcher.broken(&bed.twin));
    match (calm, expected) {
        // Additions of other teams during the weather are not in the state that calm weather leads
        // to.
        (Ok(End::Converged), Ok(End::Converged)) if watcher.saw_writes(&bed.twin) => {}
        (Ok(End::Converged), Ok(End::Converged)) => {
            let difference = first_difference(&normal(&bed.twin.summary()), &expected_state);
            verdict.broken.extend(difference.map(|it| format!("another state than in calm weather at {it}")));
        }
        (Ok(End::Stopped(reasons)), Ok(End::Converged)) => {
            verdict.broken.push(format!("calm weather does not converge: {}", reasons.join("\n  ")));
        }
        (Err(failure), Ok(_)) => verdict.broken.push(format!("calm weather does not converge: {failure}")),
        (_, Ok(End::Stopped(_)) | Err(_)) => verdict.end = CaseClass::Refused,
    }
    verdict.broken.dedup();
    Ok(verdict)
}

impl CaseClass {
    /// A description of the class.
    pub fn words(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::NoPlan => "stopped without a plan",
            Self::Unreadable => "stopped with unreadable accounts",
            Self::Failed => "stopped with failed changes",
            Self::Refused => "refused, in calm weather as well",
        }
    }
}

impl CaseResult {
    fn count(&mut self, twin: &Twin) {
        let calls = twin.calls();
        self.calls += calls.len();
        self.writes += calls.iter().filter(|call| call.mutating).count();
    }
}

/// Creates the live state of a case, without injected failures.
async fn prepare(case: &Case) -> Result<TestBed, RunError> {
    let bed = TestBed::new(Twin::in_memory())?;
    bed.provision(&case.task)?;
    add_members(&bed, &MEMBERS);
    let bed = match &case.earlier {
        None => bed,
        Some(earlier) => {
            let task = Task::apply(&earlier.spec);
            let killed = match earlier.kill {
                Some(call) => kill(&bed, &Watcher::start(&bed.twin, false), &task, call, None).await?,
                None => None,
            };
            match killed {
                Some(killed) => killed.bed,
                None => {
                    let (spec, plan) = bed.plan(&task).await?;
                    let outcome = bed.apply(&spec, &plan).await?;
                    if !outcome.is_complete() {
                        return Err(RunError::Unfinished(reasons(&plan, Some(&outcome)).join("\n")));
                    }
                    bed
                }
            }
        }
    };
    for edit in &case.edits {
        edit.make(&bed.twin);
    }
    Ok(bed)
}

/// The state that a killed apply leaves.
struct Killed {
    bed: TestBed,
    watcher: Watcher,
    /// The number of calls until the kill.
    calls: usize,
}

/// Applies until the `call`-th call that can change something, and kills the apply then. Returns
/// `None` without a change if the apply makes fewer such calls.
async fn kill(
    bed: &TestBed,
    watcher: &Watcher,
    task: &Task,
    call: usize,
    weather: Option<u64>,
) -> Result<Option<Killed>, RunError> {
    let ahead = TestBed::with_journals(bed.twin.fork(), &journals(bed.folder())?)?;
    set_weather(&ahead.twin, weather);
    let found = Arc::new(Mutex::new(None));
    let (slot, twin, folder) = (Arc::clone(&found), ahead.twin.clone(), ahead.folder().to_owned());
    let (seen, left) = (watcher.fork(), AtomicUsize::new(call));
    let original = seen.clone();
    seen.watch(&ahead.twin, move |_| {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let copy = (Remains::of(&twin, &folder, &original), twin.calls().len() + 1);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy);
        }
    });
    // The result of the apply after the kill is ignored.
    drop(ahead.run(task).await);
    ahead.twin.observe(|_| {});
    let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((Remains { twin, journals, watcher }, calls)) = found else { return Ok(None) };
    Ok(Some(Killed { bed: TestBed::with_journals(twin, &journals)?, watcher, calls }))
}

fn set_weather(twin: &Twin, seed: Option<u64>) {
    twin.set_weather(seed.map_or_else(Weather::calm, Weather::from_seed), Clock::Calls);
}

/// Classifies the end of a task. Returns the class and the messages for the user.
fn classified(end: Result<End, RunError>) -> (CaseClass, Vec<String>) {
    match end {
        Ok(End::Converged) => (CaseClass::Converged, Vec::new()),
        Ok(End::Stopped(reasons)) => {
            let all = |word: &str| reasons.iter().all(|it| it.starts_with(word));
            let class = if all("refused: ") {
                CaseClass::Refused
            } else if all("unreadable: ") {
                CaseClass::Unreadable
            } else {
                CaseClass::Failed
            };
            (class, reasons)
        }
        Err(failure) => (CaseClass::NoPlan, vec![failure.to_string()]),
    }
}

/// Returns the messages of an error that cannot be true.
fn dishonest<'r>(case: &Case, reasons: &'r [String]) -> impl Iterator<Item = String> + use<'r> {
    let has_writers =
        case.weather().is_some_and(|weather| !weather.share(WeatherKind::ForeignWriters).is_none());
    let words = [("another writer", !has_writers), ("interrupted", true), ("somebody changed", !has_writers)];
    // Changes that are left after an apply are not errors.
    let errors = reasons.iter().filter(|reason| !reason.starts_with(LEFT));
    errors.flat_map(move |reason| {
        let told = words.into_iter().filter(|(word, is_false)| *is_false && reason.contains(word));
        told.map(move |(word, _)| format!("an error says \"{word}\", which is not true: {reason}"))
    })
}
