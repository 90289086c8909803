//! Tests the decisions about an organization.

use std::collections::BTreeMap;

use reconcile_plan::observed::{Inactive, LiveOrganization, Observed};
use reconcile_spec::{Member, Roster, Spec};

use super::made::{compared, described, nothing, spec};

const SPEC: &str = r#"
version: 1
name: test
accounts:
  master: { id: "111111111111" }
  member: { id: "222222222222", role: Ops }
organization:
  account: master
  include: { tags: { trail: "yes" } }
  role: Ops
  delegated_administrator: member
bucket: { name: test-logs, account: master, region: eu-west-1 }
key: { alias: test-key }
trails:
  - { name: Org, organization_trail: true }
"#;

pub fn member(id: &str, tagged: bool) -> Member {
    let tags =
        if tagged { BTreeMap::from([("trail".to_owned(), "yes".to_owned())]) } else { BTreeMap::new() };
    Member { id: id.parse().unwrap(), name: format!("Account {id}"), units: Vec::new(), tags }
}

pub fn organization(members: Vec<Member>) -> LiveOrganization {
    LiveOrganization {
        roster: Roster::new("o-1".to_owned(), "111111111111".parse().unwrap(), Vec::new(), members),
        inactive: vec![Inactive {
            member: member("444444444444", true),
            state: Some("SUSPENDED".to_owned()),
        }],
        service_access: false,
        delegated_administrators: Vec::new(),
    }
}

/// Describes the first plan of an organization.
fn outcome(edit: fn(&mut LiveOrganization)) -> String {
    let all = ["111111111111", "222222222222", "333333333333"].map(|id| member(id, id == "333333333333"));
    let mut organization = organization(all.into());
    edit(&mut organization);
    let spec: Spec = spec(SPEC).in_organization(&organization.roster).unwrap();
    let observed = Observed { organization: Some(organization), ..nothing(&spec) };
    described(&compared(&spec, &observed))
}

#[test]
fn trusted_access_and_the_delegated_administrator_come_first() {
    insta::assert_snapshot!(outcome(|_| {}));
}

#[test]
fn what_the_organization_already_has_is_not_changed() {
    let text = outcome(|live| {
        live.service_access = true;
        live.delegated_administrators.push("222222222222".parse().unwrap());
        live.inactive.clear();
    });
    assert!(!text.contains("service_access/") && !text.contains("delegated_administrator/"), "{text}");
    assert!(!text.contains("444444444444"), "{text}");
}
