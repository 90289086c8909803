//! Resolves the organization, and the members of it that join the accounts by themselves.

use std::collections::BTreeSet;

use reconcile_policy::{AccountId, Partition};

use super::Scope;
use crate::desired::{Account, Accounts, Include, Joining, Member, Organization, Roster, find_unit};
use crate::names::{AccountName, SpecName};
use crate::problems::{Problems, suggest};
use crate::raw::{All, Located, RawInclude, RawOrganization, RawSpec, WordOr};

/// `None` where there is none, or it has a problem.
pub(super) fn resolve(
    raw: &RawSpec,
    scope: &Scope<'_>,
    roster: Option<&Roster>,
    problems: &mut Problems,
) -> Option<Organization> {
    let organization = &raw.organization.as_ref()?.value;
    let account = scope.account(&organization.account, problems);
    let delegated_administrator =
        organization.delegated_administrator.as_ref().map(|it| (it, scope.account(it, problems)));
    if let Some((raw, Some(administrator))) = &delegated_administrator
        && account.as_ref() == Some(administrator)
    {
        problems.add(
            raw.place,
            format!("`{administrator}` is to list the organization and to be its delegated administrator"),
            "name the management account as `organization.account`, which alone may register another",
        );
    }
    if let (Some(include), None) = (&organization.include, &organization.role) {
        problems.add(
            include.place,
            "members that join by themselves need a `role` to get into them",
            "add `role`, such as `OrganizationAccountAccessRole`",
        );
    }
    if let Some(Located { value: WordOr::Value(include), place }) = &organization.include
        && include.organizational_units.is_empty()
        && include.tags.is_empty()
    {
        problems.add(*place, "no unit and no tag is named", "say `include: all` for every member");
    }
    if let Some(roster) = roster {
        check_units(organization, roster, problems);
    }
    let is_organization_trail = raw.trails.value.iter().any(|trail| trail.value.is_organization());
    for given in organization.exclude.iter().filter(|it| is_id(&it.value)) {
        problems.name::<AccountId>(given, "an account id, or the id or path of an organizational unit");
    }
    Some(Organization {
        account: account?,
        joining: joining(organization),
        role: organization.role.as_ref().map(|role| role.value.clone()),
        // Organization trails and a delegated administrator both need trusted access.
        service_access: organization
            .service_access
            .as_ref()
            .map_or(is_organization_trail || delegated_administrator.is_some(), |it| it.value),
        delegated_administrator: delegated_administrator.and_then(|(_, name)| name),
    })
}

/// What decides who joins, as far as it has no problem.
fn joining(raw: &RawOrganization) -> Joining {
    let include = raw.include.as_ref().map(|include| match &include.value {
        WordOr::Word(All::All) => Include::default(),
        WordOr::Value(RawInclude { organizational_units, tags }) => Include {
            units: organizational_units.iter().map(|unit| unit.value.clone()).collect(),
            tags: tags.clone(),
        },
    });
    let (ids, units): (Vec<_>, Vec<_>) =
        raw.exclude.iter().map(|it| it.value.clone()).partition(|it| is_id(it));
    let exclude = ids.iter().filter_map(|id| id.parse().ok()).collect();
    Joining { include, exclude, exclude_units: units }
}

/// Whether it is meant to be the id of an account, and not an organizational unit.
fn is_id(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// A unit that was renamed or removed must not silently mean nobody.
fn check_units(raw: &RawOrganization, roster: &Roster, problems: &mut Problems) {
    let included: &[Located<String>] = match raw.include.as_ref().map(|include| &include.value) {
        Some(WordOr::Value(include)) => &include.organizational_units,
        Some(WordOr::Word(All::All)) | None => &[],
    };
    for unit in included.iter().chain(raw.exclude.iter().filter(|it| !is_id(&it.value))) {
        if find_unit(&unit.value, &roster.units).is_none() {
            let paths = roster.units.iter().map(|unit| unit.path.as_str()).filter(|path| !path.is_empty());
            problems.add(
                unit.place,
                format!("the organization has no unit `{}`", unit.value),
                suggest(&unit.value, paths),
            );
        }
    }
}

/// The members that join, in the order of their ids; who is declared is not among them, nor is the management account.
pub(super) fn join(
    raw: Option<&Located<RawOrganization>>,
    roster: Option<&Roster>,
    declared: &[Account],
    spec: &SpecName,
    partition: Partition,
) -> Accounts {
    let (Some(raw), Some(roster)) = (raw.map(|raw| &raw.value), roster) else { return Accounts::default() };
    let Some(role) = &raw.role else { return Accounts::default() };
    let joining = joining(raw);
    let ids: BTreeSet<&AccountId> = declared.iter().map(|account| &account.id).collect();
    let mut names: BTreeSet<AccountName> = declared.iter().map(|account| account.name.clone()).collect();
    let mut joined = Accounts::default();
    // Unlike in members, AWS creates no role in the management account with which to enter it.
    let is_out = |id: &AccountId| ids.contains(id) || *id == roster.management;
    let is_joining = |it: &&Member| !is_out(&it.id) && joining.selects(it, &roster.units);
    for member in roster.members().iter().filter(is_joining) {
        let Some(name) = name(member, &names) else { continue };
        names.insert(name.clone());
        if let Some(account) = Account::member(name, member.id.clone(), &role.value, spec, partition) {
            joined.push(account);
        }
    }
    joined
}

/// The name of a member in addresses: its name in the organization, in lower case and with hyphens; followed
/// by its id where that is not a valid name, or is taken.
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
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn members_are_called_as_in_the_organization_where_that_will_do() {
        let member = |name: &str| Member {
            id: "123456789012".parse().unwrap(),
            name: name.to_owned(),
            units: Vec::new(),
            tags: BTreeMap::new(),
        };
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
