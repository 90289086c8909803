//! The actions that endanger the logs, and what each lets somebody do.

use crate::delivery::PolicyKind;

/// What somebody can do to the logs, or to what protects them.
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
    /// Change who has access through ACLs.
    ChangeAcl,
    /// Change versioning, encryption, Block Public Access or other protection of the bucket.
    Weaken,
    /// Change the policy of the bucket, the key or the topic.
    ChangePolicy(PolicyKind),
    /// Decrypt log files.
    Decrypt,
    /// Let others use the key.
    CreateGrant,
    /// Retire a grant.
    RetireGrant,
    /// Disable or delete the key.
    DisableKey,
    /// Publish to the topic.
    Publish,
    /// Subscribe to the topic.
    Subscribe,
}

impl Capability {
    /// Every capability there is.
    pub const ALL: [Self; 18] = [
        Self::Read,
        Self::List,
        Self::Write,
        Self::Delete,
        Self::Expire,
        Self::Replicate,
        Self::EndRetention,
        Self::ChangeAcl,
        Self::Weaken,
        Self::ChangePolicy(PolicyKind::Bucket),
        Self::ChangePolicy(PolicyKind::Key),
        Self::ChangePolicy(PolicyKind::Topic),
        Self::Decrypt,
        Self::CreateGrant,
        Self::RetireGrant,
        Self::DisableKey,
        Self::Publish,
        Self::Subscribe,
    ];

    /// The words for people: a verb and its object.
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
            Self::ChangePolicy(PolicyKind::Bucket) => "change the bucket policy",
            Self::ChangePolicy(PolicyKind::Key | PolicyKind::TopicKey) => "change the key policy",
            Self::ChangePolicy(PolicyKind::Topic) => "change the topic policy",
            Self::Decrypt => "decrypt log files",
            Self::CreateGrant => "grant the use of the key to others",
            Self::RetireGrant => "retire the grant",
            Self::DisableKey => "disable or delete the key",
            Self::Publish => "publish to the topic",
            Self::Subscribe => "subscribe to the topic",
        }
    }

    /// The verb, where the object is log files, of which there may be only some.
    pub(super) fn verb(self) -> Option<&'static str> {
        match self {
            Self::Read => Some("read"),
            Self::Write => Some("write"),
            Self::Delete => Some("delete"),
            _ => None,
        }
    }

    /// Whether it reveals what is in log files and does nothing else.
    pub(super) fn is_reading(self) -> bool {
        matches!(self, Self::Read | Self::List | Self::Decrypt)
    }
}

/// An action that endangers the logs.
#[derive(Debug)]
pub(super) struct Action {
    /// The policies in which it means something.
    pub(super) policy: PolicyKind,
    /// Its name.
    pub(super) name: &'static str,
    /// What it lets somebody do.
    pub(super) capability: Capability,
    /// Whether its resources are objects, and not the bucket, the key or the topic.
    pub(super) is_of_objects: bool,
    /// Whether AWS accepts it from other accounts than that of the resource.
    pub(super) is_cross_account: bool,
}

const fn action(
    policy: PolicyKind,
    name: &'static str,
    capability: Capability,
    is_of_objects: bool,
    is_cross_account: bool,
) -> Action {
    Action { policy, name, capability, is_of_objects, is_cross_account }
}

const fn object(name: &'static str, capability: Capability) -> Action {
    action(PolicyKind::Bucket, name, capability, true, true)
}

const fn bucket(name: &'static str, capability: Capability) -> Action {
    action(PolicyKind::Bucket, name, capability, false, true)
}

const fn key(name: &'static str, capability: Capability, is_cross_account: bool) -> Action {
    action(PolicyKind::Key, name, capability, false, is_cross_account)
}

const fn topic(name: &'static str, capability: Capability) -> Action {
    action(PolicyKind::Topic, name, capability, false, true)
}

/// The actions, by what they let somebody do.
///
/// See "Actions, resources, and condition keys" of Amazon S3, AWS KMS and Amazon SNS in the service authorization
/// reference. Which actions cross accounts: the column "Cross-account use" of "AWS KMS permissions" in the KMS developer
/// guide, and `PutBucketPolicy` and `DeleteBucketPolicy` in the S3 API reference, which answer 405 to every identity
/// outside of the bucket owner's account.
pub(super) const ACTIONS: &[Action] = &[
    object("s3:GetObject", Capability::Read),
    object("s3:GetObjectVersion", Capability::Read),
    bucket("s3:ListBucket", Capability::List),
    bucket("s3:ListBucketVersions", Capability::List),
    object("s3:PutObject", Capability::Write),
    object("s3:ReplicateObject", Capability::Write),
    object("s3:DeleteObject", Capability::Delete),
    object("s3:DeleteObjectVersion", Capability::Delete),
    bucket("s3:PutLifecycleConfiguration", Capability::Expire),
    bucket("s3:PutReplicationConfiguration", Capability::Replicate),
    object("s3:BypassGovernanceRetention", Capability::EndRetention),
    object("s3:PutObjectRetention", Capability::EndRetention),
    object("s3:PutObjectLegalHold", Capability::EndRetention),
    bucket("s3:PutBucketObjectLockConfiguration", Capability::EndRetention),
    bucket("s3:PutBucketAcl", Capability::ChangeAcl),
    object("s3:PutObjectAcl", Capability::ChangeAcl),
    object("s3:PutObjectVersionAcl", Capability::ChangeAcl),
    bucket("s3:PutBucketVersioning", Capability::Weaken),
    bucket("s3:PutEncryptionConfiguration", Capability::Weaken),
    bucket("s3:PutBucketPublicAccessBlock", Capability::Weaken),
    bucket("s3:PutBucketOwnershipControls", Capability::Weaken),
    bucket("s3:PutBucketLogging", Capability::Weaken),
    bucket("s3:PutBucketNotification", Capability::Weaken),
    bucket("s3:DeleteBucket", Capability::Weaken),
    action(
        PolicyKind::Bucket,
        "s3:PutBucketPolicy",
        Capability::ChangePolicy(PolicyKind::Bucket),
        false,
        false,
    ),
    action(
        PolicyKind::Bucket,
        "s3:DeleteBucketPolicy",
        Capability::ChangePolicy(PolicyKind::Bucket),
        false,
        false,
    ),
    key("kms:Decrypt", Capability::Decrypt, true),
    key("kms:ReEncryptFrom", Capability::Decrypt, true),
    key("kms:CreateGrant", Capability::CreateGrant, true),
    key("kms:PutKeyPolicy", Capability::ChangePolicy(PolicyKind::Key), false),
    key("kms:DisableKey", Capability::DisableKey, false),
    key("kms:ScheduleKeyDeletion", Capability::DisableKey, false),
    key("kms:DeleteImportedKeyMaterial", Capability::DisableKey, false),
    topic("sns:Publish", Capability::Publish),
    topic("sns:Subscribe", Capability::Subscribe),
    topic("sns:AddPermission", Capability::ChangePolicy(PolicyKind::Topic)),
    topic("sns:SetTopicAttributes", Capability::ChangePolicy(PolicyKind::Topic)),
];
