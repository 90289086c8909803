//! The deliveries of a trail, as CloudTrail reports them.

use jiff::Timestamp;

/// The deliveries of one trail since CloudTrail began to deliver.
///
/// See `GetTrailStatus` in the CloudTrail API reference: the status of a trail of all Regions is
/// that of its home Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// The time at which logging was started last; `None` if CloudTrail does not return one.
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

/// The deliveries of one sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Channel {
    /// The time of the latest delivery; `None` if nothing was delivered.
    pub latest: Option<Timestamp>,
    /// The error code with which the receiving service refused the latest attempt; `None` if it did
    /// not.
    pub error: Option<String>,
}
