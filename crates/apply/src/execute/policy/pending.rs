//! The time between a policy write and its confirmation by CloudTrail. The previous document is
//! kept, and restored if CloudTrail refuses a trail.

use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::{self, Phase, TrailRef};
use reconcile_policy::{Document, Step};
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::refused_form;
use super::store::{PolicyStore, put, read_fresh};
use crate::confirm::{ConfirmationTarget, Question};
use crate::error::ApplyError;
use crate::outcome::{Confirmation, PolicyAfter, RefusedForm, RefusedTrail};
use crate::pauses::ConfirmationPauses;
use crate::work::Work;
use crate::write::{document, is_same};

/// The confirmation of a policy write by CloudTrail, from before the write until the answer.
pub(super) struct PendingConfirmation<'a, S> {
    work: &'a Work<'a>,
    store: &'a S,
    pauses: ConfirmationPauses,
    _turn: Turn<'a>,
}

/// Prevents the confirmation of other policies at the same time.
enum Turn<'a> {
    Alone(#[expect(dead_code, reason = "held, never read")] RwLockWriteGuard<'a, ()>),
    BesideTopics(#[expect(dead_code, reason = "held, never read")] RwLockReadGuard<'a, ()>),
}

impl<'a, S: PolicyStore> PendingConfirmation<'a, S> {
    /// Begins the confirmation of a change; `None` if no trail depends on the change, or if
    /// CloudTrail must not be asked.
    pub(super) async fn begin(work: &'a Work<'a>, store: &'a S) -> Option<Self> {
        let pauses = work.context.confirm.filter(|_| !work.change.confirm.is_empty())?;
        let confirmations = &work.context.confirmations;
        let turn = match store.resource() {
            ConfirmationTarget::Bucket(_) | ConfirmationTarget::Key(_) => {
                Turn::Alone(confirmations.write().await)
            }
            ConfirmationTarget::Topic(_) => Turn::BesideTopics(confirmations.read().await),
        };
        Some(Self { work, store, pauses, _turn: turn })
    }

    /// Checks, before permissions are removed, that CloudTrail can be asked about every trail and
    /// accepts every trail. Otherwise, nobody could determine later whether the change broke a
    /// trail.
    ///
    /// An earlier apply may have ended while a trail tested a short form. If CloudTrail refuses
    /// this trail, restores the longer form for every trail.
    pub(super) async fn before(&self) -> Result<(), ApplyError> {
        if self.work.change.phase != Phase::Contract {
            return Ok(());
        }
        let Confirmation { refused, unconfirmed, .. } =
            self.ask(PolicyAfter::Unwritten, &self.work.change.confirm).await;
        if let Some(mut refused) = refused {
            refused.policy = self.retreat(&refused).await;
            let confirmation = Confirmation { unconfirmed, ..Confirmation::default() };
            return Err(self.refuse(confirmation, refused).await);
        }
        if !unconfirmed.is_empty() {
            return Err(ApplyError::Unconfirmed { trails: unconfirmed, is_written: false });
        }
        Ok(())
    }

    /// Asks CloudTrail to confirm the write. Restores the previous document if CloudTrail refuses a
    /// trail. Also restores it if CloudTrail could not be asked about every trail, and the change
    /// removes permissions or uses a short form for the first time.
    pub(super) async fn after(
        &self,
        previous: Option<&StoredPolicy>,
        written: Option<&StoredPolicy>,
    ) -> Result<(), ApplyError> {
        self.settle().await;
        let change = self.work.change;
        let mut confirmation = self.ask(PolicyAfter::ChangedByOthers, &change.confirm).await;
        let must_be_certain = change.phase == Phase::Contract || self.first_use().is_some();
        let is_in_doubt = must_be_certain && !confirmation.unconfirmed.is_empty();
        match confirmation.refused.take() {
            None if !is_in_doubt => {
                // The next apply finishes an interrupted confirmation.
                if !self.work.context.is_interrupted() {
                    self.work.journal.confirmed(change, &confirmation)?;
                    if let Some(first_use) = self.first_use() {
                        refused_form::record(self.work.context, first_use, false).await?;
                    }
                }
                let _ = self.work.confirmation.set(confirmation);
                Ok(())
            }
            None => {
                self.restore(previous, written).await?;
                let trails = confirmation.unconfirmed;
                Err(ApplyError::Unconfirmed { trails, is_written: true })
            }
            Some(mut refused) => {
                refused.policy = match self.restore(previous, written).await {
                    Ok(true) => PolicyAfter::Restored { accepted: self.is_accepted(&refused).await },
                    Ok(false) => PolicyAfter::ChangedByOthers,
                    Err(error) => PolicyAfter::NotRestored { error: error.to_string() },
                };
                Err(self.refuse(confirmation, refused).await)
            }
        }
    }

    /// Restores the previous document, byte for byte. If somebody has written the policy since the
    /// write of this apply, changes nothing and returns false.
    async fn restore(
        &self,
        previous: Option<&StoredPolicy>,
        written: Option<&StoredPolicy>,
    ) -> Result<bool, ApplyError> {
        let (journal, change) = (self.work.journal, self.work.change);
        let live = read_fresh(self.work, self.store, &mut self.work.backoff()).await?;
        if !is_same(document(live.as_ref()), document(written)) {
            journal.left(change)?;
            return Ok(false);
        }
        put(self.work, self.store, live.as_ref(), previous.map(|it| it.text.clone())).await?;
        let live = read_fresh(self.work, self.store, &mut self.work.backoff()).await?;
        let is_restored = is_same(document(live.as_ref()), document(previous));
        if is_restored {
            journal.restored(change)?;
        } else {
            journal.left(change)?;
        }
        Ok(is_restored)
    }

    /// Whether CloudTrail accepts the trail with the previous document; `None` if CloudTrail gave
    /// no answer.
    async fn is_accepted(&self, refused: &RefusedTrail) -> Option<bool> {
        let trail: Vec<TrailRef> =
            self.work.change.confirm.iter().filter(|it| it.address == refused.trail).cloned().collect();
        let answer = self.ask(PolicyAfter::Unwritten, &trail).await;
        match (answer.refused, answer.confirmed.is_empty()) {
            (Some(_), _) => Some(false),
            (None, false) => Some(true),
            (None, true) => None,
        }
    }

    /// The short form that the policy uses for the first time with this change.
    fn first_use(&self) -> Option<&plan::FormTrial> {
        self.work.change.trials.first()
    }

    /// Restores the longer form for every trail if CloudTrail refuses the trail that tested the
    /// short form of the live policy.
    async fn retreat(&self, refused: &RefusedTrail) -> PolicyAfter {
        let Some(first_use) = self.first_use().filter(|it| it.trail == refused.trail) else {
            return PolicyAfter::Unwritten;
        };
        let Some(retreat) = &first_use.retreat else { return PolicyAfter::Unwritten };
        let before = self.work.change.changed.policy().and_then(|documents| documents.before);
        match self.put_longer(before, retreat).await {
            Ok(()) => {
                self.settle().await;
                PolicyAfter::Retreated { accepted: self.is_accepted(refused).await }
            }
            Err(error) => PolicyAfter::NotRestored { error: error.to_string() },
        }
    }

    /// Waits until AWS uses the written policy. An emulator uses it at once.
    async fn settle(&self) {
        if !self.work.session.is_elsewhere() {
            self.pauses.settle(&self.work.context.waits.interrupt).await;
        }
    }

    async fn put_longer(&self, before: Option<&Document>, longer: &Document) -> Result<(), ApplyError> {
        let ownership = &self.work.context.ownership;
        let live = read_fresh(self.work, self.store, &mut self.work.backoff()).await?;
        let next = Step::between(before, Some(longer), ownership).apply(document(live.as_ref()), ownership);
        put(self.work, self.store, live.as_ref(), self.store.text(&next)?).await.map(drop)
    }

    /// Asks CloudTrail about the trails. The trail that tests a short form is first, and the other
    /// trails follow only if CloudTrail confirms it.
    async fn ask(&self, policy: PolicyAfter, trails: &[TrailRef]) -> Confirmation {
        let is_first = |trail: &TrailRef| self.first_use().is_some_and(|it| it.trail == trail.address);
        let (first, others): (Vec<_>, Vec<_>) = trails.iter().cloned().partition(is_first);
        let question = Question {
            context: self.work.context,
            address: &self.work.change.address,
            resource: self.store.resource(),
            policy,
        };
        let mut confirmation = question.ask(&first).await;
        if confirmation.refused.is_none() && confirmation.unconfirmed.is_empty() {
            let Confirmation { confirmed, unconfirmed, refused } = question.ask(&others).await;
            confirmation.confirmed.extend(confirmed);
            confirmation.unconfirmed.extend(unconfirmed);
            confirmation.refused = refused;
        }
        confirmation
    }

    /// Records the refusal of a short form if CloudTrail accepts the trail under the other form.
    async fn refuse(&self, confirmation: Confirmation, mut refused: RefusedTrail) -> ApplyError {
        if let (
            PolicyAfter::Restored { accepted: Some(true) } | PolicyAfter::Retreated { accepted: Some(true) },
            Some(first_use),
        ) = (&refused.policy, self.first_use())
        {
            let recorded = refused_form::record(self.work.context, first_use, true).await;
            refused.form = Some(RefusedForm {
                form: first_use.form,
                policy: first_use.policy.clone(),
                unrecorded: recorded.err().map(|error| error.to_string()),
            });
        }
        let _ = self.work.confirmation.set(Confirmation { refused: Some(refused.clone()), ..confirmation });
        ApplyError::Refused(Box::new(refused))
    }
}
