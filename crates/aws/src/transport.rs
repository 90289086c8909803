//! The transport of every attempt: rate limit, concurrency limit and time limit.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use reconcile_policy::AccountId;
use tokio::time::timeout;

use crate::call;
use crate::endpoint::{endpoint_of, is_of_aws};
use crate::gate::Gate;
use crate::rate::{self, Limiter, Rate};

/// The time limits of an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// The time of one attempt, its answer included.
    pub(crate) attempt: Duration,
    /// The time after which an attempt no longer counts for the concurrency limit.
    pub(crate) slow: Duration,
}

impl Timeouts {
    /// AWS answers nearly every call of this program within a second. A service that hangs must not
    /// hold up the calls to other services.
    pub(crate) const USUAL: Self = Self { attempt: Duration::from_secs(15), slow: Duration::from_secs(1) };
}

/// The error of an attempt that AWS did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} seconds", .0.as_secs())]
struct TimedOut(Duration);

/// The limits of attempts, which all connections to AWS share.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// The time of one attempt.
    pub(crate) attempt: Duration,
    pub(crate) gate: Arc<Gate>,
    /// Keeps calls below the rates of AWS; `None` if the endpoint does not limit calls by time.
    pub(crate) limiter: Option<Arc<Limiter>>,
}

/// A client, or a connector, for the calls of one account. The account is `None` for calls that
/// assume roles, which AWS counts for the account of the caller.
#[derive(Debug)]
struct Transport<T> {
    next: T,
    limits: Limits,
    account: Option<AccountId>,
}

/// Returns the client with the limits of attempts.
pub(crate) fn transport(
    client: SharedHttpClient,
    limits: Limits,
    account: Option<AccountId>,
) -> SharedHttpClient {
    SharedHttpClient::new(Transport { next: client, limits, account })
}

impl HttpClient for Transport<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Transport {
            next: self.next.http_connector(settings, components),
            limits: self.limits.clone(),
            account: self.account.clone(),
        })
    }
}

impl HttpConnector for Transport<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (next, gate, limit) = (self.next.clone(), Arc::clone(&self.limits.gate), self.limits.attempt);
        let turn = self.limits.limiter.clone().zip(rate_of(&request)).map(|(limiter, rate)| {
            let (account, region) = (self.account.clone(), endpoint_of(&request).region);
            async move { limiter.turn(account, region, rate).await }
        });
        HttpConnectorFuture::new(async move {
            if let Some(turn) = turn {
                turn.await;
            }
            let counter = Arc::clone(&gate);
            let attempt = async move {
                if let Some((operation, attempt)) = call::sent() {
                    counter.count(operation, attempt);
                }
                timeout(limit, next.call(request)).await
            };
            gate.pass(attempt).await.unwrap_or_else(|_| Err(ConnectorError::timeout(TimedOut(limit).into())))
        })
    }
}

/// The rate that AWS has for a request. An emulator has no rates.
fn rate_of(request: &HttpRequest) -> Option<Rate> {
    call::operation().filter(|_| is_of_aws(request.uri())).and_then(rate::rate)
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[tokio::test]
    async fn only_calls_to_aws_have_a_rate() {
        use reconcile_operations::Operation;

        let rate = async |uri: &str, operation| {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_uri(uri).unwrap();
            call::make(operation, async { rate_of(&request).is_some() }).await.0
        };
        let aws = "https://cloudtrail.eu-west-1.amazonaws.com/";
        assert!(rate(aws, Operation::CreateTrail).await);
        assert!(!rate(aws, Operation::GetBucketPolicy).await);
        assert!(!rate("http://127.0.0.1:5000/", Operation::CreateTrail).await);
    }
}
