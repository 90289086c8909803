//! Tests the controls of security frameworks: the verdicts on an installation, and the effect of
//! each change of live state on the verdicts.

use std::collections::BTreeSet;
use std::fmt::Write;

use reconcile_operations::Operation;
use reconcile_plan::compliance::{Assessed, CONTROLS, ControlStatus, Fix, Framework, assess};
use reconcile_plan::observed::{
    AclGrant, GroupTraits, KeyState, Notifications, Observed, StoredPolicy, TopicAttributes,
};
use reconcile_plan::view::{
    AccessLogs, Alarm, AtRest, CloudWatchLogs, Encryption, KeyRef, ObjectLock, OpenEnum, OtherTrail,
    PublicAccessBlock, Replication, Rotation, Trail,
};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::{LockMode, ObjectOwnership, Spec};
use serde_json::{Value, json};

use super::made::{self, Case, add, denied, hub, made, made_in, nothing, notified, spec, to_key, unread};
use super::organized::{member, organization};

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Trail";

/// The spec with every setting that a control requires and a spec can have.
fn hardened() -> String {
    let bucket = "{ access_logs: { bucket: access-logs }, object_lock: { mode: GOVERNANCE, days: 365 }, \
                    lifecycle: { noncurrent_expire_days: 365 }, eventbridge: true }";
    every_destination()
        .with("bucket", bucket)
        .with("trails.0.cloudwatch_logs", "{ retention_days: 365, encryption: key }")
}

/// Live state of a spec, including the settings that only controls need.
fn live(spec: &Spec) -> Observed {
    let mut live = made(spec);
    read_all(spec, &mut live);
    read_alarms(spec, &mut live);
    live
}

fn read_all(spec: &Spec, live: &mut Observed) {
    let groups: Vec<_> = live.log_groups.keys().cloned().collect();
    live.group_traits = groups.into_iter().map(|arn| (arn, GroupTraits::default())).collect();
    let bucket = &spec.desired().bucket;
    if let Some(conditions) = &mut live.bucket_conditions {
        conditions.has_lifecycle = Ok(bucket.lifecycle.enforced().is_some());
        if bucket.object_lock.enforced().is_some() {
            let (mode, days) = (OpenEnum::Known(LockMode::Governance), Some(365));
            conditions.object_lock = Ok(ObjectLock::On { mode, days, years: None });
        }
        conditions.notifications = Ok(Notifications {
            event_bridge: bucket.eventbridge.enforced() == Some(&true),
            receivers: Vec::new(),
        });
        if bucket.access_logs.enforced().is_some() {
            conditions.access_logs =
                Ok(AccessLogs::To { bucket: "access-logs".to_owned(), prefix: String::new() });
        }
    }
}

fn lines(assessed: &[Assessed]) -> Vec<String> {
    let line = |it: &Assessed| {
        let mut line = format!("{}: {}: {}", it.control.id, it.resource, it.verdict.status().words());
        if let Some(message) = it.verdict.message() {
            write!(line, ": {message}").unwrap();
        }
        match it.verdict.fix() {
            Some(Fix::Spec { key, value, unmanaged: None }) => write!(line, " -> {key}: {value}").unwrap(),
            Some(Fix::Spec { key, value, unmanaged: Some(other) }) => {
                write!(line, " -> {key}: {value}, without {other}: unmanaged").unwrap();
            }
            Some(Fix::Apply) => line += " -> apply",
            Some(Fix::Outside(advice)) => write!(line, " -> {advice}").unwrap(),
            None => {}
        }
        line
    };
    assessed.iter().map(line).collect()
}

/// The results of all controls. One control represents all controls of metric filters, which are
/// checked in the same way.
fn all(spec: &Spec, observed: &Observed) -> Vec<String> {
    let mut assessed = assess(spec.desired(), observed, &Framework::ALL);
    assessed.retain(|it| it.control.id == "CloudWatch.1" || !is_of_metric_filters(it.control.id));
    lines(&assessed)
}

/// Whether a control is of section 4 of the CIS benchmark.
fn is_of_metric_filters(id: &str) -> bool {
    let number = id.strip_prefix("CloudWatch.").and_then(|number| number.parse::<u32>().ok());
    id == "CIS 4.15" || number.is_some_and(|number| number <= 14)
}

#[test]
fn the_default_spec_is_judged_by_every_control() {
    let spec = spec(&every_destination());
    insta::assert_snapshot!(all(&spec, &live(&spec)).join("\n"));
}

/// The remaining failures concern settings that no spec can have.
#[test]
fn a_hardened_spec_fails_only_where_no_spec_helps() {
    let spec = spec(&hardened());
    let failed = all(&spec, &live(&spec)).into_iter().filter(|line| !line.contains(": passed"));
    insta::assert_snapshot!(failed.collect::<Vec<_>>().join("\n"));
    for (framework, expected) in
        [(Framework::Fsbp, &[][..]), (Framework::Pci40, &[]), (Framework::Nist80053, &["S3.7"])]
    {
        let assessed = assess(spec.desired(), &live(&spec), &[framework]);
        let failed = assessed.iter().filter(|it| it.verdict.status() == ControlStatus::Failed);
        assert_eq!(failed.map(|it| it.control.id).collect::<Vec<_>>(), expected, "{framework}");
    }
}

fn trail(live: &mut Observed) -> &mut Trail {
    live.trails.get_mut(&TRAIL.parse().unwrap()).unwrap().as_mut().unwrap()
}

fn trails(live: &mut Observed, edit: impl Fn(&mut Trail)) {
    live.trails.values_mut().flatten().for_each(edit);
}

fn conditions(live: &mut Observed) -> &mut reconcile_plan::observed::Conditions {
    live.bucket_conditions.as_mut().unwrap()
}

fn bucket(live: &mut Observed) -> &mut reconcile_plan::view::Bucket {
    live.bucket.as_mut().unwrap()
}

fn to_bucket(live: &mut Observed, principal: &Value, action: &str, condition: &Value) {
    let statement = json!({
        "Sid": "Foreign", "Effect": "Allow", "Principal": principal, "Action": action,
        "Resource": ["arn:aws:s3:::test-logs", "arn:aws:s3:::test-logs/*"], "Condition": condition,
    });
    made::to_bucket(live, statement);
}

fn open(live: &mut Observed) {
    bucket(live).public_access_block = Some(PublicAccessBlock::all(false));
}

fn with_alarms() -> String {
    every_destination()
        .with("trails.0.cloudwatch_logs", "{ retention_days: null, alarms: { topic: alarms } }")
}

fn alarms(live: &mut Observed, edit: impl Fn(&mut Alarm)) {
    live.all_alarms.values_mut().flatten().flat_map(|alarms| alarms.values_mut()).for_each(edit);
}

/// Lists the alarms of the spec, whose topics have a subscriber.
fn read_alarms(spec: &Spec, live: &mut Observed) {
    for monitors in live.monitors.values().flatten() {
        let site = (monitors.account.clone(), monitors.region.clone());
        live.all_alarms.insert(site, Ok(monitors.alarms.clone()));
    }
    for alarm in &spec.desired().alarms {
        let topic = TopicAttributes {
            policy: StoredPolicy::parse("topic", r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned())
                .unwrap(),
            encryption: AtRest::Off,
            subscribers: Some(1),
            pending: 0,
        };
        live.alarm_topics.insert((alarm.site.account.clone(), alarm.topic.clone()), Ok(Some(topic)));
    }
}

const CHANGES: &[Case] = &[
    Case { name: "a trail is stopped", spec: every_destination, edit: |live| trail(live).logging = false },
    Case {
        name: "a trail is deleted",
        spec: every_destination,
        edit: |live| {
            live.trails.insert(TRAIL.parse().unwrap(), None);
        },
    },
    Case {
        name: "a trail loses its Regions, digests, key and log group",
        spec: every_destination,
        edit: |live| {
            let trail = trail(live);
            (trail.multi_region, trail.log_file_validation, trail.kms_key) = (false, false, None);
            trail.cloudwatch_logs = Some(CloudWatchLogs::Off);
        },
    },
    Case {
        name: "the account of a trail cannot be read",
        spec: every_destination,
        edit: |live| {
            let is_of = |arn: &str| arn.contains("222222222222");
            live.trails.retain(|arn, _| !is_of(arn.as_str()));
            live.log_groups.retain(|arn, _| !is_of(arn.as_str()));
            live.others.remove(&"member".parse().unwrap());
            live.unreadable.insert("member".parse().unwrap(), unread(Operation::AssumeRole));
        },
    },
    Case {
        name: "the trails of another Region cannot be listed",
        spec: || every_destination().with("trails.0.management_events", "read"),
        edit: |live| {
            live.unsurveyed.insert("member".parse().unwrap(), unread(Operation::ListTrails));
        },
    },
    Case {
        name: "an account has another trail",
        spec: || every_destination().with("trails.0.management_events", "write"),
        edit: |live| {
            let arn = "arn:aws:cloudtrail:us-east-1:222222222222:trail/Foreign".parse().unwrap();
            let foreign = OtherTrail { arn, ..OtherTrail::of(trail(live)) };
            live.others.get_mut(&"member".parse().unwrap()).unwrap().push(foreign);
        },
    },
    Case {
        name: "trails use another key",
        spec: every_destination,
        edit: |live| {
            let other = "arn:aws:kms:eu-west-1:222222222222:key/other".parse().unwrap();
            trails(live, |trail| trail.kms_key = Some(KeyRef::known(&other)));
        },
    },
    Case {
        name: "the key is not rotated",
        spec: every_destination,
        edit: |live| hub(live).key.view.rotation = Some(Rotation::Off),
    },
    Case {
        name: "nobody rotates the key",
        spec: || every_destination().with("key.rotation_days", "unmanaged"),
        edit: |live| hub(live).key.view.rotation = Some(Rotation::Off),
    },
    Case {
        name: "the material of the key is imported",
        spec: every_destination,
        edit: |live| {
            let key = &mut hub(live).key;
            (key.traits.origin, key.view.rotation) = ("EXTERNAL".to_owned(), None);
        },
    },
    Case {
        name: "the key is a replica of a key that is not rotated",
        spec: every_destination,
        edit: |live| {
            let key = &mut hub(live).key;
            key.traits.primary = Some("arn:aws:kms:us-east-1:111111111111:key/mrk-1".parse().unwrap());
            key.view.rotation = Some(Rotation::Off);
        },
    },
    Case {
        name: "the key is pending deletion",
        spec: every_destination,
        edit: |live| {
            let key = &mut hub(live).key;
            let date = Some("2026-12-01T00:00:00Z".parse().unwrap());
            (key.traits.state, key.view.rotation) = (KeyState::PendingDeletion { date }, None);
        },
    },
    Case { name: "the key does not exist", spec: every_destination, edit: |live| live.key = None },
    Case {
        name: "everybody can decrypt",
        spec: every_destination,
        edit: |live| {
            let statement = json!({ "Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" });
            to_key(live, statement);
        },
    },
    Case { name: "the bucket does not exist", spec: every_destination, edit: |live| live.bucket = None },
    Case {
        name: "the settings of the bucket cannot be read",
        spec: every_destination,
        edit: |live| {
            open(live);
            let conditions = conditions(live);
            conditions.grants = Err(denied(Operation::GetBucketAcl));
            conditions.has_lifecycle = Err(denied(Operation::GetBucketLifecycleConfiguration));
            conditions.object_lock = Err(denied(Operation::GetObjectLockConfiguration));
            conditions.replications = Err(denied(Operation::GetBucketReplication));
            conditions.access_logs = Err(denied(Operation::GetBucketLogging));
            conditions.notifications = Err(denied(Operation::GetBucketNotificationConfiguration));
            bucket(live).object_ownership = Some(OpenEnum::Known(ObjectOwnership::ObjectWriter));
        },
    },
    Case {
        name: "everybody can read, but Block Public Access is on",
        spec: every_destination,
        edit: |live| to_bucket(live, &json!("*"), "s3:GetObject", &json!({})),
    },
    Case {
        name: "everybody can read",
        spec: every_destination,
        edit: |live| {
            open(live);
            to_bucket(live, &json!("*"), "s3:GetObject", &json!({}));
        },
    },
    Case {
        name: "everybody can write, under a condition",
        spec: || every_destination().with("bucket.block_public_access", "unmanaged"),
        edit: |live| {
            open(live);
            let condition = json!({ "StringEquals": { "example:Ticket": "1" } });
            to_bucket(live, &json!("*"), "s3:PutObject", &condition);
        },
    },
    Case {
        name: "everybody can write by the ACL",
        spec: || every_destination().with("bucket.object_ownership", "ObjectWriter"),
        edit: |live| {
            open(live);
            let grantee = "http://acs.amazonaws.com/groups/global/AllUsers".to_owned();
            conditions(live).grants = Ok(vec![AclGrant { grantee, permission: "WRITE".to_owned() }]);
        },
    },
    Case {
        name: "another account can change the bucket policy",
        spec: every_destination,
        edit: |live| {
            to_bucket(live, &json!({ "AWS": "arn:aws:iam::444455556666:root" }), "s3:PutBucket*", &json!({}));
        },
    },
    Case {
        name: "the bucket's own account can change the bucket policy",
        spec: every_destination,
        edit: |live| to_bucket(live, &json!({ "AWS": "111111111111" }), "s3:*", &json!({})),
    },
    Case {
        name: "requests without TLS are allowed",
        spec: || every_destination().with("bucket.require_tls", "false"),
        edit: |_| {},
    },
    Case {
        name: "the bucket policy is deleted",
        spec: every_destination,
        edit: |live| live.bucket_policy = None,
    },
    Case {
        name: "an unmanaged bucket policy is deleted",
        spec: || every_destination().with("bucket.policy", "unmanaged"),
        edit: |live| live.bucket_policy = None,
    },
    Case {
        name: "the bucket loses its versions and its KMS key, and gets lifecycle rules",
        spec: every_destination,
        edit: |live| {
            let bucket = bucket(live);
            (bucket.versioning, bucket.encryption) = (Some(false), Some(Encryption::S3));
            conditions(live).has_lifecycle = Ok(true);
        },
    },
    Case {
        name: "the bucket is encrypted twice",
        spec: every_destination,
        edit: |live| {
            bucket(live).encryption = Some(Encryption::Other { algorithm: "aws:kms:dsse".to_owned() });
        },
    },
    Case {
        name: "the bucket replicates, and notifies EventBridge",
        spec: every_destination,
        edit: |live| {
            conditions(live).replications = Ok(vec![Replication {
                id: "Copy".to_owned(),
                prefix: String::new(),
                is_of_tagged: false,
                bucket: "copies".to_owned(),
                account: None,
            }]);
            conditions(live).notifications = Ok(Notifications { event_bridge: true, ..notified(Vec::new()) });
        },
    },
    Case {
        name: "a log group has filters, and keeps its events",
        spec: every_destination,
        edit: |live| {
            live.group_traits.values_mut().for_each(|traits| traits.metric_filters = 3);
            live.log_groups.values_mut().flatten().for_each(|group| group.retention_days = None);
        },
    },
    Case { name: "the alarms of the spec", spec: with_alarms, edit: |_| {} },
    Case {
        name: "metric filters have more terms",
        spec: with_alarms,
        edit: |live| {
            for filter in live.monitors.values_mut().flatten().flat_map(|it| it.filters.values_mut()) {
                let terms = filter.pattern.trim_matches(['{', '}']);
                filter.pattern = format!("{{ ({terms}) && ($.recipientAccountId = 1) }}");
            }
        },
    },
    Case {
        name: "a metric filter leaves out events",
        spec: with_alarms,
        edit: |live| {
            for filter in live.monitors.values_mut().flatten().flat_map(|it| it.filters.values_mut()) {
                filter.criteria = Some("@aws.region = us-east-1".to_owned());
            }
        },
    },
    Case {
        name: "alarms without actions",
        spec: with_alarms,
        edit: |live| alarms(live, |alarm| alarm.actions.clear()),
    },
    Case {
        name: "alarms with disabled actions",
        spec: with_alarms,
        edit: |live| alarms(live, |alarm| alarm.actions_enabled = false),
    },
    Case {
        name: "alarms on other metrics",
        spec: with_alarms,
        edit: |live| alarms(live, |alarm| "other".clone_into(&mut alarm.metric)),
    },
    Case {
        name: "a topic without subscribers, one that does not exist, and one that cannot be read",
        spec: with_alarms,
        edit: |live| {
            let mut topics = live.alarm_topics.values_mut();
            *topics.next().unwrap() = Ok(None);
            *topics.next().unwrap() = Err(unread(Operation::ReadAlarmTopic));
        },
    },
    Case {
        name: "alarms and metric filters that cannot be read",
        spec: with_alarms,
        edit: |live| {
            let mut sites = live.all_alarms.values_mut();
            *sites.next().unwrap() = Err(unread(Operation::DescribeAlarms));
            let last = live.monitors.values_mut().next_back().unwrap();
            *last = Err(unread(Operation::DescribeMetricFilters));
        },
    },
    Case {
        name: "a log group is encrypted",
        spec: || {
            every_destination().with("trails.0.cloudwatch_logs", "{ retention_days: null, encryption: key }")
        },
        edit: |live| {
            let groups = live.log_groups.values_mut().flatten();
            groups.for_each(|group| group.encryption = Some(AtRest::Off));
        },
    },
    Case {
        name: "a topic is public, and not encrypted",
        spec: every_destination,
        edit: |live| {
            for topic in live.topics.values_mut().flatten() {
                topic.view.encryption = Some(AtRest::Off);
                let statement = json!({
                    "Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "sns:Subscribe",
                    "Resource": topic.view.arn.as_str(),
                });
                add(&mut topic.policy, statement);
            }
        },
    },
];

/// The results that a change adds and removes describe the change.
#[test]
fn every_change_of_live_state_changes_the_verdicts_that_depend_on_it() {
    let mut text = String::new();
    for case in CHANGES {
        let spec = spec(&(case.spec)());
        let before = all(&spec, &live(&spec));
        let mut observed = live(&spec);
        (case.edit)(&mut observed);
        let after = all(&spec, &observed);
        writeln!(text, "{}", case.name).unwrap();
        for line in before.iter().filter(|line| !after.contains(line)) {
            writeln!(text, "  - {line}").unwrap();
        }
        for line in after.iter().filter(|line| !before.contains(line)) {
            writeln!(text, "  + {line}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

/// The other alarms of the account, and the alarms of other accounts, still pass.
#[test]
fn an_alarm_that_is_disabled_fails_only_its_own_controls_in_its_account() {
    let spec = spec(&with_alarms());
    let failed = |observed: &Observed| -> Vec<String> {
        let assessed = assess(spec.desired(), observed, &Framework::ALL);
        let of_alarms = assessed.iter().filter(|it| {
            it.resource.starts_with("account/")
                && (is_of_metric_filters(it.control.id)
                    || ["CloudWatch.15", "CloudWatch.17"].contains(&it.control.id))
        });
        let failed = of_alarms.filter(|it| it.verdict.status() != ControlStatus::Passed);
        failed.map(|it| format!("{} of {}", it.control.id, it.resource)).collect()
    };
    let mut observed = live(&spec);
    assert_eq!(failed(&observed), [""; 0]);
    for ((account, _), alarms) in &mut observed.all_alarms {
        let alarm = alarms.as_mut().unwrap().get_mut("reconcile-test-root-user").unwrap();
        alarm.actions_enabled = account.as_str() != "member";
    }
    assert_eq!(failed(&observed), ["CloudWatch.1 of account/member", "CloudWatch.17 of account/member"]);
}

/// Every control needs a case in which it fails and a case in which it passes.
#[test]
fn every_control_is_passed_and_failed_in_a_test() {
    let mut seen: BTreeSet<(&str, ControlStatus)> = BTreeSet::new();
    let mut see = |spec: &Spec, observed: &Observed| {
        let assessed = assess(spec.desired(), observed, &Framework::ALL);
        seen.extend(assessed.iter().map(|it| (it.control.id, it.verdict.status())));
    };
    let hardened = spec(&hardened());
    see(&hardened, &live(&hardened));
    for case in CHANGES {
        let spec = spec(&(case.spec)());
        let mut observed = live(&spec);
        (case.edit)(&mut observed);
        see(&spec, &observed);
    }
    let lacks = |status: ControlStatus| -> Vec<&str> {
        CONTROLS.iter().map(|it| it.id).filter(|id| !seen.contains(&(id, status))).collect()
    };
    // These controls do not depend on live state.
    let is_by_hand = |id: &&str| ["S3.1", "S3.7", "S3.19", "S3.20", "S3.24"].contains(id);
    let never_passed: Vec<&str> =
        lacks(ControlStatus::Passed).into_iter().filter(|id| !is_by_hand(id)).collect();
    assert_eq!(never_passed, ["CloudTrail.10"]);
    assert_eq!(lacks(ControlStatus::Failed), ["CloudTrail.10", "S3.1"]);
    let never_by_hand = lacks(ControlStatus::Manual).into_iter();
    let never_by_hand: Vec<&str> =
        never_by_hand.filter(|id| is_by_hand(id) || is_of_metric_filters(id)).collect();
    assert_eq!(never_by_hand, Vec::<&str>::new());
}

#[test]
fn missing_resources_pass_no_control() {
    let spec = spec(&hardened());
    let passed: Vec<String> =
        all(&spec, &nothing(&spec)).into_iter().filter(|line| line.contains(": passed")).collect();
    assert_eq!(passed, Vec::<String>::new());
}

#[test]
fn a_trail_of_the_organization_counts_for_its_members() {
    let text = include_str!("../../../../specs/organization-trail.yaml");
    let of = |members: &[&str]| {
        let organization = organization(members.iter().map(|id| member(id, false)).collect());
        let spec = spec(text).in_organization(&organization.roster).unwrap();
        let live = made_in(&spec, organization);
        let mut assessed = assess(spec.desired(), &live, &[Framework::Cis50]);
        assessed.retain(|it| {
            ["CloudTrail.1", "CloudWatch.1"].contains(&it.control.id) && it.resource.starts_with("account/")
        });
        lines(&assessed).join("\n")
    };
    let (inside, outside) = (of(&["111111111111", "222222222222"]), of(&["111111111111"]));
    insta::assert_snapshot!(format!("in the organization\n{inside}\n\noutside\n{outside}"));
}

#[test]
fn a_spec_that_leaves_the_key_alone_has_no_verdict_on_it() {
    let text = include_str!("../../../../specs/left-alone.yaml");
    let spec = spec(text);
    let mut observed = made(&spec);
    let of_key = |observed: &Observed| {
        let lines = all(&spec, observed).into_iter();
        lines.filter(|line| line.starts_with("KMS.4") || line.starts_with("CloudTrail.2")).collect::<Vec<_>>()
    };
    let without = of_key(&observed);
    trails(&mut observed, |trail| {
        trail.kms_key = Some(KeyRef::known(&"arn:aws:kms:eu-west-1:111111111111:key/1".parse().unwrap()));
    });
    insta::assert_snapshot!(format!("{}\n\n{}", without.join("\n"), of_key(&observed).join("\n")));
}

#[test]
fn a_framework_selects_its_controls() {
    for (framework, has, lacks) in [
        (Framework::Cis50, "CloudWatch.1", "CloudTrail.5"),
        (Framework::Cis30, "S3.20", "S3.9"),
        (Framework::Fsbp, "KMS.5", "KMS.4"),
        (Framework::Nist80053, "SNS.1", "SNS.4"),
        (Framework::Pci40, "CloudTrail.3", "CloudTrail.1"),
    ] {
        let spec = spec(&every_destination());
        let assessed = assess(spec.desired(), &live(&spec), &[framework]);
        let ids: BTreeSet<&str> = assessed.iter().map(|it| it.control.id).collect();
        assert!(ids.contains(has) && !ids.contains(lacks), "{framework}: {ids:?}");
        assert!(assessed.iter().all(|it| it.control.requirements_of(framework).is_some()));
    }
}

/// The page has one row for each control, with its requirements.
#[test]
fn the_book_lists_every_control() {
    let page = include_str!("../../../../docs/src/reference/compliance.md");
    for control in CONTROLS {
        let number = |framework| control.requirements_of(framework).unwrap_or_default();
        let yes = |framework| control.requirements_of(framework).map_or("", |_| "yes");
        let row = format!(
            "| [{}]({}) | {} | {} | {} | {} | {} | {} |",
            control.id,
            control.page,
            control.title,
            number(Framework::Cis50),
            number(Framework::Cis30),
            yes(Framework::Fsbp),
            yes(Framework::Nist80053),
            number(Framework::Pci40),
        );
        assert!(page.lines().any(|line| line == row), "{row}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| [")).count();
    assert_eq!(rows, CONTROLS.len());
}

#[test]
fn ids_of_controls_are_unique_and_their_pages_are_documentation() {
    let ids: BTreeSet<&str> = CONTROLS.iter().map(|control| control.id).collect();
    assert_eq!(ids.len(), CONTROLS.len());
    for control in CONTROLS {
        assert!(control.page.starts_with("https://"), "{}", control.id);
        assert!(!control.requirements.is_empty(), "{}", control.id);
    }
}
