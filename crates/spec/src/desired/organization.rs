use reconcile_policy::AccountId;

use crate::names::AccountName;

/// The AWS organization that the accounts are in.
///
/// See "What is AWS Organizations?" in its user guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The account whose credentials may list it: the management account or a delegated administrator.
    pub account: AccountName,
    /// Whether every active member joins the accounts by itself.
    pub includes_all: bool,
    /// Members that do not.
    pub exclude: Vec<AccountId>,
    /// Name of the role to assume in members that join.
    pub role: Option<String>,
}

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: AccountId,
    /// Its name in the organization: any text.
    pub name: String,
}
