//! Live state as values. `reconcile-diff` reads it.
//!
//! A resource that could not be read is an error value, and is never treated as absent.

mod bucket;
mod departed;
mod error;
mod key;
mod leftover;
mod live;
mod log_group;
mod monitors;
mod names;
mod organization;
mod policy;
mod role;
mod setup;
mod topic;
mod trail;

use std::collections::BTreeMap;

use reconcile_policy::{AccountId, Arn, Document, Region};
use reconcile_spec::AccountName;

use crate::view::{Alarm, Bucket, Grant, LogGroup, OtherTrail, Role, Trail};
pub use bucket::{AclGrant, Conditions};
pub use departed::{Departed, DepartedAccount, UnreadableReason, departed_accounts, in_members};
pub use error::{ObserveError, ReadError};
pub use key::{KeyState, KeyTraits, LiveKey, Rotated, SpareKey, Spares, UsedKey, granted, other_key_in_use};
pub use leftover::{Leftover, What};
pub use live::{Live, LiveError};
pub use log_group::{GroupTraits, LogAccess, Masking, Reach, ResourcePolicy, Subscription, Unread};
pub use monitors::Monitors;
pub use names::{NameReceiver, Notifications, ReceiverTarget};
pub use organization::{Inactive, LiveOrganization, joined};
pub use policy::StoredPolicy;
pub use role::OtherPolicy;
pub use setup::{
    MissingKey, Setup, SetupDestinations, SetupKey, SetupOrganization, SurveyError, SurveyFilter, Used,
};
pub use topic::{LiveTopic, TopicAttributes};
pub use trail::{Channel, Deliveries};

/// Live state of all resources in a spec.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The key in use: the managed key that the trails use, or else the key that the spec names.
    pub key: Option<HubKey>,
    /// The key to which the alias of the spec points, if it is not the key in use.
    pub alias_target: Option<Arn>,
    /// The keys of this installation that are not in use.
    pub spare_keys: Spares,
    /// The bucket.
    pub bucket: Option<Bucket>,
    /// The policy of the bucket.
    pub bucket_policy: Option<Document>,
    /// Whether the bucket is empty. Only read if the spec allows the deletion of the bucket.
    pub is_bucket_empty: bool,
    /// Settings of the bucket that decide how a plan can use the bucket; `None` if the bucket does
    /// not exist.
    pub bucket_conditions: Option<Conditions>,
    /// Every log group of the spec that could be read, by ARN; `None` if the log group does not
    /// exist.
    pub log_groups: BTreeMap<Arn, Option<LogGroup>>,
    /// The settings of these log groups that no spec manages, by ARN.
    pub group_traits: BTreeMap<Arn, GroupTraits>,
    /// The access that others gave to the log groups of the spec that exist, by ARN.
    pub log_access: BTreeMap<Arn, LogAccess>,
    /// The metric filters of log groups, and the alarms, by the ARN of the log group. Only read if
    /// the spec has alarms or the log group has metric filters. An error if the spec has no alarms
    /// and the metric filters could not be read.
    pub monitors: BTreeMap<Arn, Result<Monitors, ReadError>>,
    /// All alarms of the accounts and Regions in which log groups have metric filters, by name;
    /// only read for controls.
    pub all_alarms: BTreeMap<(AccountName, Region), Result<BTreeMap<String, Alarm>, ReadError>>,
    /// The topics that the alarms of an account notify, by account and ARN: `None` if the topic
    /// does not exist, or the error if the topic could not be read.
    pub alarm_topics: BTreeMap<(AccountName, Arn), Result<Option<TopicAttributes>, ReadError>>,
    /// Every role that delivers to log groups and could be read, by ARN; `None` if the role does
    /// not exist.
    pub roles: BTreeMap<Arn, Option<Role>>,
    /// The foreign policies of these roles, by the ARN of the role; an error if they could not be
    /// read.
    pub role_policies: BTreeMap<Arn, Result<Vec<OtherPolicy>, ReadError>>,
    /// Every topic of the spec that could be read, by ARN; `None` if the topic does not exist.
    pub topics: BTreeMap<Arn, Option<LiveTopic>>,
    /// Every foreign topic that the spec names, by ARN: `None` if the topic does not exist, or the
    /// error if the topic could not be read.
    pub existing_topics: BTreeMap<Arn, Result<Option<TopicAttributes>, ReadError>>,
    /// The keys of the topics and log groups that a KMS key encrypts, by the ARN of the topic or
    /// log group.
    pub used_keys: BTreeMap<Arn, UsedKey>,
    /// Topics and log groups that the spec does not have and that still need the key, because
    /// managed statements allow the use of the key for them. By ARN, with the reason if the
    /// resource could not be read.
    pub still_encrypted: BTreeMap<Arn, Option<UnreadableReason>>,
    /// Every trail of the spec that could be read, by ARN; `None` if the trail does not exist.
    pub trails: BTreeMap<Arn, Option<Trail>>,
    /// The deliveries of these trails, by ARN.
    pub deliveries: BTreeMap<Arn, Deliveries>,
    /// Trails of all Regions that the spec does not have, by the account in which they were found.
    pub others: BTreeMap<AccountName, Vec<OtherTrail>>,
    /// Accounts that may have more trails than were found, each with the error: the trails of all
    /// Regions could not be listed, or a trail could not be described.
    pub unsurveyed: BTreeMap<AccountName, ReadError>,
    /// Trails that have the tag of this installation and that the spec no longer has, by ARN.
    pub strays: BTreeMap<Arn, Stray>,
    /// Log groups, roles and topics of this installation that its trails use and that the spec no
    /// longer has, by ARN.
    pub leftovers: BTreeMap<Arn, Leftover>,
    /// Resources that could not be read and that may belong to this installation, by ARN: log
    /// groups, roles and topics that its trails use and that the spec does not have, and keys if
    /// the key of the spec was not found.
    pub hidden: BTreeMap<Arn, Hidden>,
    /// The user or role with which the account of the bucket is read and changed, if known.
    pub caller: Option<Arn>,
    /// The management account of the organization of the account of the bucket, if this account is
    /// allowed to describe the organization. Not read if the spec names the organization.
    pub management: Option<AccountId>,
    /// The organization, if the spec names one.
    pub organization: Option<LiveOrganization>,
    /// Accounts that left the spec, and whose trails managed statements still allow to deliver.
    pub departed: Departed,
    /// Accounts that could not be read, completely or in part, each with the error.
    pub unreadable: BTreeMap<AccountName, ReadError>,
}

impl Observed {
    /// The policies that decide which trails can deliver.
    pub fn policies(&self) -> impl Iterator<Item = &Document> {
        let of_topics = self.topics.values().flatten().map(|topic| &topic.policy);
        self.bucket_policy.iter().chain(self.key.iter().map(|hub| &hub.policy)).chain(of_topics)
    }
}

/// A trail of the installation that the spec does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    /// The account of the trail.
    pub account: AccountName,
    /// The trail.
    pub trail: Trail,
}

/// A resource that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Hidden {
    /// The account of the resource.
    pub account: AccountName,
    /// The error of the read.
    pub error: ReadError,
}

/// The key with its policy and grants.
#[derive(Debug, Clone, PartialEq)]
pub struct HubKey {
    /// The key.
    pub key: LiveKey,
    /// The policy of the key.
    pub policy: Document,
    /// All grants on the key, managed and foreign.
    pub grants: Vec<Grant>,
}
