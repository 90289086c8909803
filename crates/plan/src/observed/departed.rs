//! Determines the access to departed accounts: the spec no longer has these accounts, but managed
//! statements still allow their trails to deliver. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use reconcile_policy::{AccountId, Arn};
use reconcile_spec::{Account, Accounts, Desired, Member};

use super::error::ReadError;
use super::organization::LiveOrganization;

/// The accounts that left the spec, or the selection of its organization.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Departed {
    /// The accounts that could be read.
    pub accounts: Accounts,
    /// Trails that managed statements name and that could not be read. Each may still deliver.
    pub unseen: BTreeMap<Arn, UnreadableReason>,
}

/// The reason why a resource could not be read.
#[derive(Debug, Clone, PartialEq)]
pub enum UnreadableReason {
    /// The spec neither declares the account of the resource nor names the organization.
    Undeclared,
    /// The account of the resource is not in the organization.
    NotInOrganization,
    /// The account of the resource is in the organization, but is not active. Contains the state of
    /// the account, if Organizations returned one.
    Inactive(Option<String>),
    /// The spec names no role to assume in the account of the resource.
    NoRole,
    /// The account of the resource could not be read.
    Unreadable(ReadError),
}

impl fmt::Display for UnreadableReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undeclared => f.write_str("the spec does not declare the account"),
            Self::NotInOrganization => f.write_str("the account is not in the organization"),
            Self::Inactive(Some(state)) => write!(f, "the account is in the state `{state}`"),
            Self::Inactive(None) => f.write_str("Organizations does not return the state of the account"),
            Self::NoRole => {
                f.write_str("the spec has no `organization.role`, which reconcile needs to read the account")
            }
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

/// A departed account, with its resources that managed statements name.
pub struct DepartedAccount {
    /// The account, or the reason why the account cannot be accessed.
    pub access: Result<Account, UnreadableReason>,
    /// The trails, topics or log groups.
    pub resources: BTreeSet<Arn>,
}

/// Returns the departed accounts of these resources, which are grouped by the ID of their account.
pub fn departed_accounts(
    desired: &Desired,
    organization: Option<&LiveOrganization>,
    resources: BTreeMap<String, BTreeSet<Arn>>,
) -> Vec<DepartedAccount> {
    let roster = organization.map(|live| &live.roster);
    let members = resources.keys().filter_map(|id| roster?.member(id));
    let entered = roster.map(|roster| desired.enter(members, roster)).unwrap_or_default();
    let way_into = |id: &str| {
        let known = entered.iter().find(|account| account.id.as_str() == id);
        known.cloned().ok_or_else(|| unknown(organization, id))
    };
    resources
        .into_iter()
        .map(|(id, resources)| DepartedAccount { access: way_into(&id), resources })
        .collect()
}

/// Returns the reason why an account cannot be accessed.
fn unknown(organization: Option<&LiveOrganization>, id: &str) -> UnreadableReason {
    match organization {
        None => UnreadableReason::Undeclared,
        Some(live) if live.roster.has(id) => UnreadableReason::NoRole,
        Some(live) => live
            .inactive(id)
            .map_or(UnreadableReason::NotInOrganization, |it| UnreadableReason::Inactive(it.state.clone())),
    }
}

/// Returns the trails of these patterns in each member of the organization that the spec does not
/// have.
pub fn in_members(
    desired: &Desired,
    organization: Option<&LiveOrganization>,
    patterns: &BTreeSet<Arn>,
) -> Vec<Arn> {
    let declared: BTreeSet<&AccountId> = desired.accounts.iter().map(|account| &account.id).collect();
    let members = organization.map(|live| live.roster.members()).unwrap_or_default().iter();
    let others = members.filter(|member| !declared.contains(&member.id));
    others.flat_map(|member| patterns.iter().filter_map(|pattern| arn_in_member(pattern, member))).collect()
}

fn arn_in_member(pattern: &Arn, member: &Member) -> Option<Arn> {
    let (partition, service, region) = (pattern.partition(), pattern.service(), pattern.region());
    format!("arn:{partition}:{service}:{region}:{}:{}", member.id, pattern.resource()).parse().ok()
}

#[cfg(test)]
mod tests {
    use reconcile_samples::{EditSpec, members};
    use reconcile_spec::{Roster, parse};

    use super::super::organization::Inactive;
    use super::*;

    fn organization() -> LiveOrganization {
        let member = |id: &str, name: &str| Member {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            units: Vec::new(),
            tags: BTreeMap::new(),
        };
        let active = vec![member("111111111111", "Management"), member("222222222222", "Left Behind")];
        LiveOrganization {
            roster: Roster::new("o-1".to_owned(), "111111111111".parse().unwrap(), Vec::new(), active),
            inactive: vec![Inactive {
                member: member("333333333333", "Closed"),
                state: Some("PENDING_CLOSURE".to_owned()),
            }],
            service_access: false,
            delegated_administrators: Vec::new(),
        }
    }

    /// A spec whose only account is not in [`organization`].
    fn outside() -> String {
        members(0).with("accounts.master.id", "\"999999999999\"")
    }

    fn desired(text: &str) -> Desired {
        parse("spec.yaml", text.as_bytes()).unwrap().desired().clone()
    }

    #[test]
    fn the_way_in_is_the_role_of_the_organization_for_its_active_members() {
        let live = organization();
        let with_role = desired(&outside().with("organization", "{ account: master, role: Role }"));
        let without_role = desired(&outside().with("organization", "{ account: master }"));
        let without_organization = desired(&outside());
        for (spec, organization, id, expected) in [
            (&with_role, Some(&live), "222222222222", Ok("left-behind")),
            (&with_role, Some(&live), "111111111111", Err(UnreadableReason::NoRole)),
            (
                &with_role,
                Some(&live),
                "333333333333",
                Err(UnreadableReason::Inactive(Some("PENDING_CLOSURE".to_owned()))),
            ),
            (&with_role, Some(&live), "444444444444", Err(UnreadableReason::NotInOrganization)),
            (&without_role, Some(&live), "222222222222", Err(UnreadableReason::NoRole)),
            (&without_organization, None, "222222222222", Err(UnreadableReason::Undeclared)),
        ] {
            let resources = BTreeMap::from([(id.to_owned(), BTreeSet::new())]);
            let found = departed_accounts(spec, organization, resources).remove(0).access;
            assert_eq!(found.as_ref().map(|it| it.name.as_str()), expected.as_ref().copied(), "{id}");
        }
    }

    #[test]
    fn a_trail_of_any_account_of_the_organization_is_looked_for_in_members_that_the_spec_does_not_have() {
        let pattern: Arn = "arn:aws:cloudtrail:eu-west-1:*:trail/Trail".parse().unwrap();
        let found = in_members(&desired(&outside()), Some(&organization()), &BTreeSet::from([pattern]));
        let accounts: Vec<&str> = found.iter().map(Arn::account).collect();
        assert_eq!(accounts, ["111111111111", "222222222222"]);
    }
}
