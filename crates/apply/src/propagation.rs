//! Waits until AWS sees everywhere what was written before, and is done with it.

use std::time::{Duration, Instant};

use reconcile_aws::{Class, Error};
use reconcile_diff::{Address, obstacle};
use reconcile_policy::{Delivery, Proof};

use crate::context::Context;
use crate::error::ApplyError;
use crate::event::Event;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Which errors mean "not seen yet" to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen<'a> {
    /// Bucket, key and their policies, as CloudTrail looks at them for this delivery.
    Delivery(&'a Delivery),
    /// The resource itself, which was made a moment ago, or the key that is to encrypt it.
    Itself,
}

impl Unseen<'_> {
    fn is(self, error: &Error) -> bool {
        match self {
            Self::Delivery(_) => matches!(error.class, Class::Propagating | Class::Busy),
            Self::Itself => {
                matches!(error.class, Class::NotFound | Class::Missing | Class::Propagating | Class::Busy)
                    || error.is_unseen_key()
            }
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
    let mut patience = Patience::new(context);
    let mut unknown = None;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) if unseen.is(&error) => error,
            Err(error) => return Err(error.into()),
        };
        if let (Unseen::Delivery(delivery), Class::Propagating, None) = (unseen, error.class, &unknown) {
            // Waiting helps only where the policies are right.
            unknown = Some(prove(context, delivery).await?);
        }
        if !patience.wait(context, address).await {
            return Err(ApplyError::NotPropagated {
                waited: patience.waited(),
                error: Box::new(error),
                unknown: unknown.unwrap_or_default(),
            });
        }
    }
}

/// The time that AWS gets to see what was written before, in growing pauses.
pub(crate) struct Patience {
    start: Instant,
    limit: Duration,
    pause: Duration,
}

impl Patience {
    /// Starts now, and ends when AWS should have seen everything.
    pub(crate) fn new(context: &Context) -> Self {
        Self { start: Instant::now(), limit: context.propagation, pause: FIRST_PAUSE }
    }

    /// How much of the time is over.
    pub(crate) fn waited(&self) -> Duration {
        self.start.elapsed()
    }

    /// Makes the next pause; returns false at once if there is no time left for it, or if the apply was interrupted.
    pub(crate) async fn wait(&mut self, context: &Context, address: &Address) -> bool {
        if self.waited() + self.pause > self.limit || context.is_interrupted() {
            return false;
        }
        context.watch.event(Event::Waiting(address));
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// Fails if the live policies certainly do not let the trail deliver. Where they cannot be read, or it is not known what
/// they allow, waiting can help. Returns what is not known.
async fn prove(context: &Context, delivery: &Delivery) -> Result<Vec<String>, ApplyError> {
    let Ok(proofs) = context.prove(delivery).await else { return Ok(Vec::new()) };
    let (refused, rest): (Vec<Proof>, Vec<Proof>) =
        proofs.into_iter().partition(|proof| proof.decision.is_refused());
    if refused.is_empty() {
        return Ok(rest.iter().filter(|proof| !proof.decision.is_allowed()).map(obstacle).collect());
    }
    Err(ApplyError::Undeliverable { obstacles: refused.iter().map(obstacle).collect() })
}
