//! Answers that are not from AWS, for every read operation. The promises: nothing is lost, and no
//! resource counts as absent because of such an answer.

use std::collections::BTreeSet;

use reconcile_twin::{Garbage, GarbageAnswer, Twin};

use crate::normal::{first_difference, normal};
use crate::promises::Watcher;
use crate::scenario::{Scenario, garbled};
use crate::test_bed::{End, RunError, TestBed};

/// The kinds of garbage that are not a valid answer to any operation.
const KINDS: [GarbageAnswer; 9] = [
    GarbageAnswer::Page(200),
    GarbageAnswer::Page(404),
    GarbageAnswer::Page(500),
    GarbageAnswer::Empty(200),
    GarbageAnswer::Empty(403),
    GarbageAnswer::Empty(404),
    GarbageAnswer::Half,
    GarbageAnswer::NoMembers,
    GarbageAnswer::Error(404, "NoSuchThing"),
];

/// Returns an error about a resource that does not exist, but is not the resource of the operation.
pub fn other_resource_not_found(operation: &str) -> GarbageAnswer {
    GarbageAnswer::Error(
        404,
        match operation {
            "s3:GetBucketVersioning" => "NoSuchKey",
            it if it.starts_with("s3:") => "NoSuchBucket",
            it if it.starts_with("iam:") => "NotFound",
            it if it.starts_with("kms:Describe") => "ResourceNotFoundException",
            it if it.starts_with("cloudtrail:") => "NotFoundException",
            it if it.starts_with("sns:") => "NoSuchEntity",
            it if it.starts_with("logs:") => "TrailNotFoundException",
            _ => "NoSuchEntity",
        },
    )
}

/// The kinds of garbage for an operation.
pub fn kinds(operation: &str) -> impl Iterator<Item = GarbageAnswer> + use<> {
    KINDS.into_iter().chain([other_resource_not_found(operation)])
}

/// Returns the garbage that answers every call of an operation.
pub fn garbage(operation: &str, answer: GarbageAnswer) -> Vec<Garbage> {
    vec![Garbage { operation: operation.to_owned(), answer }]
}

/// The results of a run over garbage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Garbled {
    /// The number of read operations.
    pub operations: usize,
    /// The number of applies in which one of the operations was answered with garbage.
    pub applies: usize,
    /// The number of applies that ended in the same way as without garbage.
    pub unharmed: usize,
    /// The applies that broke a promise, in words.
    pub broken: Vec<String>,
}

/// Plans and applies with each kind of garbage in answer to each read operation, and then once more
/// with correct answers. Runs only each `every`-th case.
///
/// # Errors
/// [`RunError`] if the apply does not succeed without garbage.
pub async fn garble(every: usize) -> Result<Garbled, RunError> {
    let scenario = garbled();
    let base = TestBed::new(Twin::in_memory())?;
    scenario.prepare(&base).await?;
    let calm = TestBed::new(base.twin.fork())?;
    calm.converge(&scenario.task).await?;
    let expected = normal(&calm.twin.summary());
    let calls = calm.twin.calls().into_iter().filter(|call| !call.mutating);
    let operations: BTreeSet<String> = calls.map(|call| call.operation).collect();
    let mut result = Garbled { operations: operations.len(), ..Garbled::default() };
    let cases = operations.iter().flat_map(|it| kinds(it).map(move |kind| (it, kind)));
    for (operation, kind) in cases.step_by(every.max(1)) {
        let bed = TestBed::new(base.twin.fork())?;
        let watcher = Watcher::start(&bed.twin, false);
        watcher.watch(&bed.twin, |_| {});
        bed.twin.garble(garbage(operation, kind));
        result.applies += 1;
        let end = run(&bed, &scenario).await;
        bed.twin.garble(Vec::new());
        result.unharmed += usize::from(matches!(end, Ok(End::Converged)));
        let mut wrong = Vec::new();
        match run(&bed, &scenario).await {
            Ok(End::Converged) => {
                let found = normal(&bed.twin.summary());
                let difference = first_difference(&found, &expected);
                wrong.extend(difference.map(|it| format!("another state than without garbage at {it}")));
            }
            Ok(End::Stopped(reasons)) => wrong.extend(reasons),
            Err(failure) => wrong.push(failure.to_string()),
        }
        bed.twin.observe(|_| {});
        wrong.extend(watcher.broken(&bed.twin));
        if !wrong.is_empty() {
            result.broken.push(format!("{operation} answered with {kind:?}:\n  {}", wrong.join("\n  ")));
        }
    }
    Ok(result)
}

async fn run(bed: &TestBed, scenario: &Scenario) -> Result<End, RunError> {
    Box::pin(bed.run(&scenario.task)).await
}
