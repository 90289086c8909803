//! The time between the write of a policy and its confirmation by CloudTrail: the previous document is kept, and restored
//! if CloudTrail refuses a trail.

use reconcile_diff::observe::policy::StoredPolicy;
use reconcile_diff::plan::{Phase, TrailRef};

use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use super::super::Work;
use super::{Shelf, is_same};
use crate::confirm::{Question, Subject};
use crate::error::ApplyError;
use crate::outcome::{Confirmation, PolicyAfter, Refused};
use crate::pace::Pace;

/// A policy that is to be confirmed.
pub(super) struct Trial<'a, S> {
    work: &'a Work<'a>,
    shelf: &'a S,
    pace: &'a Pace,
    _turn: Turn<'a>,
}

/// Keeps other policies from being tried at the same time.
enum Turn<'a> {
    Alone(#[expect(dead_code, reason = "held, never read")] RwLockWriteGuard<'a, ()>),
    BesideTopics(#[expect(dead_code, reason = "held, never read")] RwLockReadGuard<'a, ()>),
}

impl<'a, S: Shelf> Trial<'a, S> {
    /// The trial of a change; `None` if no trail depends on what it changes, or if CloudTrail is not to be asked.
    pub(super) async fn of(work: &'a Work<'a>, shelf: &'a S) -> Option<Self> {
        let pace = work.context.confirm.as_ref().filter(|_| !work.change.confirm.is_empty())?;
        let trials = &work.context.trials;
        let turn = match shelf.subject() {
            Subject::Bucket(_) | Subject::Key(_) => Turn::Alone(trials.write().await),
            Subject::Topic(_) => Turn::BesideTopics(trials.read().await),
        };
        Some(Self { work, shelf, pace, _turn: turn })
    }

    /// Makes sure that CloudTrail can be asked about every trail, and accepts each as things are, before permissions are
    /// taken away. Otherwise nobody could tell afterwards whether it was the change that broke a trail.
    pub(super) async fn before(&self) -> Result<(), ApplyError> {
        if self.work.change.phase != Phase::Contract {
            return Ok(());
        }
        let Confirmation { refused, unconfirmed, .. } =
            self.ask(PolicyAfter::Unwritten, &self.work.change.confirm).await;
        if let Some(refused) = refused {
            return Err(self.refuse(Confirmation { unconfirmed, ..Confirmation::default() }, refused));
        }
        if !unconfirmed.is_empty() {
            return Err(ApplyError::Unconfirmed { trails: unconfirmed, is_written: false });
        }
        Ok(())
    }

    /// Has CloudTrail confirm what was written. Restores the previous document if CloudTrail refuses a trail; and, where
    /// permissions were taken away, if CloudTrail could not be asked about every trail.
    pub(super) async fn after(
        &self,
        previous: Option<&StoredPolicy>,
        written: Option<&StoredPolicy>,
    ) -> Result<(), ApplyError> {
        self.pace.settle().await;
        let change = self.work.change;
        let mut confirmation = self.ask(PolicyAfter::ChangedByOthers, &change.confirm).await;
        let is_in_doubt = change.phase == Phase::Contract && !confirmation.unconfirmed.is_empty();
        match confirmation.refused.take() {
            None if !is_in_doubt => {
                // An interrupted confirmation is finished by the next apply.
                if !self.work.context.is_interrupted() {
                    self.work.journal.confirmed(change, &confirmation)?;
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
                Err(self.refuse(confirmation, refused))
            }
        }
    }

    /// Puts the previous document back, byte for byte. Returns false, and changes nothing, if somebody has written since.
    async fn restore(
        &self,
        previous: Option<&StoredPolicy>,
        written: Option<&StoredPolicy>,
    ) -> Result<bool, ApplyError> {
        let (journal, change) = (self.work.journal, self.work.change);
        if !is_same(self.shelf.read().await?.as_ref(), written) {
            journal.left(change)?;
            return Ok(false);
        }
        self.shelf.write(previous.map(|it| it.text.as_str())).await?;
        let is_restored = is_same(self.shelf.read().await?.as_ref(), previous);
        if is_restored {
            journal.restored(change)?;
        } else {
            journal.left(change)?;
        }
        Ok(is_restored)
    }

    /// Whether CloudTrail accepts the trail with the previous document; `None` if it cannot be asked.
    async fn is_accepted(&self, refused: &Refused) -> Option<bool> {
        let trail: Vec<TrailRef> =
            self.work.change.confirm.iter().filter(|it| it.address == refused.trail).cloned().collect();
        let answer = self.ask(PolicyAfter::Unwritten, &trail).await;
        match (answer.refused, answer.confirmed.is_empty()) {
            (Some(_), _) => Some(false),
            (None, false) => Some(true),
            (None, true) => None,
        }
    }

    async fn ask(&self, policy: PolicyAfter, trails: &[TrailRef]) -> Confirmation {
        let subject: Subject = self.shelf.subject();
        let question =
            Question { context: self.work.context, address: &self.work.change.address, subject, policy };
        question.ask(self.pace, trails).await
    }

    fn refuse(&self, confirmation: Confirmation, refused: Refused) -> ApplyError {
        let _ = self.work.confirmation.set(Confirmation { refused: Some(refused.clone()), ..confirmation });
        ApplyError::Refused(Box::new(refused))
    }
}
