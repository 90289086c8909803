//! Sends notifications to topics of SNS and event buses of EventBridge.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use reconcile_operations::{Error, Operation};
use reconcile_policy::{Arn, Region};
use reconcile_spec::{Access, Account};

use crate::{Aws, Session};

/// A topic or event bus, in any account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    arn: Arn,
    account: Account,
    region: Region,
}

impl Remote {
    /// A resource with this ARN; `None` if the ARN has no account or no Region.
    pub fn new(arn: Arn) -> Option<Self> {
        let access = Access { profile: None, role: None };
        let account = Account { name: "receiver".parse().ok()?, id: arn.account().parse().ok()?, access };
        let region = arn.region().parse().ok()?;
        Some(Self { arn, account, region })
    }

    /// Returns the ARN.
    pub fn arn(&self) -> &Arn {
        &self.arn
    }

    /// Returns the Region.
    pub fn region(&self) -> &Region {
        &self.region
    }
}

/// A message for a topic.
#[derive(Debug, Clone, Copy)]
pub struct TopicMessage<'m> {
    /// The subject of e-mails: less than 100 ASCII characters.
    pub subject: &'m str,
    /// A JSON object of the texts by protocol, with a text for the protocol `default`.
    pub body: &'m str,
}

/// An event for an event bus.
#[derive(Debug, Clone, Copy)]
pub struct BusEvent<'e> {
    /// The source.
    pub source: &'e str,
    /// The type.
    pub detail_type: &'e str,
    /// A JSON object.
    pub detail: &'e str,
}

/// Publishes a message to a topic, with the current credentials.
///
/// See `Publish` in the SNS API reference.
///
/// # Errors
/// The error of SNS.
pub async fn publish(aws: &Aws, topic: &Remote, message: TopicMessage<'_>) -> Result<(), Error> {
    let session = Session::with_current_credentials(aws, &topic.account).await;
    let call = session
        .sns(&topic.region)
        .publish()
        .topic_arn(topic.arn.as_str())
        .subject(message.subject)
        .message_structure("json")
        .message(message.body)
        .send();
    session.call(Operation::Publish, call).await.map(drop)
}

/// Sends an event to an event bus, with the current credentials.
///
/// See `PutEvents` in the EventBridge API reference: an answer without an error can reject the
/// event.
///
/// # Errors
/// The error of EventBridge.
pub async fn put_event(aws: &Aws, bus: &Remote, event: BusEvent<'_>) -> Result<(), Error> {
    const OPERATION: Operation = Operation::PutEvents;

    let session = Session::with_current_credentials(aws, &bus.account).await;
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(bus.arn.as_str())
        .source(event.source)
        .detail_type(event.detail_type)
        .detail(event.detail);
    let call = session.events(&bus.region).put_events().entries(entry.build()).send();
    let answer = session.call(OPERATION, call).await?;
    match answer.entries().iter().find_map(|entry| Some((entry.error_code()?, entry.error_message()))) {
        Some((code, message)) => {
            Err(Error::answered(session.id().clone(), OPERATION, code, message.unwrap_or_default()))
        }
        None if answer.failed_entry_count() > 0 => Err(session.incomplete(OPERATION, "ErrorCode")),
        None => Ok(()),
    }
}
