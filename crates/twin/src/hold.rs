//! Delays the answers of calls that have taken effect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Delays the answers to all calls of an operation until the hold is dropped.
#[derive(Debug)]
pub struct Hold {
    held: Arc<DelayedCalls>,
}

/// The delayed calls of one operation.
#[derive(Debug)]
struct DelayedCalls {
    operation: String,
    /// The number of delayed calls so far.
    count: watch::Sender<usize>,
    is_released: watch::Sender<bool>,
}

impl Hold {
    /// Waits until a call is delayed.
    pub async fn reached(&self) {
        // The sender lives as long as `self`.
        let _ = self.held.count.subscribe().wait_for(|count| *count > 0).await;
    }

    /// The number of delayed calls so far.
    pub fn count(&self) -> usize {
        *self.held.count.borrow()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.is_released.send_replace(true);
    }
}

/// All holds of a twin.
#[derive(Debug, Default)]
pub(crate) struct Holds(Mutex<Vec<Arc<DelayedCalls>>>);

impl Holds {
    pub(crate) fn add(&self, operation: &str) -> Hold {
        let held = Arc::new(DelayedCalls {
            operation: operation.to_owned(),
            count: watch::Sender::new(0),
            is_released: watch::Sender::new(false),
        });
        let mut holds = self.all();
        holds.retain(|held| !*held.is_released.borrow());
        holds.push(Arc::clone(&held));
        Hold { held }
    }

    /// Waits as long as the answers to an operation are delayed.
    pub(crate) async fn pass(&self, operation: &str) {
        let held = self.all().iter().find(|held| held.operation == operation).cloned();
        if let Some(held) = held {
            held.count.send_modify(|count| *count += 1);
            // The sender lives as long as `held`.
            let _ = held.is_released.subscribe().wait_for(|is_released| *is_released).await;
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<DelayedCalls>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
