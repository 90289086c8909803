//! Waits until AWS applies earlier writes everywhere.
//!
//! Most of AWS is eventually consistent. After a successful write, a read can still return the
//! state before the write, and AWS can reject a call because of the earlier state. See "Amazon S3
//! data consistency model" in the S3 user guide for bucket configurations, "AWS KMS eventual
//! consistency" in the KMS developer guide, and "Changes that I make are not always immediately
//! visible" in the IAM user guide.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reconcile_operations::Error;
use reconcile_plan::Address;

use crate::error::ApplyError;
use crate::event::{Event, EventObserver};
use crate::interrupt::Interrupt;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The maximum time to wait until AWS applies earlier writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagation {
    limit: Duration,
    is_simulated: bool,
}

impl Propagation {
    /// Waits at most this time, in pauses of increasing length.
    pub fn within(limit: Duration) -> Self {
        Self { limit, is_simulated: false }
    }

    /// Counts the pauses, but does not wait: the simulated time passes only in pauses.
    pub fn simulated(limit: Duration) -> Self {
        Self { limit, is_simulated: true }
    }
}

/// The settings that all waits of an apply share.
pub(crate) struct WaitSettings {
    /// The maximum time of each wait.
    pub(crate) propagation: Propagation,
    pub(crate) interrupt: Interrupt,
    pub(crate) observer: Arc<dyn EventObserver>,
}

/// Reads until the answer no longer shows the state before a write. With `is_new`, this apply
/// created the resource or a resource that it depends on, so a read that does not find the resource
/// is also retried.
///
/// # Errors
/// Returns [`ApplyError::NotShown`] if the time is over, or the error of the last read.
pub(crate) async fn read_on<T, E, F>(
    backoff: &mut Backoff<'_>,
    is_new: bool,
    is_late: impl Fn(&T) -> bool,
    mut read: impl FnMut() -> F,
) -> Result<T, ApplyError>
where
    E: Into<ApplyError>,
    F: Future<Output = Result<T, E>>,
{
    loop {
        let late = match read().await.map_err(Into::into) {
            Ok(value) if is_late(&value) => None,
            Ok(value) => return Ok(value),
            Err(error) if is_new && error.aws().is_some_and(Error::is_unready) => Some(error),
            Err(error) => return Err(error),
        };
        if !backoff.wait().await {
            return Err(late.unwrap_or(ApplyError::NotShown { waited: backoff.waited() }));
        }
    }
}

/// A wait until AWS applies earlier writes, in pauses of increasing length.
pub(crate) struct Backoff<'a> {
    waits: &'a WaitSettings,
    /// The resource of the change that waits.
    address: &'a Address,
    start: Instant,
    limit: Duration,
    pause: Duration,
    /// The total length of the pauses so far.
    paused: Duration,
}

impl<'a> Backoff<'a> {
    /// Creates a wait that starts now and has the maximum time of the settings.
    pub(crate) fn new(waits: &'a WaitSettings, address: &'a Address) -> Self {
        Self {
            waits,
            address,
            start: Instant::now(),
            limit: waits.propagation.limit,
            pause: FIRST_PAUSE,
            paused: Duration::ZERO,
        }
    }

    /// Reduces the maximum time to this limit.
    pub(crate) fn at_most(self, limit: Duration) -> Self {
        Self { limit: self.limit.min(limit), ..self }
    }

    /// The time since the start.
    pub(crate) fn waited(&self) -> Duration {
        if self.waits.propagation.is_simulated { self.paused } else { self.start.elapsed() }
    }

    /// Waits for the next pause. Returns false at once if the maximum time does not allow another
    /// pause, or if the apply was interrupted.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.waited() + self.pause > self.limit || self.waits.interrupt.is_stopped() {
            return false;
        }
        self.waits.observer.event(Event::Waiting(self.address));
        if !self.waits.propagation.is_simulated {
            self.waits.interrupt.sleep(self.pause).await;
        }
        self.paused += self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}
