use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::{Credentials, provider};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_http_client::proxy::ProxyConfig;
use reconcile_operations::{Class, Error as AwsError, Operation};
use reconcile_text::Hint;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::answer::checked;
use crate::call;
use crate::connect::https_client;
use crate::error::error_of;

/// Longer than any server of this machine needs.
const LONG: Duration = Duration::from_mins(1);

/// The behavior of a server towards a connection.
#[derive(Debug, Clone, Copy)]
enum Server {
    HangsUp,
    Says(&'static str),
    IsSilent,
}

/// The address of a server of this machine.
async fn serve(server: Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            match server {
                Server::HangsUp => drop(stream),
                Server::Says(text) => {
                    let _ = stream.read(&mut [0; 1024]).await;
                    let _ = stream.write_all(text.as_bytes()).await;
                    held.push(stream);
                }
                Server::IsSilent => held.push(stream),
            }
        }
    });
    address
}

/// An address where nothing listens.
async fn closed_port() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn known() -> provider::Result {
    Ok(Credentials::new("AKIA", "secret", None, None, "test"))
}

/// The error of a call of KMS in eu-west-1.
async fn call(
    endpoint: &str,
    proxy: ProxyConfig,
    credentials: SharedCredentialsProvider,
    patience: Duration,
) -> AwsError {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience).build();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(aws_config::Region::new("eu-west-1"))
        .http_client(checked(https_client(proxy)))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::disabled())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::new(SystemTimeSource::new()))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .build();
    let kms = aws_sdk_kms::Client::new(&config);
    let (result, endpoint) = call::make(Operation::ListKeys, kms.list_keys().send()).await;
    let account = "111111111111".parse().unwrap();
    error_of(&account, Operation::ListKeys, &result.unwrap_err(), endpoint)
}

async fn connect(endpoint: &str, proxy: ProxyConfig, patience: Duration) -> AwsError {
    call(endpoint, proxy, SharedCredentialsProvider::new(provide_credentials_fn(known)), patience).await
}

#[tokio::test]
async fn a_connection_error_names_host_region_and_cause() {
    let none = ProxyConfig::disabled;
    let refused = closed_port().await;
    let hangs_up = serve(Server::HangsUp).await;
    let silent = serve(Server::IsSilent).await;
    let plain = serve(Server::Says("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")).await;
    let proxy = serve(Server::Says("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")).await;
    let behind = |address: &str| ProxyConfig::all(format!("http://{address}")).unwrap();
    let aws = "kms.eu-west-1.amazonaws.com";

    for (endpoint, proxy, failure, host) in [
        (format!("http://{refused}"), none(), CallFailure::NotConnected, refused.as_str()),
        (
            "http://kms.no-such-region.invalid".to_owned(),
            none(),
            CallFailure::Dns,
            "kms.no-such-region.invalid",
        ),
        (format!("https://{plain}"), none(), CallFailure::Tls, &plain),
        (format!("http://{hangs_up}"), none(), CallFailure::Closed, &hangs_up),
        (format!("http://{silent}"), none(), CallFailure::Timeout, &silent),
        (format!("https://{aws}"), behind(&proxy), CallFailure::Proxy, aws),
        (format!("https://{aws}"), behind(&refused), CallFailure::Proxy, aws),
    ] {
        // Only the silent server needs a short timeout.
        let patience = if failure == CallFailure::Timeout { Duration::from_millis(300) } else { LONG };
        let error = connect(&endpoint, proxy, patience).await;
        let text = error.to_string();
        assert_eq!((error.failure, error.class), (Some(failure), Class::Unavailable), "{text}");
        assert!(text.contains(&format!("{host} (Region eu-west-1)")), "{text}");
        let (_, cause) = text.rsplit_once(": ").unwrap();
        assert!(cause.len() > 5 && !["io error", "client error (Connect)"].contains(&cause), "{text}");
        let hint = error.hint().unwrap();
        assert!(hint.contains(host) && !hint.contains("credentials"), "{hint}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_from_aws_names_the_host() {
    let page =
        "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\n<html/>     ";
    let address = serve(Server::Says(page)).await;
    let error = connect(&format!("http://{address}"), ProxyConfig::disabled(), LONG).await;
    assert!(error.is_unreadable_answer(), "{error:?}");
    let expected =
        format!("the answer from {address} (Region eu-west-1) cannot be read (HTTP status 502, `text/html`)");
    assert!(error.to_string().ends_with(&expected), "{error}");
}

/// Makes the error of a provider.
type Reason = fn() -> CredentialsError;

#[tokio::test]
async fn missing_credentials_are_told_from_a_provider_that_fails() {
    let endpoint = format!("http://{}", closed_port().await);
    let cases: [(Reason, CallFailure, &str, &str); 5] = [
        (
            CredentialsError::not_loaded_no_source,
            CallFailure::NoCredentials,
            "found no credentials",
            "set credentials",
        ),
        (
            || {
                CredentialsError::provider_error(io::Error::new(
                    io::ErrorKind::ConnectionRefused,
                    "connection refused",
                ))
            },
            CallFailure::ProviderFailed,
            "cannot get credentials: connection refused",
            "check the credential provider",
        ),
        (
            || CredentialsError::provider_error("the SSO token has expired"),
            CallFailure::SignedOut,
            "the SSO token has expired",
            "sign in again",
        ),
        (
            || {
                CredentialsError::provider_error(
                    "Error retrieving credentials: external process exited with code 1",
                )
            },
            CallFailure::ProviderFailed,
            "external process exited with code 1",
            "check the credential provider",
        ),
        (
            || CredentialsError::invalid_configuration("profile `a` forms an infinite loop"),
            CallFailure::Misconfigured,
            "profile `a` forms an infinite loop",
            "correct the profile",
        ),
    ];
    for (reason, failure, message, hint) in cases {
        let credentials =
            SharedCredentialsProvider::new(provide_credentials_fn(move || async move { Err(reason()) }));
        let error = call(&endpoint, ProxyConfig::disabled(), credentials, LONG).await;
        assert_eq!((error.failure, error.class), (Some(failure), Class::Credentials), "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().unwrap().starts_with(hint), "{:?}", error.hint());
    }
}

#[test]
fn the_chain_is_told_without_its_wrappers() {
    let inner = io::Error::new(io::ErrorKind::ConnectionRefused, "tcp connect error");
    let error = io::Error::other(CredentialsError::provider_error(inner));
    assert_eq!(causes(&error), "tcp connect error");
    assert_eq!(io_kind(&error), Some(io::ErrorKind::ConnectionRefused));
    assert_eq!(failure_of(&io::Error::from(io::ErrorKind::ConnectionReset)), CallFailure::Closed);
}

/// The failure after another failure, and the first failure after `None`. A new variant does not
/// compile until it is added here.
fn next(last: Option<CallFailure>) -> Option<CallFailure> {
    Some(match last {
        None => CallFailure::Dns,
        Some(CallFailure::Dns) => CallFailure::NotConnected,
        Some(CallFailure::NotConnected) => CallFailure::Proxy,
        Some(CallFailure::Proxy) => CallFailure::Tls,
        Some(CallFailure::Tls) => CallFailure::Timeout,
        Some(CallFailure::Timeout) => CallFailure::Closed,
        Some(CallFailure::Closed) => CallFailure::Broken,
        Some(CallFailure::Broken) => CallFailure::NoCredentials,
        Some(CallFailure::NoCredentials) => CallFailure::Misconfigured,
        Some(CallFailure::Misconfigured) => CallFailure::SignedOut,
        Some(CallFailure::SignedOut) => CallFailure::ProviderFailed,
        Some(CallFailure::ProviderFailed) => CallFailure::OtherAccount,
        Some(CallFailure::OtherAccount) => return None,
    })
}

#[test]
fn the_wording_of_every_failure_is_reviewed() {
    let endpoint = Endpoint {
        host: "s3.eu-west-1.amazonaws.com".to_owned(),
        region: Some("eu-west-1".parse().unwrap()),
    };
    let cause = io::Error::other("the cause");
    let all = std::iter::successors(next(None), |last| next(Some(*last)));
    let text: Vec<String> = all
        .map(|it| {
            format!("{}\n  hint: {}\n", describe(it, &cause, Some(&endpoint)), it.hint(Some(&endpoint)))
        })
        .collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("failures", text.join("\n"));
    });
}
