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
                matches!(error.class, Class::NotFound | Class::Propagating | Class::Busy)
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
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut is_proven = false;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) if unseen.is(&error) => error,
            Err(error) => return Err(error.into()),
        };
        if let (Unseen::Delivery(delivery), Class::Propagating, false) = (unseen, error.class, is_proven) {
            // Waiting helps only where the policies are right.
            prove(context, delivery).await?;
            is_proven = true;
        }
        let waited = start.elapsed();
        if waited + pause > context.propagation || context.is_interrupted() {
            return Err(ApplyError::NotPropagated { waited, error });
        }
        context.watch.event(Event::Waiting(address));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Fails if the live policies certainly do not let the trail deliver. Where they cannot be read, or it is not known what
/// they allow, waiting can help.
async fn prove(context: &Context, delivery: &Delivery) -> Result<(), ApplyError> {
    let Ok(proofs) = context.prove(delivery).await else { return Ok(()) };
    let is_obstacle = |proof: &&Proof| proof.decision.is_refused();
    let obstacles: Vec<String> = proofs.iter().filter(is_obstacle).map(obstacle).collect();
    if obstacles.is_empty() { Ok(()) } else { Err(ApplyError::Undeliverable { obstacles }) }
}
