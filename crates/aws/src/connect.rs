//! Creates the connection that all sessions share from command-line options and the environment.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use reconcile_policy::{AccountId, Region};
use tokio::sync::OnceCell;

use crate::answer::checked;
use crate::endpoint::EMBEDDED;
use crate::gate::{Counts, Gate};
use crate::profile;
use crate::rate::Limiter;
use crate::retry::{BUDGET, LONGEST_PAUSE};
use crate::transport::{Limits, Timeouts, transport};

/// The options of a connection to AWS.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// The named profile that supplies the credentials of accounts that do not name a profile.
    /// Without a name, the default chain of the SDK finds the credentials.
    pub profile: Option<String>,
    /// The Region of the STS endpoint. For an opt-in Region, the first Region of its partition is
    /// used.
    pub region: Region,
    /// The endpoint of all services, if it is not AWS. S3 then uses path-style addressing.
    pub endpoint_url: Option<String>,
    /// The maximum number of calls in flight.
    pub concurrency: NonZeroUsize,
    /// Whether roles are assumed with a [`SessionPolicy`](reconcile_operations::SessionPolicy).
    pub session_policies: bool,
    /// The simulated AWS in this process that answers all calls; `None` for real AWS or
    /// `endpoint_url`.
    pub embedded: Option<Embedded>,
}

impl ConnectOptions {
    /// Returns whether the endpoint limits calls by the time of the machine.
    fn counts_time(&self) -> bool {
        self.embedded.as_ref().is_none_or(|embedded| embedded.counts_time)
    }
}

/// An AWS inside this process: no network, no environment, no files.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// The client that answers the calls.
    pub http_client: SharedHttpClient,
    /// The access key ID and the secret of the ambient credentials.
    pub credentials: (String, String),
    /// The access key IDs and the secrets of named profiles.
    pub profiles: HashMap<String, (String, String)>,
    /// Whether the endpoint limits calls by the time of the machine, as AWS does. Otherwise, calls
    /// have no rate, and retries have no pauses.
    pub counts_time: bool,
}

/// The connection to AWS that all sessions share.
#[derive(Debug, Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: ConnectOptions,
    /// The client whose answers are checked, without the limits of calls to AWS.
    bare_client: SharedHttpClient,
    /// The client of the calls that assume roles, and of providers of credentials.
    http_client: SharedHttpClient,
    limits: Limits,
    /// The base configurations by profile (`None`: ambient credentials). A profile is read once,
    /// and no call waits for a lock after that: an async lock serves the accounts in their order,
    /// one at a time, even while a core is idle.
    bases: Mutex<HashMap<Option<String>, Arc<OnceCell<SdkConfig>>>>,
}

impl Aws {
    /// Prepares the connection. Uses neither network nor files before a session is opened.
    pub fn new(options: ConnectOptions) -> Self {
        Self::with_timeouts(options, Timeouts::USUAL)
    }

    fn with_timeouts(options: ConnectOptions, timeouts: Timeouts) -> Self {
        let http_client = match &options.embedded {
            Some(embedded) => embedded.http_client.clone(),
            None => https_client(ProxyConfig::from_env()),
        };
        let bare_client = checked(http_client);
        let limits = Limits {
            attempt: timeouts.attempt,
            gate: Arc::new(Gate::new(options.concurrency.get(), timeouts.slow)),
            limiter: options.counts_time().then(|| Arc::new(Limiter::new())),
        };
        let http_client = transport(bare_client.clone(), limits.clone(), None);
        Self {
            shared: Arc::new(Shared { options, bare_client, http_client, limits, bases: Mutex::default() }),
        }
    }

    /// Returns the numbers of calls so far, by the IAM prefix of the service.
    pub fn counts(&self) -> BTreeMap<&'static str, Counts> {
        self.shared.limits.gate.counts()
    }

    pub(crate) fn limits_sessions(&self) -> bool {
        self.shared.options.session_policies
    }

    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.shared.limits.gate)
    }

    /// Returns the Region of the STS endpoint: a Region that every account has enabled.
    ///
    /// STS assumes a role only in a Region that is enabled in the account of the role, and the
    /// session of a Regional endpoint is valid in every Region. See "Manage AWS STS in an AWS
    /// Region" in the IAM user guide.
    pub(crate) fn sts_region(&self) -> Region {
        sts_region(&self.shared.options.region)
    }

    /// Returns the client for calls in an account.
    pub(crate) fn client_for(&self, account: &AccountId) -> SharedHttpClient {
        transport(self.shared.bare_client.clone(), self.shared.limits.clone(), Some(account.clone()))
    }

    /// Returns the configuration with the ambient credentials, or with the credentials of a
    /// profile.
    pub(crate) async fn base(&self, profile: Option<&str>) -> SdkConfig {
        let profile = profile.or(self.shared.options.profile.as_deref()).map(str::to_owned);
        let base = {
            let mut bases = self.shared.bases.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(bases.entry(profile.clone()).or_default())
        };
        base.get_or_init(|| self.shared.load(profile.as_deref())).await.clone()
    }
}

impl Shared {
    async fn load(&self, profile: Option<&str>) -> SdkConfig {
        let region = aws_config::Region::new(self.options.region.as_str().to_owned());
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(Timeouts::USUAL.attempt)
            .operation_timeout(BUDGET)
            .build();
        let retries = RetryConfig::standard();
        let retries = match self.options.counts_time() {
            true => retries.with_max_backoff(LONGEST_PAUSE),
            // The embedded AWS needs no pauses between retries.
            false => retries.with_initial_backoff(Duration::ZERO).with_max_backoff(Duration::ZERO),
        };

        // Disabled, because the SDK mistakes a request that waits for its turn for a stalled
        // stream. The transport ends attempts that take too long.
        let stalled = StalledStreamProtectionConfig::disabled();

        if let Some(embedded) = &self.options.embedded {
            let of_profile = profile.and_then(|profile| embedded.profiles.get(profile));
            let (key, secret) = of_profile.unwrap_or(&embedded.credentials);
            let credentials = Credentials::new(key, secret, None, None, "reconcile::Embedded");
            let mut builder = SdkConfig::builder();
            builder.set_app_name(app_name());
            return builder
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(region)
                .http_client(self.http_client.clone())
                .timeout_config(timeouts)
                .retry_config(retries)
                .stalled_stream_protection(stalled)
                .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
                .time_source(SharedTimeSource::new(SystemTimeSource::new()))
                .endpoint_url(EMBEDDED)
                .credentials_provider(SharedCredentialsProvider::new(credentials))
                .build();
        }

        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .region(region.clone())
            .http_client(self.http_client.clone())
            .timeout_config(timeouts)
            .retry_config(retries)
            .stalled_stream_protection(stalled);
        if let Some(name) = app_name() {
            loader = loader.app_name(name);
        }
        if let Some(url) = &self.options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(profile) = profile {
            let config = ProviderConfig::without_region()
                .with_region(Some(region))
                .with_http_client(self.http_client.clone());
            let credentials = profile::provider(profile, &config).await;
            loader = loader.profile_name(profile).credentials_provider(credentials);
        }
        let config = loader.load().await;
        // An empty variable counts as not set, as in the AWS CLI. The SDK panics at the first call
        // with an empty URL.
        match config.endpoint_url() {
            Some("") => {
                let mut builder = config.into_builder();
                builder.set_endpoint_url(None);
                builder.build()
            }
            _ => config,
        }
    }
}

/// The name of this program in the user agent of its calls, which identifies the calls in recorded
/// events. See "Application ID" in the AWS SDKs and Tools Reference Guide.
fn app_name() -> Option<AppName> {
    AppName::new("reconcile").ok()
}

/// Returns the wanted Region, or the first Region of its partition if the wanted Region is an
/// opt-in Region.
fn sts_region(wanted: &Region) -> Region {
    if wanted.is_opt_in() { wanted.partition().first_region() } else { wanted.clone() }
}

/// One HTTPS client for everything.
pub(crate) fn https_client(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .proxy_config(proxy.clone())
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use reconcile_spec::{Account, parse};

    use reconcile_operations::Class;

    use crate::Session;

    /// An AWS that throttles a number of calls, and then does not answer.
    #[derive(Debug, Clone, Default)]
    struct Stub {
        throttles: usize,
        requests: Arc<AtomicUsize>,
    }

    impl HttpClient for Stub {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    impl HttpConnector for Stub {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            if self.requests.fetch_add(1, Ordering::Relaxed) >= self.throttles {
                return HttpConnectorFuture::new(pending());
            }
            let body = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
            let answer = HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::from(body));
            HttpConnectorFuture::ready(Ok(answer))
        }
    }

    fn aws(stub: &Stub, timeouts: Timeouts) -> Aws {
        let options = ConnectOptions {
            profile: None,
            region: "eu-west-1".parse().unwrap(),
            endpoint_url: None,
            concurrency: NonZeroUsize::new(4).unwrap(),
            session_policies: false,
            embedded: Some(Embedded {
                http_client: SharedHttpClient::new(stub.clone()),
                credentials: ("AKIA".to_owned(), "secret".to_owned()),
                profiles: HashMap::new(),
                counts_time: false,
            }),
        };
        Aws::with_timeouts(options, timeouts)
    }

    fn account() -> Account {
        let text = "version: 1\nname: test\naccounts:\n  master: { id: \"111111111111\" }\n  member: { id: \"222222222222\", role: Role }\n\
                    bucket: { name: test-logs, account: master, region: eu-west-1 }\nkey: { alias: test }\n\
                    trails: [{ name: Trail, accounts: all }]\n";
        let spec = parse("spec.yaml", text.as_bytes()).unwrap();
        spec.desired().account(&"member".parse().unwrap()).unwrap().clone()
    }

    #[tokio::test]
    async fn accounts_that_hang_are_all_waited_for_at_once() {
        let stub = Stub::default();
        let aws = aws(&stub, Timeouts { attempt: Duration::from_hours(1), slow: Duration::ZERO });
        let account = account();
        let sessions: Vec<_> = (0..200)
            .map(|_| {
                let (aws, account) = (aws.clone(), account.clone());
                tokio::spawn(async move { Session::open(&aws, &account).await.map(drop) })
            })
            .collect();
        let all = async {
            while stub.requests.load(Ordering::Relaxed) < 200 {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_mins(1), all).await.is_ok(), "{stub:?}");
        sessions.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test]
    async fn a_call_that_hangs_is_given_up_after_a_few_attempts() {
        let stub = Stub::default();
        let aws = aws(&stub, Timeouts { attempt: Duration::ZERO, slow: Duration::ZERO });
        let error = Session::open(&aws, &account()).await.unwrap_err();
        assert_eq!((error.class, stub.requests.load(Ordering::Relaxed)), (Class::Unavailable, 4), "{error}");
    }

    #[tokio::test]
    async fn throttles_do_not_count_as_attempts() {
        let stub = Stub { throttles: 50, ..Stub::default() };
        let aws = aws(&stub, Timeouts { attempt: Duration::from_millis(1), slow: Duration::ZERO });
        let error = Session::open(&aws, &account()).await.unwrap_err();
        assert_eq!((error.class, stub.requests.load(Ordering::Relaxed)), (Class::Unavailable, 54), "{error}");
    }

    #[test]
    fn sts_is_called_in_a_region_that_every_account_has_enabled() {
        for (wanted, called) in [
            ("eu-west-1", "eu-west-1"),
            ("us-east-1", "us-east-1"),
            ("ap-east-1", "us-east-1"),
            ("eu-central-2", "us-east-1"),
            ("us-gov-east-1", "us-gov-east-1"),
            ("cn-northwest-1", "cn-northwest-1"),
        ] {
            assert_eq!(sts_region(&wanted.parse().unwrap()).as_str(), called, "{wanted}");
        }
    }
}
