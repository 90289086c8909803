//! The AWS calls of a run, and their number.

use std::collections::BTreeMap;

use reconcile_aws::Session;
use reconcile_operations::{Mode, Operation, permissions};
use reconcile_samples::{EditSpec, MASTER, members};

use crate::installation::Installation;

#[tokio::test]
async fn a_plan_only_reads() {
    let installation = Installation::new();
    let spec = members(3);
    installation.plan(&spec).await;
    installation.converge(&spec).await;
    let before = installation.twin.calls().len();
    let plan = installation.plan(&members(3).with("trails.0", "{ enabled: false }")).await;
    assert_eq!(plan.changes.len(), 4);

    let calls = installation.twin.calls();
    let mutating: Vec<_> = calls[before..].iter().filter(|call| call.mutating).collect();
    assert!(mutating.is_empty(), "{mutating:?}");
    // This includes the first plan, with an empty AWS.
    let first = calls.iter().position(|call| call.mutating).unwrap();
    assert!(calls[..first].iter().any(|call| call.operation == "kms:ListKeys"));
}

/// The credentials of a plan only allow reads, whatever the role allows.
#[tokio::test]
async fn a_session_for_reading_changes_nothing() {
    let installation = Installation::new();
    let text = members(1);
    installation.converge(&text).await;
    let spec = crate::installation::spec(&text);
    let (aws, region) = (installation.connect(&spec), &spec.desired().bucket.site.region);
    let member = spec.desired().accounts.iter().find(|it| it.access.role.is_some()).unwrap();

    let session = Session::open(&aws, member).await.unwrap();
    let stopped = session.cloudtrail(region).stop_logging().name("Trail").send();
    let error = session.call(Operation::StopLogging, stopped).await.unwrap_err();
    assert!(error.message.contains("no session policy allows"), "{error}");

    let session = Session::open_to_apply(&aws, member, spec.desired()).await.unwrap();
    let stopped = session.cloudtrail(region).stop_logging().name("Trail").send();
    session.call(Operation::StopLogging, stopped).await.unwrap();
    let created = session.kms(region).create_key().send();
    let error = session.call(Operation::CreateKey, created).await.unwrap_err();
    assert!(error.message.contains("no session policy allows"), "a member holds no key: {error}");
}

#[tokio::test]
async fn a_plan_without_changes_makes_few_calls() {
    let installation = Installation::new();
    let spec = members(10);
    installation.converge(&spec).await;
    let before = installation.twin.calls().len();
    assert!(installation.plan(&spec).await.is_in_sync());

    let mut by_account: BTreeMap<String, usize> = BTreeMap::new();
    let mut assumed = 0;
    for call in &installation.twin.calls()[before..] {
        match call.operation.as_str() {
            "sts:AssumeRole" => assumed += 1,
            _ => *by_account.entry(call.account.clone()).or_default() += 1,
        }
    }
    assert_eq!(assumed, 10);
    // Two of these calls list the keys and the aliases of the account, and one reads the object
    // lock, which a control needs.
    assert!(by_account.remove(MASTER).unwrap() <= 27);
    assert!(by_account.values().all(|calls| *calls <= 5), "{by_account:?}");
}

/// The output of `permissions` is sufficient: it contains every call from the first apply to the
/// destroy.
#[tokio::test]
async fn every_call_is_in_the_permissions_of_its_account() {
    let installation = Installation::new();
    let settings = "{
        lifecycle: { expire_days: 9 },
        object_lock: { mode: GOVERNANCE, days: 1 },
        access_logs: { bucket: elsewhere },
        eventbridge: true,
    }";
    let first = members(2)
        .with("bucket", settings)
        .with("organization", "{ account: master, include: all, role: Role }");
    let key = "{
        rotation_days: 90,
        grants: [{ name: g, grantee: \"arn:aws:iam::111111111111:role/A\", operations: [Decrypt] }],
    }";
    let second = first.with("key", key);
    let trail = "{
        name: Renamed,
        insights: [ApiCallRateInsight],
        data_events: { s3: all },
        event_aggregation: [API_ACTIVITY],
    }";
    let third = first.with("trails.0", trail).with("bucket.lifecycle.expire_days", "8");
    for spec in [&first, &second, &third] {
        let before = installation.twin.calls().len();
        let plan = installation.plan(spec).await;
        let planned = installation.twin.calls().len();
        assert!(installation.apply(spec, &plan).await.is_complete());
        let calls = installation.twin.calls();
        assert_covered(spec, Mode::Plan, &calls[before..planned]);
        assert_covered(spec, Mode::Apply, &calls[planned..]);
    }
    // The other destinations of trails, and the organization: added, changed and removed again.
    let organization = "{
        account: master,
        include: { organizational_units: [r-twin], tags: { a: b } },
        role: Role,
        delegated_administrator: m0,
    }";
    let first = members(2)
        .with("trails.0", "{ cloudwatch_logs: { log_group: a, retention_days: 30 }, sns_topic: { name: t } }")
        .with("trails.1", "{ name: Everybodys, organization_trail: true }")
        .with("organization", organization)
        .with("deletion", "{ bucket: true, key: true }");
    let second = first
        .without("organization.include.tags.a")
        .with("trails.0.cloudwatch_logs.retention_days", "60")
        .with("tags", "{ team: a }");
    let other = Installation::new();
    other.add_members(&["000000000001"]);
    other.twin.tag_account("000000000001", "a", "b");
    for spec in [&first, &second] {
        let before = other.twin.calls().len();
        let plan = other.plan(spec).await;
        let planned = other.twin.calls().len();
        let outcome = other.apply(spec, &plan).await;
        assert!(outcome.is_complete(), "{:#?}", outcome.results);
        let calls = other.twin.calls();
        assert_covered(spec, Mode::Plan, &calls[before..planned]);
        assert_covered(spec, Mode::Apply, &calls[planned..]);
    }
    let before = other.twin.calls().len();
    let plan = other.plan_to_destroy(&second).await;
    let outcome = other.apply(&second, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    let calls = &other.twin.calls()[before..];
    assert_covered(&second, Mode::Apply, calls);
    for made in
        ["DeleteLogGroup", "DeleteRole", "DeleteTopic", "DeleteBucket", "ScheduleKeyDeletion", "DeleteAlias"]
    {
        assert!(calls.iter().any(|call| call.operation.ends_with(&format!(":{made}"))), "{made}");
    }

    let stopped = third.with("trails.0.enabled", "false");
    let before = installation.twin.calls().len();
    installation.converge(&stopped).await;
    assert_covered(&stopped, Mode::Apply, &installation.twin.calls()[before..]);
}

fn assert_covered(spec: &str, mode: Mode, calls: &[reconcile_twin::Call]) {
    let spec = reconcile_spec::parse("spec.yaml", spec.as_bytes()).unwrap();
    let listed = permissions(spec.desired(), mode);
    for call in calls.iter().filter(|call| call.operation != "sts:GetCallerIdentity") {
        let (_, name) = call.operation.split_once(':').unwrap();
        let operation = Operation::ALL
            .iter()
            .find(|it| format!("{it:?}") == name || it.action() == call.operation)
            .unwrap_or_else(|| panic!("{} is in no table", call.operation));
        let of_account = listed.iter().find(|it| it.account.id.as_str() == call.account).unwrap();
        let policy = of_account.policy.to_string();
        assert!(policy.contains(&format!("\"{}\"", operation.action())), "{call:?}: {policy}");
    }
}

#[tokio::test]
async fn a_key_is_created_once_and_with_its_tags() {
    let installation = Installation::new();
    let spec = members(0);
    installation.converge(&spec).await;
    installation.converge(&spec).await;
    let made = installation.twin.calls().into_iter().filter(|call| call.operation == "kms:CreateKey").count();
    assert_eq!(made, 1);
    let tagged = installation.twin.calls().into_iter().any(|call| call.operation == "kms:TagResource");
    assert!(!tagged, "tags come with the key");
}
