//! The settings of an installation that a spec describes or leaves unmanaged.

use reconcile_policy::Arn;

/// A part of an installation that a spec can leave unmanaged.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aspect {
    Tags,
    DeletionOf,
    ServiceAccess,
    DelegatedAdministrator,
    Readers,
    Encryption,
    Versioning,
    PublicAccess,
    ObjectOwnership,
    RequireTls,
    Lifecycle,
    ObjectLock,
    AccessLogs,
    EventBridge,
    BucketPolicy,
    Key,
    Alias,
    Description,
    Rotation,
    Administrators,
    /// A grant, by its name in KMS.
    Grant(String),
    KeyPolicy,
    /// The delivery of a trail to a log group.
    Logs(Arn),
    /// The name of the topic of a trail: the spec names the topic by its ARN instead.
    TopicByName(Arn),
    /// The topic of a trail.
    Topic(Arn),
    /// The insights of a trail.
    Insights(Arn),
}

impl Aspect {
    /// The key of the spec that leaves the part unmanaged.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::DeletionOf => "deletion",
            Self::ServiceAccess => "organization.service_access",
            Self::DelegatedAdministrator => "organization.delegated_administrator",
            Self::Readers => "readers",
            Self::Encryption => "bucket.encryption",
            Self::Versioning => "bucket.versioning",
            Self::PublicAccess => "bucket.block_public_access",
            Self::ObjectOwnership => "bucket.object_ownership",
            Self::RequireTls => "bucket.require_tls",
            Self::Lifecycle => "bucket.lifecycle",
            Self::ObjectLock => "bucket.object_lock",
            Self::AccessLogs => "bucket.access_logs",
            Self::EventBridge => "bucket.eventbridge",
            Self::BucketPolicy => "bucket.policy",
            Self::Key => "key",
            Self::Alias => "key.alias",
            Self::Description => "key.description",
            Self::Rotation => "key.rotation_days",
            Self::Administrators => "key.administrators",
            Self::Grant(_) => "key.grants",
            Self::KeyPolicy => "key.policy",
            Self::Logs(_) => "trails[].cloudwatch_logs",
            Self::TopicByName(_) | Self::Topic(_) => "trails[].sns_topic",
            Self::Insights(_) => "trails[].insights",
        }
    }
}
