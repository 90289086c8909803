//! The settings of the exporter, from the environment, without side effects.
//!
//! See "OpenTelemetry Protocol Exporter" and "Environment Variable Specification" in the
//! specification of OpenTelemetry.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

/// The default timeout of an export and of the end of the export.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The default maximum number of waiting spans. The default of the SDK, 2,048, is less than the
/// number of spans that a check of 400 accounts creates at once.
const QUEUE: usize = 16 * 1024;
/// The only protocol of this exporter.
const PROTOCOL: &str = "http/protobuf";
/// The path of the URL for traces after the endpoint of all signals.
const PATH: &str = "v1/traces";

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The settings of the exporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The URL for traces.
    pub(crate) endpoint: Uri,
    /// The headers of each request, which can contain secrets.
    pub(crate) headers: HeaderMap,
    /// The maximum time of an export.
    pub(crate) timeout: Duration,
    /// The maximum number of spans that wait.
    pub(crate) queue: usize,
}

/// An environment variable with an invalid value. The value can contain a secret, so the message
/// does not contain it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The endpoint is not a URL.
    #[error("traces are not exported: the value of `{0}` is not an http or https URL")]
    Endpoint(&'static str),
    /// The headers are not pairs of a name and a value.
    #[error("traces are not exported: the value of `{0}` is not a list such as `name=value,name=value`")]
    Headers(&'static str),
    /// The number is not a positive number.
    #[error("traces are not exported: the value of `{0}` is not a positive number")]
    Number(&'static str),
    /// The protocol is not supported.
    #[error(
        "traces are not exported: the value of `{0}` is not `http/protobuf`, the only supported protocol"
    )]
    Protocol(&'static str),
}

impl Settings {
    /// Returns the settings; `None` if the environment does not set an endpoint. With a default
    /// endpoint, each run would try to connect to a collector that most machines do not have.
    ///
    /// # Errors
    /// Fails if a variable has an invalid value.
    pub(crate) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, SettingsError> {
        // An empty value counts as no value.
        let value = |name: &'static str| variable(name).filter(|value| !value.trim().is_empty());
        let is =
            |name, wanted: &str| value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted));
        // A variable for traces takes precedence over the variable for all signals.
        let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| Some((name, value(name)?)));

        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let Some((name, url)) = first(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ENDPOINT]) else {
            return Ok(None);
        };
        let protocol = first(["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
        if let Some((name, _)) = protocol.filter(|(_, protocol)| protocol.trim() != PROTOCOL) {
            return Err(SettingsError::Protocol(name));
        }
        let headers = first(["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"]);
        let headers = headers.map(|(name, text)| headers_of(&text).ok_or(SettingsError::Headers(name)));
        let timeout = first(["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"]);
        let timeout = timeout.map(|(name, text)| Ok(Duration::from_millis(number(name, &text)?)));
        let queue = first(["OTEL_BSP_MAX_QUEUE_SIZE"; 2]);
        let queue = queue.map(|(name, text)| {
            usize::try_from(number(name, &text)?).map_err(|_| SettingsError::Number(name))
        });
        Ok(Some(Self {
            endpoint: endpoint_of(name, url.trim()).ok_or(SettingsError::Endpoint(name))?,
            headers: headers.transpose()?.unwrap_or_default(),
            timeout: timeout.transpose()?.unwrap_or(TIMEOUT),
            queue: queue.transpose()?.unwrap_or(QUEUE),
        }))
    }
}

/// Returns the URL for traces. An endpoint for all signals is the prefix of this URL.
fn endpoint_of(name: &str, url: &str) -> Option<Uri> {
    let url = if name == ENDPOINT { format!("{}/{PATH}", url.trim_end_matches('/')) } else { url.to_owned() };
    let uri: Uri = url.parse().ok()?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_http && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
}

/// Parses headers such as `name=value,name=value`, with values in percent-encoding.
fn headers_of(text: &str) -> Option<HeaderMap> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let mut value: HeaderValue = value.parse().ok()?;
            value.set_sensitive(true);
            Some((name.trim().parse::<HeaderName>().ok()?, value))
        })
        .collect()
}

fn number(name: &'static str, text: &str) -> Result<u64, SettingsError> {
    text.trim().parse().ok().filter(|number| *number > 0).ok_or(SettingsError::Number(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of an environment, with one variable in each line.
    fn of(environment: &str) -> Result<Option<Settings>, SettingsError> {
        let pairs = || environment.lines().filter_map(|line| line.trim().split_once('='));
        Settings::from_env(|name| pairs().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned()))
    }

    #[test]
    fn an_endpoint_asks_for_traces_unless_they_are_turned_off() {
        for (environment, expected) in [
            ("", None),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=", None),
            ("OTEL_SERVICE_NAME=x", None),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=http://a:4318", Some("http://a:4318/v1/traces")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=https://a/b/", Some("https://a/b/v1/traces")),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a/b", Some("http://a/b")),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nOTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b/c",
                Some("http://b/c"),
            ),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nOTEL_SDK_DISABLED=TRUE", None),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nOTEL_SDK_DISABLED=false", Some("http://a/v1/traces")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nOTEL_TRACES_EXPORTER=none", None),
            ("OTEL_EXPORTER_OTLP_ENDPOINT=http://a\nOTEL_TRACES_EXPORTER=otlp", Some("http://a/v1/traces")),
        ] {
            let endpoint = of(environment).unwrap().map(|it| it.endpoint.to_string());
            assert_eq!(endpoint.as_deref(), expected, "{environment}");
        }
    }

    #[test]
    fn the_variables_of_traces_count_before_those_of_all_signals() {
        let settings = of("OTEL_EXPORTER_OTLP_ENDPOINT=http://a
            OTEL_EXPORTER_OTLP_HEADERS=x-all=1
            OTEL_EXPORTER_OTLP_TRACES_HEADERS= authorization = Bearer%20a%2Cb , x-team=logs,
            OTEL_EXPORTER_OTLP_TIMEOUT=500
            OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=70
            OTEL_EXPORTER_OTLP_PROTOCOL=grpc
            OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf
            OTEL_BSP_MAX_QUEUE_SIZE=5");
        let settings = settings.unwrap().unwrap();
        assert_eq!((settings.timeout, settings.queue), (Duration::from_millis(70), 5));
        let headers: Vec<_> =
            settings.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(headers, [("authorization", "Bearer a,b"), ("x-team", "logs")]);
        assert!(!format!("{settings:?}").contains("Bearer"));
        let plain = of("OTEL_EXPORTER_OTLP_ENDPOINT=http://a").unwrap().unwrap();
        assert_eq!((plain.timeout, plain.queue, plain.headers.len()), (TIMEOUT, QUEUE, 0));
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for (variable, expected) in [
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector:4318",
                SettingsError::Endpoint("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            ),
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://a",
                SettingsError::Endpoint("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            ),
            ("OTEL_EXPORTER_OTLP_HEADERS=secret", SettingsError::Headers("OTEL_EXPORTER_OTLP_HEADERS")),
            ("OTEL_EXPORTER_OTLP_HEADERS=a b=secret", SettingsError::Headers("OTEL_EXPORTER_OTLP_HEADERS")),
            ("OTEL_EXPORTER_OTLP_TIMEOUT=soon", SettingsError::Number("OTEL_EXPORTER_OTLP_TIMEOUT")),
            ("OTEL_BSP_MAX_QUEUE_SIZE=0", SettingsError::Number("OTEL_BSP_MAX_QUEUE_SIZE")),
            ("OTEL_EXPORTER_OTLP_PROTOCOL=grpc", SettingsError::Protocol("OTEL_EXPORTER_OTLP_PROTOCOL")),
        ] {
            let error = of(&format!("OTEL_EXPORTER_OTLP_ENDPOINT=http://a\n{variable}")).unwrap_err();
            assert_eq!(error, expected, "{variable}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
