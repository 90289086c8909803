//! The kinds of resource that a plan can change.

use std::fmt;
use std::str::FromStr;

use reconcile_policy::PolicyKind;
use serde::{Deserialize, Serialize};

/// A kind of resource, as it stands in addresses and in the JSON plan.
///
/// Matched without wildcards everywhere: a new kind does not compile until every stage knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Trusted access of CloudTrail to the organization.
    ServiceAccess,
    /// The delegated administrator of the organization for CloudTrail.
    DelegatedAdministrator,
    /// The KMS key that encrypts the logs.
    Key,
    /// The name of the key.
    Alias,
    /// The policy of the key.
    KeyPolicy,
    /// A KMS grant on the key.
    Grant,
    /// The bucket that all logs go to.
    Bucket,
    /// The policy of the bucket.
    BucketPolicy,
    /// A log group in CloudWatch Logs.
    LogGroup,
    /// The role with which CloudTrail delivers to log groups.
    Role,
    /// A topic that is told of log files.
    Topic,
    /// The policy of a topic.
    TopicPolicy,
    /// A trail.
    Trail,
}

impl Kind {
    /// Every kind, in the order in which a first apply makes them.
    pub const ALL: [Self; 13] = [
        Self::ServiceAccess,
        Self::DelegatedAdministrator,
        Self::Key,
        Self::Alias,
        Self::KeyPolicy,
        Self::Grant,
        Self::Bucket,
        Self::BucketPolicy,
        Self::LogGroup,
        Self::Role,
        Self::Topic,
        Self::TopicPolicy,
        Self::Trail,
    ];

    /// The kind as addresses name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceAccess => "service_access",
            Self::DelegatedAdministrator => "delegated_administrator",
            Self::Key => "key",
            Self::Alias => "alias",
            Self::KeyPolicy => "key_policy",
            Self::Grant => "grant",
            Self::Bucket => "bucket",
            Self::BucketPolicy => "bucket_policy",
            Self::LogGroup => "log_group",
            Self::Role => "role",
            Self::Topic => "topic",
            Self::TopicPolicy => "topic_policy",
            Self::Trail => "trail",
        }
    }

    /// The size limit in bytes, if it is a policy document.
    pub fn policy_limit(self) -> Option<usize> {
        match self {
            Self::BucketPolicy => Some(PolicyKind::Bucket.limit()),
            Self::KeyPolicy => Some(PolicyKind::Key.limit()),
            Self::TopicPolicy => Some(PolicyKind::Topic.limit()),
            Self::ServiceAccess
            | Self::DelegatedAdministrator
            | Self::Key
            | Self::Alias
            | Self::Grant
            | Self::Bucket
            | Self::LogGroup
            | Self::Role
            | Self::Topic
            | Self::Trail => None,
        }
    }

    /// Whether it is a policy document.
    pub fn is_policy(self) -> bool {
        self.policy_limit().is_some()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that names no kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of resource")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
