//! Writes a policy that others write too: merges into what is live now, looks whether it stayed, and has CloudTrail
//! confirm the trails that depend on what changed.
//!
//! Neither S3, KMS nor SNS can be told to write only if nothing changed, so another writer may come in
//! between.

mod refused_form;
mod trial;

use reconcile_diff::observe::policy::StoredPolicy;
use reconcile_diff::plan::Action;
use reconcile_policy::{Document, Step, canonical_text, owned};

use super::{Made, Verdict, Work};
use crate::confirm::Subject;
use crate::error::ApplyError;
use crate::freshness::of_policy;
use crate::journal;
pub(crate) use refused_form::record;
use trial::Trial;

/// How often another writer may replace what was written.
const ATTEMPTS: usize = 5;

/// A place where a policy is kept.
pub(super) trait Shelf {
    /// What the policy belongs to.
    fn subject(&self) -> Subject;

    /// What is there.
    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError>;

    /// Puts a text there; `None` takes the policy away.
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

    let mut live = shelf.read().await?;
    let freshness = of_policy(work.change, &step, document(live.as_ref()), ownership);
    if let Verdict::AlreadyDone = work.decide(freshness)? {
        return Ok(Made::Unchanged);
    }
    let trial = Trial::of(work, shelf).await;
    if let Some(trial) = &trial {
        trial.before(live.as_ref()).await?;
    }
    for _ in 0..ATTEMPTS {
        let next = text(&step.apply(document(live.as_ref()), ownership));
        let previous = live;
        if trial.is_some() {
            let previous = previous.as_ref().map(|it| it.text.as_str());
            work.journal.writing(work.change, previous, next.as_deref())?;
        }
        shelf.write(next.as_deref()).await?;
        live = shelf.read().await?;
        let found = document(live.as_ref()).map(|live| owned(live, ownership)).unwrap_or_default();
        let is_written = canonical_text(&found) == canonical_text(step.wanted());
        if is_written && !step.is_pending(document(live.as_ref())) {
            if let Some(trial) = &trial {
                trial.after(previous.as_ref(), stored(work, next)?.as_ref()).await?;
            }
            return Ok(Made::Applied);
        }
    }
    Err(ApplyError::Contended { attempts: ATTEMPTS })
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
    // The write was never made, or somebody has written since.
    if !is_same(shelf.read().await?.as_ref(), written.as_ref()) {
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

fn document(stored: Option<&StoredPolicy>) -> Option<&Document> {
    stored.map(|stored| &stored.document)
}

/// AWS takes no document without statements: none is left then.
fn text(document: &Document) -> Option<String> {
    (!document.statements().is_empty()).then(|| document.to_string())
}

/// Whether the two hold the same, but for the spelling that AWS may change when it stores a policy.
fn is_same(a: Option<&StoredPolicy>, b: Option<&StoredPolicy>) -> bool {
    let content = |stored: Option<&StoredPolicy>| {
        document(stored).map(|it| (it.version().map(str::to_owned), canonical_text(it.statements())))
    };
    content(a) == content(b)
}
