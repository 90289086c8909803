//! Waits until AWS applies earlier writes everywhere.
//!
//! Most of AWS is eventually consistent: a read can show a resource as it was before a write that succeeded, and a call can be
//! refused because of what was there before. See "Amazon S3 data consistency model" in the S3 user guide for bucket
//! configurations, "AWS KMS eventual consistency" in the KMS developer guide, and "Changes that I make are not always immediately
//! visible" in the IAM user guide.

use std::time::{Duration, Instant};

use reconcile_operations::Error;
use reconcile_plan::{Address, obstacle};
use reconcile_policy::{Delivery, Proof};

use crate::context::Context;
use crate::error::ApplyError;
use crate::event::Event;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long AWS gets to see what was written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagation {
    limit: Duration,
    is_simulated: bool,
}

impl Propagation {
    /// Waits as long as this at most, in growing pauses.
    pub fn within(limit: Duration) -> Self {
        Self { limit, is_simulated: false }
    }

    /// Counts the pauses and does not make them: time passes only by pauses.
    pub fn simulated(limit: Duration) -> Self {
        Self { limit, is_simulated: true }
    }
}

/// Which errors mean "not seen yet" to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen<'a> {
    /// Bucket, key and their policies, as CloudTrail reads them for this delivery.
    Delivery(&'a Delivery),
    /// The resource itself, which was made a moment ago, or the key that is to encrypt it.
    Itself,
}

impl Unseen<'_> {
    fn is(self, context: &Context, error: &Error) -> bool {
        let is_organization = error.is_unseen_organization() && context.acts_for_organization();
        is_organization
            || match self {
                Self::Delivery(_) => error.is_unready() && !error.is_absent(),
                Self::Itself => error.is_unready(),
            }
    }
}

/// Reads until the answer no longer shows what was there before a write. With `is_new`, an answer that there is nothing is
/// late as well: what is read was made a moment ago.
///
/// # Errors
/// [`ApplyError::NotShown`] if the time is over, or whatever the last read answered.
pub(crate) async fn read_on<T, E, F>(
    patience: &mut Patience<'_>,
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
        if !patience.wait().await {
            return Err(late.unwrap_or(ApplyError::NotShown { waited: patience.waited() }));
        }
    }
}

/// Makes a call again, with growing pauses, while what it needs is not seen yet.
pub(crate) async fn settle<T, F>(
    context: &Context,
    address: &Address,
    unseen: Unseen<'_>,
    mut call: impl FnMut() -> F,
) -> Result<T, ApplyError>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut patience = Patience::new(context, address);
    let mut unknown = None;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) if unseen.is(context, &error) => error,
            Err(error) => return Err(error.into()),
        };
        if let (Unseen::Delivery(delivery), true, None) = (unseen, error.is_unseen_delivery(), &unknown) {
            // Waiting helps only where the policies are right.
            unknown = Some(prove(context, address, delivery).await?);
        }
        if !patience.wait().await {
            return Err(ApplyError::NotPropagated {
                waited: patience.waited(),
                error: Box::new(error),
                unknown: unknown.unwrap_or_default(),
            });
        }
    }
}

/// The time that AWS gets to see what was written before, in growing pauses.
pub(crate) struct Patience<'a> {
    context: &'a Context,
    /// What waits.
    address: &'a Address,
    start: Instant,
    limit: Duration,
    pause: Duration,
    /// The pauses so far.
    paused: Duration,
}

impl<'a> Patience<'a> {
    /// Starts now, and ends when AWS should have seen everything.
    pub(crate) fn new(context: &'a Context, address: &'a Address) -> Self {
        Self {
            context,
            address,
            start: Instant::now(),
            limit: context.propagation.limit,
            pause: FIRST_PAUSE,
            paused: Duration::ZERO,
        }
    }

    /// The same, which ends after this time if that is earlier.
    pub(crate) fn at_most(self, limit: Duration) -> Self {
        Self { limit: self.limit.min(limit), ..self }
    }

    /// How much of the time is over.
    pub(crate) fn waited(&self) -> Duration {
        if self.context.propagation.is_simulated { self.paused } else { self.start.elapsed() }
    }

    /// Makes the next pause; returns false at once if there is no time left for it, or if the apply was interrupted.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.waited() + self.pause > self.limit || self.context.is_interrupted() {
            return false;
        }
        self.context.watch.event(Event::Waiting(self.address));
        if !self.context.propagation.is_simulated {
            self.context.interrupt.sleep(self.pause).await;
        }
        self.paused += self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// Fails if the live policies certainly do not let the trail deliver. Where they cannot be read, or it is not known what
/// they allow, waiting can help. Returns what is not known.
async fn prove(context: &Context, address: &Address, delivery: &Delivery) -> Result<Vec<String>, ApplyError> {
    let Ok(proofs) = context.prove(address, delivery).await else { return Ok(Vec::new()) };
    let (refused, rest): (Vec<Proof>, Vec<Proof>) =
        proofs.into_iter().partition(|proof| proof.decision.is_refused());
    if refused.is_empty() {
        return Ok(rest.iter().filter(|proof| !proof.decision.is_allowed()).map(obstacle).collect());
    }
    Err(ApplyError::Undeliverable { obstacles: refused.iter().map(obstacle).collect() })
}
