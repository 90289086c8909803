//! Lists the actions that endanger the logs, and the capability that each action gives.

use super::AssetKind;

/// A capability that concerns the logs or their protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Read log files.
    Read,
    /// List the names of log files.
    List,
    /// Write log files.
    Write,
    /// Delete log files.
    Delete,
    /// Have log files expire.
    Expire,
    /// Have log files replicated to another bucket.
    Replicate,
    /// End the retention of log files.
    EndRetention,
    /// Change access through ACLs.
    ChangeAcl,
    /// Change versioning, encryption, Block Public Access or other protection of the bucket.
    Weaken,
    /// Change the policy of the bucket, the key, the topic or the log group.
    ChangePolicy(AssetKind),
    /// Decrypt log files.
    Decrypt,
    /// Allow others to use the key.
    CreateGrant,
    /// Retire a grant.
    RetireGrant,
    /// Disable or delete the key.
    DisableKey,
    /// Publish to the topic.
    Publish,
    /// Subscribe to the topic.
    Subscribe,
    /// Read the events of the log group.
    ReadEvents,
    /// Write events into the log group.
    WriteEvents,
    /// Delete events of the log group.
    DeleteEvents,
    /// Send the events of the log group elsewhere.
    SendEvents,
}

impl Capability {
    /// All capabilities.
    pub const ALL: [Self; 23] = [
        Self::Read,
        Self::List,
        Self::Write,
        Self::Delete,
        Self::Expire,
        Self::Replicate,
        Self::EndRetention,
        Self::ChangeAcl,
        Self::Weaken,
        Self::ChangePolicy(AssetKind::Bucket),
        Self::ChangePolicy(AssetKind::Key),
        Self::ChangePolicy(AssetKind::Topic),
        Self::ChangePolicy(AssetKind::LogGroup),
        Self::Decrypt,
        Self::CreateGrant,
        Self::RetireGrant,
        Self::DisableKey,
        Self::Publish,
        Self::Subscribe,
        Self::ReadEvents,
        Self::WriteEvents,
        Self::DeleteEvents,
        Self::SendEvents,
    ];

    /// The text for people: a verb and its object.
    pub fn words(self) -> &'static str {
        match self {
            Self::Read => "read log files",
            Self::List => "list the names of log files",
            Self::Write => "write log files",
            Self::Delete => "delete log files",
            Self::Expire => "have log files expire",
            Self::Replicate => "replicate log files to another bucket",
            Self::EndRetention => "end the retention of log files",
            Self::ChangeAcl => "change the access that ACLs grant",
            Self::Weaken => "change the protection of the bucket",
            Self::ChangePolicy(AssetKind::Bucket) => "change the bucket policy",
            Self::ChangePolicy(AssetKind::Key) => "change the key policy",
            Self::ChangePolicy(AssetKind::Topic) => "change the topic policy",
            Self::ChangePolicy(AssetKind::LogGroup) => "change the policies of the log group",
            Self::Decrypt => "decrypt log files",
            Self::CreateGrant => "grant the use of the key to others",
            Self::RetireGrant => "retire the grant",
            Self::DisableKey => "disable or delete the key",
            Self::Publish => "publish to the topic",
            Self::Subscribe => "subscribe to the topic",
            Self::ReadEvents => "read the events of the log group",
            Self::WriteEvents => "write events into the log group",
            Self::DeleteEvents => "delete events of the log group",
            Self::SendEvents => "have the events of the log group sent elsewhere",
        }
    }

    /// The verb of a capability whose object is log files, because such a capability can be limited
    /// to some log files.
    pub(super) fn verb(self) -> Option<&'static str> {
        match self {
            Self::Read => Some("read"),
            Self::Write => Some("write"),
            Self::Delete => Some("delete"),
            _ => None,
        }
    }

    /// Returns whether the capability only reveals the content of log files or events.
    pub(super) fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Decrypt | Self::ReadEvents)
    }
}

/// The target of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Objects of the bucket.
    Objects,
    /// The bucket, the key or the topic itself.
    Resource,
    /// The log group, or a log stream in it.
    Streams,
}

/// The requesters whose requests AWS accepts because of a resource policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Every principal that the policy names.
    Everybody,
    /// Principals in the account of the resource.
    OwnAccount,
    /// AWS services.
    Services,
    /// Nobody: AWS does not evaluate policies of this kind for the action.
    Nobody,
}

/// An action that endangers the logs.
#[derive(Debug)]
pub(super) struct RiskyAction {
    /// The kind of resource whose policies can contain the action.
    pub(super) kind: AssetKind,
    /// The name of the action.
    pub(super) name: &'static str,
    /// The capability that the action gives.
    pub(super) capability: Capability,
    /// The target of the action.
    pub(super) on: On,
    /// The requesters whose requests AWS accepts.
    pub(super) accepted: Accepted,
}

const fn action(
    kind: AssetKind,
    name: &'static str,
    capability: Capability,
    on: On,
    accepted: Accepted,
) -> RiskyAction {
    RiskyAction { kind, name, capability, on, accepted }
}

const fn object(name: &'static str, capability: Capability) -> RiskyAction {
    action(AssetKind::Bucket, name, capability, On::Objects, Everybody)
}

const fn bucket(name: &'static str, capability: Capability, accepted: Accepted) -> RiskyAction {
    action(AssetKind::Bucket, name, capability, On::Resource, accepted)
}

const fn key(name: &'static str, capability: Capability, accepted: Accepted) -> RiskyAction {
    action(AssetKind::Key, name, capability, On::Resource, accepted)
}

const fn topic(name: &'static str, capability: Capability) -> RiskyAction {
    action(AssetKind::Topic, name, capability, On::Resource, Everybody)
}

const fn log_group(name: &'static str, capability: Capability, accepted: Accepted) -> RiskyAction {
    action(AssetKind::LogGroup, name, capability, On::Streams, accepted)
}

use Accepted::{Everybody, Nobody, OwnAccount, Services};

/// The actions, ordered by capability.
///
/// See "Actions, resources, and condition keys" of Amazon S3, AWS KMS, Amazon SNS and Amazon
/// CloudWatch Logs in the service authorization reference. The column "Cross-account use" of "AWS
/// KMS permissions" in the KMS developer guide lists the actions that work across accounts.
/// `PutBucketPolicy` and `DeleteBucketPolicy` in the S3 API reference return 405 to every identity
/// outside of the account of the bucket owner.
///
/// CloudWatch Logs enforces resource policies only for AWS services that call `logs:PutLogEvents`
/// and `logs:CreateLogStream`: see `PutResourcePolicy` in its API reference. The other actions are
/// listed because a statement with them shows the intention of its author.
pub(super) const ACTIONS: &[RiskyAction] = &[
    object("s3:GetObject", Capability::Read),
    object("s3:GetObjectVersion", Capability::Read),
    bucket("s3:ListBucket", Capability::List, Everybody),
    bucket("s3:ListBucketVersions", Capability::List, Everybody),
    object("s3:PutObject", Capability::Write),
    object("s3:ReplicateObject", Capability::Write),
    object("s3:DeleteObject", Capability::Delete),
    object("s3:DeleteObjectVersion", Capability::Delete),
    bucket("s3:PutLifecycleConfiguration", Capability::Expire, Everybody),
    bucket("s3:PutReplicationConfiguration", Capability::Replicate, Everybody),
    object("s3:BypassGovernanceRetention", Capability::EndRetention),
    object("s3:PutObjectRetention", Capability::EndRetention),
    object("s3:PutObjectLegalHold", Capability::EndRetention),
    bucket("s3:PutBucketObjectLockConfiguration", Capability::EndRetention, Everybody),
    bucket("s3:PutBucketAcl", Capability::ChangeAcl, Everybody),
    object("s3:PutObjectAcl", Capability::ChangeAcl),
    object("s3:PutObjectVersionAcl", Capability::ChangeAcl),
    bucket("s3:PutBucketVersioning", Capability::Weaken, Everybody),
    bucket("s3:PutEncryptionConfiguration", Capability::Weaken, Everybody),
    bucket("s3:PutBucketPublicAccessBlock", Capability::Weaken, Everybody),
    bucket("s3:PutBucketOwnershipControls", Capability::Weaken, Everybody),
    bucket("s3:PutBucketLogging", Capability::Weaken, Everybody),
    bucket("s3:PutBucketNotification", Capability::Weaken, Everybody),
    bucket("s3:DeleteBucket", Capability::Weaken, Everybody),
    bucket("s3:PutBucketPolicy", Capability::ChangePolicy(AssetKind::Bucket), OwnAccount),
    bucket("s3:DeleteBucketPolicy", Capability::ChangePolicy(AssetKind::Bucket), OwnAccount),
    key("kms:Decrypt", Capability::Decrypt, Everybody),
    key("kms:ReEncryptFrom", Capability::Decrypt, Everybody),
    key("kms:CreateGrant", Capability::CreateGrant, Everybody),
    key("kms:PutKeyPolicy", Capability::ChangePolicy(AssetKind::Key), OwnAccount),
    key("kms:DisableKey", Capability::DisableKey, OwnAccount),
    key("kms:ScheduleKeyDeletion", Capability::DisableKey, OwnAccount),
    key("kms:DeleteImportedKeyMaterial", Capability::DisableKey, OwnAccount),
    topic("sns:Publish", Capability::Publish),
    topic("sns:Subscribe", Capability::Subscribe),
    topic("sns:AddPermission", Capability::ChangePolicy(AssetKind::Topic)),
    topic("sns:SetTopicAttributes", Capability::ChangePolicy(AssetKind::Topic)),
    log_group("logs:PutLogEvents", Capability::WriteEvents, Services),
    log_group("logs:GetLogEvents", Capability::ReadEvents, Nobody),
    log_group("logs:FilterLogEvents", Capability::ReadEvents, Nobody),
    log_group("logs:StartQuery", Capability::ReadEvents, Nobody),
    log_group("logs:StartLiveTail", Capability::ReadEvents, Nobody),
    log_group("logs:GetLogRecord", Capability::ReadEvents, Nobody),
    log_group("logs:DeleteLogGroup", Capability::DeleteEvents, Nobody),
    log_group("logs:DeleteLogStream", Capability::DeleteEvents, Nobody),
    log_group("logs:PutRetentionPolicy", Capability::DeleteEvents, Nobody),
    log_group("logs:PutSubscriptionFilter", Capability::SendEvents, Nobody),
    log_group("logs:CreateExportTask", Capability::SendEvents, Nobody),
    log_group("logs:PutResourcePolicy", Capability::ChangePolicy(AssetKind::LogGroup), Nobody),
    log_group("logs:DeleteResourcePolicy", Capability::ChangePolicy(AssetKind::LogGroup), Nobody),
];
