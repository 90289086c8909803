use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, Node, OrUnmanaged};
use crate::desired::{LockMode, StorageClass};

/// The bucket to which all trails deliver.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bucket")]
pub(crate) struct RawBucket {
    /// The name of the bucket.
    pub(crate) name: Located<String>,
    /// The account of the bucket, by its name in `accounts`.
    pub(crate) account: Located<String>,
    /// The Region of the bucket.
    pub(crate) region: Located<String>,
    /// Key prefix of the log files.
    #[serde(default)]
    pub(crate) prefix: Option<Located<String>>,
    /// The default encryption of new objects: `key` (default), `s3` or `unmanaged`.
    #[serde(default)]
    pub(crate) encryption: Option<RawEncryption>,
    /// Encryption types that S3 rejects for new objects; `[]` allows every type. Default: unmanaged.
    #[serde(default)]
    pub(crate) blocked_encryption_types: Option<Vec<RawEncryptionType>>,
    /// Versioning: keep overwritten and deleted objects. Default: true.
    #[serde(default)]
    pub(crate) versioning: Option<OrUnmanaged<bool>>,
    /// All four settings of Block Public Access. Default: true.
    #[serde(default)]
    pub(crate) block_public_access: Option<OrUnmanaged<bool>>,
    /// The owner of objects. Default: `BucketOwnerEnforced`.
    #[serde(default)]
    pub(crate) object_ownership: Option<RawOwnership>,
    /// Deny requests without TLS. Default: true.
    #[serde(default)]
    pub(crate) require_tls: Option<bool>,
    /// Transitions and expiration of log files. Default: unmanaged.
    #[serde(default)]
    pub(crate) lifecycle: Option<Located<OrUnmanaged<RawLifecycle>>>,
    /// S3 Object Lock for log files. Default: unmanaged.
    #[serde(default)]
    pub(crate) object_lock: Option<Located<OrUnmanaged<RawObjectLock>>>,
    /// Destination of server access logs. Default: unmanaged.
    #[serde(default)]
    pub(crate) access_logs: Option<Located<OrUnmanaged<RawAccessLogs>>>,
    /// Notifications of all events of the bucket to Amazon EventBridge. Default: unmanaged.
    #[serde(default)]
    pub(crate) eventbridge: Option<OrUnmanaged<bool>>,
    /// The treatment of foreign statements in the policy, and statements of your own. `unmanaged`: the policy is not changed.
    #[serde(default)]
    pub(crate) policy: Option<OrUnmanaged<RawPolicy>>,
}

/// Default encryption.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Encryption")]
pub(crate) enum RawEncryption {
    /// SSE-KMS with the key of the spec and an S3 Bucket Key.
    Key,
    /// SSE-S3.
    S3,
    /// Keep the live setting.
    Unmanaged,
}

/// An encryption type that S3 can reject.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "EncryptionType")]
pub(crate) enum RawEncryptionType {
    /// SSE-C: the caller provides the key with each request.
    #[serde(rename = "SSE-C")]
    SseC,
}

/// The owner of objects.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "ObjectOwnership")]
pub(crate) enum RawOwnership {
    /// The bucket owner; ACLs are disabled.
    BucketOwnerEnforced,
    /// The bucket owner, if the writer requests this with an ACL.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
    /// Keep the live setting.
    #[serde(rename = "unmanaged")]
    Unmanaged,
}

/// Transitions and expiration of log files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lifecycle")]
pub(crate) struct RawLifecycle {
    /// Transitions to other storage classes.
    #[serde(default)]
    pub(crate) transitions: Vec<RawTransition>,
    /// Days until an object expires.
    #[serde(default)]
    pub(crate) expire_days: Option<Located<u32>>,
    /// Days until a noncurrent version expires.
    #[serde(default)]
    pub(crate) noncurrent_expire_days: Option<Located<u32>>,
    /// Days until an incomplete multipart upload is deleted.
    #[serde(default)]
    pub(crate) abort_incomplete_multipart_days: Option<Located<u32>>,
}

/// A transition to another storage class.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Transition")]
pub(crate) struct RawTransition {
    /// Days after the creation of the object.
    pub(crate) days: Located<u32>,
    /// The storage class.
    pub(crate) storage_class: Located<StorageClass>,
}

/// S3 Object Lock for log files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ObjectLock")]
pub(crate) struct RawObjectLock {
    /// The mode of the lock.
    pub(crate) mode: LockMode,
    /// Retention in days; either `days` or `years`.
    #[serde(default)]
    pub(crate) days: Option<Located<u32>>,
    /// Retention in years; either `years` or `days`.
    #[serde(default)]
    pub(crate) years: Option<Located<u32>>,
}

/// Destination of server access logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLogs")]
pub(crate) struct RawAccessLogs {
    /// The destination bucket.
    pub(crate) bucket: Located<String>,
    /// Key prefix of the access logs.
    #[serde(default)]
    pub(crate) prefix: Option<String>,
}

/// The treatment of foreign statements in a policy, and statements of your own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct RawPolicy {
    /// Whether foreign statements are kept. Default: keep.
    #[serde(default)]
    pub(crate) foreign_statements: Option<Located<RawForeign>>,
    /// The treatment of permissions of accounts and trails that are not in the spec: in adopted statements, or in managed
    /// statements from the time before an account or trail left the spec. Default: report.
    #[serde(default)]
    pub(crate) unlisted_accounts: Option<Located<RawUnlisted>>,
    /// Whether statements that name a deleted user or role are kept. AWS rejects every policy with such a statement.
    /// Default: keep.
    #[serde(default)]
    pub(crate) deleted_principals: Option<Located<RawKeep>>,
    /// Whether the plan refuses changes if the policy does not allow what is needed. Default: refuse.
    #[serde(default)]
    pub(crate) proof: Option<Located<RawProof>>,
    /// The form in which statements name the accounts. Default: auto.
    #[serde(default)]
    pub(crate) form: Option<Located<RawForm>>,
    /// Statements of your own, in the syntax of IAM.
    #[serde(default)]
    pub(crate) extra_statements: Vec<Node>,
}

/// The form in which statements name the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Form")]
pub(crate) enum RawForm {
    /// The longest form that fits the size limit and that CloudTrail did not refuse.
    Auto,
    /// One resource and one trail ARN for each account.
    Plain,
    /// A variable for the account, and a list of accounts.
    ByAccount,
    /// A variable for the account, and the organization.
    ByOrganization,
}

/// The treatment of foreign statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ForeignStatements")]
pub(crate) enum RawForeign {
    /// Keep foreign statements.
    Keep,
    /// Keep foreign statements; `drift` reports them.
    Report,
    /// Remove foreign statements.
    Remove,
}

/// The treatment of permissions of accounts and trails that are not in the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UnlistedAccounts")]
pub(crate) enum RawUnlisted {
    /// Keep the permissions, with a warning.
    Keep,
    /// Keep the permissions, with a warning; `drift` reports them.
    Report,
    /// Revoke the permissions.
    Remove,
}

/// The consequence if a policy does not allow what is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "RefuseOrWarn")]
pub(crate) enum RawProof {
    /// The plan leaves out the dependent changes. If the result is not known, the plan warns.
    Refuse,
    /// The plan warns, and keeps the changes.
    Warn,
}

/// The treatment of statements that name a deleted principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "KeepOrRemove")]
pub(crate) enum RawKeep {
    /// Keep the statements. The plan refuses every change of the policy, because AWS rejects a policy with such a statement.
    Keep,
    /// Remove the statements.
    Remove,
}
