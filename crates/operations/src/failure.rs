//! The reasons why a call got no answer, and what the user can do about them.

use crate::Endpoint;

/// The reason why a call got no answer from AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// The name of the host cannot be resolved.
    Dns,
    /// The host accepts no connections.
    NotConnected,
    /// The proxy did not connect to the host.
    Proxy,
    /// The connection is not secure.
    Tls,
    /// The host did not answer in time.
    Timeout,
    /// The connection was closed before the answer was complete.
    Closed,
    /// Another problem of the connection or the answer.
    Broken,
    /// No provider has credentials.
    NoCredentials,
    /// A provider has a wrong configuration.
    Misconfigured,
    /// The session of IAM Identity Center, or of `aws login`, has ended.
    SignedOut,
    /// A provider failed, or did not answer.
    ProviderFailed,
    /// The credentials belong to another account than the spec names.
    OtherAccount,
}

impl CallFailure {
    /// Whether the reason is about credentials.
    pub fn is_of_credentials(self) -> bool {
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

    /// Returns the next step of the user.
    pub fn hint(self, endpoint: Option<&Endpoint>) -> String {
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
            Self::Misconfigured => "correct the profile in the AWS config file, or name another profile with \
                --profile".to_owned(),
            Self::SignedOut => "sign in again with `aws sso login` or `aws login`, with the profile that you use here".to_owned(),
            Self::ProviderFailed => {
                "check the credential provider (instance metadata, container, `credential_process` or IAM Identity Center) with \
                 `aws sts get-caller-identity`"
                    .to_owned()
            }
        }
    }
}
