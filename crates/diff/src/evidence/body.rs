//! The content of an object in a bucket. The read continues after a lost connection.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use reconcile_evidence::{Body, ObjectLocation, ReadError};

use super::bucket::{LogFiles, unread};

/// The content of an object, returned in chunks as they arrive.
#[derive(Debug)]
pub struct ObjectBody {
    files: LogFiles,
    place: ObjectLocation,
    etag: Option<String>,
    stream: ByteStream,
    position: u64,
    /// The number of lost connections after which the read can still continue.
    resumptions: u8,
}

/// The maximum number of lost connections. The SDK retries a call, but not the body of its answer.
const RESUMPTIONS: u8 = 3;
/// The maximum pause between two chunks. The SDK has the same limit for the first byte.
const STALLED: Duration = Duration::from_secs(30);

impl ObjectBody {
    pub(super) fn new(
        files: LogFiles,
        place: ObjectLocation,
        etag: Option<String>,
        stream: ByteStream,
    ) -> Self {
        Self { files, place, etag, stream, position: 0, resumptions: RESUMPTIONS }
    }

    /// Returns the next chunk, or the reason why the connection was lost.
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        match tokio::time::timeout(STALLED, self.stream.next()).await {
            Ok(chunk) => chunk.transpose().map_err(|error| error.to_string()),
            Err(_) => Err(format!("nothing arrived for {} seconds", STALLED.as_secs())),
        }
    }
}

impl Body for ObjectBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            match self.next().await {
                Ok(chunk) => {
                    self.position += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
                    return Ok(chunk);
                }
                // Without the `ETag`, it is unknown whether the object is still the same.
                Err(reason) if self.resumptions == 0 || self.etag.is_none() => {
                    return Err(ReadError::Unreadable(format!("the connection was lost: {reason}")));
                }
                Err(_) => self.resumptions -= 1,
            }
            let opened = self.files.open_object(&self.place, self.position, self.etag.as_deref()).await;
            self.stream = opened.map_err(|error| unread(&error))?.body;
        }
    }
}
