//! The lock object in S3. Writes and deletions succeed only if the object did not change since the
//! read.

use std::time::Duration;

use aws_sdk_s3::primitives::{AggregatedBytes, ByteStream};
use reconcile_aws::{Aws, ServiceClock, Session};
use reconcile_operations::{Error, Operation};
use reconcile_spec::{Desired, Lock};

use super::error::LockError;
use super::lease::{Holder, LeaseState};

/// The S3 URI of a lock object.
pub(super) fn place(lock: &Lock) -> String {
    format!("s3://{}/{}", lock.bucket, lock.key)
}

/// The place of a lock object, and the client to call S3.
#[derive(Debug)]
pub(super) struct Object {
    session: Session,
    lock: Lock,
}

/// A lock object as S3 returned it.
#[derive(Debug)]
pub(super) struct StoredLock {
    pub(super) text: String,
    pub(super) etag: String,
    /// The time since S3 stored the object, by the clock of S3.
    pub(super) age: Option<Duration>,
}

impl StoredLock {
    pub(super) fn holder(&self) -> Option<Holder> {
        Holder::parse(&self.text)
    }

    pub(super) fn lease(&self) -> LeaseState {
        LeaseState::of(self.holder().as_ref(), self.age)
    }
}

impl Object {
    /// Opens a session of the account of the lock.
    pub(super) async fn open(aws: &Aws, desired: &Desired, lock: &Lock) -> Result<Self, LockError> {
        let name = &lock.site.account;
        let account = desired.account(name).ok_or_else(|| LockError::NoSuchAccount(name.to_string()))?;
        let session = Session::open_to_apply(aws, account, desired).await;
        let session =
            session.map_err(|error| LockError::Aws { place: place(lock), error: Box::new(error) })?;
        Ok(Self { session, lock: lock.clone() })
    }

    pub(super) fn place(&self) -> String {
        place(&self.lock)
    }

    /// Reads the object; `None` if the object does not exist.
    ///
    /// If a caller is not allowed to list the bucket, S3 answers 403 in place of `NoSuchKey`: see
    /// `GetObject` in the S3 API reference.
    pub(super) async fn read(&self) -> Result<Option<StoredLock>, Error> {
        let clock = ServiceClock::default();
        let call = self
            .session
            .s3(&self.lock.site.region)
            .get_object()
            .bucket(self.lock.bucket.as_str())
            .key(&self.lock.key)
            .expected_bucket_owner(self.session.id().as_str())
            .customize()
            .interceptor(clock.clone())
            .send();
        let object = match self.session.call(Operation::ReadLock, call).await {
            Ok(object) => object,
            Err(error) if error.is_absent() => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = object.e_tag.ok_or_else(|| self.session.incomplete(Operation::ReadLock, "ETag"))?;
        let age = object.last_modified.and_then(|stored| clock.since(stored));
        // A body that cannot be read completely does not name a holder.
        let bytes = object.body.collect().await.map(AggregatedBytes::to_vec).unwrap_or_default();
        Ok(Some(StoredLock { text: String::from_utf8_lossy(&bytes).into_owned(), etag, age }))
    }

    /// Creates the object if it does not exist. Returns its `ETag`.
    pub(super) async fn create(&self, text: &str) -> Result<String, Error> {
        self.put(Operation::TakeLock, text, None).await
    }

    /// Replaces the object if its `ETag` is still the same. Returns the new `ETag`.
    pub(super) async fn replace(&self, etag: &str, text: &str) -> Result<String, Error> {
        self.put(Operation::RenewLock, text, Some(etag)).await
    }

    /// Writes the object, under the condition that it has this `ETag` or does not exist.
    ///
    /// See `PutObject` in the S3 API reference: 412 `PreconditionFailed` if the condition does not
    /// hold, 409 `ConditionalRequestConflict` if another request changes the object at the same
    /// time, and 404 `NoSuchKey` if the call names an `ETag` but the object does not exist.
    async fn put(&self, operation: Operation, text: &str, etag: Option<&str>) -> Result<String, Error> {
        let call = self
            .session
            .s3(&self.lock.site.region)
            .put_object()
            .bucket(self.lock.bucket.as_str())
            .key(&self.lock.key)
            .expected_bucket_owner(self.session.id().as_str())
            .set_if_match(etag.map(str::to_owned))
            .set_if_none_match(etag.is_none().then(|| "*".to_owned()))
            .content_type("application/json")
            .body(ByteStream::from(text.as_bytes().to_vec()))
            .send();
        let written = self.session.call(operation, call).await?;
        written.e_tag.ok_or_else(|| self.session.incomplete(operation, "ETag"))
    }

    /// Deletes the object if its `ETag` is still the same.
    ///
    /// See "How to perform conditional deletes" in the S3 user guide.
    pub(super) async fn delete(&self, etag: &str) -> Result<(), Error> {
        let call = self
            .session
            .s3(&self.lock.site.region)
            .delete_object()
            .bucket(self.lock.bucket.as_str())
            .key(&self.lock.key)
            .expected_bucket_owner(self.session.id().as_str())
            .if_match(etag)
            .send();
        self.session.call(Operation::ReleaseLock, call).await.map(drop)
    }
}
