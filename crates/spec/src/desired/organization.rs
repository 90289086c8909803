use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Partition};

use super::{Account, Accounts};
use crate::names::{AccountName, SpecName};

/// The AWS organization of the accounts.
///
/// See "What is AWS Organizations?" in its user guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The account with permission to list the organization: the management account or a delegated
    /// administrator.
    pub account: AccountName,
    /// The selection of active members that join automatically.
    pub joining: Joining,
    /// The name of the role to assume in members that join automatically.
    pub role: Option<String>,
    /// Whether CloudTrail must have trusted access.
    pub service_access: bool,
    /// The accounts that must be delegated administrators for CloudTrail.
    pub delegated_administrators: Vec<AccountName>,
}

impl Organization {
    /// The maximum number of delegated administrators for CloudTrail in an organization.
    ///
    /// See "Organization delegated administrator" in the CloudTrail user guide.
    pub const MAX_ADMINISTRATORS: usize = 3;
}

/// The selection of active members of an organization that join automatically.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joining {
    /// The included members, if any.
    pub include: Option<Include>,
    /// The excluded members.
    pub exclude: BTreeSet<AccountId>,
    /// The organizational units whose members are excluded, by ID or path.
    pub exclude_units: Vec<String>,
}

/// A selection of members of an organization. Without units and tags, all members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Include {
    /// Organizational units by ID or path. Members of nested units are included.
    pub units: Vec<String>,
    /// Tags that a member must have.
    pub tags: BTreeMap<String, String>,
}

/// The units and members of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The ID of the organization, such as `o-exampleorgid`.
    pub id: String,
    /// The management account of the organization.
    pub management: AccountId,
    /// The units of the organization; empty if the spec does not refer to units.
    pub units: Vec<Unit>,
    /// The members, in the order of their IDs.
    members: Vec<Member>,
}

impl Roster {
    /// Creates the roster of an organization with its active accounts.
    pub fn new(id: String, management: AccountId, units: Vec<Unit>, mut members: Vec<Member>) -> Self {
        members.sort_by(|a, b| a.id.cmp(&b.id));
        Self { id, management, units, members }
    }

    /// Creates the roster of an organization with a single sample member that joins automatically.
    /// The sample shows properties that all such members share.
    pub(crate) fn with_sample(joining: &Joining, management: AccountId, member: AccountId) -> Self {
        let include = joining.include.clone().unwrap_or_default();
        let unit = |given: &String| {
            let path = given.trim_matches('/');
            let id = path.rsplit('/').next().unwrap_or_default().to_owned();
            Unit { id, path: path.strip_prefix("Root/").unwrap_or(path).to_owned() }
        };
        let included: Vec<Unit> = include.units.iter().map(unit).collect();
        let member = Member {
            id: member,
            name: "member".to_owned(),
            units: included.iter().map(|unit| unit.id.clone()).collect(),
            tags: include.tags,
        };
        let units = included.into_iter().chain(joining.exclude_units.iter().map(unit)).collect();
        Self::new("o-sample".to_owned(), management, units, vec![member])
    }

    /// The active accounts of the organization, in the order of their IDs.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the active account with this ID.
    pub fn member(&self, account: &str) -> Option<&Member> {
        let index = self.members.binary_search_by(|member| member.id.as_str().cmp(account)).ok()?;
        self.members.get(index)
    }

    /// Returns whether an account is an active member.
    pub fn has(&self, account: &str) -> bool {
        self.member(account).is_some()
    }
}

/// An account of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The ID of the account.
    pub id: AccountId,
    /// The name of the account in the organization: any text.
    pub name: String,
    /// The IDs of the units of the account, from the root down; empty if the spec does not refer to
    /// units.
    pub units: Vec<String>,
    /// The tags of the account; empty if the spec does not refer to tags.
    pub tags: BTreeMap<String, String>,
}

impl Member {
    /// The name of the member in addresses: its name in the organization, in lower case and with
    /// hyphens. The account ID is appended if the name is not valid or already taken.
    pub(crate) fn account_name(&self, taken: &BTreeSet<AccountName>) -> Option<AccountName> {
        let words = self.name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let slug: String =
            words.collect::<Vec<_>>().join("-").to_ascii_lowercase().chars().take(48).collect();
        let free = |name: &AccountName| !taken.contains(name);
        slug.parse().ok().filter(free).or_else(|| {
            let long = format!("{slug}-{}", self.id);
            long.trim_start_matches('-').parse().ok().filter(free)
        })
    }
}

/// The access to members of an organization.
pub(crate) struct Entrance<'a> {
    /// The role to assume in each member.
    pub(crate) role: &'a str,
    /// The name of the spec, for the session name.
    pub(crate) spec: &'a SpecName,
    /// The partition in the ARN of the role.
    pub(crate) partition: Partition,
}

impl Entrance<'_> {
    /// Returns the members as accounts with their names in addresses, in the given order. Skips
    /// declared accounts, and skips the management account because AWS does not create the role
    /// there.
    pub(crate) fn enter<'m, 'd>(
        &self,
        members: impl IntoIterator<Item = &'m Member>,
        roster: &Roster,
        declared: impl IntoIterator<Item = &'d Account>,
    ) -> Accounts {
        let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
        for account in declared {
            ids.insert(&account.id);
            names.insert(account.name.clone());
        }
        let mut entered = Accounts::default();
        for member in members.into_iter().filter(|it| !ids.contains(&it.id) && it.id != roster.management) {
            let Some(name) = member.account_name(&names) else { continue };
            names.insert(name.clone());
            let id = member.id.clone();
            if let Some(account) = Account::member(name, id, self.role, self.spec, self.partition) {
                entered.push(account);
            }
        }
        entered
    }
}

/// An organizational unit, or the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The ID: `ou-…`, or `r-…` for the root.
    pub id: String,
    /// The names of the units from below the root down to this one, separated by slashes; empty for
    /// the root.
    pub path: String,
}

impl Joining {
    /// Returns whether the selection depends on organizational units.
    pub fn asks_for_units(&self) -> bool {
        self.include.as_ref().is_some_and(|include| !include.units.is_empty())
            || !self.exclude_units.is_empty()
    }

    /// Returns whether the selection depends on tags.
    pub fn asks_for_tags(&self) -> bool {
        self.include.as_ref().is_some_and(|include| !include.tags.is_empty())
    }

    /// Returns whether an account joins automatically.
    pub fn selects(&self, member: &Member, units: &[Unit]) -> bool {
        let is_in = |given: &String| find_unit(given, units).is_some_and(|it| member.units.contains(&it.id));
        let Some(include) = &self.include else { return false };
        let has_tags = include.tags.iter().all(|(key, value)| member.tags.get(key) == Some(value));
        let is_included = include.units.is_empty() || include.units.iter().any(is_in);
        is_included && has_tags && !self.exclude.contains(&member.id) && !self.exclude_units.iter().any(is_in)
    }
}

/// Finds a unit by its ID (`ou-…`, `r-…`), by the path of IDs in AWS (`o-…/r-…/ou-…/`), or by a
/// path of names (`Security/Production`, optionally with the prefix `Root/`).
pub(crate) fn find_unit<'u>(given: &str, units: &'u [Unit]) -> Option<&'u Unit> {
    let path = given.trim_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let names = path.strip_prefix("Root/").unwrap_or(path);
    let by_id = units.iter().find(|unit| unit.id == last);
    by_id.or_else(|| units.iter().find(|unit| !unit.path.is_empty() && unit.path == names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units() -> Vec<Unit> {
        [("r-ab12", ""), ("ou-ab12-1", "Security"), ("ou-ab12-2", "Security/Production")]
            .map(|(id, path)| Unit { id: id.to_owned(), path: path.to_owned() })
            .to_vec()
    }

    #[test]
    fn a_unit_is_found_by_id_and_by_path() {
        for (given, id) in [
            ("ou-ab12-2", Some("ou-ab12-2")),
            ("o-x/r-ab12/ou-ab12-1/ou-ab12-2/", Some("ou-ab12-2")),
            ("Security/Production", Some("ou-ab12-2")),
            ("/Root/Security/", Some("ou-ab12-1")),
            ("r-ab12", Some("r-ab12")),
            ("Production", None),
            ("", None),
        ] {
            assert_eq!(find_unit(given, &units()).map(|unit| unit.id.as_str()), id, "{given}");
        }
    }

    #[test]
    fn members_keep_their_organization_name_if_it_is_valid() {
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
            assert_eq!(member(given).account_name(&taken).unwrap().as_str(), expected, "{given}");
        }
    }

    #[test]
    fn members_are_selected_by_units_tags_and_exclusions() {
        let member = |id: &str, units: &[&str], stage: &str| Member {
            id: id.parse().unwrap(),
            name: String::new(),
            units: units.iter().map(|it| (*it).to_owned()).collect(),
            tags: BTreeMap::from([("stage".to_owned(), stage.to_owned())]),
        };
        let outside = member("111111111111", &["r-ab12"], "prod");
        let nested = member("222222222222", &["r-ab12", "ou-ab12-1", "ou-ab12-2"], "prod");
        let other = member("333333333333", &["r-ab12", "ou-ab12-1"], "dev");
        let selected = |include: Include, exclude: &[&str], exclude_units: &[&str]| -> Vec<bool> {
            let joining = Joining {
                include: Some(include),
                exclude: exclude.iter().map(|id| id.parse().unwrap()).collect(),
                exclude_units: exclude_units.iter().map(|it| (*it).to_owned()).collect(),
            };
            [&outside, &nested, &other].map(|member| joining.selects(member, &units())).to_vec()
        };
        let of_units = |units: &[&str]| Include {
            units: units.iter().map(|it| (*it).to_owned()).collect(),
            tags: BTreeMap::new(),
        };
        let prod = BTreeMap::from([("stage".to_owned(), "prod".to_owned())]);
        assert_eq!(selected(Include::default(), &["333333333333"], &[]), [true, true, false]);
        assert_eq!(selected(of_units(&["Security"]), &[], &[]), [false, true, true]);
        assert_eq!(selected(of_units(&["Security"]), &[], &["ou-ab12-2"]), [false, false, true]);
        assert_eq!(selected(of_units(&["r-ab12"]), &[], &[]), [true, true, true]);
        assert_eq!(
            selected(Include { units: Vec::new(), tags: prod.clone() }, &[], &[]),
            [true, true, false]
        );
        let both = Include { units: vec!["Security".to_owned()], tags: prod };
        assert_eq!(selected(both, &[], &[]), [false, true, false]);
    }
}
