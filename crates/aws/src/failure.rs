//! Classifies calls without an answer from AWS, by the causes of their errors.
//!
//! The causes come from several crates, whose types are private or differ between releases. The
//! errors of the standard library and of the credential providers are read from their types; all
//! other errors are read from the texts of the causes.

use std::error::Error;
use std::io;

use aws_config::meta::{ProviderAttempt, ProviderChainError};
use aws_credential_types::provider::error::CredentialsError;

use reconcile_operations::{CallFailure, Endpoint};

/// Returns the reason why a call got no answer, from the causes of its error.
pub(crate) fn failure_of(error: &(dyn Error + 'static)) -> CallFailure {
    if let Some(error) = find::<CredentialsError>(error) {
        return credentials_failure(error);
    }
    let text = texts(error).join(": ").to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    // The SDK stops searching for credentials after some seconds.
    if says(&["identity resolver timed out"]) {
        return CallFailure::ProviderFailed;
    }
    // The check for the proxy comes first, because its host can be unknown, too.
    if says(&["tunnel error", "proxy"]) {
        return CallFailure::Proxy;
    }
    if says(&["dns error", "failed to lookup address", "resolve dns"]) {
        return CallFailure::Dns;
    }
    if says(&["certificate", "tls", "ssl", "handshake", "corrupt message"]) {
        return CallFailure::Tls;
    }
    match io_kind(error) {
        Some(
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable,
        ) => CallFailure::NotConnected,
        Some(io::ErrorKind::TimedOut) => CallFailure::Timeout,
        Some(
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof,
        ) => CallFailure::Closed,
        _ if says(&["timed out", "timeout"]) => CallFailure::Timeout,
        _ if says(&["connection closed", "connection reset", "end of file"]) => CallFailure::Closed,
        _ => CallFailure::Broken,
    }
}

fn credentials_failure(error: &CredentialsError) -> CallFailure {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => CallFailure::NoCredentials,
        CredentialsError::InvalidConfiguration(_) => CallFailure::Misconfigured,
        error => {
            let text = texts(error).join(": ").to_ascii_lowercase();
            let is_session = text.contains("sso") || text.contains("login") || text.contains("cached token");
            let is_over = ["expired", "unauthorized", "not found", "no such file", "refresh"];
            let is_over = is_over.iter().any(|word| text.contains(word));
            if is_session && is_over { CallFailure::SignedOut } else { CallFailure::ProviderFailed }
        }
    }
}

/// Describes the failure, with the host, the Region and the causes.
pub(crate) fn describe(
    failure: CallFailure,
    error: &(dyn Error + 'static),
    endpoint: Option<&Endpoint>,
) -> String {
    let host = endpoint.map_or_else(|| "AWS".to_owned(), Endpoint::to_string);
    let causes = causes(error);
    match failure {
        CallFailure::Dns => format!("cannot resolve the host {host}: {causes}"),
        CallFailure::NotConnected => format!("cannot connect to {host}: {causes}"),
        CallFailure::Proxy => format!("the proxy cannot connect to {host}: {causes}"),
        CallFailure::Tls => format!("cannot establish a TLS connection to {host}: {causes}"),
        CallFailure::Timeout => format!("{host} did not answer in time: {causes}"),
        CallFailure::Closed => format!("{host} closed the connection before it answered: {causes}"),
        CallFailure::Broken => format!("got no answer from {host}: {causes}"),
        CallFailure::OtherAccount => causes,
        CallFailure::NoCredentials => match searched_providers(error) {
            Some(tried) => format!("found no credentials (searched: {tried})"),
            None => "found no credentials".to_owned(),
        },
        CallFailure::Misconfigured => format!("the configuration of the credentials is wrong: {causes}"),
        CallFailure::SignedOut => format!("the session of the credentials has expired: {causes}"),
        CallFailure::ProviderFailed => match endpoint {
            Some(endpoint) => format!("cannot get credentials from {endpoint}: {causes}"),
            None => format!("cannot get credentials: {causes}"),
        },
    }
}

/// Returns the errors of a chain, from the outermost to the innermost.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // `source` skips the inner error.
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

/// Returns the texts of a chain, without texts that the previous text contains.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for text in chain(error).map(ToString::to_string) {
        if !texts.last().is_some_and(|last| last.contains(&text)) {
            texts.push(text);
        }
    }
    texts
}

/// Returns the causes, without the words that the SDK adds.
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

/// Returns the names of the providers that were searched and have no credentials.
fn searched_providers(error: &(dyn Error + 'static)) -> Option<String> {
    let chain = find::<ProviderChainError<CredentialsError>>(error)?;
    let names: Vec<&str> = chain.attempts().iter().map(ProviderAttempt::name).collect();
    Some(names.join(", ")).filter(|names| !names.is_empty())
}

#[cfg(test)]
mod tests;
