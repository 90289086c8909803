//! Reads the organization with its members.

use std::collections::BTreeMap;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{Account, AccountState, AccountStatus};
use futures::future::{join_all, try_join, try_join_all, try_join3};
use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{Inactive, LiveOrganization, ReadError};
use reconcile_policy::{AccountId, Region};
use reconcile_spec::{Member, Organization, Roster, Unit};

use super::optional::when;
use super::{delegated_administrator, page, service_access};

/// The state of an account that can be entered.
const ACTIVE: &str = "ACTIVE";

/// Returns the state of an account. Only an account in the state `ACTIVE` can be entered.
///
/// `State` replaces `Status`, which AWS retired on September 9, 2026. Emulators may still return
/// only `Status`. See "Monitor the state of your AWS accounts" in the Organizations user guide, and
/// `Account` in the Organizations API reference.
fn state(account: &Account) -> Option<&str> {
    let status = || account.status.as_ref().map(AccountStatus::as_str);
    account.state.as_ref().map(AccountState::as_str).or_else(status)
}

/// Reads the organization of the account of the session, with only the facts that the spec needs.
///
/// Makes one call, and another call for every 20 accounts. If the spec selects organizational
/// units, makes two calls for each unit. If the spec selects tags, makes one call for each account.
///
/// # Errors
/// Returns an error if a call to Organizations fails, or if its answer is incomplete. Only the
/// management account and delegated administrators are allowed to list the members.
pub async fn read(
    session: &Session,
    region: &Region,
    wanted: &Organization,
) -> Result<LiveOrganization, ReadError> {
    let reader = OrganizationReader { session, client: session.organizations(region) };
    let units = when(wanted.joining.asks_for_units(), reader.units());
    let access = when(wanted.service_access, service_access::is_enabled(session, region));
    let administrators =
        when(!wanted.delegated_administrators.is_empty(), delegated_administrator::list(session, region));
    let ((id, management), accounts, (units, access, administrators)) =
        try_join3(reader.describe(), reader.accounts(), try_join3(units, access, administrators)).await?;
    let (units, units_of) = units.unwrap_or_default();

    let (mut members, mut inactive) = (Vec::new(), Vec::new());
    for account in accounts {
        let Some(id) = account.id.as_deref().and_then(|id| id.parse().ok()) else { continue };
        let units = units_of.get(&id).cloned().unwrap_or_default();
        let state = state(&account).map(str::to_owned);
        let member = Member { id, name: account.name.unwrap_or_default(), units, tags: BTreeMap::new() };
        match state.as_deref() {
            Some(ACTIVE) => members.push(member),
            _ => inactive.push(Inactive { member, state }),
        }
    }
    if wanted.joining.asks_for_tags() {
        let tags = join_all(members.iter().map(|member| reader.tags(&member.id))).await;
        for (member, tags) in members.iter_mut().zip(tags) {
            member.tags = tags?;
        }
    }
    Ok(LiveOrganization {
        roster: Roster::new(id, management, units, members),
        inactive,
        service_access: access.unwrap_or_default(),
        delegated_administrators: administrators.unwrap_or_default(),
    })
}

/// Reads the management account of the organization of the session's account; `None` if the account
/// is in no organization, or is not allowed to describe the organization. A member account can have
/// this permission.
///
/// See `DescribeOrganization` in the Organizations API reference.
pub async fn management(session: &Session, region: &Region) -> Option<AccountId> {
    let call = session.organizations(region).describe_organization().send();
    let answer = session.call(Operation::DescribeOwnOrganization, call).await.ok()?;
    answer.organization?.master_account_id?.parse().ok()
}

/// The organizational units, and the IDs of the units of each account.
type Units = (Vec<Unit>, BTreeMap<AccountId, Vec<String>>);

/// Reads one organization.
struct OrganizationReader<'a> {
    session: &'a Session,
    client: Client,
}

impl OrganizationReader<'_> {
    async fn describe(&self) -> Result<(String, AccountId), ReadError> {
        let call = self.client.describe_organization().send();
        let described = self.session.call(Operation::DescribeOrganization, call).await?;
        let missing = |what| ReadError::Incomplete { resource: "the organization".to_owned(), what };
        let organization = described.organization.ok_or_else(|| missing("its description"))?;
        let management = organization.master_account_id.and_then(|id| id.parse().ok());
        Ok((
            organization.id.ok_or_else(|| missing("its id"))?,
            management.ok_or_else(|| missing("its management account"))?,
        ))
    }

    async fn accounts(&self) -> Result<Vec<Account>, ReadError> {
        page::all(self.session, Operation::ListAccounts, |token| async move {
            let call = self.client.list_accounts().set_next_token(token).send();
            let page = self.session.call(Operation::ListAccounts, call).await?;
            let listed =
                page.accounts.ok_or_else(|| self.session.incomplete(Operation::ListAccounts, "Accounts"))?;
            Ok((listed, page.next_token))
        })
        .await
    }

    /// Reads the whole tree of organizational units, level by level.
    async fn units(&self) -> Result<Units, ReadError> {
        let (mut units, mut units_of) = (Vec::new(), BTreeMap::new());
        let mut level: Vec<(Unit, Vec<String>)> = self
            .roots()
            .await?
            .into_iter()
            .map(|id| (Unit { id: id.clone(), path: String::new() }, vec![id]))
            .collect();
        while !level.is_empty() {
            let found = try_join_all(
                level.iter().map(|(unit, _)| try_join(self.units_in(&unit.id), self.accounts_in(&unit.id))),
            )
            .await?;
            let mut next = Vec::new();
            for ((unit, ancestors), (children, accounts)) in level.into_iter().zip(found) {
                units_of.extend(accounts.into_iter().map(|account| (account, ancestors.clone())));
                for (id, name) in children {
                    let path = if unit.path.is_empty() { name } else { format!("{}/{name}", unit.path) };
                    let ancestors = ancestors.iter().cloned().chain([id.clone()]).collect();
                    next.push((Unit { id, path }, ancestors));
                }
                units.push(unit);
            }
            level = next;
        }
        Ok((units, units_of))
    }

    async fn roots(&self) -> Result<Vec<String>, ReadError> {
        let roots = page::all(self.session, Operation::ListRoots, |token| async move {
            let call = self.client.list_roots().set_next_token(token).send();
            let page = self.session.call(Operation::ListRoots, call).await?;
            let listed = page.roots.ok_or_else(|| self.session.incomplete(Operation::ListRoots, "Roots"))?;
            Ok::<_, ReadError>((listed, page.next_token))
        });
        Ok(roots.await?.into_iter().filter_map(|root| root.id).collect())
    }

    /// Reads the IDs and names of the units directly below a parent.
    async fn units_in(&self, parent: &str) -> Result<Vec<(String, String)>, ReadError> {
        let units =
            page::all(self.session, Operation::ListOrganizationalUnitsForParent, |token| async move {
                let call = self.client.list_organizational_units_for_parent().parent_id(parent);
                let call = call.set_next_token(token).send();
                let page = self.session.call(Operation::ListOrganizationalUnitsForParent, call).await?;
                let listed = page.organizational_units.ok_or_else(|| {
                    self.session
                        .incomplete(Operation::ListOrganizationalUnitsForParent, "OrganizationalUnits")
                })?;
                Ok::<_, ReadError>((listed, page.next_token))
            });
        Ok(units.await?.into_iter().filter_map(|unit| Some((unit.id?, unit.name?))).collect())
    }

    async fn accounts_in(&self, parent: &str) -> Result<Vec<AccountId>, ReadError> {
        let accounts = page::all(self.session, Operation::ListAccountsForParent, |token| async move {
            let call = self.client.list_accounts_for_parent().parent_id(parent).set_next_token(token).send();
            let page = self.session.call(Operation::ListAccountsForParent, call).await?;
            let listed = page
                .accounts
                .ok_or_else(|| self.session.incomplete(Operation::ListAccountsForParent, "Accounts"))?;
            Ok::<_, ReadError>((listed, page.next_token))
        });
        Ok(accounts.await?.into_iter().filter_map(|account| account.id?.parse().ok()).collect())
    }

    async fn tags(&self, account: &AccountId) -> Result<BTreeMap<String, String>, ReadError> {
        let tags = page::all(self.session, Operation::ListAccountTags, |token| async move {
            let call = self.client.list_tags_for_resource().resource_id(account.as_str());
            let call = call.set_next_token(token).send();
            let page = self.session.call(Operation::ListAccountTags, call).await?;
            let listed =
                page.tags.ok_or_else(|| self.session.incomplete(Operation::ListAccountTags, "Tags"))?;
            Ok::<_, ReadError>((listed, page.next_token))
        });
        Ok(tags.await?.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_an_account_is_its_status_only_where_there_is_no_state() {
        for (given, status, expected) in [
            (Some("ACTIVE"), None, Some("ACTIVE")),
            (Some("PENDING_ACTIVATION"), Some("ACTIVE"), Some("PENDING_ACTIVATION")),
            (Some("CLOSED"), Some("SUSPENDED"), Some("CLOSED")),
            (Some("HIBERNATING"), None, Some("HIBERNATING")),
            (None, Some("ACTIVE"), Some("ACTIVE")),
            (None, Some("PENDING_CLOSURE"), Some("PENDING_CLOSURE")),
            (None, None, None),
        ] {
            let account = Account::builder()
                .set_state(given.map(AccountState::from))
                .set_status(status.map(AccountStatus::from))
                .build();
            assert_eq!(state(&account), expected, "{given:?} {status:?}");
        }
    }
}
