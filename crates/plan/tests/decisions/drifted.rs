//! Tests the plan and the findings of drift after somebody changed live state.

use std::fmt::Write;

use reconcile_plan::observed::{KeyState, Leftover, LiveTopic, Observed, What};
use reconcile_plan::view::{
    AtRest, Bucket, CloudWatchLogs, Encryption, LogGroup, Notification, OpenEnum, PublicAccessBlock, Role,
    Rotation, Tags, Trail,
};
use reconcile_policy::{Arn, Document};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::ObjectOwnership;

use super::made::{apply, compared, described, hub, made, spec};

/// A change of live state by somebody else.
struct Case {
    does: &'static str,
    edit: fn(&mut Observed),
}

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Trail";
const GROUP: &str = "arn:aws:logs:eu-west-1:222222222222:log-group:/trails";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:log-files";

fn trail(observed: &mut Observed) -> &mut Trail {
    observed.trails.get_mut(&TRAIL.parse().unwrap()).unwrap().as_mut().unwrap()
}

fn group(observed: &mut Observed) -> &mut LogGroup {
    observed.log_groups.get_mut(&GROUP.parse().unwrap()).unwrap().as_mut().unwrap()
}

fn topic(observed: &mut Observed) -> &mut LiveTopic {
    observed.topics.get_mut(&TOPIC.parse().unwrap()).unwrap().as_mut().unwrap()
}

fn role(observed: &mut Observed) -> &mut Role {
    observed.roles.values_mut().flatten().next().unwrap()
}

fn bucket(observed: &mut Observed) -> &mut Bucket {
    observed.bucket.as_mut().unwrap()
}

/// Returns the policy without the statements with this Sid.
fn without(policy: &Document, sid: &str) -> Document {
    policy.retain(|statement| statement.sid() != Some(sid))
}

const CASES: &[Case] = &[
    Case { does: "stops a trail", edit: |live| trail(live).logging = false },
    Case {
        does: "deletes a trail",
        edit: |live| {
            live.trails.insert(TRAIL.parse().unwrap(), None);
        },
    },
    Case { does: "turns validation off", edit: |live| trail(live).log_file_validation = false },
    Case { does: "limits a trail to one Region", edit: |live| trail(live).multi_region = false },
    Case { does: "sends log files elsewhere", edit: |live| "elsewhere".clone_into(&mut trail(live).bucket) },
    Case { does: "takes the key from a trail", edit: |live| trail(live).kms_key = None },
    Case { does: "removes a tag of a trail", edit: |live| trail(live).tags = Tags::default() },
    Case {
        does: "ends the delivery to a log group",
        edit: |live| trail(live).cloudwatch_logs = Some(CloudWatchLogs::Off),
    },
    Case { does: "ends the notification", edit: |live| trail(live).notification = Some(Notification::Off) },
    Case { does: "shortens the retention of a log group", edit: |live| group(live).retention_days = Some(1) },
    Case {
        does: "deletes a log group",
        edit: |live| {
            live.log_groups.insert(GROUP.parse().unwrap(), None);
        },
    },
    Case { does: "takes the permissions of a role", edit: |live| role(live).permissions = None },
    Case {
        does: "takes the encryption of a topic",
        edit: |live| topic(live).view.encryption = Some(AtRest::Off),
    },
    Case {
        does: "empties the policy of a topic",
        edit: |live| topic(live).policy = Document::new(Vec::new()),
    },
    Case { does: "deletes the bucket policy", edit: |live| live.bucket_policy = None },
    Case {
        does: "removes the permission to write",
        edit: |live| {
            live.bucket_policy = live.bucket_policy.as_ref().map(|it| without(it, "TestTrailWrite"));
        },
    },
    Case {
        does: "removes the Deny of requests without TLS",
        edit: |live| {
            live.bucket_policy =
                live.bucket_policy.as_ref().map(|it| without(it, "TestDenyInsecureTransport"));
        },
    },
    Case {
        does: "removes the permission to encrypt",
        edit: |live| {
            let policy = &mut hub(live).policy;
            *policy = without(policy, "TestTrailEncrypt");
        },
    },
    Case { does: "disables the key", edit: |live| hub(live).key.traits.state = KeyState::Disabled },
    Case { does: "turns rotation off", edit: |live| hub(live).key.view.rotation = Some(Rotation::Off) },
    Case { does: "deletes the alias", edit: |live| hub(live).key.is_aliased = false },
    Case { does: "revokes the grant", edit: |live| hub(live).grants.clear() },
    Case {
        does: "allows a grant more",
        edit: |live| hub(live).grants[0].operations.push("Encrypt".to_owned()),
    },
    Case { does: "suspends versioning", edit: |live| bucket(live).versioning = Some(false) },
    Case {
        does: "opens the bucket",
        edit: |live| bucket(live).public_access_block = Some(PublicAccessBlock::all(false)),
    },
    Case {
        does: "encrypts the bucket with another key",
        edit: |live| bucket(live).encryption = Some(Encryption::S3),
    },
    Case {
        does: "enables ACLs",
        edit: |live| bucket(live).object_ownership = Some(OpenEnum::Known(ObjectOwnership::ObjectWriter)),
    },
];

#[test]
fn every_change_by_others_is_reported_and_reverted() {
    let made = made(&spec(&every_destination()));
    let mut all = String::new();
    for case in CASES {
        let mut observed = made.clone();
        (case.edit)(&mut observed);
        let outcome = described(&compared(&spec(&every_destination()), &observed));
        assert!(!outcome.is_empty(), "nobody finds that somebody {}", case.does);
        write!(all, "somebody {}\n{outcome}\n", case.does).unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_plan_reverts_every_change_that_it_does_not_refuse() {
    let spec = spec(&every_destination());
    for case in CASES {
        let mut observed = made(&spec);
        (case.edit)(&mut observed);
        let plan = compared(&spec, &observed).plan;
        let is_refused = !plan.refused.is_empty();
        apply(spec.desired(), &mut observed, &plan);
        let rest = compared(&spec, &observed).plan;
        assert_eq!(rest.changes, [], "{}", case.does);
        assert_eq!(!rest.refused.is_empty(), is_refused, "{}", case.does);
    }
}

#[test]
fn a_destination_that_leaves_the_spec_is_recorded_before_it_is_deleted() {
    let before = made(&spec(&every_destination()));
    let without = every_destination().without("trails.0.cloudwatch_logs");
    let found = |account: &str, arn: &Arn, what: What| {
        let region = "eu-west-1".parse().unwrap();
        (arn.clone(), Leftover { account: account.parse().unwrap(), region, what, additions: Vec::new() })
    };
    let account = |arn: &Arn| if arn.account() == "111111111111" { "master" } else { "member" };
    let groups = before.log_groups.iter().map(|(arn, it)| (arn, What::LogGroup(it.clone().unwrap())));
    let roles = before.roles.iter().map(|(arn, it)| (arn, What::Role(it.clone().unwrap())));
    let leftovers = groups.chain(roles).map(|(arn, what)| found(account(arn), arn, what)).collect();
    let observed = Observed { leftovers, ..before.clone() };
    let changes = compared(&spec(&without), &observed).plan.changes;
    let told: Vec<String> =
        changes.iter().map(|it| format!("{} {}", it.address.kind, it.reasons.join("; "))).collect();
    let trail = "trail it delivers to CloudWatch Logs, which the spec does not ask for; tags record the earlier destinations, so \
        that an interrupted apply finds them again";
    let (role, group) = (
        "role no trail of the spec uses this role",
        "log_group no trail of the spec delivers to this log group",
    );
    assert_eq!(told, [trail, trail, role, role, group, group]);
}
