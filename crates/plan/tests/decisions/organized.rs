//! Tests the decisions about an organization.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use reconcile_plan::observed::{Inactive, LiveOrganization, Observed, UnreadableReason};
use reconcile_plan::plan::{ActionKind, Phase};
use reconcile_plan::{Kind, destroy};
use reconcile_samples::EditSpec;
use reconcile_spec::{Member, Roster, Spec};
use serde_json::json;

use super::made::{
    compared, described, made_in, moved_from, nothing, planned, spec, to_bucket, with_policies,
};

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
fn existing_permissions_of_the_organization_are_not_changed() {
    let text = outcome(|live| {
        live.service_access = true;
        live.delegated_administrators.push("222222222222".parse().unwrap());
        live.inactive.clear();
    });
    assert!(!text.contains("service_access/") && !text.contains("delegated_administrator/"), "{text}");
    assert!(!text.contains("444444444444"), "{text}");
}

/// A live organization, and a spec in it.
fn in_organization(text: &str, live: &LiveOrganization) -> Spec {
    spec(text).in_organization(&live.roster).unwrap()
}

fn allowed(live: &mut LiveOrganization) {
    live.service_access = true;
    live.delegated_administrators.push("222222222222".parse().unwrap());
    live.inactive.clear();
}

#[test]
fn a_fourth_administrator_is_reported() {
    let text = outcome(|live| {
        allowed(live);
        live.delegated_administrators =
            ["555555555555", "666666666666", "777777777777"].map(|id| id.parse().unwrap()).into();
    });
    let warning = "Warning administrator-quota: delegated_administrator/master/member: 3 accounts are or become delegated \
        administrators for CloudTrail, and an organization can have 3: deregister one of them, or AWS rejects this one";
    assert!(text.contains(warning), "{text}");
    let text = outcome(|live| {
        allowed(live);
        live.delegated_administrators = ["555555555555", "666666666666"].map(|id| id.parse().unwrap()).into();
    });
    assert!(!text.contains("administrator-quota"), "{text}");
    assert!(text.contains("Create in Expand, Safe: delegated_administrator/master/member"), "{text}");
}

#[test]
fn an_inactive_account_is_reported_unless_the_spec_excludes_it() {
    let told = |text: &str, state: Option<&str>| {
        let mut live =
            organization(["111111111111", "222222222222", "333333333333"].map(|id| member(id, true)).into());
        live.inactive[0].state = state.map(str::to_owned);
        let spec = in_organization(text, &live);
        let observed = Observed { organization: Some(live), ..nothing(&spec) };
        let warnings = compared(&spec, &observed).plan.warnings;
        let mut found = warnings.into_iter().filter(|it| it.code.as_str() == "suspended-account");
        found.next().map(|it| it.message)
    };
    let names = "these accounts of the organization get no trails, because they are not active: `Account 444444444444` \
        (444444444444, ";
    assert_eq!(told(SPEC, Some("SUSPENDED")).as_deref(), Some(format!("{names}SUSPENDED)").as_str()));
    assert_eq!(told(SPEC, None).as_deref(), Some(format!("{names}no state)").as_str()));
    let excluded = SPEC.with("organization.exclude", "[\"444444444444\"]");
    assert_eq!(told(&excluded, None), None);
    let without_members = SPEC.without("organization.include");
    assert_eq!(told(&without_members, None), None);
}

#[test]
fn a_selection_without_other_accounts_is_reported() {
    let text = SPEC.with("organization.include", "all");
    let told = |members: &[&str]| {
        let live = organization(members.iter().map(|id| member(id, false)).collect());
        let spec = in_organization(&text, &live);
        let observed = Observed { organization: Some(live), ..nothing(&spec) };
        let warnings = compared(&spec, &observed).plan.warnings.into_iter();
        warnings.filter(|it| it.code.as_str() == "nobody-joins").map(|it| it.message).collect::<Vec<_>>()
    };
    let message = "`organization.include` adds no account: the organization has only its management account";
    assert_eq!(told(&["111111111111"]), [message]);
    assert_eq!(told(&["111111111111", "222222222222"]), [""; 0]);
}

#[test]
fn policies_name_the_organization_and_accounts_that_leave_it_keep_their_permission() {
    let plain = SPEC
        .with("organization", "{ include: null, role: null, delegated_administrator: null }")
        .with("trails", "[{ name: Trail, accounts: all }]");
    let by_organization = with_policies(&plain, "{ form: by_organization }");
    let removed = with_policies(&plain, "{ unlisted_accounts: remove }");
    let live = || {
        let mut live = organization(["111111111111", "222222222222"].map(|id| member(id, false)).into());
        live.inactive.clear();
        live
    };
    let unseen = |observed: &mut Observed| {
        let arn = "arn:aws:cloudtrail:eu-west-1:333333333333:trail/Trail".parse().unwrap();
        observed.departed.unseen.insert(arn, UnreadableReason::Inactive(Some("SUSPENDED".to_owned())));
    };
    let mut text = String::new();
    for (name, from, to, edit) in [
        (
            "plain to the organization",
            plain.as_str(),
            by_organization.as_str(),
            (|_| {}) as fn(&mut Observed),
        ),
        ("from the organization to plain", &by_organization, &plain, |_| {}),
        ("an account that cannot be read", &by_organization, &plain, unseen),
        ("an account that cannot be read, removed", &by_organization, &removed, unseen),
        ("an unknown organization", &by_organization, &plain, |observed| observed.organization = None),
        ("an unknown organization, removed", &by_organization, &removed, |observed| {
            observed.organization = None;
        }),
    ] {
        let (from, to) = (in_organization(from, &live()), in_organization(to, &live()));
        let mut observed = moved_from(&from, made_in(&from, live()), &to);
        let usual = compared(&to, &made_in(&to, live())).plan.warnings;
        edit(&mut observed);
        writeln!(text, "{name}\n{}", planned(&compared(&to, &observed).plan, &usual)).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A trail of the organization takes the place of the trails of all accounts.
#[test]
fn a_trail_of_the_organization_replaces_the_trails_of_its_accounts() {
    let accounts = SPEC.with("trails", "[{ name: Trail, accounts: all }]");
    let live = || {
        let mut live = organization(
            ["111111111111", "222222222222", "333333333333"]
                .map(|id| member(id, id == "333333333333"))
                .into(),
        );
        allowed(&mut live);
        live
    };
    let mut text = String::new();
    for (name, from, to) in
        [("to one trail", accounts.as_str(), SPEC), ("to a trail of each account", SPEC, &accounts)]
    {
        let (from, to) = (in_organization(from, &live()), in_organization(to, &live()));
        let observed = moved_from(&from, made_in(&from, live()), &to);
        let usual = compared(&to, &made_in(&to, live())).plan.warnings;
        writeln!(text, "{name}\n{}", planned(&compared(&to, &observed).plan, &usual)).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A trail is deleted, or records less, only after every trail that takes its place records.
#[test]
fn the_previous_trails_are_deleted_only_after_the_new_ones_record() {
    // The trails before and after, the created trails, and the trails that wait, each with the
    // trails for which it waits.
    type Waiting<'t> = &'t [(&'t str, &'t [&'t str])];
    type Case<'t> = (&'t str, &'t str, &'t [&'t str], Waiting<'t>);

    let of_organization = "{ name: Org, organization_trail: true }";
    let live = || {
        let mut live = organization(["111111111111", "222222222222"].map(|id| member(id, false)).into());
        allowed(&mut live);
        live
    };
    let with = |trail: &str| {
        let text = SPEC.without("organization.include").without("trails");
        in_organization(&text.with("trails", &format!("[{trail}]")), &live())
    };
    let created = ["trail/master/Trail", "trail/member/Trail"];
    let cases: [Case<'_>; 3] = [
        (
            "{ name: Trail, accounts: all }",
            of_organization,
            &["trail/master/Org"],
            &[(created[0], &["trail/master/Org"]), (created[1], &["trail/master/Org"])],
        ),
        (of_organization, "{ name: Trail, accounts: all }", &created, &[("trail/master/Org", &created)]),
        // The trail keeps its name, and then records only its own account.
        (
            "{ name: Trail, organization_trail: true }",
            "{ name: Trail, accounts: all }",
            &["trail/member/Trail"],
            &[("trail/master/Trail", &["trail/member/Trail"])],
        ),
    ];
    for (from, to, expected, waiting) in cases {
        let (from, to) = (with(from), with(to));
        let plan = compared(&to, &moved_from(&from, made_in(&from, live()), &to)).plan;
        let trails = plan.changes.iter().filter(|it| it.address.kind == Kind::Trail);
        let (new, old): (Vec<_>, Vec<_>) = trails.partition(|it| it.action() == ActionKind::Create);
        let addresses: Vec<String> = new.iter().map(|it| it.address.to_string()).collect();
        assert_eq!(addresses, expected);
        assert_eq!(old.len(), waiting.len(), "{old:#?}");
        for (change, (address, waits_for)) in old.iter().zip(waiting) {
            assert_eq!((change.address.to_string().as_str(), change.phase), (*address, Phase::Contract));
            let before: Vec<String> = change.depends_on.iter().map(ToString::to_string).collect();
            for awaited in *waits_for {
                assert!(before.iter().any(|it| it == awaited), "{address} does not wait for {awaited}");
            }
        }
    }
}

#[test]
fn changes_of_the_organization_by_others_are_reported_and_reverted() {
    let live = || {
        let mut live = organization(["111111111111", "222222222222"].map(|id| member(id, true)).into());
        allowed(&mut live);
        live
    };
    let spec = in_organization(SPEC, &live());
    let mut text = String::new();
    for (name, edit) in [
        ("nothing", (|_| {}) as fn(&mut Observed)),
        ("trusted access ends", |observed| observed.organization.as_mut().unwrap().service_access = false),
        ("the administrator is deregistered", |observed| {
            observed.organization.as_mut().unwrap().delegated_administrators.clear();
        }),
        ("the trail records only its own account", |observed| {
            observed.trails.values_mut().flatten().for_each(|trail| trail.organization = false);
        }),
        ("the permission to write for the members is removed", |observed| {
            let policy = observed.bucket_policy.as_ref().unwrap();
            observed.bucket_policy = Some(policy.retain(|it| it.sid() != Some("TestOrganizationWrite")));
        }),
        ("the statement for the members gets another Sid", |observed| {
            let policy = serde_json::to_string(&observed.bucket_policy).unwrap();
            let renamed = policy.replace("TestOrganizationWrite", "Theirs");
            observed.bucket_policy = serde_json::from_str(&renamed).unwrap();
        }),
    ] {
        let mut observed = made_in(&spec, live());
        edit(&mut observed);
        writeln!(text, "{name}").unwrap();
        let all = described(&compared(&spec, &observed));
        for line in all.lines().filter(|line| !line.starts_with("  Warning ")) {
            writeln!(text, "{line}").unwrap();
        }
    }
    let destroyed = destroy(&spec, &made_in(&spec, live()), Timestamp::UNIX_EPOCH).plan;
    writeln!(text, "the installation is destroyed").unwrap();
    for change in &destroyed.changes {
        writeln!(text, "  {:?}: {}", change.action(), change.address).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// The log files of a member are below the folder of the organization as well as below its own.
#[test]
fn a_reader_of_its_own_log_files_reads_them_below_the_organization() {
    let live = organization(["111111111111", "222222222222"].map(|id| member(id, true)).into());
    let text = SPEC.with("readers", "[{ account: member, logs: own }]");
    let spec = in_organization(&text, &live);
    let observed = made_in(&spec, live);
    let policy = serde_json::to_value(observed.bucket_policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let read: Vec<_> =
        statements.filter(|it| it["Action"][0] == "s3:GetObject").map(|it| &it["Resource"]).collect();
    let folders = ["AWSLogs/222222222222/*", "AWSLogs/o-1/222222222222/*"];
    let folders = folders.map(|folder| format!("arn:aws:s3:::test-logs/{folder}"));
    assert_eq!(read, [&json!([folders[0], folders[1], "arn:aws:s3:::test-logs"])]);
}

/// The condition keys of an organization are known for its members, and for nobody else.
#[test]
fn statements_about_the_organization_are_decided_for_its_members() {
    let live = || {
        let mut live = organization(
            ["111111111111", "222222222222", "333333333333"]
                .map(|id| member(id, id == "333333333333"))
                .into(),
        );
        allowed(&mut live);
        live
    };
    let spec = in_organization(SPEC, &live());
    let mut text = String::new();
    for (name, condition) in [
        ("of this organization", json!({ "StringNotEquals": { "aws:SourceOrgID": "o-1" } })),
        ("of another organization", json!({ "StringNotEquals": { "aws:SourceOrgID": "o-2" } })),
        ("of a unit", json!({ "StringNotLike": { "aws:SourceOrgPaths": "o-1/r-1/*" } })),
        ("of a known unit", json!({ "StringNotLike": { "aws:SourceOrgPaths": "o-1/r-1/*" } })),
        ("of another known unit", json!({ "StringNotLike": { "aws:SourceOrgPaths": "o-1/r-2/*" } })),
    ] {
        let mut organization = live();
        if name.contains("known") {
            let units = |member: &Member| Member { units: vec!["r-1".to_owned()], ..member.clone() };
            let Roster { id, management, units: all, .. } = organization.roster.clone();
            let members = organization.roster.members().iter().map(units).collect();
            organization.roster = Roster::new(id, management, all, members);
        }
        let mut observed = made_in(&spec, organization);
        let deny = json!({ "Sid": "Deny", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::test-logs/*", "Condition": condition });
        to_bucket(&mut observed, deny);
        writeln!(text, "{name}\n{}", described(&compared(&spec, &observed))).unwrap();
    }
    insta::assert_snapshot!(text);
}
