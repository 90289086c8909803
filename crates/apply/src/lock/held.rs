//! A lock that this apply holds: renewed while the apply runs, and released at its end.

use std::sync::Arc;

use jiff::Timestamp;
use reconcile_operations::Error;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::LockError;
use super::lease::{Holder, Lease};
use super::object::Object;
use crate::interrupt::Interrupt;

/// A lock that this apply holds.
#[derive(Debug)]
pub struct HeldLock {
    object: Arc<Object>,
    /// The sender that ends the renewal.
    stop_renewal: oneshot::Sender<()>,
    renewal: JoinHandle<Renewal>,
    taken_from: Option<Holder>,
}

/// The renewal of a lock, and the stored lock.
#[derive(Debug)]
struct Renewal {
    object: Arc<Object>,
    lease: Lease,
    holder: Holder,
    etag: String,
    /// The start of the last successful write: S3 stored the lock at this time or later.
    stored: Instant,
    lost: Option<LockError>,
}

impl HeldLock {
    /// Keeps a lock that a call wrote which started at `stored`. Stops the apply if the lock is
    /// lost.
    pub(super) fn keep(
        object: Object,
        holder: Holder,
        etag: String,
        stored: Instant,
        lease: Lease,
        interrupt: Interrupt,
    ) -> Self {
        let object = Arc::new(object);
        let renewal = Renewal { object: Arc::clone(&object), lease, holder, etag, stored, lost: None };
        let (stop_renewal, is_stopped) = oneshot::channel();
        let renewal = tokio::spawn(renewal.run(is_stopped, interrupt));
        Self { object, stop_renewal, renewal, taken_from: None }
    }

    /// Records the previous holder, whose lease had ended.
    pub(super) fn taken_over_from(self, holder: Option<Holder>) -> Self {
        Self { taken_from: holder, ..self }
    }

    /// The S3 URI of the lock object.
    pub fn place(&self) -> String {
        self.object.place()
    }

    /// The previous holder, if this apply acquired the lock after the lease of that holder had
    /// ended.
    pub fn taken_from(&self) -> Option<&Holder> {
        self.taken_from.as_ref()
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// Returns [`LockError::Taken`] or [`LockError::Unrenewed`] if the lock was lost earlier, and
    /// [`LockError::Aws`] if S3 could not delete the lock object, which then still exists.
    pub async fn release(self) -> Result<(), LockError> {
        // If the lock is lost, the renewal may have ended already.
        let _ = self.stop_renewal.send(());
        let place = self.object.place();
        // A task ends early only if the runtime ends.
        let Ok(Renewal { object, holder, etag, lost, .. }) = self.renewal.await else {
            return Err(LockError::Unanswered { place });
        };
        if let Some(lost) = lost {
            return Err(lost);
        }
        let failed = |error| LockError::Aws { place: place.clone(), error: Box::new(error) };
        match object.delete(&etag).await {
            Ok(()) => Ok(()),
            Err(error) if is_replaced(&error) => match object.read().await.map_err(failed)? {
                // The lock object was deleted by this call, but the answer of S3 was lost.
                None => Ok(()),
                Some(found) if found.holder().is_some_and(|it| it.is_same(&holder)) => Err(failed(error)),
                Some(found) => Err(LockError::Taken { place, holder: found.holder().map(Box::new) }),
            },
            Err(error) => Err(failed(error)),
        }
    }
}

impl Renewal {
    /// Renews the lock until it is released, or until the lock is lost.
    async fn run(mut self, mut is_stopped: oneshot::Receiver<()>, interrupt: Interrupt) -> Self {
        // The error of the last renewal, if the renewal failed.
        let mut failed = None;
        while self.lost.is_none() {
            tokio::select! {
                () = sleep(self.lease.heartbeat) => {}
                _ = &mut is_stopped => return self,
            }
            let end = self.stored + self.lease.usable();
            match timeout_at(end, self.renew()).await {
                Ok(Ok(())) => failed = None,
                Ok(Err(Lost::Taken(holder))) => {
                    self.lost = Some(LockError::Taken { place: self.object.place(), holder });
                }
                Ok(Err(Lost::NotYet(error))) if Instant::now() < end => failed = Some(error),
                Ok(Err(Lost::NotYet(error))) => self.lost = Some(self.unrenewed(Some(error))),
                Err(_) => self.lost = Some(self.unrenewed(failed.take())),
            }
        }
        interrupt.stop();
        self
    }

    fn unrenewed(&self, error: Option<Error>) -> LockError {
        LockError::Unrenewed { place: self.object.place(), error: error.map(Box::new) }
    }

    /// Replaces the lock object by the same holder with a new time.
    async fn renew(&mut self) -> Result<(), Lost> {
        let (begun, next) = (Instant::now(), self.holder.renewed(Timestamp::now()));
        let error = match self.object.replace(&self.etag, &next.text()).await {
            Ok(etag) => {
                (self.etag, self.holder, self.stored) = (etag, next, begun);
                return Ok(());
            }
            Err(error) if is_replaced(&error) => error,
            Err(error) => return Err(Lost::NotYet(error)),
        };
        match self.object.read().await {
            // The answer to this call was lost, or S3 rejected the call because of a concurrent
            // request.
            Ok(Some(found)) if found.holder().is_some_and(|holder| holder.is_same(&self.holder)) => {
                let is_new = found.etag != self.etag;
                self.etag = found.etag;
                if !is_new {
                    return Err(Lost::NotYet(error));
                }
                self.stored = begun;
                Ok(())
            }
            Ok(found) => Err(Lost::Taken(found.and_then(|found| found.holder()).map(Box::new))),
            Err(error) => Err(Lost::NotYet(error)),
        }
    }
}

/// The reason why a lock was not renewed.
enum Lost {
    /// Somebody deleted or replaced the lock object.
    Taken(Option<Box<Holder>>),
    /// S3 did not store the renewal. A later renewal can still succeed before the lease ends.
    NotYet(Error),
}

/// Whether the object is no longer the one that a call wanted to replace or delete.
fn is_replaced(error: &Error) -> bool {
    error.is_absent() || error.is_conflict()
}
