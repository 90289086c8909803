//! Calls S3 about the bucket of a spec, and about the other buckets that its digests reference.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use reconcile_aws::{Aws, HttpResponse, SdkError, Session};
use reconcile_evidence::{ObjectLocation, ReadError};
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{ObserveError, ReadError as ObservedError};
use reconcile_policy::Region;
use reconcile_spec::{Account, Desired};

/// The bucket of a spec, and the other buckets that its digests reference: if the bucket of a trail
/// changes, the chain of digests continues in the new bucket.
#[derive(Debug, Clone)]
pub struct LogFiles(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: Session,
    /// The name of the bucket of the spec. Other buckets can belong to other accounts.
    own: String,
    /// The Regions of the buckets that are not in the Region of the spec's bucket.
    elsewhere: Mutex<BTreeMap<String, Region>>,
    region: Region,
    clients: Mutex<BTreeMap<Region, Client>>,
}

impl LogFiles {
    /// Opens a session for the account of the bucket. The session is only allowed to read and
    /// decrypt.
    ///
    /// # Errors
    /// Returns an error if the session cannot be opened.
    pub async fn open(aws: &Aws, desired: &Desired) -> Result<Self, ObserveError> {
        Self::with(desired, async |account| Session::open_to_verify(aws, account).await).await
    }

    /// Opens a session for the account of the bucket. The session is only allowed to list.
    ///
    /// # Errors
    /// Returns an error if the session cannot be opened.
    pub async fn open_to_list(aws: &Aws, desired: &Desired) -> Result<Self, ObserveError> {
        Self::with(desired, async |account| Session::open_to_list_log_files(aws, account).await).await
    }

    async fn with(
        desired: &Desired,
        open: impl AsyncFnOnce(&Account) -> Result<Session, Error>,
    ) -> Result<Self, ObserveError> {
        let name = &desired.bucket.site.account;
        let failed = |error| ObserveError::Hub { account: name.clone(), error };
        let account = desired
            .account(name)
            .ok_or_else(|| failed(ObservedError::NoSuchAccount { account: name.clone() }))?;
        let session = open(account).await.map_err(|error| failed(ObservedError::Aws(error)))?;
        Ok(Self(Arc::new(Inner {
            session,
            own: desired.bucket.name.to_string(),
            elsewhere: Mutex::default(),
            region: desired.bucket.site.region.clone(),
            clients: Mutex::default(),
        })))
    }

    pub(super) fn session(&self) -> &Session {
        &self.0.session
    }

    /// Makes a call about a bucket, in the Region of the bucket.
    pub(super) async fn call<T, E, F>(
        &self,
        operation: Operation,
        bucket: &str,
        send: impl Fn(Client, Option<String>) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let owner = (bucket == self.0.own).then(|| self.0.session.id().to_string());
        let call = |owner| self.0.session.call(operation, send(self.client(bucket), owner));
        match call(owner.clone()).await {
            Err(error) if self.is_moved(bucket, &error) => call(owner).await,
            result => result,
        }
    }

    /// Records the Region that an error names for a bucket. Returns whether this Region is new.
    fn is_moved(&self, bucket: &str, error: &Error) -> bool {
        let Some(region) = error.bucket_region.as_deref().and_then(|region| region.parse::<Region>().ok())
        else {
            return false;
        };
        let mut elsewhere = self.0.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        elsewhere.insert(bucket.to_owned(), region.clone()) != Some(region)
    }

    /// Returns the client for the Region of a bucket.
    fn client(&self, bucket: &str) -> Client {
        let elsewhere = self.0.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let region = elsewhere.get(bucket).unwrap_or(&self.0.region).clone();
        drop(elsewhere);
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region).or_insert_with_key(|region| self.0.session.s3(region)).clone()
    }

    /// Opens an object at a position. `etag` is the version of the object that was read up to this
    /// position.
    pub(super) async fn open_object(
        &self,
        place: &ObjectLocation,
        from: u64,
        etag: Option<&str>,
    ) -> Result<GetObjectOutput, Error> {
        let range = (from > 0).then(|| format!("bytes={from}-"));
        self.call(Operation::ReadLogFile, &place.bucket, |client, owner| {
            let call = client.get_object().bucket(&place.bucket).key(&place.key);
            let call = call.set_range(range.clone()).set_if_match(etag.map(str::to_owned));
            call.set_expected_bucket_owner(owner).send()
        })
        .await
    }
}

/// Returns `NotFound` if the object does not exist, and the reason for every other error.
pub(super) fn unread(error: &Error) -> ReadError {
    if error.is_absent() { ReadError::NotFound } else { ReadError::Unreadable(error.to_string()) }
}
