//! Delivers messages to a receiver, in their order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::message::Message;
use super::receiver::{Destination, PayloadFormat, Receiver, Secret};
use super::{Publish, Unpublished};
use crate::board::Board;

/// The time of one attempt.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The number of attempts: about an hour and a half with all pauses.
const ATTEMPTS: u32 = 20;
/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_mins(5);

pub(super) type Connection = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// The HTTP client, which trusts the certificates of the system.
pub(super) fn client() -> std::io::Result<Connection> {
    let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

/// The outcome of an attempt to deliver a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeliveryOutcome {
    Delivered,
    Retry,
    Refused,
}

/// The task that delivers the messages for one receiver.
#[derive(Debug)]
pub(super) struct DeliveryTask {
    pub(super) client: Connection,
    pub(super) secret: Option<Secret>,
    pub(super) publisher: Arc<dyn Publish>,
    pub(super) board: Arc<Board>,
    pub(super) receiver: Receiver,
    /// The number of messages that are not delivered yet.
    pub(super) waiting: Arc<AtomicUsize>,
}

impl DeliveryTask {
    pub(super) async fn run(self, mut messages: mpsc::Receiver<Arc<Message>>) {
        while let Some(message) = messages.recv().await {
            self.deliver(&message).await;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    async fn deliver(&self, message: &Message) {
        let name = self.receiver.name();
        for attempt in 1..=ATTEMPTS {
            let silent =
                |_| (DeliveryOutcome::Retry, format!("no answer within {} seconds", ATTEMPT.as_secs()));
            let (outcome, answer) = timeout(ATTEMPT, self.send(message)).await.unwrap_or_else(silent);
            match (outcome, attempt) {
                (DeliveryOutcome::Delivered, _) => return self.board.message(&name, "delivered"),
                (DeliveryOutcome::Refused, _) | (DeliveryOutcome::Retry, ATTEMPTS) => {
                    tracing::error!(
                        receiver = name,
                        id = message.id,
                        answer,
                        "a notification was not delivered"
                    );
                    break;
                }
                (DeliveryOutcome::Retry, _) => {
                    tracing::warn!(receiver = name, attempt, answer, "a notification is sent again");
                    sleep(pause(attempt)).await;
                }
            }
        }
        self.board.message(&name, "failed");
    }

    /// Makes one attempt. Returns its outcome, and the answer for the log.
    async fn send(&self, message: &Message) -> (DeliveryOutcome, String) {
        match &self.receiver.0 {
            Destination::Web(format, url) => match self.post(*format, url, message).await {
                Ok(status) => (outcome(Some(status)), status.to_string()),
                Err(error) => (outcome(None), error),
            },
            Destination::Aws(target) => match self.publisher.publish(target, message).await {
                Ok(()) => (DeliveryOutcome::Delivered, String::new()),
                Err(Unpublished { error, is_final }) => {
                    (if is_final { DeliveryOutcome::Refused } else { DeliveryOutcome::Retry }, error)
                }
            },
        }
    }

    async fn post(&self, format: PayloadFormat, url: &Uri, message: &Message) -> Result<StatusCode, String> {
        let body = match format {
            PayloadFormat::Json => message.json(),
            PayloadFormat::Slack => message.slack(),
        };
        let seconds = Timestamp::now().as_second();
        let mut request = Request::post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("reconcile/", env!("CARGO_PKG_VERSION")));
        // See the specification "Standard Webhooks".
        if let (PayloadFormat::Json, Some(secret)) = (format, &self.secret) {
            request = request
                .header("webhook-id", &message.id)
                .header("webhook-timestamp", seconds)
                .header("webhook-signature", secret.sign(&message.id, seconds, &body));
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| reconcile_text::message(&error))?;
        Ok(response.status())
    }
}

/// Returns the outcome for a status; `None` means no answer. A receiver that rejects a message
/// would also reject the next attempt.
fn outcome(status: Option<StatusCode>) -> DeliveryOutcome {
    match status {
        Some(status) if status.is_success() => DeliveryOutcome::Delivered,
        Some(StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) => DeliveryOutcome::Retry,
        Some(status) if status.is_client_error() || status.is_redirection() => DeliveryOutcome::Refused,
        Some(_) | None => DeliveryOutcome::Retry,
    }
}

/// The pause after an attempt: one second, then twice as long after each attempt.
fn pause(attempt: u32) -> Duration {
    Duration::from_secs(1).saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_sent_again_if_a_later_attempt_can_succeed() {
        for (status, expected) in [
            (Some(200), DeliveryOutcome::Delivered),
            (Some(204), DeliveryOutcome::Delivered),
            (Some(301), DeliveryOutcome::Refused),
            (Some(400), DeliveryOutcome::Refused),
            (Some(404), DeliveryOutcome::Refused),
            (Some(408), DeliveryOutcome::Retry),
            (Some(429), DeliveryOutcome::Retry),
            (Some(500), DeliveryOutcome::Retry),
            (Some(503), DeliveryOutcome::Retry),
            (None, DeliveryOutcome::Retry),
        ] {
            let status = status.map(|status| StatusCode::from_u16(status).unwrap());
            assert_eq!(outcome(status), expected, "{status:?}");
        }
    }

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let seconds: Vec<u64> = [1, 2, 3, 9, 10, 20].map(|attempt| pause(attempt).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 256, 300, 300]);
    }
}
