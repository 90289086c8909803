use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, Node, OrUnmanaged};

/// The bucket that all logs go to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bucket")]
pub(crate) struct RawBucket {
    /// Its name.
    pub(crate) name: Located<String>,
    /// The account that it is in.
    pub(crate) account: Located<String>,
    /// The Region that it is in.
    pub(crate) region: Located<String>,
    /// Key prefix of the log files.
    #[serde(default)]
    pub(crate) prefix: Option<Located<String>>,
    /// Default encryption: with the `key` (default), with keys of S3, or left alone.
    #[serde(default)]
    pub(crate) encryption: Option<RawEncryption>,
    /// Encryption types that S3 rejects for new objects; `[]` allows every type. Default: left alone.
    #[serde(default)]
    pub(crate) blocked_encryption_types: Option<Vec<RawEncryptionType>>,
    /// Keep overwritten and deleted objects. Default: true.
    #[serde(default)]
    pub(crate) versioning: Option<OrUnmanaged<bool>>,
    /// Block public access, all four ways. Default: true.
    #[serde(default)]
    pub(crate) block_public_access: Option<OrUnmanaged<bool>>,
    /// Who owns objects. Default: `BucketOwnerEnforced`.
    #[serde(default)]
    pub(crate) object_ownership: Option<RawOwnership>,
    /// Deny access without TLS. Default: true.
    #[serde(default)]
    pub(crate) require_tls: Option<bool>,
    /// When log files move to other storage and when they expire. Default: unmanaged.
    #[serde(default)]
    pub(crate) lifecycle: Option<Located<OrUnmanaged<RawLifecycle>>>,
    /// Retention that nobody can shorten. Default: unmanaged.
    #[serde(default)]
    pub(crate) object_lock: Option<Located<OrUnmanaged<RawObjectLock>>>,
    /// Server access logs. Default: unmanaged.
    #[serde(default)]
    pub(crate) access_logs: Option<Located<OrUnmanaged<RawAccessLogs>>>,
    /// What becomes of other statements in the policy, and statements of your own; `unmanaged` leaves the policy alone.
    #[serde(default)]
    pub(crate) policy: Option<OrUnmanaged<RawPolicy>>,
}

/// Default encryption.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Encryption")]
pub(crate) enum RawEncryption {
    /// With the `key`, through a bucket key.
    Key,
    /// With keys of S3.
    S3,
    /// Leave it alone.
    Unmanaged,
}

/// An encryption type that S3 can reject.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "EncryptionType")]
pub(crate) enum RawEncryptionType {
    /// With keys that the caller provides with each request.
    #[serde(rename = "SSE-C")]
    SseC,
}

/// Who owns objects.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "ObjectOwnership")]
pub(crate) enum RawOwnership {
    /// The bucket owner; ACLs are off.
    BucketOwnerEnforced,
    /// The bucket owner, where the writer says so.
    BucketOwnerPreferred,
    /// The writer.
    ObjectWriter,
    /// Leave it alone.
    #[serde(rename = "unmanaged")]
    Unmanaged,
}

/// When log files move and expire.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lifecycle")]
pub(crate) struct RawLifecycle {
    /// Moves to other storage.
    #[serde(default)]
    pub(crate) transitions: Vec<RawTransition>,
    /// Days until an object expires.
    #[serde(default)]
    pub(crate) expire_days: Option<Located<u32>>,
    /// Days until a former version expires.
    #[serde(default)]
    pub(crate) noncurrent_expire_days: Option<Located<u32>>,
    /// Days until an upload that was not finished is dropped.
    #[serde(default)]
    pub(crate) abort_incomplete_multipart_days: Option<Located<u32>>,
}

/// A move to other storage.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Transition")]
pub(crate) struct RawTransition {
    /// After so many days.
    pub(crate) days: Located<u32>,
    /// To this storage class.
    pub(crate) storage_class: Located<RawStorageClass>,
}

/// A storage class of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schemars(rename = "StorageClass")]
pub(crate) enum RawStorageClass {
    /// Infrequent access.
    StandardIa,
    /// Infrequent access in one zone.
    OnezoneIa,
    /// S3 chooses by use.
    IntelligentTiering,
    /// Archive, read at once.
    GlacierIr,
    /// Archive.
    Glacier,
    /// Archive that takes hours to read.
    DeepArchive,
}

impl RawStorageClass {
    /// As S3 names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::StandardIa => "STANDARD_IA",
            Self::OnezoneIa => "ONEZONE_IA",
            Self::IntelligentTiering => "INTELLIGENT_TIERING",
            Self::GlacierIr => "GLACIER_IR",
            Self::Glacier => "GLACIER",
            Self::DeepArchive => "DEEP_ARCHIVE",
        }
    }
}

/// Retention that nobody can shorten.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ObjectLock")]
pub(crate) struct RawObjectLock {
    /// Who may lift it.
    pub(crate) mode: RawLockMode,
    /// How long, in days; either this or `years`.
    #[serde(default)]
    pub(crate) days: Option<Located<u32>>,
    /// How long, in years; either this or `days`.
    #[serde(default)]
    pub(crate) years: Option<Located<u32>>,
}

/// Who may lift a retention.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(rename = "LockMode")]
pub(crate) enum RawLockMode {
    /// Who is allowed to bypass governance.
    Governance,
    /// Nobody.
    Compliance,
}

/// Server access logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AccessLogs")]
pub(crate) struct RawAccessLogs {
    /// The bucket that they go to.
    pub(crate) bucket: Located<String>,
    /// Their key prefix.
    #[serde(default)]
    pub(crate) prefix: Option<String>,
}

/// What becomes of other statements in a policy, and statements of your own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct RawPolicy {
    /// Statements that are not ours. Default: keep.
    #[serde(default)]
    pub(crate) foreign_statements: Option<Located<RawForeign>>,
    /// What accounts and trails that are not in the spec are allowed: by statements that are taken over, or by our own since
    /// before they left the spec. Default: report.
    #[serde(default)]
    pub(crate) unlisted_accounts: Option<Located<RawUnlisted>>,
    /// Statements that name a user or role that was deleted: AWS refuses every policy that has one. Default: keep.
    #[serde(default)]
    pub(crate) deleted_principals: Option<Located<RawKeep>>,
    /// What the proof does where it says that the policy would refuse what is needed, or cannot tell. Default: refuse.
    #[serde(default)]
    pub(crate) proof: Option<Located<RawProof>>,
    /// How the statements name the accounts whose trails deliver. Default: auto.
    #[serde(default)]
    pub(crate) form: Option<Located<RawForm>>,
    /// IAM statements of your own, as IAM writes them.
    #[serde(default)]
    pub(crate) extra_statements: Vec<Node>,
}

/// How the statements name the accounts whose trails deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Form")]
pub(crate) enum RawForm {
    /// In the longest form that fits and that CloudTrail has not refused.
    Auto,
    /// One resource and one trail ARN for each account.
    Plain,
    /// A variable in place of the account, and a list of accounts.
    ByAccount,
    /// A variable in place of the account, and the organization.
    ByOrganization,
}

/// What becomes of statements that are not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ForeignStatements")]
pub(crate) enum RawForeign {
    /// They stay.
    Keep,
    /// They stay, and drift reports them.
    Report,
    /// They go.
    Remove,
}

/// What becomes of the permissions of accounts and trails that are not in the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UnlistedAccounts")]
pub(crate) enum RawUnlisted {
    /// They are kept, with a warning.
    Keep,
    /// They are kept, with a warning, and drift reports them.
    Report,
    /// They are revoked.
    Remove,
}

/// What a proof does that says no, or cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "RefuseOrWarn")]
pub(crate) enum RawProof {
    /// What depends on it is left out of the plan. Where the proof cannot tell, the plan warns.
    Refuse,
    /// The plan warns, and changes what the spec says.
    Warn,
}

/// Whether something may stay that is not in the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "KeepOrRemove")]
pub(crate) enum RawKeep {
    /// They stay, with a warning.
    Keep,
    /// They go.
    Remove,
}
