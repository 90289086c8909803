//! Classes of errors, by what a caller can do.

use reconcile_policy::PolicyKind;

/// The reaction to an error that a caller can choose. The table of error codes assigns a class to
/// each code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The resource that the call reads or deletes does not exist. For a read, this is a valid
    /// answer.
    Absent,
    /// The resource that the call creates already exists, or its state is not the one that the call
    /// expects.
    Conflict,
    /// A service does not see something that the call needs: it does not exist, is not correct, or
    /// was written a moment ago and is not visible everywhere yet.
    NotYetSeen(NotVisible),
    /// Another change of the resource is in progress, or the resource was just created and is not
    /// ready yet.
    Busy,
    /// AWS received too many calls, and the retries are used up.
    Throttled,
    /// A quota of AWS is used up. Another attempt does not help.
    LimitReached,
    /// The caller is not allowed to do this. Another attempt does not help.
    Denied,
    /// No credentials were found, or AWS does not accept the credentials (any more).
    Credentials,
    /// The clock of this machine differs too much from the clock of AWS.
    Clock,
    /// The account has not enabled the Region.
    RegionNotEnabled,
    /// AWS did not answer, or answered with a fault of its own. It is unknown whether the call took
    /// effect.
    Unavailable,
    /// AWS does not accept the request.
    Refused,
}

/// The object that a service does not see yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotVisible {
    /// A resource that the call names.
    Resource,
    /// Something that CloudTrail checks before it creates or changes a trail.
    Delivery(TrailDependency),
    /// A principal that a policy or a grant names.
    Principal,
    /// The key of a log group, or the part of its policy that lets CloudWatch Logs encrypt.
    Key,
    /// The trusted access of CloudTrail to the organization, or the account as the manager of the
    /// organization's trails.
    Organization,
}

/// A dependency of a trail that CloudTrail checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrailDependency {
    /// The bucket policy.
    BucketPolicy,
    /// The bucket policy or the key policy.
    BucketOrKeyPolicy,
    /// The key.
    Key,
    /// The topic.
    Topic,
    /// The policy of the topic, or of the key that encrypts its messages.
    TopicOrKeyPolicy,
    /// A resource without a managed policy: the bucket itself, the log group, or its role.
    Other,
}

impl TrailDependency {
    /// The policies that can be the cause.
    pub fn policies(self) -> &'static [PolicyKind] {
        match self {
            Self::BucketPolicy => &[PolicyKind::Bucket],
            Self::BucketOrKeyPolicy => &[PolicyKind::Bucket, PolicyKind::Key],
            Self::Key => &[PolicyKind::Key],
            Self::Topic => &[PolicyKind::Topic],
            Self::TopicOrKeyPolicy => &[PolicyKind::Topic, PolicyKind::Key, PolicyKind::TopicKey],
            Self::Other => &[],
        }
    }
}

impl Class {
    /// Every class, with one representative of [`Class::NotYetSeen`].
    pub const ALL: [Self; 12] = [
        Self::Absent,
        Self::Conflict,
        Self::NotYetSeen(NotVisible::Resource),
        Self::Busy,
        Self::Throttled,
        Self::LimitReached,
        Self::Denied,
        Self::Credentials,
        Self::Clock,
        Self::RegionNotEnabled,
        Self::Unavailable,
        Self::Refused,
    ];

    /// A stable name for programs, such as `limit-reached`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Conflict => "already-so",
            Self::NotYetSeen(_) => "not-yet-seen",
            Self::Busy => "busy",
            Self::Throttled => "throttled",
            Self::LimitReached => "limit-reached",
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::Clock => "clock",
            Self::RegionNotEnabled => "region-not-enabled",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_and_the_schema_have_every_class() {
        let page = include_str!("../../../docs/src/reference/errors.md");
        let schema = include_str!("../../../docs/src/reference/schemas/error.schema.json");
        for class in Class::ALL {
            let name = class.name();
            assert!(
                page.contains(&format!("\n| `{name}` |")) && schema.contains(&format!("\"{name}\"")),
                "{name}"
            );
        }
    }
}
