//! Who receives the names of log files: from notifications and inventories of the bucket, and from subscriptions of topics.

/// A receiver of the names of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// The ID of the notification or inventory, or the protocol of the subscription.
    pub name: String,
    /// The prefix of the keys whose names are told.
    pub prefix: String,
    /// Where the names go.
    pub target: Target,
}

/// The target of names of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The resource of this ARN, which tells the account.
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
