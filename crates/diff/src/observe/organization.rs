//! Reads the organization: who is in it.

use aws_sdk_organizations::types::AccountStatus;
use reconcile_aws::{Operation, Session};
use reconcile_policy::{AccountId, Region};
use reconcile_spec::Member;

use super::error::ReadError;

/// An organization with its accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveOrganization {
    /// Its id, such as `o-exampleorgid`.
    pub id: String,
    /// Its active accounts.
    pub members: Vec<Member>,
    /// Accounts that are suspended or about to be closed.
    pub suspended: Vec<Member>,
}

impl LiveOrganization {
    /// Whether an account is in it and active.
    pub fn has(&self, account: &str) -> bool {
        self.members.iter().any(|member| member.id.as_str() == account)
    }
}

/// The organization of the session's account, in the partition of a Region. One call, and one more for every 20 accounts.
///
/// # Errors
/// Whatever Organizations answered: only the management account and delegated administrators may list it.
pub async fn read(session: &Session, region: &Region) -> Result<LiveOrganization, ReadError> {
    let client = session.organizations(region);
    let call = client.describe_organization().send();
    let described = session.call(Operation::DescribeOrganization, call).await?;
    let id = described
        .organization
        .and_then(|it| it.id)
        .ok_or_else(|| ReadError::Incomplete { resource: "the organization".to_owned(), what: "its id" })?;
    let mut organization = LiveOrganization { id, members: Vec::new(), suspended: Vec::new() };
    let mut token = None;
    loop {
        let call = client.list_accounts().set_next_token(token).send();
        let page = session.call(Operation::ListAccounts, call).await?;
        for account in page.accounts.unwrap_or_default() {
            let Some(id) = account.id.and_then(|id| id.parse::<AccountId>().ok()) else { continue };
            let member = Member { id, name: account.name.unwrap_or_default() };
            if matches!(account.status, None | Some(AccountStatus::Active)) {
                organization.members.push(member);
            } else {
                organization.suspended.push(member);
            }
        }
        // A page may be empty and not the last.
        token = page.next_token;
        if token.is_none() {
            return Ok(organization);
        }
    }
}
