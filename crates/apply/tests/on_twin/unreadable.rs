//! Answers that cannot be parsed are neither absent nor unchanged: they cause no plan and no write.

use std::collections::BTreeSet;

use reconcile_campaign::garbage::{garbage, kinds, other_resource_not_found};
pub use reconcile_campaign::scenario::SETTINGS as SPEC;
use reconcile_samples::MASTER;
use reconcile_twin::GarbageAnswer;
use serde_json::json;

use crate::installation::{Installation, client};
use crate::others::{Others, acl_check, sids};

const M0: &str = "000000000001";

/// Returns the read operations of the calls, starting with a number.
pub fn reads(installation: &Installation, from: usize) -> BTreeSet<String> {
    let calls = installation.twin.calls().into_iter().skip(from);
    calls.filter(|call| !call.mutating).map(|call| call.operation).collect()
}

/// Creates an installation whose bucket others created, with their own statement, tag and rule,
/// before the first apply.
pub async fn with_others() -> Installation {
    let installation = Installation::new();
    installation.add_members(&[MASTER, M0, "000000000009"]);
    installation.twin.tag_account("000000000009", "logging", "central");
    let others = Others::of(&installation, MASTER);
    let theirs = json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": "444444444444" }, "Action": "s3:ListBucket",
        "Resource": "arn:aws:s3:::test-logs",
    });
    others.bucket(&[acl_check(), theirs.to_string()]).await;
    others.tag("theirs", "kept").await;
    others.expire("theirs", "tmp/", 10).await;
    installation
}

/// Whether the statement, the tag and the rule of others still exist.
pub async fn is_kept(installation: &Installation) -> bool {
    let others = Others::of(installation, MASTER);
    sids(&others.policy().await).contains(&"Theirs".to_owned())
        && others.tags().await.contains(&("theirs".to_owned(), "kept".to_owned()))
        && others.rules().await.contains(&"theirs".to_owned())
}

/// Returns the number of keys.
pub fn keys(installation: &Installation) -> usize {
    installation.twin.summary().accounts.iter().map(|account| account.keys.len()).sum()
}

#[tokio::test]
async fn a_plan_takes_nothing_for_absent() {
    let installation = with_others().await;
    installation.converge(SPEC).await;
    let from = installation.twin.calls().len();
    assert!(installation.plan(SPEC).await.is_in_sync());
    let operations = reads(&installation, from);
    assert!(operations.len() >= 36, "{operations:#?}");

    for operation in &operations {
        for kind in kinds(operation) {
            installation.twin.garble(garbage(operation, kind));
            let Ok(comparison) = installation.try_compare(SPEC).await else { continue };
            let changes: Vec<String> = comparison
                .plan
                .changes
                .iter()
                .map(|it| format!("{:?} {}", it.action(), it.address))
                .collect();
            assert_eq!(changes, [""; 0], "{operation} {kind:?}");
        }
    }
}

#[tokio::test]
async fn a_plan_that_cannot_look_for_the_key_makes_no_second_one() {
    let installation = with_others().await;
    installation.converge(SPEC).await;
    // The state after an apply that ended before it created the alias of the key.
    client!(aws_sdk_kms, installation, MASTER).delete_alias().alias_name("alias/test").send().await.unwrap();
    for operation in ["kms:DescribeKey", "kms:ListKeys", "kms:ListAliases", "kms:ListResourceTags"] {
        for kind in kinds(operation) {
            installation.twin.garble(garbage(operation, kind));
            if let Ok(comparison) = installation.try_compare(SPEC).await {
                let outcome = installation.apply(SPEC, &comparison.plan).await;
                assert_eq!(keys(&installation), 1, "{operation} {kind:?} {:#?}", outcome.results);
            }
        }
    }
}

#[tokio::test]
async fn an_apply_loses_nothing_and_makes_one_key() {
    let base = with_others().await;
    let plan = base.plan(SPEC).await;
    let calm = base.fork();
    assert!(calm.apply(SPEC, &plan).await.is_complete());
    let operations = reads(&calm, 0);
    assert!(operations.len() >= 15, "{operations:#?}");

    for operation in &operations {
        let kinds = [
            GarbageAnswer::Page(404),
            GarbageAnswer::Half,
            GarbageAnswer::NoMembers,
            other_resource_not_found(operation),
        ];
        for kind in kinds {
            let installation = base.fork();
            installation.twin.garble(garbage(operation, kind));
            installation.apply(SPEC, &plan).await;
            installation.twin.garble(Vec::new());
            assert!(is_kept(&installation).await, "{operation} {kind:?}");
            assert!(keys(&installation) <= 1, "{operation} {kind:?}");
        }
    }
}
