use std::collections::BTreeMap;

use crate::canonical::{canonical_principal_id, lowercase};
use crate::{Arn, Principal};

/// One request to AWS, as far as a resource policy can ask for it.
///
/// See "The request context" in the IAM user guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    requester: Requester,
    action: String,
    resource: String,
    /// By name in lower case.
    context: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requester {
    Service(String),
    /// All ARNs by which policies name it, and its account.
    Principal {
        arns: Vec<String>,
        account: String,
    },
    Anonymous,
}

impl Request {
    /// A request over TLS by an AWS service on its own behalf, such as `cloudtrail.amazonaws.com`.
    pub fn by_service(service: &str, action: &str, resource: &str) -> Self {
        Self::new(Requester::Service(service.to_owned()), action, resource)
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:PrincipalServiceName", service)
            .with("aws:PrincipalServiceNamesList", service)
    }

    /// A request over TLS by a user, a role, a session of a role, or the root of an account.
    ///
    /// The decision is that of the resource policy alone: where it names an account, the policies of that account say
    /// who in it may.
    pub fn by_principal(arn: &Arn, action: &str, resource: &str) -> Self {
        let mut arns = vec![arn.to_string()];
        // `arn:aws:sts::1:assumed-role/Name/session` is a session of `arn:aws:iam::1:role/Name`.
        if let Some(role) = arn.resource().strip_prefix("assumed-role/")
            && let Some((name, _session)) = role.split_once('/')
        {
            arns.push(format!("arn:{}:iam::{}:role/{name}", arn.partition(), arn.account()));
        }
        let account = arn.account().to_owned();
        Self::new(Requester::Principal { arns, account }, action, resource)
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:PrincipalArn", arn.as_str())
            .with("aws:PrincipalAccount", arn.account())
    }

    /// A request over TLS without credentials.
    pub fn by_anybody(action: &str, resource: &str) -> Self {
        Self::new(Requester::Anonymous, action, resource)
    }

    fn new(requester: Requester, action: &str, resource: &str) -> Self {
        let (action, resource) = (action.to_owned(), resource.to_owned());
        Self { requester, action, resource, context: BTreeMap::new() }
            .with("aws:SecureTransport", "true")
            .with("aws:ViaAWSService", "false")
    }

    /// The same request with this value under a condition key, in place of what was there.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        self.with_each(key, [value])
    }

    /// The same request with these values under a condition key of several values, in place of what was there.
    #[must_use]
    pub fn with_each<'v>(mut self, key: &str, values: impl IntoIterator<Item = &'v str>) -> Self {
        let values = values.into_iter().map(str::to_owned).collect();
        self.context.insert(key.to_ascii_lowercase(), values);
        self
    }

    /// The same request without a condition key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.context.remove(&key.to_ascii_lowercase());
        self
    }

    /// Such as `s3:PutObject`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The ARN of what is acted on.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Who asks, for people: a service, an ARN, or `anybody`.
    pub fn requester(&self) -> &str {
        match &self.requester {
            Requester::Service(service) => service,
            Requester::Principal { arns, .. } => arns.first().map_or("anybody", String::as_str),
            Requester::Anonymous => "anybody",
        }
    }

    /// The values under a condition key, in whatever letter case; empty if the request does not have it.
    pub fn values(&self, key: &str) -> &[String] {
        self.context.get(lowercase(key).as_ref()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The one value that a variable of this name stands for.
    pub(super) fn variable(&self, key: &str) -> Option<&str> {
        match self.values(key) {
            [value] => Some(value),
            _ => None,
        }
    }

    /// Whether a principal of a policy stands for who asks.
    ///
    /// `*` is everybody, services included: see "AWS JSON policy elements: Principal", which calls it the same
    /// whether it stands alone or under `AWS`.
    pub(super) fn is_by(&self, principal: Principal<'_>) -> bool {
        let id = canonical_principal_id(principal);
        match (principal.kind, &self.requester) {
            ("AWS", _) if id == "*" => true,
            ("AWS", Requester::Principal { arns, account }) => {
                id == account || arns.iter().any(|arn| arn == id)
            }
            ("Service", Requester::Service(service)) => id == service,
            _ => false,
        }
    }
}
