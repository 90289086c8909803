use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::{fmt, slice, vec};

use reconcile_policy::{AccountId, Arn, Partition};

use crate::names::{AccountName, SpecName};

/// Accounts, each of another name, in the order in which they came.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    list: Vec<Account>,
    /// Where in the list.
    by_name: HashMap<AccountName, usize>,
}

impl Accounts {
    /// The account of this name.
    pub fn get(&self, name: &AccountName) -> Option<&Account> {
        self.by_name.get(name).and_then(|index| self.list.get(*index))
    }

    /// All of them.
    pub fn iter(&self) -> slice::Iter<'_, Account> {
        self.list.iter()
    }

    /// Adds an account; one whose name is taken is passed over.
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

/// An account and how to get into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// As the spec calls it.
    pub name: AccountName,
    /// As AWS does.
    pub id: AccountId,
    /// How to get into it.
    pub access: Access,
}

impl Account {
    /// A member of the organization, which is entered by a role of this name; none where that is no name of a role.
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

/// How to get into an account. Without a role, the credentials to start from must be of the account itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The named profile to start from; `None` is the current credentials.
    pub profile: Option<String>,
    /// The role to assume.
    pub role: Option<RoleAccess>,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAccess {
    /// Its ARN.
    pub arn: Arn,
    /// The external id that it asks for.
    pub external_id: Option<Secret>,
    /// The session name that CloudTrail shows for what we do.
    pub session_name: String,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, to hand it to AWS.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
