use std::borrow::Cow;
use std::cmp::Ordering;

use super::keys;
use super::known::Known;
use super::requester::Requester;
use crate::canonical::{canonical_principal_id, lowercase};
use crate::{AccountId, Arn, Partition, Principal};

/// A request to AWS, with everything that a resource policy can test.
///
/// If the request does not state a condition key, [`Request::known`] returns the facts that hold
/// for every request of its kind. See "The request context" in the IAM user guide.
#[derive(Debug, Clone)]
pub struct Request {
    requester: Requester,
    action: String,
    resource: String,
    /// The stated condition keys, sorted by name without regard to letter case. A request states
    /// about ten keys, so a list needs fewer allocations and less time than a map.
    context: Vec<(Cow<'static, str>, Known)>,
    /// Whether the request has no keys other than those of `context`.
    is_complete: bool,
}

impl Request {
    /// Creates a request over TLS by an AWS service on its own behalf, such as
    /// `cloudtrail.amazonaws.com`.
    pub fn by_service(service: &str, action: &str, resource: &str) -> Self {
        Self::new(Requester::Service(service.to_owned()), action, resource)
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:PrincipalServiceName", service)
            // A service also has a name in each Region.
            .with_known("aws:PrincipalServiceNamesList", Known::AtLeast(vec![service.to_owned()]))
    }

    /// Creates a request over TLS by a user, a role, a session of a role, or the root of an
    /// account.
    ///
    /// The decision is that of the resource policy alone: if the policy names an account, the IAM
    /// policies of that account also decide for its principals. A session of a role is assumed to
    /// belong to a role without a path, because the ARN of the session does not contain the path.
    pub fn by_principal(arn: &Arn, action: &str, resource: &str) -> Self {
        let mut arns = vec![arn.to_string()];
        // `arn:aws:sts::1:assumed-role/Name/session` is a session of `arn:aws:iam::1:role/Name`.
        if let Some(role) = arn.resource().strip_prefix("assumed-role/")
            && let Some((name, _session)) = role.split_once('/')
        {
            arns.push(format!("arn:{}:iam::{}:role/{name}", arn.partition(), arn.account()));
        }
        let kind = match arn.resource().split('/').next() {
            Some("root") => "Account",
            Some("user") => "User",
            Some("federated-user") => "FederatedUser",
            _ => "AssumedRole",
        };
        // The last ARN is the ARN of the role, for all of its sessions.
        let principal = arns.last().cloned().unwrap_or_default();
        let account = arn.account().to_owned();
        let request = Self::new(Requester::Principal { arns, account }, action, resource)
            .with("aws:PrincipalIsAWSService", "false")
            .with("aws:PrincipalArn", &principal)
            .with("aws:PrincipalAccount", arn.account())
            .with("aws:PrincipalType", kind);
        match arn.resource().rsplit_once('/') {
            Some((_, name)) if kind == "User" => request.with("aws:username", name),
            _ => request.without("aws:username"),
        }
    }

    /// Creates a request over TLS by an unknown user or role of an account.
    pub fn by_principal_of(partition: Partition, account: &AccountId, action: &str, resource: &str) -> Self {
        let requester = Requester::Principal { arns: Vec::new(), account: account.to_string() };
        let of_account = Arn::new(partition, "iam", "", account.as_str(), "*");
        Self::new(requester, action, resource)
            .with("aws:PrincipalIsAWSService", "false")
            .with_known("aws:PrincipalArn", Known::Like(of_account.to_string()))
            .with("aws:PrincipalAccount", account.as_str())
    }

    /// Creates a request over TLS without credentials.
    pub fn by_anybody(action: &str, resource: &str) -> Self {
        Self::new(Requester::Anonymous, action, resource)
    }

    fn new(requester: Requester, action: &str, resource: &str) -> Self {
        let (action, resource) = (action.to_owned(), resource.to_owned());
        Self { requester, action, resource, context: Vec::new(), is_complete: false }
            .with("aws:SecureTransport", "true")
            .with("aws:ViaAWSService", "false")
    }

    /// Sets a condition key to this value.
    #[must_use]
    pub fn with(self, key: impl Into<Cow<'static, str>>, value: &str) -> Self {
        self.with_each(key, [value])
    }

    /// Sets a multivalued condition key to these values.
    #[must_use]
    pub fn with_each<'v>(
        self,
        key: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = &'v str>,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        self.with_known(key, if values.is_empty() { Known::Absent } else { Known::Values(values) })
    }

    /// Removes a condition key.
    #[must_use]
    pub fn without(self, key: impl Into<Cow<'static, str>>) -> Self {
        self.with_known(key, Known::Absent)
    }

    /// Sets the known facts about a condition key.
    #[must_use]
    pub fn with_known(mut self, key: impl Into<Cow<'static, str>>, known: Known) -> Self {
        let key = key.into();
        match self.place(&key) {
            Ok(place) => self.context[place] = (key, known),
            Err(place) => self.context.insert(place, (key, known)),
        }
        self
    }

    /// Returns the index of a condition key in the context, or the index at which to insert the
    /// key.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.context.binary_search_by(|(stated, _)| by_name(stated, key))
    }

    /// Declares that the request has no condition keys other than the stated ones.
    #[must_use]
    pub fn complete(self) -> Self {
        Self { is_complete: true, ..self }
    }

    /// The action, such as `s3:PutObject`.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The ARN of the resource.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Returns the action and the ARN of the resource, without the condition keys.
    pub fn into_target(self) -> (String, String) {
        (self.action, self.resource)
    }

    /// The requester as printed: a service, an ARN, or `anybody`.
    pub fn requester(&self) -> &str {
        match &self.requester {
            Requester::Service(service) => service,
            Requester::Principal { arns, .. } => arns.first().map_or("anybody", String::as_str),
            Requester::Anonymous => "anybody",
        }
    }

    /// The values of a condition key, in any letter case. Empty if the request does not have the
    /// key, or if the values are unknown.
    pub fn values(&self, key: &str) -> &[String] {
        match self.known(key) {
            Known::Values(values) => values,
            _ => &[],
        }
    }

    /// The known facts about a condition key, in any letter case.
    ///
    /// If the request does not state the key, these are the facts that AWS documents for every
    /// request of its kind, or [`Known::Nothing`] if AWS documents none.
    pub fn known(&self, key: &str) -> &Known {
        match self.place(key).ok().and_then(|place| self.context.get(place)) {
            Some((_, known)) => known,
            None if self.is_complete => &Known::Absent,
            None => keys::usual(&self.requester, &self.action, &lowercase(key)),
        }
    }

    /// Returns whether a principal of a policy matches the requester.
    ///
    /// `*` matches everybody, including services: see "AWS JSON policy elements: Principal", which
    /// treats a bare `*` and `*` under `AWS` alike.
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

/// Compares the names of condition keys, which are not case-sensitive. See "IAM JSON policy
/// elements: Condition" in the IAM user guide.
fn by_name(one: &str, other: &str) -> Ordering {
    let lower = u8::to_ascii_lowercase;
    one.as_bytes().iter().map(lower).cmp(other.as_bytes().iter().map(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arn_of_a_principal_determines_its_type_and_name() {
        const ROLE: &str = "arn:aws:iam::111111111111:role/R";
        for (arn, principal, kind, name) in [
            ("arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:root", "Account", None),
            (
                "arn:aws:iam::111111111111:user/team/Ann",
                "arn:aws:iam::111111111111:user/team/Ann",
                "User",
                Some("Ann"),
            ),
            (
                "arn:aws:sts::111111111111:federated-user/Bob",
                "arn:aws:sts::111111111111:federated-user/Bob",
                "FederatedUser",
                None,
            ),
            (ROLE, ROLE, "AssumedRole", None),
            ("arn:aws:sts::111111111111:assumed-role/R/session", ROLE, "AssumedRole", None),
        ] {
            let request = Request::by_principal(&arn.parse().unwrap(), "s3:GetObject", "arn:aws:s3:::logs/a");
            for (key, expected) in [
                ("aws:PrincipalArn", Some(principal)),
                ("aws:PrincipalAccount", Some("111111111111")),
                ("aws:PrincipalType", Some(kind)),
                ("aws:username", name),
                ("aws:PrincipalIsAWSService", Some("false")),
            ] {
                assert_eq!(request.values(key).first().map(String::as_str), expected, "{arn}: {key}");
            }
        }
    }

    #[test]
    fn a_condition_key_has_no_letter_case_and_the_last_fact_counts() {
        let request = Request::by_anybody("s3:GetObject", "arn:aws:s3:::logs/a")
            .with("s3:prefix", "a")
            .with("aws:SourceIp", "192.0.2.1")
            .with("AWS:SOURCEIP", "192.0.2.2")
            .with("s3:PREFIX", "b")
            .without("S3:prefix");
        for key in ["aws:SourceIp", "aws:sourceip", "AWS:SOURCEIP"] {
            assert_eq!(request.values(key), ["192.0.2.2"], "{key}");
        }
        assert_eq!(request.known("s3:Prefix"), &Known::Absent);
        assert_eq!(request.known("s3:prefixes"), &Known::Nothing);
        assert_eq!(request.complete().known("s3:prefixes"), &Known::Absent);
    }
}
