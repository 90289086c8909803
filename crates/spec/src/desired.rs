//! The state that a spec asks for: every resource in every account, with nothing left to look up.

mod account;
mod bucket;
mod bucket_policy;
mod deletion;
mod foreign;
mod grant;
mod key;
mod key_policy;
mod organization;
mod retention;
mod selectors;
mod tags;
mod trail;

use reconcile_policy::Region;

use crate::names::{AccountName, SpecName};

pub use account::{Access, Account, RoleAccess, Secret};
pub use bucket::{Bucket, Encryption, ObjectOwnership};
pub use bucket_policy::BucketPolicy;
pub use deletion::Deletion;
pub use foreign::{Foreign, ForeignStatements};
pub(crate) use grant::is_name as is_grant_name;
pub use grant::{ConstraintKind, Constraints, Grant, Grantee};
pub use key::{Key, RotationDays};
pub use key_policy::KeyPolicy;
pub use organization::{Member, Organization};
pub use retention::{AccessLogs, Lifecycle, ObjectLock, Retention};
pub use selectors::{AdvancedSelector, DataResource, EventSelector, FieldSelector, ReadWrite, Selectors};
pub use tags::{OWNER_TAG, Tags};
pub use trail::Trail;

/// All that one spec asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// The name of the installation.
    pub name: SpecName,
    /// The organization, if the spec names one.
    pub organization: Option<Organization>,
    /// The accounts, in the order of the spec; behind them members of the organization that joined by themselves.
    pub accounts: Vec<Account>,
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
    /// Every trail of every account, in the order of the spec.
    pub trails: Vec<Trail>,
    /// What may be taken away.
    pub deletion: Deletion,
}

impl Desired {
    /// The account that the spec calls so.
    pub fn account(&self, name: &AccountName) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == *name)
    }

    /// Whether a KMS grant of this name is ours: `<spec name>-<grant name>-<digest>`.
    pub fn owns_grant(&self, aws_name: &str) -> bool {
        grant::is_of(&self.name, aws_name)
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
