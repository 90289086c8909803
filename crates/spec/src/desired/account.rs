use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::{fmt, slice, vec};

use reconcile_policy::{AccountId, Arn, Partition};

use crate::names::{AccountName, SpecName};

/// Accounts with distinct names, in the order of their addition.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    list: Vec<Account>,
    /// The index of each name in the list.
    by_name: HashMap<AccountName, usize>,
}

impl Accounts {
    /// Returns the account with this name.
    pub fn get(&self, name: &AccountName) -> Option<&Account> {
        self.by_name.get(name).and_then(|index| self.list.get(*index))
    }

    /// Iterates over all accounts.
    pub fn iter(&self) -> slice::Iter<'_, Account> {
        self.list.iter()
    }

    /// Adds an account. An account whose name already exists is skipped.
    pub(crate) fn push(&mut self, account: Account) {
        if let Entry::Vacant(vacant) = self.by_name.entry(account.name.clone()) {
            vacant.insert(self.list.len());
            self.list.push(account);
        }
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

impl FromIterator<Account> for Accounts {
    fn from_iter<I: IntoIterator<Item = Account>>(accounts: I) -> Self {
        let mut collected = Self::default();
        accounts.into_iter().for_each(|account| collected.push(account));
        collected
    }
}

impl IntoIterator for Accounts {
    type Item = Account;
    type IntoIter = vec::IntoIter<Account>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl<'a> IntoIterator for &'a Accounts {
    type Item = &'a Account;
    type IntoIter = slice::Iter<'a, Account>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// An account and the access to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The name of the account in the spec.
    pub name: AccountName,
    /// The ID of the account in AWS.
    pub id: AccountId,
    /// The access to the account.
    pub access: Access,
}

impl Account {
    /// Creates a member of the organization whose access is a role with this name. Returns `None`
    /// if the name is not valid for a role.
    pub(crate) fn member(
        name: AccountName,
        id: AccountId,
        role: &str,
        spec: &SpecName,
        partition: Partition,
    ) -> Option<Self> {
        let arn = Arn::new(partition, "iam", "", id.as_str(), &format!("role/{role}"));
        let arn: Arn = arn.as_str().parse().ok()?;
        let role = RoleAccess { arn, external_id: None, session_name: format!("reconcile-{spec}") };
        Some(Self { name, id, access: Access { profile: None, role: Some(role) } })
    }
}

/// The access to an account. Without a role, the initial credentials must belong to the account
/// itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The named profile of the initial credentials; `None` is the current credentials.
    pub profile: Option<String>,
    /// The role to assume.
    pub role: Option<RoleAccess>,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAccess {
    /// The ARN of the role.
    pub arn: Arn,
    /// The external ID that the role requires.
    pub external_id: Option<Secret>,
    /// The session name that CloudTrail records for the calls of `reconcile`.
    pub session_name: String,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text, to pass it to AWS.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
