//! Reads the newest digests of trails.

use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_plan::freshness::{DigestTrails, Staleness};
use reconcile_spec::Desired;
use reconcile_text::message;

use crate::evidence::LogFiles;

/// Returns the trails whose digests are not up to date. If digests cannot be listed, this is a
/// result too. `at_once` is the maximum number of concurrent requests.
pub async fn freshness(
    aws: &Aws,
    desired: &Desired,
    digests: &DigestTrails,
    now: Timestamp,
    at_once: usize,
) -> Vec<Staleness> {
    if digests.trails.is_empty() {
        return Vec::new();
    }
    match LogFiles::open_to_list(aws, desired).await {
        Ok(bucket) => reconcile_evidence::freshness(&bucket, desired, digests, now, at_once).await,
        Err(error) => digests.unread(&message(&error)),
    }
}
