//! Resolves the organization, and its members that join automatically.

use reconcile_policy::{AccountId, Partition};

use super::Resolver;
use crate::desired::{Account, Accounts, Entrance, Include, Joining, Organization, Roster, find_unit};
use crate::names::{AccountName, SpecName};
use crate::problems::{Problems, suggest};
use crate::raw::{All, Located, RawInclude, RawOrganization, RawSpec, WordOr};

/// Resolves the organization. Returns `None` if there is none, or if it has a problem.
pub(super) fn resolve(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    roster: Option<&Roster>,
    problems: &mut Problems,
) -> Option<Organization> {
    let organization = &raw.organization.as_ref()?.value;
    let account = resolver.account(&organization.account, problems);
    let delegated_administrators = administrators(organization, account.as_ref(), resolver, problems);
    if let (Some(include), None) = (&organization.include, &organization.role) {
        problems.add(
            include.place,
            "members that join automatically need a `role`",
            "add `role`, such as `OrganizationAccountAccessRole`",
        );
    }
    if let Some(Located { value: WordOr::Value(include), place }) = &organization.include
        && include.organizational_units.is_empty()
        && include.tags.is_empty()
    {
        problems.add(
            *place,
            "`include` names no unit and no tag",
            "write `include: all` to include every member",
        );
    }
    if let Some(roster) = roster {
        // An unknown unit also selects nobody: one problem is enough.
        if check_units(organization, roster, problems) {
            check_selection(organization, roster, problems);
        }
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
            .map_or(is_organization_trail || organization.delegated_administrator.is_some(), |it| it.value),
        delegated_administrators,
    })
}

/// The delegated administrators without problems. `lister` is the account that lists the
/// organization.
fn administrators(
    raw: &RawOrganization,
    lister: Option<&AccountName>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Vec<AccountName> {
    let Some(Located { value, place }) = &raw.delegated_administrator else { return Vec::new() };
    let one;
    let named = match value {
        WordOr::Word(name) => {
            one = [Located { value: name.clone(), place: *place }];
            &one[..]
        }
        WordOr::Value(names) => names,
    };
    if named.len() > Organization::MAX_ADMINISTRATORS {
        problems.add(
            *place,
            format!(
                "{} delegated administrators are named, and an organization can have {}",
                named.len(),
                Organization::MAX_ADMINISTRATORS
            ),
            "remove some of them",
        );
    }
    let mut administrators: Vec<AccountName> = Vec::new();
    for name in named {
        let Some(administrator) = resolver.account(name, problems) else { continue };
        if lister == Some(&administrator) {
            problems.add(
                name.place,
                format!(
                    "`{administrator}` cannot both list the organization and be a delegated administrator"
                ),
                "set `organization.account` to the management account: only that account can register others",
            );
        }
        if administrators.contains(&administrator) {
            problems.add(name.place, format!("`{administrator}` is named twice"), "remove one of the two");
            continue;
        }
        administrators.push(administrator);
    }
    administrators
}

/// The selection of the members that join, without values that have a problem.
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

/// Returns whether the text is meant as an account ID, and not as an organizational unit.
fn is_id(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Reports units that the organization does not have: a unit that was renamed or removed must not
/// silently select nobody. Returns whether all units exist.
fn check_units(raw: &RawOrganization, roster: &Roster, problems: &mut Problems) -> bool {
    let mut has_all = true;
    let included: &[Located<String>] = match raw.include.as_ref().map(|include| &include.value) {
        Some(WordOr::Value(include)) => &include.organizational_units,
        Some(WordOr::Word(All::All)) | None => &[],
    };
    for unit in included.iter().chain(raw.exclude.iter().filter(|it| !is_id(&it.value))) {
        if find_unit(&unit.value, &roster.units).is_none() {
            has_all = false;
            let paths = roster.units.iter().map(|unit| unit.path.as_str()).filter(|path| !path.is_empty());
            problems.add(
                unit.place,
                format!("the organization has no unit `{}`", unit.value),
                suggest(&unit.value, paths),
            );
        }
    }
    has_all
}

/// Rejects an empty selection. It results from a mistake in a unit, a tag or an exclusion, and
/// would end the logging of all members.
fn check_selection(raw: &RawOrganization, roster: &Roster, problems: &mut Problems) {
    let Some(include) = &raw.include else { return };
    let joining = joining(raw);
    let others = roster.members().iter().filter(|member| member.id != roster.management);
    let is_new_organization =
        matches!(include.value, WordOr::Word(All::All)) && others.clone().next().is_none();
    if !is_new_organization && !others.clone().any(|member| joining.selects(member, &roster.units)) {
        problems.add(
            include.place,
            "`include` selects no account of the organization",
            format!(
                "correct the units, tags and `exclude`, or remove `include`: the organization has {} active \
                 accounts besides its management account",
                others.count()
            ),
        );
    }
}

/// Returns the members that join, in the order of their IDs. Declared accounts and the management
/// account are not among them.
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
    let members = roster.members().iter().filter(|member| joining.selects(member, &roster.units));
    Entrance { role: &role.value, spec, partition }.enter(members, roster, declared)
}
