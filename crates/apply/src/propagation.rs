//! Waits until AWS sees everywhere what was written before.

use std::time::{Duration, Instant};

use reconcile_aws::{Class, Error};
use reconcile_diff::Address;

use crate::context::Context;
use crate::error::ApplyError;
use crate::event::Event;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Which errors mean "not seen yet" to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unseen {
    /// Bucket, key and their policies, as CloudTrail looks at them.
    Delivery,
    /// The resource itself, which was made a moment ago.
    Itself,
}

impl Unseen {
    fn is(self, error: &Error) -> bool {
        match self {
            Self::Delivery => error.class == Class::Propagating,
            Self::Itself => matches!(error.class, Class::NotFound | Class::Propagating),
        }
    }
}

/// Makes a call again, with growing pauses, while what it needs is not seen yet.
pub(crate) async fn settle<T, F>(
    context: &Context,
    address: &Address,
    unseen: Unseen,
    mut call: impl FnMut() -> F,
) -> Result<T, ApplyError>
where
    F: Future<Output = Result<T, Error>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) if unseen.is(&error) => error,
            Err(error) => return Err(error.into()),
        };
        let waited = start.elapsed();
        if waited + pause > context.propagation || context.is_interrupted() {
            return Err(ApplyError::NotPropagated { waited, error });
        }
        context.watch.event(Event::Waiting(address));
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
