//! Writes a policy that others also write: merges into the live policy, checks that the write persists, and asks CloudTrail to
//! confirm the trails that depend on what changed.
//!
//! S3, KMS and SNS have no conditional write for policies, so another writer can write between the read and
//! the write that follows it at once. After a write, the policy is read until AWS shows another document than the one that was
//! replaced: nothing is ever written again from that one.

mod refused_form;
mod trial;

use std::time::Duration;

use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Action;
use reconcile_policy::{Document, Step, canonical_text, owned};

use super::{Made, Verdict, Work};
use crate::confirm::Subject;
use crate::error::ApplyError;
use crate::freshness::of_policy;
use crate::journal;
use crate::propagation::{Patience, read_on};
use crate::write::{Write, document, is_same};
pub(crate) use refused_form::record;
use trial::Trial;

/// How often another writer may replace what was written.
const ATTEMPTS: usize = 5;

/// For how long AWS may show the document before a write that an earlier apply made, or was about to make when it ended.
const SHOWN_LATE: Duration = Duration::from_secs(10);

/// A place where a policy is kept.
pub(super) trait Shelf {
    /// What the policy belongs to.
    fn subject(&self) -> Subject;

    /// The live policy.
    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError>;

    /// Puts a text there, in one call; `None` takes the policy away.
    async fn write(&self, text: Option<&str>) -> Result<(), ApplyError>;
}

/// Does to what is live what the action does to what the plan saw.
pub(super) async fn execute(
    work: &Work<'_>,
    action: &Action<Document>,
    shelf: &impl Shelf,
) -> Result<Made, ApplyError> {
    let ownership = &work.context.ownership;
    let step = Step::between(action.before(), action.after(), ownership);

    let mut live = look(work, shelf, &mut work.patience()).await?;
    let freshness = of_policy(work.change, &step, document(live.as_ref()), ownership);
    if let Verdict::AlreadyDone = work.decide(freshness)? {
        return Ok(Made::Unchanged);
    }
    let trial = Trial::of(work, shelf).await;
    if let Some(trial) = &trial {
        trial.before().await?;
        // Other policies were tried in the meantime, and CloudTrail was asked: somebody may have written since.
        live = look(work, shelf, &mut work.patience()).await?;
    }
    for _ in 0..ATTEMPTS {
        let (previous, written) = merge(work, shelf, live, &step, trial.is_some()).await?;
        live = look(work, shelf, &mut work.patience()).await?;
        let found = document(live.as_ref()).map(|live| owned(live, ownership)).unwrap_or_default();
        let is_written = canonical_text(&found) == canonical_text(step.wanted());
        if is_written && !step.is_pending(document(live.as_ref())) {
            if let Some(trial) = &trial {
                trial.after(previous.as_ref(), written.as_ref()).await?;
            }
            return Ok(Made::Applied);
        }
    }
    Err(ApplyError::Contended { attempts: ATTEMPTS })
}

/// Applies the step to the live document, and writes the result. While AWS is not ready for the write, it is merged anew into the
/// document of that moment. Returns the document that was replaced, and the one that was written.
async fn merge(
    work: &Work<'_>,
    shelf: &impl Shelf,
    mut live: Option<StoredPolicy>,
    step: &Step,
    is_tried: bool,
) -> Result<(Option<StoredPolicy>, Option<StoredPolicy>), ApplyError> {
    let mut patience = work.patience();
    loop {
        let next = text(&step.apply(document(live.as_ref()), &work.context.ownership));
        if is_tried {
            let previous = live.as_ref().map(|it| it.text.as_str());
            work.journal.writing(work.change, previous, next.as_deref())?;
        }
        let error = match put(work, shelf, live.as_ref(), next).await {
            Ok(written) => return Ok((live, written)),
            Err(ApplyError::Aws(error)) if error.is_unready() => error,
            Err(error) => return Err(error),
        };
        if !patience.wait().await {
            let (waited, unknown) = (patience.waited(), Vec::new());
            return Err(ApplyError::NotPropagated { waited, error: Box::new(error), unknown });
        }
        live = look(work, shelf, &mut patience).await?;
    }
}

/// Reads the policy, but never as the document that this apply replaced.
async fn look(
    work: &Work<'_>,
    shelf: &impl Shelf,
    patience: &mut Patience<'_>,
) -> Result<Option<StoredPolicy>, ApplyError> {
    let last = work.context.last_write(&work.change.address);
    let is_new = last.is_some() || work.context.has_created(&work.change.depends_on);
    let is_late = |live: &Option<StoredPolicy>| {
        last.as_ref().is_some_and(|last| last.is_missing_from(document(live.as_ref())))
    };
    read_on(patience, is_new, is_late, || shelf.read()).await
}

/// Writes a text in place of the document that is live. Returns what was written.
async fn put(
    work: &Work<'_>,
    shelf: &impl Shelf,
    live: Option<&StoredPolicy>,
    text: Option<String>,
) -> Result<Option<StoredPolicy>, ApplyError> {
    let written = stored(work, text)?;
    shelf.write(written.as_ref().map(|it| it.text.as_str())).await?;
    let write = Write { before: live.cloned(), written: written.clone() };
    work.context.wrote(&work.change.address, write);
    Ok(written)
}

/// Finishes the confirmation of a write that an earlier apply made, where the policy is still as that write left it.
pub(super) async fn resume(
    work: &Work<'_>,
    interrupted: &journal::Trial,
    shelf: &impl Shelf,
) -> Result<Made, ApplyError> {
    let Some(trial) = Trial::of(work, shelf).await else { return Ok(Made::Unchanged) };
    let previous = stored(work, interrupted.previous.clone())?;
    let written = stored(work, interrupted.written.clone())?;
    // AWS may still show the document before, a moment after the write.
    let write = Write { before: previous.clone(), written: written.clone() };
    work.context.wrote(&work.change.address, write);
    let is_shown = match look(work, shelf, &mut work.patience().at_most(SHOWN_LATE)).await {
        Ok(live) => is_same(document(live.as_ref()), document(written.as_ref())),
        Err(ApplyError::NotShown { .. }) => false,
        Err(error) => return Err(error),
    };
    // The write was never made, or somebody has written since.
    if !is_shown {
        work.context.forget_write(&work.change.address);
        work.journal.left(work.change)?;
        return Ok(Made::Unchanged);
    }
    trial.after(previous.as_ref(), written.as_ref()).await?;
    Ok(Made::Applied)
}

fn stored(work: &Work<'_>, text: Option<String>) -> Result<Option<StoredPolicy>, ApplyError> {
    let parse = |text| StoredPolicy::parse(&work.change.address.to_string(), text);
    Ok(text.map(parse).transpose()?)
}

/// AWS takes no document without statements: none is left then.
fn text(document: &Document) -> Option<String> {
    (!document.statements().is_empty()).then(|| document.to_string())
}
