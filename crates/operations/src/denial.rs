//! Reads the kind of the policy that denied a call, from the message of the denial.
//!
//! See "Troubleshoot access denied error messages" in the IAM user guide, "Troubleshoot access
//! denied (403 Forbidden) errors in Amazon S3" in the S3 user guide, and "Troubleshooting AWS KMS"
//! in the KMS developer guide.

/// The content of a message that denies a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DenialMessage<'a> {
    /// The ARN of the caller.
    pub(crate) caller: Option<&'a str>,
    /// The denied action, which can differ from the action of the call. An example is
    /// `iam:PassRole`.
    pub(crate) action: Option<&'a str>,
    pub(crate) reason: Reason<'a>,
}

/// The reason why a call was denied, as far as the message contains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason<'a> {
    /// The message contains no reason, for example for callers of another organization.
    Unknown,
    /// A policy has a `Deny`, or no policy of the kind has an `Allow`.
    Policy { kind: Option<DenyingPolicy>, effect: Option<Effect>, arn: Option<&'a str> },
    /// Block Public Access of S3 rejects a public policy.
    BlockPublicAccess,
    /// STS has to decode the message.
    Encoded(&'a str),
}

/// Whether a policy denies, or does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Explicit,
    Implicit,
}

/// The kind of the policy that denies a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DenyingPolicy {
    ServiceControl,
    ResourceControl,
    PermissionsBoundary,
    Session,
    IdentityBased,
    ResourceBased,
    RoleTrust,
    VpcEndpoint,
}

impl DenyingPolicy {
    /// The kind that a text names.
    fn named(text: &str) -> Option<Self> {
        const NAMES: [(&str, DenyingPolicy); 9] = [
            ("service control policy", DenyingPolicy::ServiceControl),
            ("resource control policy", DenyingPolicy::ResourceControl),
            ("permissions boundary", DenyingPolicy::PermissionsBoundary),
            ("session policy", DenyingPolicy::Session),
            ("sessions policy", DenyingPolicy::Session),
            ("identity-based policy", DenyingPolicy::IdentityBased),
            ("resource-based policy", DenyingPolicy::ResourceBased),
            ("role trust policy", DenyingPolicy::RoleTrust),
            ("vpc endpoint policy", DenyingPolicy::VpcEndpoint),
        ];

        let text = text.to_ascii_lowercase();
        NAMES.iter().find(|(name, _)| text.contains(name)).map(|(_, kind)| *kind)
    }
}

impl<'a> DenialMessage<'a> {
    pub(crate) fn read(message: &'a str) -> Self {
        let caller = between(message, "User: ", " is not authorized");
        let action =
            behind(message, "not authorized to perform: ").and_then(|rest| rest.split_whitespace().next());
        Self { caller, action: action.filter(|action| action.contains(':')), reason: Reason::read(message) }
    }
}

impl<'a> Reason<'a> {
    fn read(message: &'a str) -> Self {
        if let Some(rest) = behind(message, "with an explicit deny") {
            // The last policy of the message denies the call: "in a VPC endpoint policy
            // transitively through a service control policy".
            let culprit = behind(rest, "transitively through").unwrap_or(rest);
            let arn = behind(culprit, "policy: arn:").and_then(|_| behind(culprit, "policy: "));
            let arn =
                arn.or_else(|| behind(culprit, "boundary: ")).and_then(|rest| rest.split_whitespace().next());
            return Self::Policy {
                kind: DenyingPolicy::named(culprit.split(": ").next().unwrap_or_default()),
                effect: Some(Effect::Explicit),
                arn,
            };
        }
        if let Some(kind) = between(message, "because no ", " allows the") {
            return Self::Policy {
                kind: DenyingPolicy::named(kind),
                effect: Some(Effect::Implicit),
                arn: None,
            };
        }
        // The message of KMS to callers of another account: "because the resource does not exist in
        // this Region, no resource-based policies allow access, or a resource-based policy
        // explicitly denies access".
        if message.contains("a resource-based policy explicitly denies access") {
            return Self::Policy { kind: Some(DenyingPolicy::ResourceBased), effect: None, arn: None };
        }
        if ["BlockPublicPolicy", "BlockPublicAcls", "RestrictPublicBuckets"]
            .iter()
            .any(|it| message.contains(it))
        {
            return Self::BlockPublicAccess;
        }
        match behind(message, "Encoded authorization failure message: ") {
            Some(encoded) => Self::Encoded(encoded.trim()),
            None => Self::Unknown,
        }
    }
}

/// The text after the first occurrence of another text.
fn behind<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before).map(|(_, rest)| rest)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    behind(text, before)?.split_once(after).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLER: &str = "arn:aws:iam::123456789012:user/John";

    #[test]
    fn a_message_names_the_kind_of_policy() {
        use DenyingPolicy::*;
        use Effect::{Explicit, Implicit};

        for (context, kind, effect) in [
            ("because no service control policy allows the kms:CreateKey action", ServiceControl, Implicit),
            ("with an explicit deny in a service control policy", ServiceControl, Explicit),
            ("with an explicit deny in a resource control policy", ResourceControl, Explicit),
            ("because no VPC endpoint policy allows the kms:CreateKey action", VpcEndpoint, Implicit),
            ("with an explicit deny in a VPC endpoint policy", VpcEndpoint, Explicit),
            (
                "because no permissions boundary allows the kms:CreateKey action",
                PermissionsBoundary,
                Implicit,
            ),
            ("with an explicit deny in a permissions boundary", PermissionsBoundary, Explicit),
            ("because no session policy allows the kms:CreateKey action", Session, Implicit),
            ("with an explicit deny in a sessions policy", Session, Explicit),
            ("with an explicit deny in a session policy", Session, Explicit),
            ("because no resource-based policy allows the kms:CreateKey action", ResourceBased, Implicit),
            ("with an explicit deny in a resource-based policy", ResourceBased, Explicit),
            ("because no role trust policy allows the kms:CreateKey action", RoleTrust, Implicit),
            ("with an explicit deny in the role trust policy", RoleTrust, Explicit),
            ("because no identity-based policy allows the kms:CreateKey action", IdentityBased, Implicit),
            ("with an explicit deny in an identity-based policy", IdentityBased, Explicit),
            (
                "with an explicit deny in a VPC endpoint policy transitively through a service control policy",
                ServiceControl,
                Explicit,
            ),
        ] {
            let message = format!(
                "User: {CALLER} is not authorized to perform: kms:CreateKey on resource: * {context}"
            );
            let expected = DenialMessage {
                caller: Some(CALLER),
                action: Some("kms:CreateKey"),
                reason: Reason::Policy { kind: Some(kind), effect: Some(effect), arn: None },
            };
            assert_eq!(DenialMessage::read(&message), expected, "{message}");
        }
    }

    #[test]
    fn other_forms_of_denials_are_read() {
        let policy = |kind, effect, arn| Reason::Policy { kind, effect, arn };
        let scp = "arn:aws:organizations::111111111111:policy/o-a1/service_control_policy/p-b2";
        let named = format!(
            "User: {CALLER} is not authorized to perform: s3:CreateBucket with an explicit deny in a service control policy: {scp}"
        );
        for (message, reason) in [
            (named.as_str(), policy(Some(DenyingPolicy::ServiceControl), Some(Effect::Explicit), Some(scp))),
            // The message of KMS for keys of other accounts.
            (
                "User: arn:aws:sts::111111111111:assumed-role/a/b is not authorized to perform: kms:DescribeKey on this resource \
                 because the resource does not exist in this Region, no resource-based policies allow access, or a \
                 resource-based policy explicitly denies access",
                policy(Some(DenyingPolicy::ResourceBased), None, None),
            ),
            // The messages of S3, before and after 2025.
            (
                "User: arn:aws:iam::111111111111:user/a is not authorized to perform: s3:PutBucketPolicy on resource: \
                 \"arn:aws:s3:::logs\" because public policies are blocked by the BlockPublicPolicy block public access setting.",
                Reason::BlockPublicAccess,
            ),
            (
                "User: arn:aws:iam::111111111111:user/a is not authorized to perform: s3:PutBucketPolicy on resource: \
                 \"arn:aws:s3:::logs\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block \
                 Public Access.",
                Reason::BlockPublicAccess,
            ),
            ("Access Denied", Reason::Unknown),
            (
                "User: arn:aws:iam::111111111111:user/a is not authorized to perform: iam:GetRole on resource: role r with an \
                 explicit deny",
                policy(None, Some(Effect::Explicit), None),
            ),
            (
                "You are not authorized to perform this operation. Encoded authorization failure message: abc-DEF_1",
                Reason::Encoded("abc-DEF_1"),
            ),
            ("You don't have permissions to access this resource.", Reason::Unknown),
            ("", Reason::Unknown),
        ] {
            assert_eq!(DenialMessage::read(message).reason, reason, "{message}");
        }
    }
}
