//! Tests properties of every spec.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_plan::{Address, DeliveryPath, Kind, Observed, addresses, destroy, findings, live_paths};
use reconcile_policy::Partition;
use reconcile_samples::{EditSpec, PROD, every_destination};

use super::made::{apply, compared, made, made_in, nothing, spec};
use super::organized::{member, organization};

/// Specs without an organization.
fn specs() -> [(&'static str, String); 5] {
    [
        ("every destination", every_destination()),
        ("prod", PROD.to_owned()),
        ("events", include_str!("../../../../specs/events.yaml").to_owned()),
        ("readers", include_str!("../../../../specs/readers.yaml").to_owned()),
        ("retention", include_str!("../../../../specs/retention.yaml").to_owned()),
    ]
}

#[test]
fn a_plan_that_was_applied_leaves_nothing_to_change() {
    for (name, text) in specs() {
        let spec = spec(&text);
        let plan = compared(&spec, &made(&spec)).plan;
        assert_eq!((plan.changes, plan.refused), (Vec::new(), Vec::new()), "{name}");
    }
}

/// The state contains no ARN of another partition, and every trail can deliver.
#[test]
fn a_spec_in_any_partition_is_in_sync_after_its_first_plan() {
    for region in Partition::ALL.map(Partition::first_region) {
        // One of the Regions is the Region of the spec.
        let text = PROD.without("bucket.region").with("bucket.region", region.as_str());
        let spec = spec(&text);
        let plan = compared(&spec, &nothing(&spec)).plan;
        assert_eq!(plan.summary.create, 8, "{region}");
        let json = plan.to_json().unwrap();
        let expected = format!("arn:{}:", region.partition());
        assert_eq!(json.matches("arn:").count(), json.matches(&expected).count(), "{region}: {json}");
        let comparison = compared(&spec, &made(&spec));
        assert_eq!((&comparison.plan.changes, findings(&comparison)), (&Vec::new(), Vec::new()), "{region}");
        let paths = live_paths(spec.desired(), &made(&spec));
        assert!(paths.len() == 3 && paths.iter().all(DeliveryPath::is_proven), "{region}: {paths:?}");
    }
}

#[test]
fn every_resource_of_a_spec_is_in_the_first_plan() {
    for (name, text) in specs() {
        let spec = spec(&text);
        let plan = compared(&spec, &nothing(&spec)).plan;
        let planned: Vec<&Address> = plan.changes.iter().map(|change| &change.address).collect();
        let missing: Vec<Address> =
            addresses(spec.desired()).filter(|address| !planned.contains(&address)).collect();
        assert_eq!(missing, [], "{name}");
    }
}

/// A spec with every kind of resource.
fn every_kind() -> String {
    every_destination()
        .with("trails.0.cloudwatch_logs.alarms", "{ controls: [CIS 4.3], topic: pagers }")
        .with("organization", "{ account: master, include: { tags: { trail: \"yes\" } }, role: Ops }")
        .with("organization.delegated_administrator", "member")
        .with("deletion", "{ bucket: true, key: true }")
}

/// The kinds of resources, in their order.
fn kinds(addresses: impl IntoIterator<Item = Address>) -> Vec<Kind> {
    let found: BTreeSet<Kind> = addresses.into_iter().map(|address| address.kind).collect();
    found.into_iter().collect()
}

/// A new kind fails this test until a spec names it, a plan creates it, drift reports it, and a
/// destruction deletes it.
#[test]
fn every_kind_is_listed_created_reported_and_deleted() {
    let live = organization(vec![member("111111111111", false), member("222222222222", true)]);
    let spec = spec(&every_kind()).in_organization(&live.roster).unwrap();
    assert_eq!(kinds(addresses(spec.desired())), Kind::ALL);

    let absent = Observed { organization: Some(live.clone()), ..nothing(&spec) };
    let comparison = compared(&spec, &absent);
    let reported = findings(&comparison).into_iter().filter_map(|it| it.address.parse::<Address>().ok());
    assert_eq!(kinds(reported), Kind::ALL);
    assert_eq!(kinds(comparison.plan.changes.into_iter().map(|it| it.address)), Kind::ALL);

    let observed = Observed { is_bucket_empty: true, ..made_in(&spec, live) };
    let deleted = destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan.changes;
    // Other installations and services may use the permissions of the organization, so they are
    // kept. The policy of a topic is deleted with the topic.
    let kept = [Kind::ServiceAccess, Kind::DelegatedAdministrator, Kind::TopicPolicy];
    let expected: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| !kept.contains(kind)).collect();
    assert_eq!(kinds(deleted.into_iter().map(|it| it.address)), expected);
}

#[test]
fn a_change_comes_after_everything_that_it_depends_on() {
    for (name, text) in specs() {
        let spec = spec(&text);
        let plan = compared(&spec, &nothing(&spec)).plan;
        for (index, change) in plan.changes.iter().enumerate() {
            for address in &change.depends_on {
                let before = plan.changes[..index].iter().any(|it| it.address == *address);
                assert!(before, "{name}: {} depends on {address}", change.address);
            }
        }
    }
}

#[test]
fn an_apply_that_ended_anywhere_is_continued_by_the_next_plan() {
    for (name, text) in specs() {
        let spec = spec(&text);
        let plan = compared(&spec, &nothing(&spec)).plan;
        for done in 0..plan.changes.len() {
            let mut observed = nothing(&spec);
            let mut part = plan.clone();
            part.changes.truncate(done);
            apply(spec.desired(), &mut observed, &part);
            let rest = compared(&spec, &observed).plan;
            apply(spec.desired(), &mut observed, &rest);
            let left = compared(&spec, &observed).plan.changes;
            assert_eq!(left, [], "{name}, after {done} changes");
        }
    }
}

#[test]
fn a_destruction_deletes_everything_that_the_spec_allows() {
    const KEPT: [&str; 3] = ["key/master/test-key", "alias/master/test-key", "bucket/master/test-logs"];

    let all = every_destination().with("deletion", "{ bucket: true, key: true }");
    // The policy of a topic is deleted with the topic.
    for (text, kept) in [(every_destination(), &KEPT[..]), (all, &[])] {
        let spec = spec(&text);
        let observed = Observed { is_bucket_empty: true, ..made(&spec) };
        let plan = destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan;
        let planned: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
        let left: Vec<String> = addresses(spec.desired())
            .filter(|address| address.kind != Kind::TopicPolicy)
            .map(|address| address.to_string())
            .filter(|address| !planned.contains(address))
            .collect();
        assert_eq!(left, kept, "{:?}", plan.warnings);
    }
}

#[test]
fn targets_include_their_dependencies() {
    let spec = spec(&every_destination());
    for (target, expected) in [
        ("key/master/test-key", &["key/master/test-key"][..]),
        (
            "topic/master/log-files",
            &["key/master/test-key", "key_policy/master/test-key", "topic/master/log-files"],
        ),
        (
            "trail/member/Trail",
            &[
                "key/master/test-key",
                "key_policy/master/test-key",
                "bucket/master/test-logs",
                "bucket_policy/master/test-logs",
                "log_group/member//trails",
                "role/member/reconcile-test-cloudtrail",
                "topic/master/log-files",
                "topic_policy/master/log-files",
                "trail/member/Trail",
            ],
        ),
    ] {
        let mut comparison = compared(&spec, &nothing(&spec));
        comparison.target(|address| address.to_string() == target);
        let kept: Vec<String> =
            comparison.plan.changes.iter().map(|change| change.address.to_string()).collect();
        assert_eq!(kept, expected, "{target}");
    }
}
