//! Extracts the caller, the service and the Region from an HTTP request.
//!
//! The credential scope of the signature contains all three. The signature is not verified, so
//! everybody who reaches the twin can use it.

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::cbor;

/// A request with its caller.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: http::Method,
    /// The path, percent-decoded.
    pub(crate) path: String,
    /// The query, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) scope: CredentialScope,
    /// The number of this request to the twin. The credentials of a session contain the number of
    /// the request that created them.
    pub(crate) number: u64,
}

/// The credential scope of the signature, and the session of the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CredentialScope {
    pub(crate) access_key: String,
    pub(crate) region: String,
    pub(crate) service: String,
    /// The role and the session name, if the caller has assumed a role.
    pub(crate) role: Option<String>,
    /// The number of the request that created the session.
    pub(crate) session: Option<String>,
    /// The policy of the session.
    pub(crate) session_policy: Option<String>,
}

const BASE_KEY: &str = "AKIATWIN";
const SESSION_KEY: &str = "ASIATWIN";

/// The access key ID of an account without an assumed role. It contains the account ID.
pub(crate) fn base_key(account: &str) -> String {
    format!("{BASE_KEY}{account}")
}

/// The access key ID of a session in an account.
pub(crate) fn session_key(account: &str) -> String {
    format!("{SESSION_KEY}{account}")
}

/// The token of a session. It contains all properties of the session, like tokens of AWS.
pub(crate) fn session_token(role: &str, session: &str, policy: Option<&str>, number: u64) -> String {
    let mut token = form_urlencoded::Serializer::new(String::new());
    token.append_pair("role", &format!("{role}/{session}"));
    token.append_pair("session", &number.to_string());
    if let Some(policy) = policy {
        token.append_pair("policy", policy);
    }
    token.finish()
}

impl Request {
    pub(crate) fn new(request: http::Request<Bytes>, number: u64) -> Self {
        let (parts, body) = request.into_parts();
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        Self {
            path: percent_decode_str(parts.uri.path()).decode_utf8_lossy().into_owned(),
            query: query.into_owned().collect(),
            scope: CredentialScope::of(&parts.headers),
            method: parts.method,
            headers: parts.headers,
            body,
            number,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The input of a service whose requests are JSON or CBOR; null if the body is neither.
    pub(crate) fn input(&self) -> Value {
        let json = serde_json::from_slice(&self.body).ok();
        json.or_else(|| cbor::decode(&self.body).ok()).unwrap_or_default()
    }

    /// The account of the caller, according to its access key.
    pub(crate) fn account(&self) -> Option<&str> {
        let key = &self.scope.access_key;
        key.strip_prefix(BASE_KEY).or_else(|| key.strip_prefix(SESSION_KEY))
    }
}

impl CredentialScope {
    /// Parses `AWS4-HMAC-SHA256 Credential=KEY/20261123/us-east-1/s3/aws4_request, …`. See "Create
    /// a signed AWS API request" in the IAM user guide.
    fn of(headers: &HeaderMap) -> Self {
        let authorization = text(headers, "authorization").unwrap_or_default();
        let credential =
            authorization.split("Credential=").nth(1).and_then(|rest| rest.split([',', ' ']).next());
        let mut elements = credential.unwrap_or_default().split('/').map(str::to_owned);
        let mut next = || elements.next().unwrap_or_default();
        let (access_key, _date, region, service) = (next(), next(), next(), next());
        let token = text(headers, "x-amz-security-token").unwrap_or_default();
        let mut scope = Self { access_key, region, service, ..Self::default() };
        for (key, value) in form_urlencoded::parse(token.as_bytes()) {
            match &*key {
                "role" => scope.role = Some(value.into_owned()),
                "session" => scope.session = Some(value.into_owned()),
                "policy" => scope.session_policy = Some(value.into_owned()),
                _ => {}
            }
        }
        scope
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_determines_caller_service_and_region() {
        let request = http::Request::builder()
            .uri("http://localhost/logs/a%20b+c&d=e?policy&x=1+1")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIATWIN111111111111/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host",
            )
            .body(Bytes::new())
            .unwrap();
        let request = Request::new(request, 0);
        assert_eq!(request.account(), Some("111111111111"));
        assert_eq!((request.scope.region.as_str(), request.scope.service.as_str()), ("eu-west-1", "s3"));
        // A plus is a space only in a query.
        assert_eq!(request.path, "/logs/a b+c&d=e");
        assert_eq!((request.query("policy"), request.query("x")), (Some(""), Some("1 1")));
    }

    #[test]
    fn a_request_without_a_signature_has_no_caller() {
        let request = Request::new(http::Request::new(Bytes::new()), 0);
        assert_eq!(request.account(), None);
        assert_eq!(request.scope, CredentialScope::default());
    }
}
