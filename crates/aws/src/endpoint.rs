//! Reads the host and the Region of a request, and whether AWS answers it.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use reconcile_operations::Endpoint;
use reconcile_policy::{Partition, Region};

/// The endpoint of an AWS inside this process.
pub(crate) const EMBEDDED: &str = "http://embedded.localhost";

pub(crate) fn endpoint_of(request: &HttpRequest) -> Endpoint {
    let rest = request.uri().split_once("://").map_or(request.uri(), |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default().to_owned();
    let region = request.headers().get("authorization").and_then(region);
    Endpoint { host, region }
}

/// Returns the Region in the credential scope of a signature:
/// `Credential=<key>/<date>/<Region>/<service>/aws4_request`.
///
/// See "Authenticating requests: using the Authorization header" in the S3 API reference.
fn region(authorization: &str) -> Option<Region> {
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split('/').nth(2)?.parse().ok()
}

/// Returns whether AWS or the AWS inside this process answers at a URL, and no emulator.
pub(crate) fn is_of_aws(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    let embedded = EMBEDDED.trim_start_matches("http://");
    let mut suffixes = Partition::ALL.iter().map(|partition| partition.dns_suffix()).chain([embedded]);
    suffixes.any(|suffix| host.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn an_endpoint_has_the_host_and_the_region_of_the_signature() {
        let signature = "AWS4-HMAC-SHA256 Credential=AKIA/20261126/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        for (uri, authorization, expected) in [
            (
                "https://logs.s3.eu-west-1.amazonaws.com/?policy",
                Some(signature),
                "logs.s3.eu-west-1.amazonaws.com (Region eu-west-1)",
            ),
            ("http://127.0.0.1:5000/", Some(signature), "127.0.0.1:5000 (Region eu-west-1)"),
            ("http://169.254.169.254/latest/api/token", None, "169.254.169.254"),
            ("https://oidc.eu-west-1.amazonaws.com?x", Some("Bearer token"), "oidc.eu-west-1.amazonaws.com"),
        ] {
            let mut request = HttpRequest::new(SdkBody::empty());
            request.set_uri(uri).unwrap();
            if let Some(authorization) = authorization {
                request.headers_mut().insert("authorization", authorization);
            }
            assert_eq!(endpoint_of(&request).to_string(), expected);
        }
    }

    #[test]
    fn the_host_distinguishes_aws_from_an_emulator() {
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
