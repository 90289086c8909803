//! Builds a spec from accounts that the user names without a spec file.

use std::collections::BTreeSet;

use reconcile_policy::{AccountId, Region};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::names::{AccountName, RolePath};
use crate::parse::{Spec, VERSION};
use crate::raw::{
    All, OrUnmanaged, RawAccount, RawAccountId, RawAccounts, RawAccountsWord, RawBucket, RawDeletion, RawKey,
    RawOrganization, RawSpec, RawTrail, WordOr,
};

/// An account that the user names without a spec file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenAccount {
    /// The name of the account.
    pub name: AccountName,
    /// The ID of the account.
    pub id: AccountId,
    /// The name or ARN of the role to assume. Without a role, the current credentials must belong
    /// to the account.
    pub role: Option<String>,
}

/// The placeholder for names that the user does not give: the installation, bucket, key and trail.
const PLACEHOLDER: &str = "import";

impl Spec {
    /// Builds a spec of accounts, with placeholders for the bucket, the key and the trail.
    /// `members` contains the account that lists the organization, and the role to assume in the
    /// members of the organization. Diagnostics print `source` instead of the path of a file.
    ///
    /// # Errors
    /// All problems, without places.
    pub fn from_accounts(
        source: &str,
        accounts: &[GivenAccount],
        members: Option<(&AccountName, &RolePath)>,
        region: &Region,
    ) -> Result<Self, Diagnostics> {
        let mut names = BTreeSet::new();
        if let Some(twice) = accounts.iter().find(|account| !names.insert(&account.name)) {
            let message = format!("account `{}` is named twice", twice.name);
            let problem = Diagnostic { message, place: None, hint: Some("keep one of them".to_owned()) };
            return Err(Diagnostics::new(source, "", vec![problem]));
        }
        Self::from_raw(source, "", raw(accounts, members, region))
    }
}

fn raw(accounts: &[GivenAccount], members: Option<(&AccountName, &RolePath)>, region: &Region) -> RawSpec {
    let placeholder = || PLACEHOLDER.to_owned().into();
    let account = |it: &GivenAccount| {
        let id = RawAccountId(it.id.to_string()).into();
        let role = it.role.clone().map(Into::into);
        let account = RawAccount { id, role, external_id: None, session_name: None, profile: None };
        (it.name.to_string(), account.into())
    };
    let organization = members.map(|(account, role)| RawOrganization {
        account: account.to_string().into(),
        include: Some(WordOr::Word(All::All).into()),
        exclude: Vec::new(),
        role: Some(role.to_string().into()),
        service_access: None,
        delegated_administrator: None,
    });
    RawSpec {
        version: VERSION.into(),
        name: placeholder(),
        previous_name: None,
        tags: None,
        accounts: RawAccounts(accounts.iter().map(account).collect()),
        organization: organization.map(Into::into),
        bucket: RawBucket {
            name: placeholder(),
            account: accounts.first().map(|it| it.name.to_string()).unwrap_or_default().into(),
            region: region.to_string().into(),
            ..RawBucket::default()
        },
        key: OrUnmanaged::Value(RawKey { alias: Some(placeholder()), ..RawKey::default() }).into(),
        readers: None,
        trails: vec![
            RawTrail {
                name: placeholder(),
                accounts: Some(WordOr::Word(RawAccountsWord::All).into()),
                ..RawTrail::default()
            }
            .into(),
        ]
        .into(),
        lock: None,
        deletion: RawDeletion::default(),
        recognize: vec![region.to_string().into()],
        reviewed: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "the arguments";

    fn given(name: &str, id: &str, role: Option<&str>) -> GivenAccount {
        GivenAccount { name: name.parse().unwrap(), id: id.parse().unwrap(), role: role.map(str::to_owned) }
    }

    #[test]
    fn a_spec_of_accounts_is_the_one_that_its_yaml_describes() {
        let accounts =
            [given("hub", "111111111111", None), given("member", "222222222222", Some("path/Ops"))];
        let (hub, role) = ("hub".parse().unwrap(), "Ops".parse().unwrap());
        let region: Region = "eu-south-2".parse().unwrap();
        for members in [None, Some((&hub, &role))] {
            let organization = members.map(|_| "organization: { account: hub, include: all, role: Ops }\n");
            let text = format!(
                "version: 1\nname: import\naccounts:\n  hub: {{ id: \"111111111111\" }}\n  \
                 member: {{ id: \"222222222222\", role: path/Ops }}\n{}bucket: {{ name: import, account: hub, \
                 region: eu-south-2 }}\nkey: {{ alias: import }}\ntrails: [{{ name: import, accounts: all }}]\n",
                organization.unwrap_or_default()
            );
            let parsed = crate::parse(SOURCE, text.as_bytes()).unwrap();
            let built = Spec::from_accounts(SOURCE, &accounts, members, &region).unwrap();
            assert_eq!(built.desired(), parsed.desired());
        }
    }

    #[test]
    fn invalid_accounts_are_problems_without_a_place() {
        let region: Region = "eu-west-1".parse().unwrap();
        let hub = given("hub", "111111111111", None);
        let unknown = ("other".parse().unwrap(), "Ops".parse().unwrap());
        for (accounts, members, expected) in [
            (vec![hub.clone(), hub.clone()], None, "account `hub` is named twice"),
            (
                vec![hub.clone(), given("same", "111111111111", Some("Ops"))],
                None,
                "account 111111111111 is declared twice, as `hub` and as `same`",
            ),
            (vec![given("hub", "111111111111", Some("a role"))], None, "`a role` is not"),
            (vec![hub], Some((&unknown.0, &unknown.1)), "`other`"),
        ] {
            let problems = Spec::from_accounts(SOURCE, &accounts, members, &region).unwrap_err();
            let text = problems.to_string();
            assert!(text.contains(expected), "{text}");
            assert!(text.contains(" --> the arguments\n"), "{text}");
        }
    }
}
