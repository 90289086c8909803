//! Notifications about changes of findings.
//!
//! Every receiver has its own queue and task, so that a slow or unavailable receiver delays neither
//! a check nor another receiver.

mod deliver;
mod message;
mod receiver;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::mpsc::{Sender, channel, error::TrySendError};
use tokio::time::timeout;

use crate::board::{Board, News};
use crate::evidence::EvidenceNews;
pub use message::Message;
pub use receiver::{AwsTarget, Receiver, ReceiverError, Secret};

/// Sends messages to receivers in AWS. This crate makes no call to AWS.
pub trait Publish: std::fmt::Debug + Send + Sync {
    /// Makes one attempt to send a message.
    fn publish<'p>(
        &'p self,
        target: &'p AwsTarget,
        message: &'p Message,
    ) -> BoxFuture<'p, Result<(), Unpublished>>;
}

/// A message that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// The error.
    pub error: String,
    /// Whether another attempt gets the same answer.
    pub is_final: bool,
}

/// The maximum number of messages that wait for a receiver.
const WAITING: usize = 1000;
/// The time for the delivery of waiting messages at the end of the process.
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
    /// The number of messages that are not delivered yet.
    waiting: Arc<AtomicUsize>,
}

impl Notifier {
    /// Starts a task for each receiver. `secret` signs the messages to webhooks, and `publisher`
    /// sends messages to receivers in AWS.
    ///
    /// # Errors
    /// Fails if the certificates of the system cannot be read.
    pub fn start(
        receivers: Vec<Receiver>,
        secret: Option<&Secret>,
        publisher: &Arc<dyn Publish>,
        board: &Arc<Board>,
    ) -> Result<Self, std::io::Error> {
        let client = deliver::client()?;
        let queues = receivers.into_iter().map(|receiver| {
            let (sender, messages) = channel(WAITING);
            let name = receiver.name();
            let waiting = Arc::new(AtomicUsize::new(0));
            let task = deliver::DeliveryTask {
                client: client.clone(),
                secret: secret.cloned(),
                publisher: Arc::clone(publisher),
                board: Arc::clone(board),
                receiver,
                waiting: Arc::clone(&waiting),
            };
            tokio::spawn(task.run(messages));
            Queue { name, sender, waiting }
        });
        Ok(Self { queues: queues.collect(), board: Arc::clone(board) })
    }

    /// Notifies all receivers of the news of a check.
    pub(crate) fn notify(&self, spec: &str, installation: Option<&str>, at: Timestamp, news: &News) {
        self.send(|| Message::new(spec, installation, at, news));
    }

    /// Notifies all receivers of the news of a verification of log files.
    pub(crate) fn notify_of_evidence(
        &self,
        spec: &str,
        installation: Option<&str>,
        at: Timestamp,
        news: &EvidenceNews,
    ) {
        self.send(|| Message::from_evidence(spec, installation, at, news));
    }

    fn send(&self, message: impl FnOnce() -> Message) {
        if self.queues.is_empty() {
            return;
        }
        let message = Arc::new(message());
        for queue in &self.queues {
            queue.waiting.fetch_add(1, Ordering::Relaxed);
            if let Err(TrySendError::Full(_) | TrySendError::Closed(_)) =
                queue.sender.try_send(Arc::clone(&message))
            {
                queue.waiting.fetch_sub(1, Ordering::Relaxed);
                tracing::error!(receiver = queue.name, "the queue is full: a notification was dropped");
                self.board.message(&queue.name, "lost");
            }
        }
    }

    /// Waits a short time for the delivery of waiting messages.
    pub(crate) async fn finish(&self) {
        let waiting = async {
            while self.queues.iter().any(|queue| queue.waiting.load(Ordering::Relaxed) > 0) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(FINISH, waiting).await.is_err() {
            tracing::error!("some notifications were not delivered before the program ended");
        }
    }
}
