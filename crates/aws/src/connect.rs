//! Turns command-line options and the environment into the one connection that all sessions share.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use reconcile_policy::{Partition, Region};
use tokio::sync::Mutex;

use crate::answer::checked;
use crate::gate::Gate;
use crate::profile;

/// How to reach AWS.
#[derive(Debug, Clone)]
pub struct Options {
    /// The named profile to take credentials from, where an account does not name one itself. Without a name, the default
    /// chain of the SDK finds the credentials.
    pub profile: Option<String>,
    /// The Region whose STS endpoint is called.
    pub region: Region,
    /// Where to send all services; S3 is then addressed by path.
    pub endpoint_url: Option<String>,
    /// How many calls may be in flight.
    pub concurrency: NonZeroUsize,
    /// Whether roles are assumed with a [`SessionPolicy`](crate::SessionPolicy).
    pub session_policies: bool,
    /// An AWS inside of this process in place of the real one.
    pub embedded: Option<Embedded>,
}

/// An AWS inside of this process: no network, no environment, no files.
#[derive(Debug, Clone)]
pub struct Embedded {
    /// What answers the calls.
    pub http_client: SharedHttpClient,
    /// Access key id and secret of the ambient credentials.
    pub credentials: (String, String),
    /// The same, of named profiles.
    pub profiles: HashMap<String, (String, String)>,
}

/// The connection to AWS that all sessions share.
#[derive(Debug, Clone)]
pub struct Aws {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    http_client: SharedHttpClient,
    gate: Arc<Gate>,
    /// Base configurations by profile (`None`: ambient). A profile is read once.
    bases: Mutex<HashMap<Option<String>, SdkConfig>>,
}

/// The endpoint of an AWS inside of this process.
const EMBEDDED: &str = "http://embedded.localhost";
/// One attempt; the reads and writes that we make answer within a second or two.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// A call with all its retries.
const OPERATION_TIMEOUT: Duration = Duration::from_mins(1);
const ATTEMPTS: u32 = 4;

impl Aws {
    /// Prepares the connection. Touches neither network nor files until a session is opened.
    pub fn new(options: Options) -> Self {
        let http_client = match &options.embedded {
            Some(embedded) => embedded.http_client.clone(),
            None => https_client(ProxyConfig::from_env()),
        };
        let http_client = checked(http_client);
        let gate = Arc::new(Gate::new(options.concurrency.get()));
        Self { shared: Arc::new(Shared { options, http_client, gate, bases: Mutex::default() }) }
    }

    /// How many calls have been made so far.
    pub fn calls(&self) -> u64 {
        self.shared.gate.calls()
    }

    pub(crate) fn limits_sessions(&self) -> bool {
        self.shared.options.session_policies
    }

    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.shared.gate)
    }

    /// The configuration with the ambient credentials, or with those of a profile.
    pub(crate) async fn base(&self, profile: Option<&str>) -> SdkConfig {
        let profile = profile.or(self.shared.options.profile.as_deref()).map(str::to_owned);
        let mut bases = self.shared.bases.lock().await;
        if let Some(base) = bases.get(&profile) {
            return base.clone();
        }
        let base = self.shared.load(profile.as_deref()).await;
        bases.insert(profile, base.clone());
        base
    }
}

impl Shared {
    async fn load(&self, profile: Option<&str>) -> SdkConfig {
        let region = aws_config::Region::new(self.options.region.as_str().to_owned());
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);

        if let Some(embedded) = &self.options.embedded {
            let of_profile = profile.and_then(|profile| embedded.profiles.get(profile));
            let (key, secret) = of_profile.unwrap_or(&embedded.credentials);
            let credentials = Credentials::new(key, secret, None, None, "reconcile::Embedded");
            return SdkConfig::builder()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(region)
                .http_client(self.http_client.clone())
                .timeout_config(timeouts)
                // There is nobody to wait for.
                .retry_config(retries.with_initial_backoff(Duration::ZERO))
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
            .retry_config(retries);
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
        // An empty variable is not set, as for the AWS CLI; the SDK panics at the first call with an empty URL.
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

/// Whether AWS answers at a URL, or the AWS inside of this process, and no emulator.
pub(crate) fn is_of_aws(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    let embedded = EMBEDDED.trim_start_matches("http://");
    let mut suffixes = Partition::ALL.iter().map(|partition| partition.dns_suffix()).chain([embedded]);
    suffixes.any(|suffix| host.ends_with(suffix))
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

    #[test]
    fn aws_is_told_from_an_emulator_by_the_host() {
        for (url, expected) in [
            ("https://sts.us-east-1.amazonaws.com/", true),
            ("https://logs.s3.cn-north-1.amazonaws.com.cn/?notification", true),
            ("https://vpce-1.s3.us-east-1.vpce.amazonaws.com:443/logs", true),
            ("http://embedded.localhost/logs?notification", true),
            ("http://127.0.0.1:5000/logs?notification", false),
            ("https://localhost.localstack.cloud:4566", false),
            ("https://amazonaws.com.example.org/", false),
        ] {
            assert_eq!(is_of_aws(url), expected, "{url}");
        }
    }
}
