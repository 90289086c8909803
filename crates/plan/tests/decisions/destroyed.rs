//! Tests the resources that a destruction keeps, and the reasons for keeping them.

use std::fmt::Write;

use jiff::Timestamp;
use reconcile_operations::Operation;
use reconcile_plan::observed::{
    GroupTraits, KeyState, LogAccess, NameReceiver, Observed, OtherPolicy, Reach, ReceiverTarget, SpareKey,
    Subscription, Unread, UnreadableReason, UsedKey,
};
use reconcile_plan::plan::RefusalCode;
use reconcile_plan::view::{KeyRef, Notification, OtherTrail, Tags, Trail};
use reconcile_plan::{Kind, destroy};
use reconcile_policy::Document;
use reconcile_samples::{EditSpec, every_destination, members};
use reconcile_spec::Spec;
use serde_json::json;

use super::made::{apply, compared, denied, hub, made, planned, spec, to_bucket, to_key, unread};

const GROUP: &str = "arn:aws:logs:eu-west-1:222222222222:log-group:/trails";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:log-files";
const ROLE: &str = "arn:aws:iam::222222222222:role/reconcile-test-cloudtrail";

struct Case {
    name: &'static str,
    spec: fn() -> String,
    edit: fn(&mut Observed),
}

/// A spec that also allows the deletion of the bucket and the key.
fn everything() -> String {
    with_deletion("{ bucket: true, key: true }")
}

fn with_deletion(deletion: &str) -> String {
    every_destination().with("deletion", deletion)
}

fn another() -> Tags {
    Tags([("reconcile:spec".to_owned(), "another".to_owned())].into())
}

fn trail(live: &mut Observed) -> &mut Trail {
    live.trails.values_mut().flatten().next().unwrap()
}

/// A foreign trail that delivers to the bucket and encrypts with the key.
fn guest(live: &mut Observed) -> OtherTrail {
    let mut other = OtherTrail::of(trail(live));
    other.arn = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Other".parse().unwrap();
    other.topic = None;
    other
}

fn spare(live: &mut Observed, id: &str, state: KeyState) {
    let arn = format!("arn:aws:kms:eu-west-1:111111111111:key/{id}").parse().unwrap();
    let view = hub(live).key.view.clone();
    live.spare_keys.keys.insert(arn, SpareKey { state, aliases: Vec::new(), view });
}

/// Describes the changes by action and address only, and every warning.
fn outcome(case: &Case) -> String {
    let spec = spec(&(case.spec)());
    let mut observed = Observed { is_bucket_empty: true, ..made(&spec) };
    (case.edit)(&mut observed);
    let plan = destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan;
    assert!(plan.destroy);
    let mut text = format!("{}\n", case.name);
    for change in &plan.changes {
        let risk = change.risk;
        writeln!(
            text,
            "  {:?}, {risk:?}: {}: {}",
            change.action(),
            change.address,
            change.reasons.join("; ")
        )
        .unwrap();
    }
    let mut rest = plan;
    rest.changes.clear();
    text + &planned(&rest, &[])
}

const KEPT: &[Case] = &[
    Case { name: "everything", spec: everything, edit: |_| {} },
    Case { name: "the bucket and the key are kept by default", spec: every_destination, edit: |_| {} },
    Case { name: "trails are kept", spec: || with_deletion("{ trails: false }"), edit: |_| {} },
    Case {
        name: "trails are kept, but not their bucket and key",
        spec: || with_deletion("{ trails: false, bucket: true, key: true }"),
        edit: |_| {},
    },
    Case { name: "grants are kept", spec: || with_deletion("{ grants: false }"), edit: |_| {} },
    Case { name: "statements are kept", spec: || with_deletion("{ statements: false }"), edit: |_| {} },
    Case { name: "log files", spec: everything, edit: |live| live.is_bucket_empty = false },
    Case {
        name: "an absent bucket",
        spec: everything,
        edit: |live| {
            live.bucket = None;
            live.bucket_policy = None;
        },
    },
    Case {
        name: "a bucket and a trail without the tag",
        spec: everything,
        edit: |live| {
            live.bucket.as_mut().unwrap().tags = Tags::default();
            trail(live).tags = Tags::default();
        },
    },
    Case {
        name: "a bucket, a key and a trail of another installation",
        spec: everything,
        edit: |live| {
            live.bucket.as_mut().unwrap().tags = another();
            hub(live).key.view.tags = another();
            trail(live).tags = another();
        },
    },
    Case {
        name: "a foreign trail that delivers to the bucket",
        spec: everything,
        edit: |live| {
            let mut other = guest(live);
            other.kms_key = None;
            live.others.entry("member".parse().unwrap()).or_default().push(other);
        },
    },
    Case {
        name: "a foreign trail that encrypts with the key",
        spec: || with_deletion("{ key: true }"),
        edit: |live| {
            let mut other = guest(live);
            "elsewhere".clone_into(&mut other.bucket);
            live.others.entry("member".parse().unwrap()).or_default().push(other);
        },
    },
    Case {
        name: "a key that is deleted already",
        spec: everything,
        edit: |live| {
            hub(live).key.traits.state =
                KeyState::PendingDeletion { date: Some("2026-12-01T00:00:00Z".parse().unwrap()) };
        },
    },
    Case {
        name: "a key without the tag",
        spec: everything,
        edit: |live| hub(live).key.view.tags = Tags::default(),
    },
    Case { name: "a key without an alias", spec: everything, edit: |live| hub(live).key.is_aliased = false },
    Case {
        name: "other keys of the installation",
        spec: everything,
        edit: |live| {
            spare(live, "1", KeyState::Enabled);
            spare(live, "2", KeyState::PendingDeletion { date: None });
            spare(live, "3", KeyState::Enabled);
            let arn = "arn:aws:kms:eu-west-1:111111111111:key/3".parse().unwrap();
            let used = UsedKey::Other { arn, policy: Document::new(Vec::new()) };
            live.used_keys.insert("arn:aws:sns:eu-west-1:111111111111:foreign".parse().unwrap(), used);
            live.used_keys
                .insert("arn:aws:sns:eu-west-1:111111111111:other".parse().unwrap(), UsedKey::ManagedByAws);
        },
    },
    Case {
        name: "a key policy without managed administrators",
        spec: everything,
        edit: |live| {
            trail(live).tags = Tags::default();
            let policy = &mut hub(live).policy;
            *policy = policy.retain(|it| it.sid() != Some("TestAdministration"));
        },
    },
    Case {
        name: "a log group with filters and a policy of others",
        spec: everything,
        edit: |live| {
            let traits = GroupTraits { metric_filters: 2, ..GroupTraits::default() };
            live.group_traits.insert(GROUP.parse().unwrap(), traits);
            let access = live.log_access.entry(GROUP.parse().unwrap()).or_default();
            access.subscriptions = vec![Subscription {
                name: "forward".to_owned(),
                destination: "arn:aws:lambda:eu-west-1:222222222222:function:forward".to_owned(),
                pattern: String::new(),
                reach: Reach::Group,
            }];
            live.used_keys.insert(GROUP.parse().unwrap(), UsedKey::Own);
        },
    },
    Case {
        name: "a log group whose filters cannot be read",
        spec: everything,
        edit: |live| {
            let unread = vec![(Unread::GroupSubscriptions, unread(Operation::DescribeSubscriptionFilters))];
            live.log_access.insert(GROUP.parse().unwrap(), LogAccess { unread, ..LogAccess::default() });
        },
    },
    Case {
        name: "a role with a policy of others",
        spec: everything,
        edit: |live| {
            let policy = OtherPolicy { name: "extra".to_owned(), document: None };
            live.role_policies.insert(ROLE.parse().unwrap(), Ok(vec![policy]));
        },
    },
    Case {
        name: "a topic with subscribers",
        spec: everything,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.subscriptions = Ok(vec![NameReceiver {
                name: "queue".to_owned(),
                prefix: String::new(),
                target: ReceiverTarget::Resource("arn:aws:sqs:eu-west-1:111111111111:queue".to_owned()),
            }]);
            live.used_keys.insert(TOPIC.parse().unwrap(), UsedKey::Own);
        },
    },
    Case {
        name: "a topic whose subscribers cannot be read",
        spec: everything,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.subscriptions = Err(denied(Operation::ListSubscriptionsByTopic));
            topic.subscribers = None;
        },
    },
    Case {
        name: "a topic whose subscribers are counted but cannot be read",
        spec: everything,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.subscriptions = Err(denied(Operation::ListSubscriptionsByTopic));
            topic.subscribers = Some(2);
        },
    },
    Case {
        name: "a topic without the tag",
        spec: everything,
        edit: |live| live.topics.values_mut().flatten().for_each(|it| it.view.tags = Tags::default()),
    },
    Case {
        name: "an account that cannot be read",
        spec: everything,
        edit: |live| {
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
            live.trails.retain(|arn, _| arn.account() != "222222222222");
        },
    },
    Case {
        name: "an account that left and cannot be read",
        spec: everything,
        edit: |live| {
            let arn = "arn:aws:cloudtrail:eu-west-1:333333333333:trail/Trail".parse().unwrap();
            live.departed.unseen.insert(arn, UnreadableReason::NotInOrganization);
        },
    },
    Case {
        name: "an account that left, whose permissions are removed",
        spec: || everything().with("bucket.policy", "{ unlisted_accounts: remove }"),
        edit: |live| {
            let arn = "arn:aws:cloudtrail:eu-west-1:333333333333:trail/Trail".parse().unwrap();
            live.departed.unseen.insert(arn, UnreadableReason::NotInOrganization);
        },
    },
    Case {
        name: "a foreign trail that only managed statements allow to deliver",
        spec: every_destination,
        edit: |live| trail(live).tags = Tags::default(),
    },
    Case {
        name: "a foreign statement in the bucket policy",
        spec: everything,
        edit: |live| {
            let foreign = json!({ "Sid": "Athena", "Effect": "Allow",
                "Principal": { "AWS": "arn:aws:iam::111111111111:role/Athena" }, "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::test-logs/*" });
            to_bucket(live, foreign);
        },
    },
    Case {
        name: "a trail with another key and another topic",
        spec: everything,
        edit: |live| {
            trail(live).kms_key =
                Some(KeyRef::Known("arn:aws:kms:eu-west-1:111111111111:key/9".to_owned().into()));
            trail(live).notification = Some(Notification::Off);
        },
    },
];

#[test]
fn a_destruction_keeps_resources_that_others_need() {
    let text: String = KEPT.iter().map(|case| outcome(case) + "\n").collect();
    insta::assert_snapshot!(text);
}

#[test]
fn a_key_that_the_spec_does_not_manage_is_never_deleted() {
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/1a2b3c4d-0000-4000-8000-000000000000";
    let text = members(0)
        .with("key", &format!("{{ alias: null, arn: \"{arn}\" }}"))
        .with("deletion", "{ bucket: true, key: true }");
    let key = made(&spec(&every_destination())).key;
    let spec = spec(&text);
    let observed = Observed { is_bucket_empty: true, key, ..made(&spec) };
    let plan = destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan;
    let changed: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    assert!(!changed.iter().any(|it| it.starts_with("key/") || it.starts_with("alias/")), "{changed:?}");
    let kept: Vec<&str> = plan.warnings.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(kept, ["kept: this spec does not manage the key (`key.arn`)"]);
}

/// KMS rejects a policy without statements, even if the spec accepts that nobody could change the
/// policy.
#[test]
fn a_key_policy_without_statements_is_refused() {
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/1a2b3c4d-0000-4000-8000-000000000000";
    let with_proof = |proof: &str| {
        let key = format!("{{ alias: null, arn: \"{arn}\", policy: {{ proof: {proof} }} }}");
        spec(&members(0).with("key", &key))
    };
    let accepting = with_proof("warn");
    let mut observed = Observed { key: made(&spec(&every_destination())).key, ..made(&accepting) };
    hub(&mut observed).policy = Document::new(Vec::new());
    let plan = compared(&accepting, &observed).plan;
    apply(accepting.desired(), &mut observed, &plan);
    let refused = |spec: &Spec, observed: &Observed| {
        let plan = destroy(spec, observed, Timestamp::UNIX_EPOCH).plan;
        let is_written = plan.changes.iter().any(|it| it.address.kind == Kind::KeyPolicy);
        let refused: Vec<RefusalCode> = plan.refused.iter().map(|it| it.code.clone()).collect();
        (refused, is_written)
    };
    for proof in ["refuse", "warn"] {
        assert_eq!(
            refused(&with_proof(proof), &observed),
            (vec![RefusalCode::EmptyPolicy], false),
            "{proof}"
        );
    }
    let administrators = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:root" },
        "Action": "kms:*", "Resource": "*" });
    to_key(&mut observed, administrators);
    assert_eq!(refused(&accepting, &observed), (vec![], true));
}
