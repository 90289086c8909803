//! Tests the treatment of accounts, trails and destinations that leave the spec.

use std::fmt::Write;

use reconcile_operations::Operation;
use reconcile_plan::observed::{Hidden, LiveOrganization, Observed, UnreadableReason, What};
use reconcile_plan::view::{AtRest, OtherTrail};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::{Member, Roster};

use super::made::{compared, described, made, moved, no_destinations, planned, spec, unread, with_policies};

struct Case {
    name: &'static str,
    from: fn() -> String,
    to: fn() -> String,
    edit: fn(&mut Observed),
}

/// A spec with a third account.
fn third() -> String {
    every_destination().with("accounts.third", "{ id: \"333333333333\", role: Ops }")
}

/// A spec without destinations, whose trails are kept.
fn kept() -> String {
    no_destinations().with("deletion", "{ trails: false }")
}

fn unseen(live: &mut Observed, why: &UnreadableReason) {
    live.departed.unseen.values_mut().for_each(|it| it.clone_from(why));
}

/// An organization that has the third account.
fn organization(live: &mut Observed) {
    let member = |id: &str, name: &str| Member {
        id: id.parse().unwrap(),
        name: name.to_owned(),
        units: Vec::new(),
        tags: [].into(),
    };
    let members = vec![member("111111111111", "Master"), member("333333333333", "Third")];
    live.organization = Some(LiveOrganization {
        roster: Roster::new("o-1".to_owned(), "111111111111".parse().unwrap(), Vec::new(), members),
        inactive: Vec::new(),
        service_access: true,
        delegated_administrators: Vec::new(),
    });
}

fn outcome(case: &Case) -> String {
    let (from, to) = (spec(&(case.from)()), spec(&(case.to)()));
    let usual = compared(&to, &made(&to)).plan.warnings;
    let mut observed = moved(&from, &to);
    (case.edit)(&mut observed);
    let comparison = compared(&to, &observed);
    let mut text = format!("{}\n{}", case.name, planned(&comparison.plan, &usual));
    let findings = described(&comparison);
    for finding in findings.lines().filter(|line| line.contains("drift, ") && !line.contains("exposure")) {
        writeln!(text, "{finding}").unwrap();
    }
    text + "\n"
}

const ACCOUNTS: &[Case] = &[
    Case { name: "the account is not declared", from: third, to: every_destination, edit: |_| {} },
    Case {
        name: "the account is not in the organization",
        from: third,
        to: every_destination,
        edit: |live| unseen(live, &UnreadableReason::NotInOrganization),
    },
    Case {
        name: "the account is suspended, and has a name in the organization",
        from: third,
        to: every_destination,
        edit: |live| {
            organization(live);
            unseen(live, &UnreadableReason::Inactive(Some("SUSPENDED".to_owned())));
        },
    },
    Case {
        name: "the account has no known state",
        from: third,
        to: || every_destination().with("bucket.policy", "{ unlisted_accounts: keep }"),
        edit: |live| unseen(live, &UnreadableReason::Inactive(None)),
    },
    Case {
        name: "no role leads into the account, and permissions are removed",
        from: third,
        to: || with_policies(&every_destination(), "{ unlisted_accounts: remove }"),
        edit: |live| unseen(live, &UnreadableReason::NoRole),
    },
    Case {
        name: "the account cannot be read, and statements are kept",
        from: third,
        to: || every_destination().with("deletion", "{ statements: false }"),
        edit: |live| unseen(live, &UnreadableReason::Unreadable(unread(Operation::DescribeTrails))),
    },
    Case {
        name: "the trail of the account is deleted",
        from: third,
        to: every_destination,
        edit: |live| live.departed.unseen.clear(),
    },
    Case {
        name: "the trail of the account is deleted, and another account cannot be read",
        from: third,
        to: every_destination,
        edit: |live| {
            live.departed.unseen.clear();
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
        },
    },
    Case {
        name: "the policies name the accounts once, and the account is not declared",
        from: || with_policies(&third(), "{ form: by_account }"),
        to: || with_policies(&every_destination(), "{ form: by_account }"),
        edit: |_| {},
    },
];

#[test]
fn an_account_that_leaves_the_spec_keeps_its_permission_until_its_trail_is_known() {
    let text: String = ACCOUNTS.iter().map(outcome).collect();
    insta::assert_snapshot!(text);
}

const TRAILS: &[Case] = &[
    Case { name: "destinations are kept", from: every_destination, to: kept, edit: |_| {} },
    Case {
        name: "destinations that others use",
        from: every_destination,
        to: no_destinations,
        edit: |live| {
            for leftover in live.leftovers.values_mut() {
                leftover.additions = vec!["subscription filter `forward`".to_owned()];
            }
        },
    },
    Case {
        name: "a topic, while an account cannot be read",
        from: every_destination,
        to: no_destinations,
        edit: |live| {
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
            live.trails.retain(|arn, _| arn.account() != "222222222222");
        },
    },
    Case {
        name: "a managed trail that is not in the spec",
        from: every_destination,
        to: every_destination,
        edit: |live| stray(live, false),
    },
    Case {
        name: "a managed trail that is not in the spec, kept",
        from: every_destination,
        to: || every_destination().with("deletion", "{ trails: false }"),
        edit: |live| stray(live, false),
    },
    Case {
        name: "a managed trail of the organization, while an account cannot be read",
        from: every_destination,
        to: every_destination,
        edit: |live| {
            stray(live, true);
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
            live.trails.retain(|arn, _| arn.account() != "222222222222");
        },
    },
    Case {
        name: "a managed trail whose topic cannot be read",
        from: every_destination,
        to: no_destinations,
        edit: |live| {
            stray(live, false);
            let error = unread(Operation::GetTopicAttributes);
            let hidden = Hidden { account: "master".parse().unwrap(), error };
            live.leftovers.retain(|arn, _| arn.service() != "sns");
            live.hidden.insert("arn:aws:sns:eu-west-1:111111111111:log-files".parse().unwrap(), hidden);
        },
    },
    Case {
        name: "a trail that recorded the organization",
        from: every_destination,
        to: every_destination,
        edit: |live| live.trails.values_mut().flatten().for_each(|it| it.organization = true),
    },
    Case {
        name: "a trail that recorded the organization, while an account cannot be read",
        from: every_destination,
        to: every_destination,
        edit: |live| {
            live.trails.values_mut().flatten().for_each(|it| it.organization = true);
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
            live.trails.retain(|arn, _| arn.account() != "222222222222");
        },
    },
    Case {
        name: "more trails than an account can have",
        from: every_destination,
        to: every_destination,
        edit: |live| {
            for trail in live.trails.values_mut() {
                *trail = None;
            }
            let mut other = |name: &str, home: &str, multi_region: bool| {
                let arn = format!("arn:aws:cloudtrail:{home}:222222222222:trail/{name}");
                let trail = OtherTrail {
                    arn: arn.parse().unwrap(),
                    bucket: "elsewhere".to_owned(),
                    prefix: None,
                    kms_key: None,
                    topic: None,
                    log_file_validation: true,
                    home_region: home.to_owned(),
                    multi_region,
                    organization: false,
                };
                live.others.entry("member".parse().unwrap()).or_default().push(trail);
            };
            other("A", "eu-west-1", false);
            other("B", "us-east-1", true);
            other("C", "eu-west-1", true);
            other("D", "eu-west-1", false);
            other("E", "eu-west-1", false);
            other("F", "us-east-1", false);
        },
    },
    Case {
        name: "an encrypted log group, of which the key is still in use",
        from: || every_destination().with("trails.0.cloudwatch_logs.encryption", "key"),
        to: no_destinations,
        edit: |live| {
            for leftover in live.leftovers.values_mut() {
                if let What::LogGroup(group) = &mut leftover.what {
                    group.encryption = Some(AtRest::Off);
                }
            }
        },
    },
];

#[test]
fn trails_and_destinations_that_leave_the_spec_are_deleted_unless_others_need_them() {
    let text: String = TRAILS.iter().map(outcome).collect();
    insta::assert_snapshot!(text);
}

/// Adds a managed trail that the spec does not have.
fn stray(live: &mut Observed, organization: bool) {
    let mut trail = live.trails.values().flatten().next_back().unwrap().clone();
    trail.arn = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Old".parse().unwrap();
    trail.organization = organization;
    let account = "member".parse().unwrap();
    live.strays.insert(trail.arn.clone(), reconcile_plan::observed::Stray { account, trail });
}

/// The trail lost its tag, so that it is foreign. The managed statements still allow it to deliver.
#[test]
fn a_trail_without_the_tag_that_leaves_the_spec_is_reported_by_drift() {
    let text = every_destination();
    let before = text.with("trails.1", "{ name: Other, accounts: [member] }");
    let (from, to) = (spec(&before), spec(&text));
    let mut observed = moved(&from, &to);
    let strays = std::mem::take(&mut observed.strays);
    let other = strays.into_values().map(|stray| OtherTrail::of(&stray.trail));
    observed.others.entry("member".parse().unwrap()).or_default().extend(other);
    let comparison = compared(&to, &observed);
    let [outsider] = comparison.outsiders.as_slice() else { panic!("{:?}", comparison.outsiders) };
    assert_eq!((outsider.address.to_string().as_str(), outsider.can_deliver), ("trail/member/Other", true));
    let expected = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Other delivers to this bucket, and is not in the spec";
    assert_eq!(outsider.message, expected);
    assert_eq!(comparison.plan.changes, [], "its permission is kept");
}
