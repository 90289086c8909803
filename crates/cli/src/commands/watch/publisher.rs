//! Sends notifications to topics and event buses.

use std::fmt;

use futures::future::BoxFuture;
use reconcile_aws::{Aws, BusEvent, Remote, TopicMessage, publish, put_event};
use reconcile_operations::{Class, Error};
use reconcile_watch::{AwsTarget, Message, Publish, Unpublished};

use crate::args::Global;
use crate::connect::Backend;

/// The source and the type of events.
const SOURCE: &str = "reconcile";
const DETAIL_TYPE: &str = "reconcile drift";

/// A publisher that uses the current credentials. It reads the credentials for each message,
/// because a watch runs longer than credentials are valid.
pub(super) struct Publisher {
    pub(super) global: Global,
    pub(super) backend: Backend,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

impl Publisher {
    fn connect(&self, remote: &Remote) -> Result<Aws, Unpublished> {
        let connected = self.backend.connect_without_spec(&self.global, remote.region().clone());
        connected.map_err(|error| Unpublished { error: reconcile_text::message(&error), is_final: false })
    }

    async fn send(&self, target: &AwsTarget, message: &Message) -> Result<(), Unpublished> {
        let sent = match target {
            AwsTarget::Topic(topic) => {
                let (subject, body) = (message.subject(), message.topic());
                publish(&self.connect(topic)?, topic, TopicMessage { subject: &subject, body: &body }).await
            }
            AwsTarget::Bus(bus) => {
                let event = BusEvent { source: SOURCE, detail_type: DETAIL_TYPE, detail: &message.detail() };
                put_event(&self.connect(bus)?, bus, event).await
            }
        };
        sent.map_err(|error| Unpublished { is_final: is_final(&error), error: error.to_string() })
    }
}

impl Publish for Publisher {
    fn publish<'p>(
        &'p self,
        target: &'p AwsTarget,
        message: &'p Message,
    ) -> BoxFuture<'p, Result<(), Unpublished>> {
        Box::pin(self.send(target, message))
    }
}

/// Whether the next attempt would get the same answer. Users can renew credentials and grant
/// permissions during the time of the attempts.
fn is_final(error: &Error) -> bool {
    match error.class {
        Class::Refused | Class::Absent | Class::RegionNotEnabled => true,
        Class::Conflict
        | Class::NotYetSeen(_)
        | Class::Busy
        | Class::Throttled
        | Class::LimitReached
        | Class::Denied
        | Class::Credentials
        | Class::Clock
        | Class::Unavailable => false,
    }
}
