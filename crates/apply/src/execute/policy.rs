//! Writes a policy that others write too: merges into what is live now, and looks whether it stayed.
//!
//! Neither S3, KMS nor SNS can be told to write only if nothing changed, so another writer may come in
//! between.

use reconcile_diff::plan::Action;
use reconcile_policy::{Document, Step, canonical_text, owned};

use super::{Made, Verdict, Work};
use crate::error::ApplyError;
use crate::freshness::of_policy;

/// How often another writer may replace what was written.
const ATTEMPTS: usize = 5;

/// A place where a policy is kept.
pub(super) trait Shelf {
    /// What is there.
    async fn read(&self) -> Result<Option<Document>, ApplyError>;

    /// Puts a policy there; one without statements means none.
    async fn write(&self, document: &Document) -> Result<(), ApplyError>;
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
    if let Verdict::AlreadyDone = work.decide(of_policy(work.change, &step, live.as_ref(), ownership))? {
        return Ok(Made::Unchanged);
    }
    for _ in 0..ATTEMPTS {
        shelf.write(&step.apply(live.as_ref(), ownership)).await?;
        live = shelf.read().await?;
        let found = live.as_ref().map(|live| owned(live, ownership)).unwrap_or_default();
        if canonical_text(&found) == canonical_text(step.wanted()) && !step.is_pending(live.as_ref()) {
            return Ok(Made::Applied);
        }
    }
    Err(ApplyError::Contended { attempts: ATTEMPTS })
}
