//! Runs the case of a seed, and judges how it ended.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use reconcile_twin::{Clock, Kind, Twin, Weather};
use serde::Serialize;

use crate::crash::Remains;
use crate::normal::{first_difference, normal};
use crate::promises::Watcher;
use crate::scenario::add_members;
use crate::seed::{Case, MEMBERS};
use crate::world::{End, Failure, LEFT, Task, World, journals, reasons};

/// How often a user applies in bad weather before waiting for better weather.
const ATTEMPTS: usize = 3;

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The seed.
    pub seed: u64,
    /// The end of the case in its weather.
    pub end: Class,
    /// What a user read when an apply stopped, of the last attempt.
    pub stopped: Vec<String>,
    /// The applies in the weather of the case.
    pub attempts: usize,
    /// Whether an apply was killed.
    pub killed: bool,
    /// The calls to AWS.
    pub calls: usize,
    /// The calls that can change something.
    pub writes: usize,
    /// The promises that were broken, in words.
    pub broken: Vec<String>,
}

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A new plan was empty.
    Converged,
    /// Live state could not be read.
    NoPlan,
    /// Some accounts could not be read.
    Unreadable,
    /// A change failed.
    Failed,
    /// The plan refuses something, in calm weather as well: the state that others made has to be repaired first.
    Refused,
}

/// Runs the case of a seed.
///
/// # Errors
/// [`Failure`] if the live state of the case cannot be set up.
pub async fn simulate(case: &Case) -> Result<Verdict, Failure> {
    let world = prepare(case).await?;
    let reference = World::new(world.twin.fork())?;
    let expected = reference.run(&case.task).await;
    let expected_state = normal(&reference.twin.summary());

    let mut verdict = Verdict {
        seed: case.seed,
        end: Class::Converged,
        stopped: Vec::new(),
        attempts: 0,
        killed: false,
        calls: 0,
        writes: 0,
        broken: Vec::new(),
    };
    let watcher = Watcher::start(&world.twin, case.task.destroy);
    let killed = match case.kill {
        Some(call) => kill(&world, &watcher, &case.task, call, case.weather).await?,
        None => None,
    };
    let (world, watcher) = match killed {
        Some(killed) => {
            (verdict.killed, verdict.calls, verdict.writes) =
                (true, killed.calls, case.kill.unwrap_or_default());
            (killed.world, killed.watcher)
        }
        None => (world, watcher),
    };
    watcher.watch(&world.twin, |_| {});
    set_weather(&world.twin, case.weather);
    while verdict.attempts < ATTEMPTS {
        verdict.attempts += 1;
        let end = world.run(&case.task).await;
        (verdict.end, verdict.stopped) = classified(end);
        verdict.broken.extend(dishonest(case, &verdict.stopped));
        if matches!(verdict.end, Class::Converged | Class::Refused) {
            break;
        }
    }
    // From whatever the weather left, calm weather leads to where it would have led from the start.
    set_weather(&world.twin, None);
    let calm = match verdict.end {
        // Mostly there is nothing left to do, which one plan shows.
        Class::Converged if matches!(world.rest(&case.task).await, Ok(End::Converged)) => Ok(End::Converged),
        _ => world.run(&case.task).await,
    };
    world.twin.observe(|_| {});
    verdict.count(&world.twin);
    verdict.broken.extend(watcher.broken(&world.twin));
    match (calm, expected) {
        // What other teams added in the weather is not in the state that calm weather leads to.
        (Ok(End::Converged), Ok(End::Converged)) if watcher.saw_writes(&world.twin) => {}
        (Ok(End::Converged), Ok(End::Converged)) => {
            let difference = first_difference(&normal(&world.twin.summary()), &expected_state);
            verdict.broken.extend(difference.map(|it| format!("another state than in calm weather at {it}")));
        }
        (Ok(End::Stopped(reasons)), Ok(End::Converged)) => {
            verdict.broken.push(format!("calm weather does not converge: {}", reasons.join("\n  ")));
        }
        (Err(failure), Ok(_)) => verdict.broken.push(format!("calm weather does not converge: {failure}")),
        (_, Ok(End::Stopped(_)) | Err(_)) => verdict.end = Class::Refused,
    }
    verdict.broken.dedup();
    Ok(verdict)
}

impl Class {
    /// The class in words.
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

impl Verdict {
    fn count(&mut self, twin: &Twin) {
        let calls = twin.calls();
        self.calls += calls.len();
        self.writes += calls.iter().filter(|call| call.mutating).count();
    }
}

/// Makes the live state of a case, in calm weather.
async fn prepare(case: &Case) -> Result<World, Failure> {
    let world = World::new(Twin::in_memory())?;
    world.provision(&case.task)?;
    add_members(&world, &MEMBERS);
    let world = match &case.earlier {
        None => world,
        Some(earlier) => {
            let task = Task::apply(&earlier.spec);
            let killed = match earlier.kill {
                Some(call) => kill(&world, &Watcher::start(&world.twin, false), &task, call, None).await?,
                None => None,
            };
            match killed {
                Some(killed) => killed.world,
                None => {
                    let (spec, plan) = world.plan(&task).await?;
                    let outcome = world.apply(&spec, &plan).await?;
                    if !outcome.is_complete() {
                        return Err(Failure::Unfinished(reasons(&plan, Some(&outcome)).join("\n")));
                    }
                    world
                }
            }
        }
    };
    for edit in &case.edits {
        edit.make(&world.twin);
    }
    Ok(world)
}

/// What a killed apply leaves.
struct Killed {
    world: World,
    watcher: Watcher,
    /// The calls until then.
    calls: usize,
}

/// Applies until the call of a number that can change something, and kills the apply then. Returns `None`, and has changed
/// nothing, if the apply makes fewer such calls.
async fn kill(
    world: &World,
    watcher: &Watcher,
    task: &Task,
    call: usize,
    weather: Option<u64>,
) -> Result<Option<Killed>, Failure> {
    let ahead = World::with_journals(world.twin.fork(), &journals(world.folder())?)?;
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
    // What the process says after it was killed, nobody reads.
    drop(ahead.run(task).await);
    ahead.twin.observe(|_| {});
    let found = found.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((Remains { twin, journals, watcher }, calls)) = found else { return Ok(None) };
    Ok(Some(Killed { world: World::with_journals(twin, &journals)?, watcher, calls }))
}

fn set_weather(twin: &Twin, seed: Option<u64>) {
    twin.set_weather(seed.map_or_else(Weather::calm, Weather::from_seed), Clock::Calls);
}

/// How a task ended, in words for the user.
fn classified(end: Result<End, Failure>) -> (Class, Vec<String>) {
    match end {
        Ok(End::Converged) => (Class::Converged, Vec::new()),
        Ok(End::Stopped(reasons)) => {
            let all = |word: &str| reasons.iter().all(|it| it.starts_with(word));
            let class = if all("refused: ") {
                Class::Refused
            } else if all("unreadable: ") {
                Class::Unreadable
            } else {
                Class::Failed
            };
            (class, reasons)
        }
        Err(failure) => (Class::NoPlan, vec![failure.to_string()]),
    }
}

/// What an error says that cannot be true.
fn dishonest<'r>(case: &Case, reasons: &'r [String]) -> impl Iterator<Item = String> + use<'r> {
    let has_writers = case.weather().is_some_and(|weather| !weather.share(Kind::ForeignWriters).is_none());
    let words = [("another writer", !has_writers), ("interrupted", true), ("somebody changed", !has_writers)];
    // What is left to do after an apply is no error.
    let errors = reasons.iter().filter(|reason| !reason.starts_with(LEFT));
    errors.flat_map(move |reason| {
        let told = words.into_iter().filter(|(word, is_false)| *is_false && reason.contains(word));
        told.map(move |(word, _)| format!("an error says \"{word}\", which is not true: {reason}"))
    })
}
