//! The session of an account: its clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::sdk_config::SharedCredentialsProvider;
use futures::future::BoxFuture;
use reconcile_operations::{CallFailure, Class, Error, NotVisible, Operation, SessionPolicy};
use reconcile_policy::{AccountId, Arn, Region};
use reconcile_spec::{Account, Desired, RoleAccess};
use tracing::{Instrument, field, trace_span};

use crate::assumed_role::AssumedRole;
use crate::endpoint::is_of_aws;
use crate::error::error_of;
use crate::gate::Gate;
use crate::retry::{Retries, Rules};
use crate::{Aws, call};

/// The name under which the SDK keeps the identifier of a request in the metadata of an error.
const REQUEST_ID: &str = "aws_request_id";

/// Builds the configuration of a client for a session and a Region. The SDK has a type for each
/// service, and no trait.
macro_rules! client {
    ($session:expr, $sdk:ident, $region:expr) => {
        $sdk::config::Builder::from(&$session.config)
            .region(aws_config::Region::new($region.as_str().to_owned()))
            .retry_partition($session.retries.partition.clone())
            .retry_config($session.retries.config.clone())
            .timeout_config($session.retries.timeouts.clone())
            .retry_classifier(Rules {
                role: $session.role.clone(),
                gate: std::sync::Arc::clone(&$session.gate),
            })
    };
}

/// Access to one account.
///
/// Cheap to clone; all clones share credentials and the account's retry budget.
#[derive(Debug, Clone)]
pub struct Session {
    account: Account,
    config: SdkConfig,
    /// The role of the calls, if this session assumed a role.
    role: Option<AssumedRole>,
    /// The Region whose STS is called.
    sts_region: Region,
    retries: Retries,
    gate: Arc<Gate>,
    calls: Arc<AtomicU64>,
    /// The user or role of the calls, if known.
    caller: Option<Arn>,
}

impl Session {
    /// Opens the account for reading: assumes its role with a session policy that allows only
    /// reads, or checks that the current credentials belong to the account.
    ///
    /// Makes one call.
    ///
    /// # Errors
    /// The error of STS, or [`Class::Credentials`] if the credentials belong to another account.
    pub async fn open(aws: &Aws, account: &Account) -> Result<Self, Error> {
        Self::open_with(aws, account, SessionPolicy::reading).await
    }

    /// Opens the account for the changes of a spec: like [`Session::open`], with a session policy
    /// that allows the operations of an apply.
    ///
    /// # Errors
    /// The errors of [`Session::open`].
    pub async fn open_to_apply(aws: &Aws, account: &Account, desired: &Desired) -> Result<Self, Error> {
        Self::open_with(aws, account, || SessionPolicy::applying(desired, account)).await
    }

    /// Opens the account for a validation: like [`Session::open`], with a session policy that only
    /// allows reading and decrypting log files.
    ///
    /// # Errors
    /// The errors of [`Session::open`].
    pub async fn open_to_verify(aws: &Aws, account: &Account) -> Result<Self, Error> {
        Self::open_with(aws, account, SessionPolicy::verifying).await
    }

    /// Opens the account only to list log files and digests.
    ///
    /// # Errors
    /// The errors of [`Session::open`].
    pub async fn open_to_list_log_files(aws: &Aws, account: &Account) -> Result<Self, Error> {
        Self::open_with(aws, account, SessionPolicy::listing_log_files).await
    }

    /// Opens the account only to look up recorded events.
    ///
    /// # Errors
    /// The errors of [`Session::open`].
    pub async fn open_to_look_up_events(aws: &Aws, account: &Account) -> Result<Self, Error> {
        Self::open_with(aws, account, SessionPolicy::looking_up_events).await
    }

    async fn open_with(
        aws: &Aws,
        account: &Account,
        policy: impl FnOnce() -> SessionPolicy,
    ) -> Result<Self, Error> {
        let mut session = Self::unopened(aws, account).await;
        match &account.access.role {
            Some(role) => session.assume(role, aws.limits_sessions().then(policy)).await?,
            None => session.caller = session.check_identity().await?,
        }
        Ok(session.counting(aws))
    }

    /// Opens an account with the current credentials, which need not belong to it.
    pub(crate) async fn with_current_credentials(aws: &Aws, account: &Account) -> Self {
        Self::unopened(aws, account).await.counting(aws)
    }

    /// The session before its first call.
    async fn unopened(aws: &Aws, account: &Account) -> Self {
        let config = aws.base(account.access.profile.as_deref()).await;
        Self {
            account: account.clone(),
            sts_region: aws.sts_region(),
            retries: Retries::of(&account.id, &config),
            config,
            role: None,
            gate: aws.gate(),
            calls: Arc::default(),
            caller: account.access.role.as_ref().map(|role| role.arn.clone()),
        }
    }

    /// The session with a client for the calls that AWS counts for the account.
    fn counting(mut self, aws: &Aws) -> Self {
        self.config = self.config.to_builder().http_client(aws.client_for(&self.account.id)).build();
        self
    }

    async fn assume(&mut self, role: &RoleAccess, policy: Option<SessionPolicy>) -> Result<(), Error> {
        let provider = AssumedRole::new(self.sts(), role.clone(), policy);
        self.call(Operation::AssumeRole, provider.open()).await?;
        self.config = self
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(provider.clone()))
            // The provider keeps the credentials.
            .identity_cache(IdentityCache::no_cache())
            .build();
        self.role = Some(provider);
        Ok(())
    }

    /// Returns the ARN of the current credentials, which must belong to the account.
    async fn check_identity(&self) -> Result<Option<Arn>, Error> {
        let identity =
            self.call(Operation::GetCallerIdentity, self.sts().get_caller_identity().send()).await?;
        let actual = identity.account.unwrap_or_default();
        if actual == self.account.id.as_str() {
            return Ok(identity.arn.and_then(|arn| arn.parse().ok()));
        }
        let message = format!(
            "the credentials belong to account {actual}, but account `{}` in the spec is {}",
            self.account.name, self.account.id
        );
        let error = self.error(Operation::GetCallerIdentity, Class::Credentials, &message);
        Err(Error { failure: Some(CallFailure::OtherAccount), ..error })
    }

    /// Returns the user or role of the calls, if known: the role that the spec names, or the user
    /// or role of the current credentials.
    pub fn caller(&self) -> Option<&Arn> {
        self.caller.as_ref()
    }

    /// Returns the account, as the spec declares it.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Returns the ID of the account, which S3 accepts as `x-amz-expected-bucket-owner`.
    pub fn id(&self) -> &AccountId {
        &self.account.id
    }

    /// Returns the same session with a new count of calls.
    pub fn counted(&self) -> Self {
        Self { calls: Arc::default(), ..self.clone() }
    }

    /// Returns the number of calls through this session and its clones, without retries.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Makes a call, and classifies its error.
    ///
    /// # Errors
    /// The error that the SDK returned after its retries.
    pub fn call<'a, T, E>(
        &'a self,
        operation: Operation,
        send: impl Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T, Error>>
    where
        T: 'a,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // The futures of the SDK have tens of kilobytes; many of them joined would not fit a stack.
        let send = Box::pin(send);
        let span = trace_span!(
            "call",
            otel.name = operation.action(),
            otel.kind = "client",
            rpc.system = "aws-api",
            cloud.account.id = %self.account.id,
            cloud.region = field::Empty,
            aws.request_id = field::Empty,
            "error.type" = field::Empty,
            otel.status_code = field::Empty,
        );
        let of_call = span.clone();
        let made = async move {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let begun = Instant::now();
            let (result, endpoint) = call::make(operation, send).await;
            let (account, milliseconds) = (&self.account.id, begun.elapsed().as_millis());
            let region = endpoint.as_ref().and_then(|endpoint| endpoint.region.as_ref()).map(Region::as_str);
            of_call.record("cloud.region", region);
            let error = match result {
                Ok(answer) => {
                    tracing::debug!(%account, %operation, region, milliseconds, "called");
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let (code, request_id) = (error.code(), error.meta().extra(REQUEST_ID));
            tracing::debug!(%account, %operation, region, milliseconds, code, request_id, "failed");
            of_call.record("aws.request_id", request_id).record("error.type", code);
            let error = error_of(&self.account.id, operation, &error, endpoint);
            // The absence of a setting is a valid answer.
            if !error.is_absent() {
                of_call.record("otel.status_code", "ERROR");
            }
            Err(error)
        };
        Box::pin(made.instrument(span))
    }

    /// Returns the error of an answer without an element that AWS always returns.
    pub fn incomplete(&self, operation: Operation, what: &str) -> Error {
        self.error(operation, Class::Unavailable, &format!("the answer has no `{what}`"))
    }

    /// Returns the error of an answer that denies the existence of a resource that exists.
    pub fn missing(&self, operation: Operation, message: &str) -> Error {
        self.error(operation, Class::NotYetSeen(NotVisible::Resource), message)
    }

    fn error(&self, operation: Operation, class: Class, message: &str) -> Error {
        Error::new(self.account.id.clone(), operation, class, message)
    }

    /// Returns the error of an answer that AWS never gives, such as a list without an end.
    pub fn implausible(&self, operation: Operation, message: &str) -> Error {
        self.error(operation, Class::Unavailable, message)
    }

    /// Returns the error of a list that is too long to read.
    pub fn too_long(&self, operation: Operation, what: &str) -> Error {
        self.error(operation, Class::Refused, what)
    }

    fn sts(&self) -> aws_sdk_sts::Client {
        aws_sdk_sts::Client::from_conf(client!(self, aws_sdk_sts, self.sts_region).build())
    }

    /// Returns an Organizations client for the partition of a Region.
    ///
    /// Organizations has one endpoint in each partition, which the endpoint rules of the SDK
    /// choose. See "AWS Organizations endpoints and quotas" in the AWS General Reference.
    pub fn organizations(&self, region: &Region) -> aws_sdk_organizations::Client {
        aws_sdk_organizations::Client::from_conf(client!(self, aws_sdk_organizations, region).build())
    }

    /// Returns a KMS client.
    pub fn kms(&self, region: &Region) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::from_conf(client!(self, aws_sdk_kms, region).build())
    }

    /// Returns a CloudTrail client.
    pub fn cloudtrail(&self, region: &Region) -> aws_sdk_cloudtrail::Client {
        aws_sdk_cloudtrail::Client::from_conf(client!(self, aws_sdk_cloudtrail, region).build())
    }

    /// Returns a CloudWatch Logs client.
    pub fn logs(&self, region: &Region) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::from_conf(client!(self, aws_sdk_cloudwatchlogs, region).build())
    }

    /// Returns a CloudWatch client.
    pub fn cloudwatch(&self, region: &Region) -> aws_sdk_cloudwatch::Client {
        aws_sdk_cloudwatch::Client::from_conf(client!(self, aws_sdk_cloudwatch, region).build())
    }

    /// Returns an IAM client for the partition of a Region.
    ///
    /// IAM has one endpoint in each partition, which the endpoint rules of the SDK choose.
    pub fn iam(&self, region: &Region) -> aws_sdk_iam::Client {
        aws_sdk_iam::Client::from_conf(client!(self, aws_sdk_iam, region).build())
    }

    /// Returns an EventBridge client.
    pub(crate) fn events(&self, region: &Region) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::from_conf(client!(self, aws_sdk_eventbridge, region).build())
    }

    /// Returns an SNS client.
    pub fn sns(&self, region: &Region) -> aws_sdk_sns::Client {
        aws_sdk_sns::Client::from_conf(client!(self, aws_sdk_sns, region).build())
    }

    /// Returns whether the endpoint of the session is not AWS, such as an emulator.
    pub fn is_elsewhere(&self) -> bool {
        self.config.endpoint_url().is_some_and(|url| !is_of_aws(url))
    }

    /// Returns an S3 client. With a custom endpoint, the client uses path-style addressing, because
    /// the endpoint has no host name for each bucket.
    pub fn s3(&self, region: &Region) -> aws_sdk_s3::Client {
        let by_path =
            self.config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        aws_sdk_s3::Client::from_conf(client!(self, aws_sdk_s3, region).force_path_style(by_path).build())
    }
}
