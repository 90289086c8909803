//! The desired state of a spec: every resource in every account, completely resolved.

mod account;
mod alarm;
mod at_rest;
mod aws_name;
mod bucket;
mod bucket_policy;
mod deletion;
mod foreign;
mod grant;
mod installation;
mod key;
mod key_policy;
mod lock;
mod log_group;
mod organization;
mod proof;
mod reviewed;
mod role;
mod tags;
mod topic;
mod trail;

use reconcile_policy::{AccountId, Region};

use crate::names::AccountName;

pub use account::{Access, Account, Accounts, RoleAccess, Secret};
pub use alarm::Alarm;
pub use at_rest::AtRest;
pub use aws_name::AwsName;
pub(crate) use aws_name::aws_names;
pub use bucket::{
    AccessLogs, Bucket, Encryption, EncryptionType, Lifecycle, LockMode, ObjectLock, ObjectOwnership,
    Retention, StorageClass,
};
pub use bucket_policy::BucketPolicy;
pub use deletion::Deletion;
pub use foreign::{Foreign, ForeignStatements, Unlisted};
pub(crate) use grant::is_name as is_grant_name;
pub use grant::{ConstraintKind, Constraints, Grant, Grantee};
pub use installation::{DerivedNames, Installation};
pub use key::{Key, KeyIdentity, RotationDays};
pub use key_policy::KeyPolicy;
pub use lock::Lock;
pub use log_group::LogGroup;
pub(crate) use organization::{Entrance, find_unit};
pub use organization::{Include, Joining, Member, Organization, Roster, Unit};
pub use proof::OnDoubt;
pub use reviewed::Reviewed;
pub use role::LogRole;
pub use tags::{
    FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG, OWN_TAGS, OWNER_TAG, REFUSED_FORMS_TAG, Tags,
};
pub use topic::{ExistingTopic, Topic};
pub use trail::{
    AdvancedSelector, DataResource, EventSelector, FieldSelector, Insights, LogDelivery, ReadWrite,
    RecordedCalls, Selectors, Trail,
};

/// The desired state of one spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The installation that all resources belong to.
    pub installation: Installation,
    /// The organization, if the spec names one.
    pub organization: Option<Organization>,
    /// The accounts, in the order of the spec, followed by members of the organization that joined
    /// automatically.
    pub accounts: Accounts,
    /// The key that encrypts the logs.
    pub key: Key,
    /// The policy of the key.
    pub key_policy: KeyPolicy,
    /// Grants on the key.
    pub grants: Vec<Grant>,
    /// The bucket to which all trails deliver.
    pub bucket: Bucket,
    /// The policy of the bucket.
    pub bucket_policy: BucketPolicy,
    /// Log groups to which trails deliver.
    pub log_groups: Vec<LogGroup>,
    /// Alarms on the events of these log groups.
    pub alarms: Vec<Alarm>,
    /// Roles with which trails deliver to log groups.
    pub log_roles: Vec<LogRole>,
    /// Managed topics to which trails publish notifications.
    pub topics: Vec<Topic>,
    /// Unmanaged topics to which trails publish notifications.
    pub existing_topics: Vec<ExistingTopic>,
    /// Every trail of every account, in the order of the spec.
    pub trails: Vec<Trail>,
    /// The permissions to delete resources.
    pub deletion: Deletion,
    /// The lock that prevents two applies at the same time.
    pub lock: Option<Lock>,
    /// Foreign access that somebody reviewed and accepted.
    pub reviewed: Vec<Reviewed>,
}

impl Desired {
    /// Returns the account with this name.
    pub fn account(&self, name: &AccountName) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Returns members of the organization as accounts that `reconcile` accesses with the role of
    /// `organization` in the spec. The result is empty if the spec has no such role. Skips declared
    /// accounts and the management account.
    pub fn enter<'m>(&self, members: impl IntoIterator<Item = &'m Member>, roster: &Roster) -> Accounts {
        let Some(role) = self.organization.as_ref().and_then(|it| it.role.as_deref()) else {
            return Accounts::default();
        };
        let (spec, partition) = (self.installation.name(), self.bucket.site.region.partition());
        Entrance { role, spec, partition }.enter(members, roster, &self.accounts)
    }

    /// Returns the desired state of a destroy, without trails, their destinations, grants and
    /// managed statements. The bucket, the key and the administrators of the key remain.
    pub fn emptied(&self) -> Self {
        let mut emptied = self.clone();
        emptied.trails.clear();
        emptied.log_groups.clear();
        emptied.alarms.clear();
        emptied.log_roles.clear();
        emptied.topics.clear();
        emptied.existing_topics.clear();
        emptied.grants.clear();
        let policy = &mut emptied.bucket_policy;
        policy.foreign = policy.foreign.only_writable();
        policy.intent.trails.clear();
        policy.intent.organization_trails.clear();
        policy.intent.readers.clear();
        policy.intent.extra.clear();
        policy.intent.require_tls = false;
        let policy = &mut emptied.key_policy;
        policy.foreign = policy.foreign.only_writable();
        policy.intent.trails.clear();
        policy.intent.organization_trails.clear();
        policy.intent.readers.clear();
        policy.intent.extra.clear();
        emptied
    }

    /// Adds accounts of the organization. Skips declared accounts.
    pub(crate) fn join(&mut self, joined: impl IntoIterator<Item = (AccountName, AccountId)>) {
        let Some(role) = self.organization.as_ref().and_then(|it| it.role.clone()) else { return };
        let partition = self.bucket.site.region.partition();
        for (name, id) in joined {
            if self.account(&name).is_none()
                && let Some(account) = Account::member(name, id, &role, self.installation.name(), partition)
            {
                self.accounts.push(account);
            }
        }
    }
}

/// The account and Region of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The account.
    pub account: AccountName,
    /// The Region.
    pub region: Region,
}

/// An aspect of a resource that the spec either enforces or does not manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting<T> {
    /// The aspect must have this value.
    Enforced(T),
    /// The aspect can have any value.
    Unmanaged,
}

impl<T> Setting<T> {
    /// The enforced value, if there is one.
    pub fn enforced(&self) -> Option<&T> {
        match self {
            Self::Enforced(value) => Some(value),
            Self::Unmanaged => None,
        }
    }
}
