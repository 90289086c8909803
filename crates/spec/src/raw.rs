//! Represents the spec as the user wrote it, with the places of its values. The doc comments become
//! the JSON Schema.
//!
//! This module only defines shapes. Further rules are checked when the values are resolved.

mod accounts;
mod alarm;
mod at_rest;
mod bucket;
mod choice;
mod grant;
mod key;
mod located;
mod log_group;
mod node;
mod organization;
mod policy;
mod reader;
mod topic;
mod trail;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use accounts::{RawAccount, RawAccountId, RawAccounts};
pub(crate) use alarm::{RawAlarms, RawCis, RawCisAlarm};
pub(crate) use at_rest::RawAtRest;
pub(crate) use bucket::{
    RawAccessLogs, RawBucket, RawEncryption, RawEncryptionType, RawLifecycle, RawObjectLock, RawOwnership,
    RawTransition,
};
pub(crate) use choice::{All, ListOr, OrUnmanaged, WordOr};
pub(crate) use grant::{RawConstraints, RawGrant};
pub(crate) use key::RawKey;
pub(crate) use located::{Located, place};
pub(crate) use log_group::RawCloudWatchLogs;
pub(crate) use node::{Content, Node};
pub(crate) use organization::{RawInclude, RawOrganization};
pub(crate) use policy::{RawForeign, RawForm, RawKeep, RawPolicy, RawProof, RawUnlisted};
pub(crate) use reader::{RawLogs, RawReader};
pub(crate) use topic::RawSnsTopic;
pub(crate) use trail::{
    RawAccountsWord, RawAdvancedSelector, RawDataEvents, RawDataReadWrite, RawDataSelection, RawExcluded,
    RawFieldSelector, RawInsight, RawInsights, RawInsightsOfCategories, RawReadWrite, RawTrail,
};

/// Tags by their keys, or `unmanaged`.
pub(crate) type RawTags = OrUnmanaged<BTreeMap<String, Located<String>>>;

/// Centralized CloudTrail logging: the accounts, their trails, and the bucket and key for all log
/// files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Spec")]
pub(crate) struct RawSpec {
    /// The format version of this file: 1.
    pub(crate) version: Located<u64>,
    /// The name of this installation. Tags, statement ids (Sids) and grant names contain the name.
    pub(crate) name: Located<String>,
    /// The name of this installation before it was renamed. The next apply renames the resources
    /// with this name; then remove this key.
    #[serde(default)]
    pub(crate) previous_name: Option<Located<String>>,
    /// Tags for every resource, in addition to `reconcile:spec`. `unmanaged`: the tags of existing
    /// resources are not changed.
    #[serde(default)]
    pub(crate) tags: Option<Located<RawTags>>,
    /// The accounts, by the names that the rest of the spec uses.
    pub(crate) accounts: RawAccounts,
    /// Accounts to add from AWS Organizations.
    #[serde(default)]
    pub(crate) organization: Option<Located<RawOrganization>>,
    /// The bucket to which all trails deliver.
    pub(crate) bucket: RawBucket,
    /// The KMS key that encrypts the log files. `unmanaged`: each trail keeps its key.
    pub(crate) key: Located<OrUnmanaged<RawKey>>,
    /// Readers, who can read and decrypt log files.
    #[serde(default)]
    pub(crate) readers: Option<Located<Vec<RawReader>>>,
    /// The trails.
    pub(crate) trails: Located<Vec<Located<RawTrail>>>,
    /// An S3 object as a lock, so that two applies do not run at the same time.
    #[serde(default)]
    pub(crate) lock: Option<Located<RawLock>>,
    /// Permissions to delete resources.
    #[serde(default)]
    pub(crate) deletion: RawDeletion,
    /// Names that AWS introduced after this version of `reconcile`, which would otherwise be
    /// rejected as misspelled: Regions, actions and condition keys of extra statements, and
    /// resource types of data events.
    #[serde(default)]
    pub(crate) recognize: Vec<Located<String>>,
    /// Findings about foreign access that somebody reviewed and accepted. `plan` and `drift` print
    /// them as accepted, and they are not drift.
    #[serde(default)]
    pub(crate) reviewed: Vec<Located<RawReviewed>>,
}

/// A finding about foreign access that somebody reviewed and accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reviewed")]
pub(crate) struct RawReviewed {
    /// The name of the finding, as `plan` and `drift` print it:
    /// `bucket_policy/Auditors@3f9a1c0e77b2`. The digest changes if the access changes.
    pub(crate) finding: Located<String>,
    /// The reason why the access is accepted.
    pub(crate) reason: Located<String>,
}

/// An S3 object as a lock for `apply`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Lock")]
pub(crate) struct RawLock {
    /// The bucket of the lock.
    pub(crate) bucket: Located<String>,
    /// The key of the lock object.
    pub(crate) key: Located<String>,
    /// The Region of this bucket.
    pub(crate) region: Located<String>,
    /// The account of this bucket; its credentials acquire the lock.
    pub(crate) account: Located<String>,
}

/// Permissions to delete resources.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Deletion")]
pub(crate) struct RawDeletion {
    /// Delete managed trails that are no longer in the spec. Default: true.
    #[serde(default)]
    pub(crate) trails: Option<Located<bool>>,
    /// Revoke managed grants that are no longer in the spec. Default: true.
    #[serde(default)]
    pub(crate) grants: Option<Located<bool>>,
    /// Remove managed policy statements that are no longer in the spec. Default: true.
    #[serde(default)]
    pub(crate) statements: Option<Located<bool>>,
    /// Allow `apply --destroy` to delete the bucket. Default: false.
    #[serde(default)]
    pub(crate) bucket: Option<Located<bool>>,
    /// Allow `apply --destroy` to schedule the deletion of the key. Default: false.
    #[serde(default)]
    pub(crate) key: Option<Located<bool>>,
}
