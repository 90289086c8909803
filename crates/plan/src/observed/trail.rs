//! The deliveries of a trail, as CloudTrail reports them.

use jiff::Timestamp;

/// The deliveries of one trail since CloudTrail began to deliver.
///
/// See `GetTrailStatus` in the CloudTrail API reference: the status of a multi-Region trail is the
/// status in its home Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// The time of the latest start of logging; `None` if CloudTrail does not return one.
    pub logging_since: Option<Timestamp>,
    /// Log files.
    pub log_files: Channel,
    /// Digest files.
    pub digest_files: Channel,
    /// Events to the log group.
    pub events: Channel,
    /// Notifications to the topic.
    pub notifications: Channel,
}

/// The deliveries of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// The time of the latest delivery; `None` if nothing was delivered.
    pub latest: Option<Timestamp>,
    /// The error code with which the receiving service refused the latest attempt; `None` if the
    /// service did not refuse it.
    pub error: Option<String>,
}
