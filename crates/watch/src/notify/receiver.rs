//! Receivers of notifications, and the secret of signatures. The URLs of receivers can be secrets,
//! so they are never printed.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::Uri;
use reconcile_aws::Remote;
use reconcile_policy::Arn;
use sha2::Sha256;

/// The format of the messages that a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadFormat {
    /// The JSON document.
    Json,
    /// A message of Slack.
    Slack,
}

/// A receiver of notifications.
#[derive(Clone, PartialEq, Eq)]
pub struct Receiver(pub(super) Destination);

/// The destination of the messages for a receiver.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// A server that accepts POST requests.
    Web(PayloadFormat, Uri),
    /// A topic or event bus.
    Aws(AwsTarget),
}

/// A receiver in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AwsTarget {
    /// A topic of SNS.
    Topic(Remote),
    /// An event bus of EventBridge.
    Bus(Remote),
}

/// A receiver that cannot be used. The message does not contain the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    /// The text is not a URL.
    #[error("expected an `https://` or `http://` URL")]
    NotUrl,
    /// The message would cross the network unencrypted.
    #[error("an `http://` receiver must be on this machine; use `https://`")]
    Plain,
    /// The text is not the ARN of a topic.
    #[error("expected `sns:` followed by the ARN of a standard topic")]
    NotTopic,
    /// The text is not the ARN of an event bus.
    #[error("expected `eventbridge:` followed by the ARN of an event bus")]
    NotBus,
    /// The secret is not base64.
    #[error("expected `whsec_` followed by base64 of at least 24 bytes")]
    Secret,
}

impl Receiver {
    /// Parses a receiver: a URL, with the prefix `slack+` for messages of Slack, or `sns:` or
    /// `eventbridge:` and an ARN.
    ///
    /// # Errors
    /// [`ReceiverError`] if the URL is invalid, if the URL is unencrypted and not of this machine,
    /// or if the ARN belongs to another kind of resource.
    pub fn parse(text: &str) -> Result<Self, ReceiverError> {
        let text = text.trim();
        if let Some(arn) = text.strip_prefix("sns:") {
            // A FIFO topic needs a group for each message.
            let is_topic = |arn: &Arn| {
                arn.service() == "sns"
                    && !arn.resource().contains(':')
                    && arn.resource().strip_suffix(".fifo").is_none()
            };
            return remote(arn, is_topic)
                .map(AwsTarget::Topic)
                .map(Self::from_target)
                .ok_or(ReceiverError::NotTopic);
        }
        if let Some(arn) = text.strip_prefix("eventbridge:") {
            let is_bus = |arn: &Arn| arn.service() == "events" && arn.resource().starts_with("event-bus/");
            return remote(arn, is_bus)
                .map(AwsTarget::Bus)
                .map(Self::from_target)
                .ok_or(ReceiverError::NotBus);
        }
        let (format, url) = match text.strip_prefix("slack+") {
            Some(url) => (PayloadFormat::Slack, url),
            None => (PayloadFormat::Json, text),
        };
        let url: Uri = url.parse().map_err(|_| ReceiverError::NotUrl)?;
        let is_local = matches!(url.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if is_local => {}
            Some("http") => return Err(ReceiverError::Plain),
            _ => return Err(ReceiverError::NotUrl),
        }
        // The webhooks of Slack have their own format, and no signature.
        let format = if url.host() == Some("hooks.slack.com") { PayloadFormat::Slack } else { format };
        Ok(Self(Destination::Web(format, url)))
    }

    fn from_target(target: AwsTarget) -> Self {
        Self(Destination::Aws(target))
    }

    /// The name in logs and metrics: the ARN, or only the host of a URL, because the path of a
    /// webhook is often a secret.
    pub(crate) fn name(&self) -> String {
        match &self.0 {
            Destination::Web(_, url) => {
                let scheme = url.scheme_str().unwrap_or_default();
                format!("{scheme}://{}", url.authority().map(http::uri::Authority::host).unwrap_or_default())
            }
            Destination::Aws(AwsTarget::Topic(topic)) => format!("sns:{}", topic.arn()),
            Destination::Aws(AwsTarget::Bus(bus)) => format!("eventbridge:{}", bus.arn()),
        }
    }
}

/// Returns the resource with an ARN, if the ARN meets the condition.
fn remote(text: &str, is_wanted: impl Fn(&Arn) -> bool) -> Option<Remote> {
    text.parse().ok().filter(is_wanted).and_then(Remote::new)
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.name()).finish()
    }
}

/// The secret that signs messages, as in the specification "Standard Webhooks".
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Parses a secret, with or without its prefix `whsec_`.
    ///
    /// # Errors
    /// [`ReceiverError::Secret`] if the text is not base64, or has less than 24 bytes.
    pub fn parse(text: &str) -> Result<Self, ReceiverError> {
        let text = text.trim();
        let bytes = BASE64_STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
        bytes.ok().filter(|bytes| bytes.len() >= 24).map(Self).ok_or(ReceiverError::Secret)
    }

    /// The signature of a message: `v1,` and the base64 text of the HMAC of ID, time and body.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        // HMAC accepts keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_encrypted_or_local() {
        let (json, slack) = (Some(PayloadFormat::Json), Some(PayloadFormat::Slack));
        let (topic, bus) = (
            "sns:arn:aws:sns:eu-west-1:111111111111:alerts",
            "eventbridge:arn:aws:events:eu-west-1:111111111111:event-bus/default",
        );
        for (text, expected) in [
            ("https://alerts.example.org/x", Ok((json, "https://alerts.example.org"))),
            ("slack+https://chat.example.org/hooks/secret", Ok((slack, "https://chat.example.org"))),
            ("https://hooks.slack.com/services/T/B/secret\n", Ok((slack, "https://hooks.slack.com"))),
            ("http://localhost:8080/x", Ok((json, "http://localhost"))),
            (topic, Ok((None, topic))),
            (bus, Ok((None, bus))),
            ("sns:alerts", Err(ReceiverError::NotTopic)),
            ("sns:arn:aws:sns:eu-west-1:111111111111:alerts.fifo", Err(ReceiverError::NotTopic)),
            ("sns:arn:aws:sns:eu-west-1:111111111111:alerts:1a2b", Err(ReceiverError::NotTopic)),
            ("sns:arn:aws:sns::111111111111:alerts", Err(ReceiverError::NotTopic)),
            ("sns:arn:aws:events:eu-west-1:111111111111:event-bus/default", Err(ReceiverError::NotTopic)),
            ("eventbridge:arn:aws:events:eu-west-1:111111111111:rule/a", Err(ReceiverError::NotBus)),
            ("eventbridge:default", Err(ReceiverError::NotBus)),
            ("http://alerts.example.org/x", Err(ReceiverError::Plain)),
            ("ftp://alerts.example.org", Err(ReceiverError::NotUrl)),
            ("alerts", Err(ReceiverError::NotUrl)),
            ("", Err(ReceiverError::NotUrl)),
        ] {
            let format = |receiver: &Receiver| match receiver.0 {
                Destination::Web(format, _) => Some(format),
                Destination::Aws(_) => None,
            };
            let parsed = Receiver::parse(text).map(|receiver| (format(&receiver), receiver.name()));
            assert_eq!(parsed, expected.map(|(format, name)| (format, name.to_owned())), "{text}");
        }
        let receiver = Receiver::parse("https://hooks.slack.com/services/T/B/secret").unwrap();
        assert!(!format!("{receiver:?}").contains("secret"));
    }

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(Secret::parse("whsec_c2hvcnQ="), Err(ReceiverError::Secret));
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
