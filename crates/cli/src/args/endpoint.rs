//! The endpoint of AWS requests.

use std::str::FromStr;

/// The URL of an endpoint; `None` for an empty value, which counts as not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndpointUrl(pub(crate) Option<String>);

/// A text that is not the URL of an endpoint.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a URL: write scheme and host, such as `http://127.0.0.1:5000`")]
pub(crate) struct NotAnEndpoint(String);

impl FromStr for EndpointUrl {
    type Err = NotAnEndpoint;

    fn from_str(text: &str) -> Result<Self, NotAnEndpoint> {
        let is_url = text.parse::<http::Uri>().is_ok_and(|uri| {
            let has_host = uri.host().is_some_and(|host| !host.is_empty());
            matches!(uri.scheme_str(), Some("http" | "https")) && has_host
        });
        match text {
            "" => Ok(Self(None)),
            url if is_url => Ok(Self(Some(url.to_owned()))),
            other => Err(NotAnEndpoint(other.to_owned())),
        }
    }
}
