//! Writes a policy that others also write: merges into the live policy, checks that the write
//! persists, and asks CloudTrail to confirm the trails that depend on the change.
//!
//! S3, KMS and SNS have no conditional write for policies, so another writer can write between the
//! read and the write that immediately follows it. After a write, the policy is read until AWS no
//! longer returns the replaced document. No later write is ever based on the replaced document.

mod pending;
mod refused_form;
mod store;

use std::time::Duration;

use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Views;
use reconcile_policy::{Document, Step, canonical_text, owned};

use crate::error::ApplyError;
use crate::freshness::{PlanFreshness, policy_freshness};
use crate::journal;
use crate::resource::{Convergence, converge};
use crate::work::{Made, Work};
use crate::write::{Write, document, is_same};
use pending::PendingConfirmation;
pub(crate) use refused_form::record;
pub(super) use store::{PolicyStore, text};
use store::{put, read_fresh, stored};

/// The maximum number of writes, if other writers replace the written document.
const ATTEMPTS: usize = 5;

/// The maximum time for which AWS can return the document before a write of an earlier apply.
const SHOWN_LATE: Duration = Duration::from_secs(10);

/// Makes the edits of the plan in the live policy.
pub(super) async fn execute(
    work: &Work<'_>,
    views: Views<'_, Document>,
    store: &impl PolicyStore,
) -> Result<Made, ApplyError> {
    let step = Step::between(views.before, views.after, &work.context.ownership);
    converge(work, &PolicyChange { work, store, step }).await
}

/// The change of a policy. Its managed statements are compared with the plan.
struct PolicyChange<'a, S> {
    work: &'a Work<'a>,
    store: &'a S,
    step: Step,
}

impl<S: PolicyStore> Convergence for PolicyChange<'_, S> {
    type Live = Option<StoredPolicy>;

    async fn read(&self) -> Result<Self::Live, ApplyError> {
        read_fresh(self.work, self.store, &mut self.work.backoff()).await
    }

    fn freshness(&self, live: &Self::Live) -> PlanFreshness {
        let ownership = &self.work.context.ownership;
        policy_freshness(self.work.change, &self.step, document(live.as_ref()), ownership)
    }

    async fn make(&self, mut live: Self::Live) -> Result<(), ApplyError> {
        let confirmation = PendingConfirmation::begin(self.work, self.store).await;
        if let Some(confirmation) = &confirmation {
            confirmation.before().await?;
            // The confirmation of other policies and the questions to CloudTrail took time:
            // somebody may have written the policy since the last read.
            live = self.read().await?;
        }
        for _ in 0..ATTEMPTS {
            let (previous, written) =
                merge(self.work, self.store, live, &self.step, confirmation.is_some()).await?;
            live = self.read().await?;
            if self.is_made(document(live.as_ref())) {
                if let Some(confirmation) = &confirmation {
                    confirmation.after(previous.as_ref(), written.as_ref()).await?;
                }
                return Ok(());
            }
        }
        Err(ApplyError::Contended { attempts: ATTEMPTS })
    }
}

impl<S> PolicyChange<'_, S> {
    /// Whether the live document has the planned statements, and no statement that the plan
    /// removes.
    fn is_made(&self, live: Option<&Document>) -> bool {
        let found = live.map(|live| owned(live, &self.work.context.ownership)).unwrap_or_default();
        canonical_text(&found) == canonical_text(self.step.wanted()) && !self.step.is_pending(live)
    }
}

/// Applies the step to the live document, and writes the result. If AWS is not ready for the write,
/// reads the live document again and merges into it before each retry. Returns the replaced
/// document and the written document.
async fn merge(
    work: &Work<'_>,
    store: &impl PolicyStore,
    mut live: Option<StoredPolicy>,
    step: &Step,
    is_tried: bool,
) -> Result<(Option<StoredPolicy>, Option<StoredPolicy>), ApplyError> {
    let mut backoff = work.backoff();
    loop {
        let next = store.text(&step.apply(document(live.as_ref()), &work.context.ownership))?;
        if is_tried {
            let previous = live.as_ref().map(|it| it.text.as_str());
            work.journal.writing(work.change, previous, next.as_deref())?;
        }
        let error = match put(work, store, live.as_ref(), next).await {
            Ok(written) => return Ok((live, written)),
            Err(ApplyError::Aws(error)) if error.is_unready() => error,
            Err(error) => return Err(error),
        };
        if !backoff.wait().await {
            let (waited, unknown) = (backoff.waited(), Vec::new());
            return Err(ApplyError::NotPropagated { waited, error: Box::new(error), unknown });
        }
        live = read_fresh(work, store, &mut backoff).await?;
    }
}

/// Finishes the confirmation of a write of an earlier apply, if nobody has changed the policy since
/// that write.
pub(super) async fn resume(
    work: &Work<'_>,
    interrupted: &journal::OpenConfirmation,
    store: &impl PolicyStore,
) -> Result<Made, ApplyError> {
    let Some(confirmation) = PendingConfirmation::begin(work, store).await else {
        return Ok(Made::Unchanged);
    };
    let previous = stored(work, interrupted.previous.clone())?;
    let written = stored(work, interrupted.written.clone())?;
    // AWS can still return the previous document for a short time after the write.
    let write = Write { before: previous.clone(), written: written.clone() };
    work.context.wrote(&work.change.address, write);
    let is_shown = match read_fresh(work, store, &mut work.backoff().at_most(SHOWN_LATE)).await {
        Ok(live) => is_same(document(live.as_ref()), document(written.as_ref())),
        Err(ApplyError::NotShown { .. }) => false,
        Err(error) => return Err(error),
    };
    // The write was never made, or somebody has written the policy since.
    if !is_shown {
        work.context.forget_write(&work.change.address);
        work.journal.left(work.change)?;
        return Ok(Made::Unchanged);
    }
    confirmation.after(previous.as_ref(), written.as_ref()).await?;
    Ok(Made::Applied)
}
