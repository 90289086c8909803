//! Settings of a log group that the spec does not manage.

mod access;

pub use access::{LogAccess, Reach, ResourcePolicy, Subscription, Unread};

/// Settings of a log group that affect its events, and that no spec manages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupTraits {
    /// The data protection policies that mask parts of the events.
    pub masked_by: Vec<Masking>,
    /// Whether anybody with a bearer token can write events.
    pub takes_bearer_tokens: bool,
    /// The class, if it is not the standard one.
    pub class: Option<String>,
    /// The number of metric filters, including the metric filters of the installation.
    pub metric_filters: u64,
}

/// A data protection policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Masking {
    /// The policy of the log group.
    Group,
    /// The policy of the account and Region.
    Account,
}
