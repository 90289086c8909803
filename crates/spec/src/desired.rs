//! The desired state of a spec: every resource in every account, completely resolved.

mod account;
mod at_rest;
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
mod log_role;
mod organization;
mod proof;
mod retention;
mod reviewed;
mod selectors;
mod tags;
mod topic;
mod trail;

use reconcile_policy::{AccountId, Region};

use crate::names::AccountName;

pub use account::{Access, Account, Accounts, RoleAccess, Secret};
pub use at_rest::AtRest;
pub use bucket::{Bucket, Encryption, EncryptionType, ObjectOwnership};
pub use bucket_policy::BucketPolicy;
pub use deletion::Deletion;
pub use foreign::{Foreign, ForeignStatements, Unlisted};
pub(crate) use grant::is_name as is_grant_name;
pub use grant::{ConstraintKind, Constraints, Grant, Grantee};
pub use installation::{Installation, Marks};
pub use key::{Key, KeyIdentity, RotationDays};
pub use key_policy::KeyPolicy;
pub use lock::Lock;
pub use log_group::LogGroup;
pub use log_role::LogRole;
pub(crate) use organization::{Entrance, find_unit};
pub use organization::{Include, Joining, Member, Organization, Roster, Unit};
pub use proof::OnDoubt;
pub use retention::{AccessLogs, Lifecycle, ObjectLock, Retention};
pub use reviewed::Reviewed;
pub use selectors::{
    AdvancedSelector, DataResource, EventSelector, FieldSelector, ReadWrite, RecordedCalls, Selectors,
};
pub use tags::{
    FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG, OWN_TAGS, OWNER_TAG, REFUSED_FORMS_TAG, Tags,
};
pub use topic::{ExistingTopic, Topic};
pub use trail::{Insights, LogDelivery, Trail};

/// All that one spec asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The installation that all of this is part of.
    pub installation: Installation,
    /// The organization, if the spec names one.
    pub organization: Option<Organization>,
    /// The accounts, in the order of the spec; behind them members of the organization that joined by themselves.
    pub accounts: Accounts,
    /// The key that encrypts the logs.
    pub key: Key,
    /// Its policy.
    pub key_policy: KeyPolicy,
    /// Grants on it.
    pub grants: Vec<Grant>,
    /// The bucket that all logs go to.
    pub bucket: Bucket,
    /// Its policy.
    pub bucket_policy: BucketPolicy,
    /// Log groups that trails deliver to.
    pub log_groups: Vec<LogGroup>,
    /// Roles with which they do.
    pub log_roles: Vec<LogRole>,
    /// Topics that trails tell of log files.
    pub topics: Vec<Topic>,
    /// Topics of somebody else that trails tell of log files.
    pub existing_topics: Vec<ExistingTopic>,
    /// Every trail of every account, in the order of the spec.
    pub trails: Vec<Trail>,
    /// What may be taken away.
    pub deletion: Deletion,
    /// What keeps two applies apart.
    pub lock: Option<Lock>,
    /// Access of others that somebody reviewed and accepted.
    pub reviewed: Vec<Reviewed>,
}

impl Desired {
    /// The account that the spec calls so.
    pub fn account(&self, name: &AccountName) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// Members of the organization with the way into them, by the role of the organization; empty where the spec names no
    /// role. Declared accounts and the management account are passed over.
    pub fn enter<'m>(&self, members: impl IntoIterator<Item = &'m Member>, roster: &Roster) -> Accounts {
        let Some(role) = self.organization.as_ref().and_then(|it| it.role.as_deref()) else {
            return Accounts::default();
        };
        let (spec, partition) = (self.installation.name(), self.bucket.site.region.partition());
        Entrance { role, spec, partition }.enter(members, roster, &self.accounts)
    }

    /// What is left of it when all that it asks for is to go: where bucket and key are, and who administers the key.
    pub fn emptied(&self) -> Self {
        let mut emptied = self.clone();
        emptied.trails.clear();
        emptied.log_groups.clear();
        emptied.log_roles.clear();
        emptied.topics.clear();
        emptied.existing_topics.clear();
        emptied.grants.clear();
        let policy = &mut emptied.bucket_policy;
        policy.foreign = Foreign::default();
        policy.intent.trails.clear();
        policy.intent.organization_trails.clear();
        policy.intent.readers.clear();
        policy.intent.extra.clear();
        policy.intent.require_tls = false;
        let policy = &mut emptied.key_policy;
        policy.foreign = Foreign::default();
        policy.intent.trails.clear();
        policy.intent.organization_trails.clear();
        policy.intent.readers.clear();
        policy.intent.extra.clear();
        emptied
    }

    /// Adds accounts of the organization; who is declared already is passed over.
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

/// Where a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The account.
    pub account: AccountName,
    /// The Region.
    pub region: Region,
}

/// An aspect of a resource that the spec sets, or leaves alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting<T> {
    /// It has to be this.
    Enforced(T),
    /// It may be anything.
    Unmanaged,
}

impl<T> Setting<T> {
    /// What it has to be, if anything.
    pub fn enforced(&self) -> Option<&T> {
        match self {
            Self::Enforced(value) => Some(value),
            Self::Unmanaged => None,
        }
    }
}
