//! The engine: runs the changes that the schedule releases, and reports to the journal and the
//! observer.

use std::num::NonZeroUsize;
use std::sync::Arc;

use reconcile_aws::Aws;
use reconcile_plan::Plan;
use reconcile_plan::plan::{ActionKind, Change};
use reconcile_spec::Desired;
use reconcile_text::Hint;
use tokio::task::JoinSet;
use tracing::{Instrument, trace_span};

use crate::context::Context;
use crate::event::{Event, EventObserver};
use crate::execute::execute;
use crate::interrupt::Interrupt;
use crate::journal::Journal;
use crate::outcome::{ChangeResult, ChangeStatus, Outcome, OutcomeCounts};
use crate::pauses::ConfirmationPauses;
use crate::propagation::{Propagation, WaitSettings};
use crate::recover::recover;
use crate::schedule::Schedule;
use crate::work::timed;

/// The options of an apply.
#[derive(Clone)]
pub struct ApplyOptions {
    /// The maximum time to wait until AWS applies earlier writes.
    pub propagation: Propagation,
    /// The pauses before CloudTrail is asked to check trails after a policy write; `None` if
    /// CloudTrail is not asked.
    pub confirm: Option<ConfirmationPauses>,
    /// The maximum number of changes in flight. After a request to stop, only the changes in flight
    /// are finished.
    pub in_flight: NonZeroUsize,
    /// The request to stop.
    pub interrupt: Interrupt,
    /// The observer of events.
    pub observer: Arc<dyn EventObserver>,
}

/// Applies a plan. A change starts when all changes that it depends on are made. Independent
/// changes run at the same time, up to the number in the options.
///
/// After a request to stop, the changes in flight are finished, and no further change is started.
/// If the future is dropped, the calls in flight are abandoned.
///
/// `desired` declares how to access the accounts of the plan, and where the bucket and the key are.
/// The [`Outcome`] has the result of each change, including errors.
pub async fn apply(
    aws: &Aws,
    desired: &Desired,
    plan: &Plan,
    journal: Journal,
    options: ApplyOptions,
) -> Outcome {
    let context = Arc::new(Context::new(
        aws,
        desired,
        plan,
        WaitSettings {
            propagation: options.propagation,
            interrupt: options.interrupt.clone(),
            observer: Arc::clone(&options.observer),
        },
        options.confirm,
    ));
    let journal = Arc::new(journal);
    let changes: Vec<Arc<Change>> = plan.changes.iter().cloned().map(Arc::new).collect();
    let mut schedule = Schedule::new(&plan.changes);
    let mut results: Vec<Option<ChangeResult>> = vec![None; changes.len()];
    let mut running = JoinSet::new();
    // Confirmations that an earlier apply could not complete come first: the plan may rely on these
    // policies.
    let recovered = Box::pin(recover(&context, &journal)).await;

    loop {
        while running.len() < options.in_flight.get() && !options.interrupt.is_stopped() {
            let Some(index) = schedule.next() else { break };
            let Some(change) = changes.get(index).cloned() else { continue };
            let (context, journal) = (Arc::clone(&context), Arc::clone(&journal));
            let Change { address, account, region, .. } = &*change;
            let span = trace_span!(
                "change",
                %address,
                action = ?change.action(),
                cloud.account.id = %account.id,
                cloud.region = %region,
            );
            let run = async move { (index, run_one(&context, &journal, &change).await) };
            running.spawn(run.instrument(span));
        }
        let Some(joined) = running.join_next().await else { break };
        // A task ends early only if the runtime ends.
        let Ok((index, result)) = joined else { break };
        if matches!(result.status, ChangeStatus::Applied | ChangeStatus::Unchanged) {
            schedule.made(index);
        } else {
            for dependent in schedule.failed(index) {
                if let (Some(change), Some(slot)) = (changes.get(dependent), results.get_mut(dependent)) {
                    let error = format!("depends on {}, which was not applied", result.address);
                    *slot = Some(ChangeResult::without_calls(change, ChangeStatus::Skipped { error }));
                }
            }
        }
        if let Some(slot) = results.get_mut(index) {
            *slot = Some(result);
        }
    }

    let results = changes.iter().zip(results).map(|(change, result)| {
        result.unwrap_or_else(|| ChangeResult::without_calls(change, ChangeStatus::NotBegun))
    });
    let results: Vec<ChangeResult> = recovered.into_iter().chain(results).collect();
    Outcome {
        spec: plan.spec.clone(),
        summary: OutcomeCounts::of(&results),
        results,
        journal: journal.path().to_owned(),
    }
}

async fn run_one(context: &Context, journal: &Journal, change: &Change) -> ChangeResult {
    context.waits.observer.event(Event::Started(&change.address));
    let mut result = timed(context, journal, change, execute).await;
    if result.status == ChangeStatus::Applied && change.action() == ActionKind::Create {
        context.created(&change.address);
    }
    if let Err(error) = journal.end(change, &result.status) {
        result.status = ChangeStatus::Failed { error: error.to_string(), hint: error.hint() };
    }
    context.waits.observer.event(Event::Finished(&change.address, &result.status));
    result
}
