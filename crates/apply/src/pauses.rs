//! The pauses between requests to CloudTrail to check trails.

use std::time::Duration;

use crate::interrupt::Interrupt;

/// The pauses between the write of a policy and the questions to CloudTrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConfirmationPauses {
    /// The time to wait after the write of a policy, so that CloudTrail is not asked while it still
    /// sees the previous policy. Bucket configuration and key policies are eventually consistent:
    /// see "Amazon S3 data consistency model" in the S3 user guide, and "AWS KMS eventual
    /// consistency" in the KMS developer guide.
    pub settle: Duration,
}

impl ConfirmationPauses {
    /// The pauses for AWS.
    pub const PATIENT: Self = Self { settle: Duration::from_secs(10) };

    /// No pauses, for a twin that applies writes at once.
    pub const AT_ONCE: Self = Self { settle: Duration::ZERO };

    /// Waits until CloudTrail should see the written policy, or until a stop is requested.
    pub(crate) async fn settle(self, interrupt: &Interrupt) {
        interrupt.sleep(self.settle).await;
    }
}
