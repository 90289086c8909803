//! Resolves the organization, and the members of it that join the accounts by themselves.

use std::collections::BTreeSet;

use reconcile_policy::{AccountId, Partition};

use super::Scope;
use super::accounts::member_access;
use crate::desired::{Account, Member, Organization};
use crate::names::{AccountName, SpecName};
use crate::problems::Problems;
use crate::raw::{All, Located, RawOrganization, WordOr};

/// `None` where there is none, or it has a problem.
pub(super) fn resolve(
    raw: Option<&Located<RawOrganization>>,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Organization> {
    let organization = &raw?.value;
    let account = scope.account(&organization.account, problems);
    if let Some(administrator) = &organization.delegated_administrator {
        scope.account(administrator, problems);
    }
    let includes_all =
        organization.include.as_ref().is_some_and(|it| matches!(it.value, WordOr::Word(All::All)));
    if let (Some(include), None) = (&organization.include, &organization.role) {
        problems.add(
            include.place,
            "members that join by themselves need a `role` to get into them",
            "add `role`, such as `OrganizationAccountAccessRole`",
        );
    }
    let accounts = organization.exclude.iter().filter(|it| !is_unit(&it.value));
    let exclude = accounts.filter_map(|id| problems.name::<AccountId>(id, "an account id")).collect();
    let role = organization.role.as_ref().map(|role| role.value.clone());
    Some(Organization { account: account?, includes_all, exclude, role })
}

/// Whether it names an organizational unit and not an account: an id, or a path from the root.
pub(crate) fn is_unit(text: &str) -> bool {
    text.starts_with("ou-") || text.starts_with("r-") || text.contains('/')
}

/// The members that join, in the order in which the organization lists them; who is declared is not among them.
pub(super) fn join(
    raw: Option<&Located<RawOrganization>>,
    members: &[Member],
    declared: &[Account],
    spec: &SpecName,
    partition: Partition,
) -> Vec<Account> {
    let Some(role) = raw.and_then(|raw| raw.value.role.as_ref()) else { return Vec::new() };
    let ids: BTreeSet<&AccountId> = declared.iter().map(|account| &account.id).collect();
    let mut names: BTreeSet<AccountName> = declared.iter().map(|account| account.name.clone()).collect();
    let mut joined = Vec::new();
    for member in members.iter().filter(|member| !ids.contains(&member.id)) {
        let Some(access) = member_access(&role.value, &member.id, spec, partition) else { continue };
        let Some(name) = name(member, &names) else { continue };
        names.insert(name.clone());
        joined.push(Account { name, id: member.id.clone(), access });
    }
    joined
}

/// The name of a member in addresses: that of the organization in lower case with hyphens, and with its id behind it where
/// that is no name or another's.
fn name(member: &Member, taken: &BTreeSet<AccountName>) -> Option<AccountName> {
    let words = member.name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug: String = words.collect::<Vec<_>>().join("-").to_ascii_lowercase().chars().take(48).collect();
    let free = |name: &AccountName| !taken.contains(name);
    slug.parse().ok().filter(free).or_else(|| {
        let long = format!("{slug}-{}", member.id);
        long.trim_start_matches('-').parse().ok().filter(free)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_called_as_in_the_organization_where_that_will_do() {
        let member = |name: &str| Member { id: "123456789012".parse().unwrap(), name: name.to_owned() };
        let taken: BTreeSet<AccountName> = ["prod".parse().unwrap()].into();
        for (given, expected) in [
            ("Log Archive (EU)", "log-archive-eu"),
            ("Prod", "prod-123456789012"),
            ("日本", "123456789012"),
            ("", "123456789012"),
        ] {
            assert_eq!(name(&member(given), &taken).unwrap().as_str(), expected, "{given}");
        }
    }
}
