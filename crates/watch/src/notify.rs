//! Notifications about changes of findings.
//!
//! Every receiver has a queue and a task of its own, so that a receiver that is slow or dead delays neither a check nor another
//! receiver.

mod deliver;
mod message;
mod receiver;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{Sender, channel, error::TrySendError};
use tokio::time::timeout;

use crate::board::{Board, News};
use message::Message;

pub use receiver::{Receiver, ReceiverError, Secret};

/// The most messages that wait for a receiver.
const WAITING: usize = 1000;
/// The time that messages get at the end of the process.
const FINISH: Duration = Duration::from_secs(5);

/// The receivers of notifications.
#[derive(Debug, Default)]
pub struct Notifier {
    queues: Vec<Queue>,
    board: Arc<Board>,
}

#[derive(Debug)]
struct Queue {
    name: String,
    sender: Sender<Arc<Message>>,
    /// The messages that are not delivered yet.
    waiting: Arc<AtomicUsize>,
}

impl Notifier {
    /// Starts a task for each receiver. `secret` signs the messages to webhooks.
    ///
    /// # Errors
    /// If the certificates of the system cannot be read.
    pub fn start(
        receivers: Vec<Receiver>,
        secret: Option<&Secret>,
        board: &Arc<Board>,
    ) -> Result<Self, std::io::Error> {
        let client = deliver::client()?;
        let queues = receivers.into_iter().map(|receiver| {
            let (sender, messages) = channel(WAITING);
            let name = receiver.name();
            let waiting = Arc::new(AtomicUsize::new(0));
            let courier = deliver::Courier {
                client: client.clone(),
                secret: secret.cloned(),
                board: Arc::clone(board),
                receiver,
                waiting: Arc::clone(&waiting),
            };
            tokio::spawn(courier.run(messages));
            Queue { name, sender, waiting }
        });
        Ok(Self { queues: queues.collect(), board: Arc::clone(board) })
    }

    /// Tells all receivers what changed.
    pub(crate) fn tell(&self, spec: &str, installation: Option<&str>, at: Timestamp, news: &News) {
        if self.queues.is_empty() {
            return;
        }
        let message = Arc::new(Message::new(spec, installation, at, news));
        for queue in &self.queues {
            queue.waiting.fetch_add(1, Ordering::Relaxed);
            if let Err(TrySendError::Full(_) | TrySendError::Closed(_)) =
                queue.sender.try_send(Arc::clone(&message))
            {
                queue.waiting.fetch_sub(1, Ordering::Relaxed);
                tracing::error!(receiver = queue.name, "the queue is full: a notification is lost");
                self.board.message(&queue.name, "lost");
            }
        }
    }

    /// Gives waiting messages a last chance.
    pub(crate) async fn finish(&self) {
        let waiting = async {
            while self.queues.iter().any(|queue| queue.waiting.load(Ordering::Relaxed) > 0) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(FINISH, waiting).await.is_err() {
            tracing::error!("some notifications were not delivered before the end");
        }
    }
}
