//! A plan file is not trusted: `apply` writes only the changes that the spec requires in live
//! state.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use reconcile_apply::{Altered, ChangeStatus, Outcome};
use reconcile_plan::Plan;
use reconcile_samples::{EditSpec, EditText, MASTER, members};
use serde_json::{Value, json};

use crate::installation::Installation;

const MORE: &str = "{ cloudwatch_logs: { log_group: audit } }";

fn edited(plan: &Plan, edit: impl FnOnce(&mut Value)) -> Plan {
    let mut value: Value = serde_json::from_str(&plan.to_json().unwrap()).unwrap();
    edit(&mut value);
    Plan::from_json(&value.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the first change whose address starts with `address`.
fn change<'v>(plan: &'v mut Value, address: &str) -> &'v mut Value {
    let changes = plan["changes"].as_array_mut().unwrap();
    let is_meant = |it: &&mut Value| it["address"].as_str().unwrap().starts_with(address);
    changes.iter_mut().find(is_meant).unwrap_or_else(|| panic!("{address}"))
}

fn statements(change: &mut Value) -> &mut Vec<Value> {
    change["after"]["Statement"].as_array_mut().unwrap()
}

/// An installation of one member with a statement of another team, and the plan for two members.
async fn with_plan() -> (Installation, String, Plan) {
    let installation = Installation::new();
    installation.converge(&members(1).with("trails.0", MORE)).await;
    let theirs = json!({
        "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObjectAcl", "Resource": "arn:aws:s3:::test-logs/*",
    });
    installation.add_to_bucket_policy(theirs).await;
    let spec = members(2).with("trails.0", MORE);
    let plan = installation.plan(&spec).await;
    (installation, spec, plan)
}

type Edit = fn(&mut Value);

#[tokio::test]
async fn an_edited_plan_is_refused_before_anything_is_written() {
    let edits: &[(&str, Edit, &str)] = &[
        (
            "the account of a trail",
            |it| change(it, "trail/m1")["account"]["id"] = json!("999999999999"),
            "account m1",
        ),
        ("the Region of a trail", |it| change(it, "trail/m1")["region"] = json!("us-west-2"), "eu-west-1"),
        (
            "the bucket of a trail",
            |it| change(it, "trail/m1")["after"]["bucket"] = json!("attacker"),
            "`bucket`",
        ),
        (
            "a trail that does not log",
            |it| change(it, "trail/m1")["after"]["logging"] = json!(false),
            "`logging`",
        ),
        (
            "another bucket",
            |it| {
                let policy = change(it, "bucket_policy");
                policy["address"] = json!("bucket_policy/master/somebody-elses");
            },
            "the resource is not in the spec",
        ),
        (
            "another role",
            |it| change(it, "role/m1")["address"] = json!("role/m1/Admin"),
            "the resource is not in the spec",
        ),
        (
            "the permissions of a role",
            |it| {
                let role = &mut change(it, "role/m1")["after"];
                let text = role.to_string().edited_everywhere("logs:PutLogEvents", "iam:CreateUser");
                *role = serde_json::from_str(&text).unwrap();
            },
            "another value for",
        ),
        (
            "a public statement",
            |it| {
                statements(change(it, "bucket_policy")).push(json!({
                    "Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::test-logs/*",
                }));
            },
            "foreign statements",
        ),
        (
            "a public statement under our name",
            |it| {
                statements(change(it, "bucket_policy")).push(json!({
                    "Sid": "TestOpen", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                    "Resource": "arn:aws:s3:::test-logs/*",
                }));
            },
            "statements",
        ),
        (
            "a statement of ours for everybody",
            |it| {
                for statement in statements(change(it, "key_policy")) {
                    if statement["Sid"] != "Theirs" {
                        statement["Principal"] = json!("*");
                    }
                }
            },
            "the managed statements differ",
        ),
        (
            "without the statement of another team",
            |it| statements(change(it, "bucket_policy")).retain(|it| it["Sid"] != "Theirs"),
            "foreign statements",
        ),
    ];
    let (installation, spec, plan) = with_plan().await;
    for (name, edit, expected) in edits {
        let edited = edited(&plan, *edit);
        assert_ne!(edited, plan, "{name}");
        let error: Altered =
            installation.apply_saved(&spec, edited).await.err().unwrap_or_else(|| panic!("{name}"));
        assert!(error.to_string().contains(expected), "{name}: {error}");
    }
    // Nothing was written: the plan does not change.
    let again = installation.plan(&spec).await;
    assert_eq!(again.changes, plan.changes);
}

#[tokio::test]
async fn what_an_edited_plan_says_about_live_state_writes_nothing_either() {
    let (installation, spec, plan) = with_plan().await;
    let forked = installation.fork();
    let edited = edited(&plan, |it| {
        // The plan claims to have seen another policy, and adds a statement.
        let policy = change(it, "bucket_policy");
        policy["before"] = json!({ "Version": "2012-10-17", "Statement": [] });
        policy["observed_fingerprint"] = json!("sha256:0");
        statements(policy).push(json!({
            "Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::test-logs/*",
        }));
        // A trail of another team.
        let mut foreign = change(it, "trail/m1").clone();
        foreign["address"] = json!("trail/m1/Theirs");
        foreign["before"] = foreign["after"].take();
        foreign["action"] = json!("delete");
        it["changes"].as_array_mut().unwrap().push(foreign);
        // A deletion in place of a creation.
        let trail = change(it, "trail/m1");
        trail["before"] = trail["after"].take();
        trail["action"] = json!("delete");
    });
    let outcome: Outcome = forked.apply_saved(&spec, edited).await.unwrap();
    assert!(outcome.is_stale());
    let stale = |address: &str| {
        let result = outcome.results.iter().find(|it| it.address.to_string().starts_with(address)).unwrap();
        assert!(matches!(result.status, ChangeStatus::Stale { .. }), "{result:?}");
    };
    for address in ["bucket_policy/master/test-logs", "trail/m1/Trail", "trail/m1/Theirs"] {
        stale(address);
    }
    assert!(!forked.bucket_policy().contains("Open") && forked.bucket_policy().contains("Theirs"));
    assert_eq!(forked.accepted("cloudtrail:DeleteTrail"), 0);
    forked.converge(&spec).await;
    assert!(forked.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_saved_plan_is_applied_as_it_was_shown_or_not_at_all() {
    // The plan is applied unchanged, and then again.
    let (installation, spec, plan) = with_plan().await;
    let later = json!({
        "Sid": "Later", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObjectAcl", "Resource": "arn:aws:s3:::test-logs/*",
    });
    installation.add_to_bucket_policy(later).await;
    let outcome = installation.apply_saved(&spec, plan.clone()).await.unwrap();
    assert_eq!(outcome.summary.applied, plan.changes.len(), "{:#?}", outcome.results);
    assert!(installation.bucket_policy().contains("Later"));
    let order: Vec<_> = plan.changes.iter().map(|change| change.address.clone()).collect();
    assert_eq!(outcome.results.iter().map(|it| it.address.clone()).collect::<Vec<_>>(), order);
    let again = installation.apply_saved(&spec, plan.clone()).await.unwrap();
    assert_eq!(again.summary.unchanged, plan.changes.len(), "{:#?}", again.results);
    assert!(installation.plan(&spec).await.is_in_sync());

    // If a resource needs a change that is not in the plan that the user saw, the resource and its
    // dependents are skipped.
    let (installation, spec, plan) = with_plan().await;
    let bucket = &installation.twin.summary().buckets[0].name;
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    let put =
        installation.s3(MASTER).put_bucket_versioning().bucket(bucket).versioning_configuration(suspended);
    put.send().await.unwrap();
    let trails = installation.accepted("cloudtrail:CreateTrail");
    let outcome = installation.apply_saved(&spec, plan).await.unwrap();
    assert!(outcome.is_stale(), "{:#?}", outcome.results);
    assert_eq!(installation.accepted("cloudtrail:CreateTrail"), trails);
    assert!(
        installation
            .plan(&spec)
            .await
            .changes
            .iter()
            .any(|it| it.address.to_string() == "bucket/master/test-logs")
    );
}
