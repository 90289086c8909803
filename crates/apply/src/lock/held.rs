//! A held lock: renewed while the apply runs, and released at its end.

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
    /// Ends the renewal.
    stop_renewal: oneshot::Sender<()>,
    renewal: JoinHandle<Renewal>,
    taken_from: Option<Holder>,
}

/// The renewal of a lock, and the lock as it is stored.
#[derive(Debug)]
struct Renewal {
    object: Arc<Object>,
    lease: Lease,
    holder: Holder,
    etag: String,
    /// When the last write that succeeded was begun: S3 stored it then or later.
    stored: Instant,
    lost: Option<LockError>,
}

impl HeldLock {
    /// Keeps a lock that was written by a call that began at `stored`. Stops the apply if the lock
    /// is lost.
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

    /// Records the holder whose lease had ended, from which the lock was taken over.
    pub(super) fn taken_over_from(self, holder: Option<Holder>) -> Self {
        Self { taken_from: holder, ..self }
    }

    /// The place of the lock.
    pub fn place(&self) -> String {
        self.object.place()
    }

    /// The holder whose lease had ended, if the lock was taken over.
    pub fn taken_from(&self) -> Option<&Holder> {
        self.taken_from.as_ref()
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// [`LockError::Taken`] and [`LockError::Unrenewed`] if the lock was lost before;
    /// [`LockError::Aws`] if it could not be released, and stays.
    pub async fn release(self) -> Result<(), LockError> {
        // The renewal may have ended, because the lock is lost.
        let _ = self.stop_renewal.send(());
        let place = self.object.place();
        // A task ends early only when the runtime does.
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
                // The answer to our own call was lost.
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
        // The answer to the last renewal, if that failed.
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

    /// Replaces the lock by the same one with a new time.
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
            // The answer to our own call was lost, or S3 refused it because of another request.
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

/// A lock was not renewed.
enum Lost {
    /// Somebody deleted or replaced it.
    Taken(Option<Box<Holder>>),
    /// S3 did not do it; the next renewal may still come in time.
    NotYet(Error),
}

/// Whether the object is not the one that a call wanted to replace or delete.
fn is_replaced(error: &Error) -> bool {
    error.is_absent() || error.is_conflict()
}
