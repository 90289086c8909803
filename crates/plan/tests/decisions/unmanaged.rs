//! Tests that the keys, destinations and settings that a spec does not manage are not changed.

use jiff::Timestamp;
use reconcile_plan::observed::{HubKey, KeyTraits, LiveKey, Observed};
use reconcile_plan::plan::Plan;
use reconcile_plan::view::{CloudWatchLogs, Key, Notification, Rotation, Tags};
use reconcile_plan::{Kind, destroy, findings, live_paths};
use reconcile_policy::{Document, Hop, Statement};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::Spec;
use serde_json::json;

use super::made::{
    apply, compared, described, hub, made, no_destinations, nothing, planned, spec, with_policies,
};

/// A spec that uses this foreign key.
fn borrowed(arn: &str) -> String {
    no_destinations()
        .with("key", &format!("{{ alias: null, grants: null, arn: \"{arn}\" }}"))
        .with("deletion", "{ bucket: true, key: true }")
}

/// A foreign key that only its own account can administer.
fn key(arn: &str) -> HubKey {
    let root = json!({
        "Sid": "Root", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:root" },
        "Action": "kms:*", "Resource": "*",
    });
    let view = Key {
        description: Some("theirs".to_owned()),
        rotation: Some(Rotation::Off),
        tags: Tags([("team".to_owned(), "soc".to_owned())].into()),
        initial_policy: None,
    };
    let (arn, traits) = (arn.parse().unwrap(), KeyTraits::default());
    HubKey {
        key: LiveKey { arn, is_aliased: false, traits, view },
        policy: Document::new(vec![Statement::from_value(root).unwrap()]),
        grants: Vec::new(),
    }
}

fn kinds(plan: &Plan) -> Vec<Kind> {
    plan.changes.iter().map(|change| change.address.kind).collect()
}

fn sids(policy: &Document) -> Vec<&str> {
    policy.statements().iter().filter_map(Statement::sid).collect()
}

/// Asserts that a plan changes and refuses nothing.
#[track_caller]
fn assert_unchanged(spec: &Spec, observed: &Observed) {
    let plan = compared(spec, observed).plan;
    assert_eq!((plan.changes, plan.refused), (Vec::new(), Vec::new()));
}

/// The key is neither created, named, tagged nor deleted. Its policy loses only managed statements.
#[test]
fn of_a_key_of_others_only_the_policy_changes() {
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/1a2b3c4d-0000-4000-8000-000000000000";
    let (spec, theirs) = (spec(&borrowed(arn)), key(arn));
    let mut observed = Observed { key: Some(theirs.clone()), ..nothing(&spec) };
    let plan = compared(&spec, &observed).plan;
    let created = [Kind::KeyPolicy, Kind::Bucket, Kind::BucketPolicy, Kind::Trail, Kind::Trail];
    assert_eq!(kinds(&plan), created);
    apply(spec.desired(), &mut observed, &plan);
    let expected = ["Root", "TestTrailEncrypt", "TestTrailDescribe", "TestTrailDecrypt"];
    assert_eq!(sids(&hub(&mut observed).policy), expected);
    assert_unchanged(&spec, &observed);

    let mut changed = observed.clone();
    hub(&mut changed).policy = theirs.policy.clone();
    let reason = "CloudTrail is not allowed to encrypt log files with the key for trail Trail of account 111111111111 and \
        trail Trail of account 222222222222";
    let comparison = compared(&spec, &changed);
    assert!(
        findings(&comparison).iter().any(|it| it.message.starts_with(reason)),
        "{}",
        described(&comparison)
    );
    assert_eq!(kinds(&comparison.plan), [Kind::KeyPolicy]);

    let observed = Observed { is_bucket_empty: true, ..observed };
    let plan = destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan;
    let deleted = [Kind::Trail, Kind::Trail, Kind::KeyPolicy, Kind::BucketPolicy, Kind::Bucket];
    assert_eq!(kinds(&plan), deleted);
    let after = plan.changes.iter().find_map(|change| change.changed.policy()).unwrap();
    assert_eq!(after.after, Some(&theirs.policy));
}

#[test]
fn trails_and_the_bucket_change_to_another_key() {
    let from = spec(&no_destinations());
    let other = "arn:aws:kms:eu-west-1:111111111111:key/9f8e7d6c-0000-4000-8000-000000000000";
    let to = spec(&borrowed(other));
    let observed = Observed { key: Some(key(other)), ..made(&from) };
    insta::assert_snapshot!(planned(&compared(&to, &observed).plan, &[]));
}

/// The spec with `key: unmanaged`, and this encryption of the bucket.
fn without_key(encryption: &str) -> String {
    no_destinations().with("key", "unmanaged").with("bucket.encryption", encryption)
}

#[test]
fn with_an_unmanaged_key_trails_keep_theirs_and_no_key_is_created() {
    let unmanaged = spec(&without_key("unmanaged"));
    // The key is not read.
    let mut observed = Observed { key: None, ..made(&spec(&no_destinations())) };
    assert!(observed.trails.values().flatten().all(|trail| trail.kms_key.is_some()));
    assert_unchanged(&unmanaged, &observed);
    assert_eq!(findings(&compared(&unmanaged, &observed)), []);

    // Somebody removes the key from one trail, and deletes the other trail.
    let mut trails = observed.trails.values_mut();
    trails.next().unwrap().as_mut().unwrap().kms_key = None;
    *trails.next().unwrap() = None;
    let plan = compared(&unmanaged, &observed).plan;
    let [change] = plan.changes.as_slice() else { panic!("{:#?}", plan.changes) };
    let (before, after) = change.views();
    assert_eq!((before, &after["kms_key"]), (json!(null), &json!(null)));
    apply(unmanaged.desired(), &mut observed, &plan);
    assert_unchanged(&unmanaged, &observed);
    assert_eq!(findings(&compared(&unmanaged, &observed)), []);
    for path in live_paths(unmanaged.desired(), &observed) {
        let hops: Vec<Hop> = path.proofs.iter().map(|proof| proof.hop).collect();
        assert_eq!(hops, [Hop::GetBucketAcl, Hop::WriteLogs, Hop::WriteDigests], "{}", path.address);
    }

    let first = spec(&without_key("s3"));
    let plan = compared(&first, &nothing(&first)).plan;
    assert_eq!(kinds(&plan), [Kind::Bucket, Kind::BucketPolicy, Kind::Trail, Kind::Trail]);
}

#[test]
fn destinations_that_the_spec_does_not_name_are_kept() {
    let spec = spec(&no_destinations());
    let mut observed = made(&spec);
    for trail in observed.trails.values_mut().flatten() {
        trail.cloudwatch_logs = Some(CloudWatchLogs::To {
            group: "arn:aws:logs:eu-west-1:222222222222:log-group:theirs:*".to_owned(),
            role: "arn:aws:iam::222222222222:role/Theirs".to_owned(),
        });
        trail.notification =
            Some(Notification::To { topic: "arn:aws:sns:eu-west-1:222222222222:theirs".to_owned() });
    }
    assert_unchanged(&spec, &observed);
}

#[test]
fn unmanaged_tags_and_policies_stay() {
    let managed = spec(&every_destination());
    let unmanaged = with_policies(&every_destination(), "unmanaged").with("tags", "unmanaged");
    let mut observed = made(&managed);
    observed.bucket.as_mut().unwrap().tags = Tags::default();
    let text = serde_json::to_string(&observed.bucket_policy).unwrap();
    observed.bucket_policy = serde_json::from_str(&text.replace("TestTrailAclCheck", "Theirs")).unwrap();
    let plan = compared(&managed, &observed).plan;
    let reasons: Vec<String> = plan.changes.iter().flat_map(|change| change.reasons.clone()).collect();
    let expected = [
        "tags are missing or differ: an earlier apply ended after it created the bucket, or the bucket is new to the \
         installation",
        "`TestTrailAclCheck` is missing or differs from the spec; other statements currently allow what the trails need",
        "statement `Theirs` is removed: managed statements allow everything that it allows",
    ];
    assert_eq!(reasons, expected);
    assert_unchanged(&spec(&unmanaged), &observed);
    // An unmanaged policy is never a reason for a refusal.
    let fewer = unmanaged.with("trails.0.accounts", "[member]");
    assert_eq!(compared(&spec(&fewer), &observed).plan.refused, []);
}
