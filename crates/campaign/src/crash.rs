//! Crash points: an apply that is killed just before or just after a call that changes something.
//!
//! A killed process leaves two things: the state of AWS and the journal. One apply runs to its end,
//! and both are copied at each of its calls. Each copy is the state after a kill at this moment,
//! from which another apply continues.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use reconcile_plan::Plan;
use reconcile_twin::{StateSummary, Twin};

use crate::normal::{first_difference, normal};
use crate::promises::Watcher;
use crate::scenario::Scenario;
use crate::test_bed::{End, Journals, RunError, Task, TestBed, journals, reasons};

/// The state after a kill.
#[derive(Debug, Clone)]
pub struct Point {
    /// The number of the call, from 1 on.
    pub call: usize,
    /// Whether the call took effect.
    pub moment: Moment,
    twin: Twin,
    journals: Journals,
    /// The observations of the promises until the kill.
    watcher: Watcher,
}

/// The moment at which an apply is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The journal contains the call, if the call is journaled, but the call was not made.
    Before,
    /// The call took effect, but the apply did not read the answer.
    After,
}

/// The way in which the user continues after a kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rerun {
    /// Applies the spec in the same folder.
    Spec,
    /// Applies the spec in another folder, without the journal.
    WithoutJournal,
    /// Applies the saved plan again.
    SamePlan,
}

/// An apply that ran to its end, with a copy of everything at each of its calls.
#[derive(Debug)]
pub struct Recording {
    task: Task,
    plan: Plan,
    points: Vec<Point>,
    /// The state of AWS at the end.
    expected: StateSummary,
    /// The operations of the calls that may have changed something.
    operations: Vec<String>,
}

impl Moment {
    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

impl Recording {
    /// Prepares a scenario, and runs its last task.
    ///
    /// # Errors
    /// [`RunError`] if a step fails although nothing goes wrong.
    pub async fn of(scenario: &Scenario) -> Result<Self, RunError> {
        let bed = TestBed::new(Twin::in_memory())?;
        scenario.prepare(&bed).await?;
        let task = scenario.task.clone();
        let (spec, plan) = bed.plan(&task).await?;
        let watcher = Watcher::start(&bed.twin, task.destroy);
        let copies = Arc::new(Mutex::new(Vec::new()));
        let first = bed.twin.calls().len();
        record(&bed, &watcher, &copies);
        let outcome = bed.apply(&spec, &plan).await?;
        bed.twin.observe(|_| {});
        let stopped = reasons(&plan, Some(&outcome));
        if !stopped.is_empty() {
            return Err(RunError::Unfinished(stopped.join("\n")));
        }
        if let End::Stopped(reasons) = bed.rest(&task).await? {
            return Err(RunError::Unfinished(reasons.join("\n")));
        }
        let broken = watcher.broken(&bed.twin);
        if !broken.is_empty() {
            return Err(RunError::Unfinished(broken.join("\n")));
        }
        let calls = bed.twin.calls().into_iter().skip(first).filter(|call| call.mutating);
        let copies = std::mem::take(&mut *copies.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Self {
            task,
            plan,
            points: points(copies),
            expected: bed.twin.summary(),
            operations: calls.map(|call| call.operation).collect(),
        })
    }

    /// The number of calls of the apply that may have changed something.
    pub fn calls(&self) -> usize {
        self.operations.len()
    }

    /// Every moment of a kill, with every way to continue that makes a difference.
    pub fn cases(&self) -> Vec<(&Point, Rerun)> {
        let mut cases = Vec::new();
        for point in &self.points {
            cases.push((point, Rerun::Spec));
            cases.push((point, Rerun::SamePlan));
            // Without the journal, a kill before a call leaves the same state as a kill after the
            // previous call.
            if point.moment == Moment::After {
                cases.push((point, Rerun::WithoutJournal));
            }
        }
        cases
    }

    /// Continues after a kill. Returns the broken promises.
    ///
    /// # Errors
    /// [`RunError`] if the plan or the journal fails.
    pub async fn finish(&self, point: &Point, rerun: Rerun) -> Result<Vec<String>, RunError> {
        let journals = match rerun {
            Rerun::WithoutJournal => &Journals::new(),
            Rerun::Spec | Rerun::SamePlan => &point.journals,
        };
        let bed = TestBed::with_journals(point.twin.fork(), journals)?;
        let watcher = point.watcher.fork();
        watcher.watch(&bed.twin, |_| {});
        let outcome = match rerun {
            Rerun::SamePlan => Some(bed.apply_saved(&self.task, self.plan.clone()).await?),
            Rerun::Spec | Rerun::WithoutJournal => None,
        };
        let end = match outcome {
            Some(outcome) => {
                let stopped = reasons(&self.plan, Some(&outcome));
                match stopped.is_empty() {
                    true => bed.rest(&self.task).await?,
                    false => End::Stopped(stopped),
                }
            }
            None => bed.run(&self.task).await?,
        };
        bed.twin.observe(|_| {});
        let mut wrong = watcher.broken(&bed.twin);
        match end {
            End::Stopped(reasons) => wrong.extend(reasons),
            End::Converged => {
                let difference = first_difference(&normal(&bed.twin.summary()), &normal(&self.expected));
                wrong.extend(difference.map(|it| format!("another state than without the kill at {it}")));
            }
        }
        Ok(wrong)
    }

    /// Describes the moment of a kill and the way to continue.
    pub fn describe(&self, point: &Point, rerun: Rerun) -> String {
        let operation = self.operations.get(point.call - 1).map_or("?", String::as_str);
        let (moment, number, all) = (point.moment.word(), point.call, self.calls());
        let how = match rerun {
            Rerun::Spec => "and the spec applied again",
            Rerun::WithoutJournal => "and the spec applied again without the journal",
            Rerun::SamePlan => "and the plan applied again",
        };
        format!("killed {moment} call {number} of {all} ({operation}), {how}")
    }
}

/// The state that a kill leaves, and the observations until the kill.
#[derive(Debug)]
pub(crate) struct Remains {
    pub(crate) twin: Twin,
    pub(crate) journals: Journals,
    pub(crate) watcher: Watcher,
}

impl Remains {
    /// Copies the current state. A folder that cannot be read counts as a folder without journals,
    /// and the rerun then shows the problem.
    pub(crate) fn of(twin: &Twin, folder: &Path, watcher: &Watcher) -> Self {
        Self { twin: twin.fork(), journals: journals(folder).unwrap_or_default(), watcher: watcher.fork() }
    }
}

/// Copies the state after each call that may have changed something, and once before the first
/// call.
fn record(bed: &TestBed, watcher: &Watcher, copies: &Arc<Mutex<Vec<Remains>>>) {
    let (twin, folder) = (bed.twin.clone(), bed.folder().to_owned());
    let (copies, original) = (Arc::clone(copies), watcher.clone());
    let copy = move || Remains::of(&twin, &folder, &original);
    let mut all = copies.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(copy());
    drop(all);
    watcher.watch(&bed.twin, move |_| copies.lock().unwrap_or_else(PoisonError::into_inner).push(copy()));
}

/// Returns the moments of a kill that leave different states.
fn points(copies: Vec<Remains>) -> Vec<Point> {
    let mut points = Vec::new();
    let mut before: Option<Remains> = None;
    for (call, copy) in copies.into_iter().enumerate() {
        if let Some(before) = before.take()
            && before.journals != copy.journals
        {
            points.push(Point {
                call,
                moment: Moment::Before,
                twin: before.twin,
                journals: copy.journals.clone(),
                watcher: before.watcher,
            });
        }
        if call > 0 {
            points.push(Point {
                call,
                moment: Moment::After,
                twin: copy.twin.clone(),
                journals: copy.journals.clone(),
                watcher: copy.watcher.fork(),
            });
        }
        before = Some(copy);
    }
    points
}

/// The results of a run over crash points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crashes {
    /// The number of calls of all applies that may have changed something.
    pub calls: usize,
    /// The number of moments of a kill.
    pub points: usize,
    /// The number of reruns.
    pub reruns: usize,
    /// The reruns that broke a promise, in words.
    pub broken: Vec<String>,
}

/// Kills the last apply of a scenario at every call, and continues in every way. Runs only each
/// `every`-th case, starting with the case `first`.
///
/// # Errors
/// [`RunError`] if the scenario does not succeed without a kill.
pub async fn crash(scenario: &Scenario, every: usize, first: usize) -> Result<Crashes, RunError> {
    let recording = Recording::of(scenario).await?;
    let mut crashes = Crashes { calls: recording.calls(), ..Crashes::default() };
    let mut points = BTreeSet::new();
    for (point, rerun) in recording.cases().into_iter().skip(first % every.max(1)).step_by(every.max(1)) {
        crashes.reruns += 1;
        points.insert((point.call, point.moment.word()));
        let wrong = match recording.finish(point, rerun).await {
            Ok(wrong) => wrong,
            Err(failure) => vec![failure.to_string()],
        };
        if !wrong.is_empty() {
            let case = recording.describe(point, rerun);
            crashes.broken.push(format!("{}: {case}:\n  {}", scenario.name, wrong.join("\n  ")));
        }
    }
    crashes.points = points.len();
    Ok(crashes)
}
