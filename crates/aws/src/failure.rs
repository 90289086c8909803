//! Reads from the causes of an error why a call got no answer of AWS.
//!
//! The causes come from several crates, whose types are private or not the same in each release. What the standard library and the
//! credential providers report is read from types; the rest from the texts of the causes.

use std::error::Error;
use std::io;

use aws_config::meta::{ProviderAttempt, ProviderChainError};
use aws_credential_types::provider::error::CredentialsError;

use crate::endpoint::Endpoint;

/// Why a call got no answer of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The name of the host is not known.
    Dns,
    /// Nothing accepts connections there.
    NotConnected,
    /// The proxy did not open a connection to the host.
    Proxy,
    /// The connection is not secure.
    Tls,
    /// The host did not answer in time.
    Timeout,
    /// The connection broke off before the answer.
    Closed,
    /// Something else is wrong with the connection or the answer.
    Broken,
    /// No provider has credentials.
    NoCredentials,
    /// A provider is configured wrongly.
    Misconfigured,
    /// The session of IAM Identity Center, or of `aws login`, is over.
    SignedOut,
    /// A provider failed, or did not answer.
    ProviderFailed,
    /// The credentials are of another account than the spec says.
    OtherAccount,
}

impl Failure {
    /// Reads why no answer came from the causes of an error.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        if let Some(error) = find::<CredentialsError>(error) {
            return Self::of_credentials(error);
        }
        let text = texts(error).join(": ").to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        // The SDK ends the search for credentials after some seconds.
        if says(&["identity resolver timed out"]) {
            return Self::ProviderFailed;
        }
        // The proxy comes first: its host can be unknown, too.
        if says(&["tunnel error", "proxy"]) {
            return Self::Proxy;
        }
        if says(&["dns error", "failed to lookup address", "resolve dns"]) {
            return Self::Dns;
        }
        if says(&["certificate", "tls", "ssl", "handshake", "corrupt message"]) {
            return Self::Tls;
        }
        match io_kind(error) {
            Some(
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable,
            ) => Self::NotConnected,
            Some(io::ErrorKind::TimedOut) => Self::Timeout,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => Self::Closed,
            _ if says(&["timed out", "timeout"]) => Self::Timeout,
            _ if says(&["connection closed", "connection reset", "end of file"]) => Self::Closed,
            _ => Self::Broken,
        }
    }

    fn of_credentials(error: &CredentialsError) -> Self {
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Self::NoCredentials,
            CredentialsError::InvalidConfiguration(_) => Self::Misconfigured,
            error => {
                let text = texts(error).join(": ").to_ascii_lowercase();
                let is_session =
                    text.contains("sso") || text.contains("login") || text.contains("cached token");
                let is_over = ["expired", "unauthorized", "not found", "no such file", "refresh"];
                let is_over = is_over.iter().any(|word| text.contains(word));
                if is_session && is_over { Self::SignedOut } else { Self::ProviderFailed }
            }
        }
    }

    /// Whether it is about credentials.
    pub(crate) fn is_of_credentials(self) -> bool {
        match self {
            Self::NoCredentials
            | Self::Misconfigured
            | Self::SignedOut
            | Self::ProviderFailed
            | Self::OtherAccount => true,
            Self::Dns
            | Self::NotConnected
            | Self::Proxy
            | Self::Tls
            | Self::Timeout
            | Self::Closed
            | Self::Broken => false,
        }
    }

    /// Describes the failure, with the host, the Region and the causes.
    pub(crate) fn describe(self, error: &(dyn Error + 'static), endpoint: Option<&Endpoint>) -> String {
        let host = endpoint.map_or_else(|| "AWS".to_owned(), Endpoint::to_string);
        let causes = causes(error);
        match self {
            Self::Dns => format!("cannot resolve the host {host}: {causes}"),
            Self::NotConnected => format!("cannot connect to {host}: {causes}"),
            Self::Proxy => format!("the proxy does not connect to {host}: {causes}"),
            Self::Tls => format!("cannot establish a TLS connection to {host}: {causes}"),
            Self::Timeout => format!("{host} did not answer in time: {causes}"),
            Self::Closed => format!("{host} closed the connection before it answered: {causes}"),
            Self::Broken => format!("got no answer from {host}: {causes}"),
            Self::OtherAccount => causes,
            Self::NoCredentials => match tried(error) {
                Some(tried) => format!("found no credentials (searched: {tried})"),
                None => "found no credentials".to_owned(),
            },
            Self::Misconfigured => format!("the configuration of the credentials is wrong: {causes}"),
            Self::SignedOut => format!("the session of the credentials is over: {causes}"),
            Self::ProviderFailed => match endpoint {
                Some(endpoint) => format!("cannot get credentials from {endpoint}: {causes}"),
                None => format!("cannot get credentials: {causes}"),
            },
        }
    }

    /// The next step of the user.
    pub(crate) fn hint(self, endpoint: Option<&Endpoint>) -> String {
        let host = endpoint.map_or("AWS", |endpoint| &endpoint.host);
        match self {
            Self::Dns => match endpoint.and_then(|endpoint| endpoint.region.as_ref()) {
                Some(region) => format!("check that DNS resolves {host} on this machine, and that {region} is a Region of AWS"),
                None => format!("check that DNS resolves {host} on this machine"),
            },
            Self::NotConnected => {
                format!("check that the network and its firewalls allow connections to {host}, and check --endpoint-url")
            }
            Self::Proxy => format!("check `HTTPS_PROXY` and `NO_PROXY`, and that the proxy allows connections to {host}"),
            Self::Tls => format!(
                "check that {host} is served with TLS; if a proxy inspects TLS, add its certificate authority to the trust store of \
                 this machine"
            ),
            Self::Timeout => format!("check the network between this machine and {host}, or run again with a lower --concurrency"),
            Self::Closed | Self::Broken => {
                format!("run again; if the error stays, check proxies and firewalls between this machine and {host}")
            }
            Self::NoCredentials => {
                "set credentials as for the AWS CLI (environment, profile or role) and test them with `aws sts get-caller-identity`"
                    .to_owned()
            }
            Self::OtherAccount => {
                "give the account a `role` or a `profile` in the spec, or use credentials of that account".to_owned()
            }
            Self::Misconfigured => "correct the profile in the config file of the AWS CLI, or name another with --profile".to_owned(),
            Self::SignedOut => "sign in again with `aws sso login` or `aws login`, with the profile that you use here".to_owned(),
            Self::ProviderFailed => {
                "check the credential provider (instance metadata, container, `credential_process` or IAM Identity Center) with \
                 `aws sts get-caller-identity`"
                    .to_owned()
            }
        }
    }
}

/// The errors of a chain, from the outermost to the innermost.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // `source` skips the error that is inside.
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

pub(crate) fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    let kinds = chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind);
    kinds.filter(|kind| *kind != io::ErrorKind::Other).last()
}

/// The texts of a chain, without texts that are part of the one before.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for text in chain(error).map(ToString::to_string) {
        if !texts.last().is_some_and(|last| last.contains(&text)) {
            texts.push(text);
        }
    }
    texts
}

/// The causes, without the words in which the SDK wraps them.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    const WRAPPERS: [&str; 15] = [
        "dispatch failure",
        "io error",
        "other",
        "timeout",
        "user error",
        "response error",
        "request has timed out",
        "failed to construct request",
        "client error (Connect)",
        "client error (SendRequest)",
        "tcp connect error",
        "an error occurred while loading credentials",
        "the credential provider was not enabled",
        "the credentials provider was not properly configured",
        "unexpected credentials error",
    ];

    let all = texts(error);
    let told: Vec<&str> = all.iter().map(String::as_str).filter(|text| !WRAPPERS.contains(text)).collect();
    match told.as_slice() {
        [] => all.last().cloned().unwrap_or_default(),
        told => told.join(": "),
    }
}

/// The providers that have no credentials.
fn tried(error: &(dyn Error + 'static)) -> Option<String> {
    let chain = find::<ProviderChainError<CredentialsError>>(error)?;
    let names: Vec<&str> = chain.attempts().iter().map(ProviderAttempt::name).collect();
    Some(names.join(", ")).filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests;
