//! The spec as the user wrote it, with the places of its values. The doc comments become the JSON Schema.
//!
//! Only shapes are told here: what a value must be beyond its shape is said where it is resolved.

mod accounts;
mod bucket;
mod choice;
mod key;
mod located;
mod node;
mod organization;
mod reader;
mod selectors;
mod trail;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use accounts::{RawAccount, RawAccounts};
pub(crate) use bucket::{
    RawAccessLogs, RawBucket, RawEncryption, RawEncryptionType, RawForeign, RawForm, RawKeep, RawLifecycle,
    RawLockMode, RawObjectLock, RawOwnership, RawPolicy, RawProof, RawStorageClass, RawTransition,
    RawUnlisted,
};
pub(crate) use choice::{All, ListOr, OrUnmanaged, WordOr};
pub(crate) use key::{RawConstraints, RawGrant, RawKey};
pub(crate) use located::{Located, place};
pub(crate) use node::{Content, Node};
pub(crate) use organization::{RawInclude, RawOrganization};
pub(crate) use reader::{RawLogs, RawReader};
pub(crate) use selectors::{RawAdvancedSelector, RawFieldSelector};
pub(crate) use trail::{
    RawAccountsWord, RawAtRest, RawCloudWatchLogs, RawDataEvents, RawDataReadWrite, RawDataSelection,
    RawExcluded, RawInsight, RawInsights, RawInsightsOfCategories, RawReadWrite, RawSnsTopic, RawTrail,
};

/// Tags by their keys, or `unmanaged`.
pub(crate) type RawTags = OrUnmanaged<BTreeMap<String, Located<String>>>;

/// Centralized CloudTrail logging: which accounts there are, which trails they have, and where all logs go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Spec")]
pub(crate) struct RawSpec {
    /// Format version of this file.
    pub(crate) version: Located<u64>,
    /// Names this installation: the Sids, grant names and tags that mark what is ours derive from it.
    pub(crate) name: Located<String>,
    /// The name that this installation had before it was renamed. What carries it counts as ours, and is renamed; leave it out
    /// again after the next apply.
    #[serde(default)]
    pub(crate) previous_name: Option<Located<String>>,
    /// Tags put on every taggable resource, beside `reconcile:spec`; `unmanaged` leaves the tags of what is there alone.
    #[serde(default)]
    pub(crate) tags: Option<Located<RawTags>>,
    /// The accounts, by the names that the rest of the spec uses.
    pub(crate) accounts: RawAccounts,
    /// Accounts to take from AWS Organizations.
    #[serde(default)]
    pub(crate) organization: Option<Located<RawOrganization>>,
    /// The bucket that all logs go to.
    pub(crate) bucket: RawBucket,
    /// The KMS key that encrypts the logs; `unmanaged` leaves alone what each trail encrypts with.
    pub(crate) key: Located<OrUnmanaged<RawKey>>,
    /// Who may read and decrypt the logs.
    #[serde(default)]
    pub(crate) readers: Option<Located<Vec<RawReader>>>,
    /// The trails.
    pub(crate) trails: Located<Vec<Located<RawTrail>>>,
    /// An S3 object taken for the time of an apply, so that two do not run at once.
    #[serde(default)]
    pub(crate) lock: Option<Located<RawLock>>,
    /// What may be deleted.
    #[serde(default)]
    pub(crate) deletion: RawDeletion,
    /// Names that AWS introduced after this version of `reconcile`, so that they are not taken for misspelled ones: Regions,
    /// actions and condition keys of extra statements, and resource types of data events.
    #[serde(default)]
    pub(crate) recognize: Vec<Located<String>>,
    /// Access of others that somebody reviewed and accepted. It is listed as accepted, and is no drift.
    #[serde(default)]
    pub(crate) reviewed: Vec<Located<RawReviewed>>,
}

/// Access of others that somebody reviewed and accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reviewed")]
pub(crate) struct RawReviewed {
    /// The access, as `plan` and `drift` print it: `bucket_policy/Auditors@3f9a1c0e77b2`. The digest changes with what is
    /// allowed, and to whom.
    pub(crate) finding: Located<String>,
    /// The reason why it is accepted.
    pub(crate) reason: Located<String>,
}

/// An S3 object taken for the time of an apply.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lock")]
pub(crate) struct RawLock {
    /// The bucket of the lock.
    pub(crate) bucket: Located<String>,
    /// The object's key.
    pub(crate) key: Located<String>,
    /// The bucket's Region.
    pub(crate) region: Located<String>,
    /// The account whose credentials take the lock, and whose the bucket is.
    pub(crate) account: Located<String>,
}

/// What may be deleted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deletion")]
pub(crate) struct RawDeletion {
    /// Remove trails that are ours and no longer in the spec. Default: true.
    #[serde(default)]
    pub(crate) trails: Option<Located<bool>>,
    /// Revoke grants that are ours and no longer in the spec. Default: true.
    #[serde(default)]
    pub(crate) grants: Option<Located<bool>>,
    /// Remove policy statements that are ours and no longer in the spec. Default: true.
    #[serde(default)]
    pub(crate) statements: Option<Located<bool>>,
    /// Let `apply --destroy` delete the bucket. Default: false.
    #[serde(default)]
    pub(crate) bucket: Option<Located<bool>>,
    /// Let `apply --destroy` schedule the key's deletion. Default: false.
    #[serde(default)]
    pub(crate) key: Option<Located<bool>>,
}
