//! Receivers of the names of log files: notifications and inventories of the bucket, and
//! subscriptions of topics.

/// The notifications of S3 about the objects of the bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// The resources that receive the names of log files.
    pub receivers: Vec<NameReceiver>,
    /// Whether events go to `EventBridge` in the account of the bucket.
    pub event_bridge: bool,
}

/// A receiver of the names of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameReceiver {
    /// The ID of the notification or inventory, or the protocol of the subscription.
    pub name: String,
    /// The prefix of the object keys that are sent.
    pub prefix: String,
    /// The receiver.
    pub target: ReceiverTarget,
}

/// The destination to which names of log files are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverTarget {
    /// The resource with this ARN, which contains the account.
    Resource(String),
    /// A bucket.
    Bucket {
        /// The name.
        name: String,
        /// The account, if the configuration names it.
        account: Option<String>,
    },
    /// An endpoint outside of AWS: a URL, an email address or a phone number.
    Endpoint(String),
}
