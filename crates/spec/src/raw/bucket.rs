use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, OrUnmanaged, RawPolicy};
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
    /// Encryption types that S3 rejects for new objects; `[]` allows every type. Default:
    /// unmanaged.
    #[serde(default)]
    pub(crate) blocked_encryption_types: Option<Vec<RawEncryptionType>>,
    /// Versioning: keep overwritten and deleted objects. Default: true.
    #[serde(default)]
    pub(crate) versioning: Option<OrUnmanaged<bool>>,
    /// Whether all four settings of Block Public Access are on. Default: true.
    #[serde(default)]
    pub(crate) block_public_access: Option<OrUnmanaged<bool>>,
    /// The S3 Object Ownership setting of the bucket. Default: `BucketOwnerEnforced`.
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
    /// Whether S3 sends all events of the bucket to Amazon EventBridge. Default: unmanaged.
    #[serde(default)]
    pub(crate) eventbridge: Option<OrUnmanaged<bool>>,
    /// The treatment of foreign statements in the policy, and your own statements. `unmanaged`:
    /// `reconcile` does not change the policy.
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

/// The S3 Object Ownership setting of the bucket.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "ObjectOwnership")]
pub(crate) enum RawOwnership {
    /// The bucket owner owns every object, and ACLs are disabled.
    BucketOwnerEnforced,
    /// The bucket owner owns an object if the writer requests this with an ACL.
    BucketOwnerPreferred,
    /// The writer owns the object.
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
    /// The retention mode.
    pub(crate) mode: LockMode,
    /// Retention in days. Set either `days` or `years`.
    #[serde(default)]
    pub(crate) days: Option<Located<u32>>,
    /// Retention in years. Set either `days` or `years`.
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
