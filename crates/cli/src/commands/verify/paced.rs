//! A source with a maximum rate of requests, which shows the progress of its reads.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reconcile_evidence::{Body, Object, ObjectLocation, ObjectSource, Page, ReadError};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::progress::Verifying;

/// A source with a maximum number of requests a second.
pub(super) struct Paced<S> {
    source: S,
    limiter: Option<RateLimiter>,
    progress: Arc<Verifying>,
}

/// A rate limiter: the interval between two requests, and the time of the next request.
struct RateLimiter {
    interval: Duration,
    next: Mutex<Instant>,
}

impl RateLimiter {
    async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().await;
            take(&mut next, Instant::now(), self.interval)
        };
        sleep_until(at).await;
    }
}

/// Returns the time of a request, and sets the time of the next request. A time without requests
/// does not allow faster requests later.
fn take(next: &mut Instant, now: Instant, interval: Duration) -> Instant {
    let at = (*next).max(now);
    *next = at + interval;
    at
}

impl<S: ObjectSource> Paced<S> {
    pub(super) fn new(source: S, rate: Option<u32>, progress: Arc<Verifying>) -> Self {
        let limiter =
            |rate| RateLimiter { interval: Duration::from_secs(1) / rate, next: Mutex::new(Instant::now()) };
        Self { source, limiter: rate.map(limiter), progress }
    }

    async fn turn(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.turn().await;
        }
    }
}

impl<S: ObjectSource> ObjectSource for Paced<S> {
    type Body = PacedBody<S::Body>;

    async fn list(&self, bucket: &str, prefix: &str, after: &str) -> Result<Page, ReadError> {
        self.turn().await;
        self.source.list(bucket, prefix, after).await
    }

    async fn folders(&self, bucket: &str, folder: &str) -> Result<Vec<String>, ReadError> {
        self.turn().await;
        self.source.folders(bucket, folder).await
    }

    async fn get(&self, place: &ObjectLocation) -> Result<Object<Self::Body>, ReadError> {
        self.turn().await;
        let object = self.source.get(place).await;
        self.progress.opened();
        let Object { metadata, body } = object?;
        Ok(Object { metadata, body: PacedBody { body, progress: Arc::clone(&self.progress) } })
    }
}

/// The content of an object. Its bytes count as progress.
pub(super) struct PacedBody<B> {
    body: B,
    progress: Arc<Verifying>,
}

impl<B: Body + Send> Body for PacedBody<B> {
    async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        let chunk = self.body.chunk().await?;
        self.progress.read(chunk.as_ref().map_or(0, Bytes::len));
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_keep_the_rate_and_time_without_requests_is_not_saved() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut next = start;
        for (now, expected) in [(0, 0), (0, 10), (0, 20), (25, 30), (100, 100), (100, 110)] {
            assert_eq!(take(&mut next, at(now), Duration::from_millis(10)), at(expected), "{now}");
        }
    }
}
