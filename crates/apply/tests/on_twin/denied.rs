//! Resources that cannot be read do not count as absent, and managed resources stay known.

use reconcile_plan::Plan;
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::InjectedDenial;

use crate::installation::Installation;

const M0: &str = "000000000001";

fn denial(account: &str, operation: &str) -> InjectedDenial {
    InjectedDenial { account: account.to_owned(), region: None, operation: operation.to_owned() }
}

fn codes(plan: &Plan) -> Vec<&str> {
    plan.warnings.iter().map(|warning| warning.code.as_str()).collect()
}

fn logs(count: usize) -> String {
    members(count).with("trails.0", "{ cloudwatch_logs: { log_group: a } }")
}

#[tokio::test]
async fn an_unreadable_region_keeps_the_permissions_of_its_trail() {
    let installation = Installation::new();
    let without = members(1);
    let euro = "{ name: Euro, accounts: all, home_region: us-east-1, multi_region: false }";
    installation.converge(&without.with("trails.1", euro)).await;
    installation.watch_over(|_| true);

    let region = Some("us-east-1".to_owned());
    installation.twin.deny(vec![InjectedDenial { region, ..denial(M0, "cloudtrail:DescribeTrails") }]);
    let plan = installation.plan(&without).await;
    assert!(plan.partial);
    assert_eq!(plan.unreadable[0].account.name.as_str(), "m0");
    assert!(installation.apply(&without, &plan).await.is_complete());

    installation.twin.deny(Vec::new());
    let plan = installation.converge(&without).await;
    assert!(plan.changes.iter().any(|change| change.address.to_string() == "trail/m0/Euro"), "{plan:#?}");
    assert!(installation.plan(&without).await.is_in_sync());
}

#[tokio::test]
async fn leftovers_are_deleted_in_one_account_when_another_fails() {
    let installation = Installation::new();
    installation.converge(&logs(2)).await;
    let without = members(2);
    let plan = installation.plan(&without).await;
    installation.twin.deny(vec![denial(M0, "cloudtrail:UpdateTrail")]);
    assert!(!installation.apply(&without, &plan).await.is_complete());
    assert_eq!(installation.accepted("logs:DeleteLogGroup"), 2);

    installation.twin.deny(Vec::new());
    installation.converge(&without).await;
    assert_eq!(
        (installation.accepted("logs:DeleteLogGroup"), installation.accepted("iam:DeleteRole")),
        (3, 3)
    );
    assert!(installation.plan(&without).await.is_in_sync());
}

#[tokio::test]
async fn an_unreadable_log_group_is_reported_and_kept() {
    let installation = Installation::new();
    installation.converge(&logs(1)).await;
    let without = members(1);
    installation.twin.deny(vec![denial(M0, "logs:DescribeLogGroups"), denial(M0, "iam:GetRole")]);
    let plan = installation.plan(&without).await;
    assert_eq!(codes(&plan), ["hidden", "hidden"]);
    assert!(plan.changes.iter().all(|change| change.account.name.as_str() == "master"), "{plan:#?}");
    assert!(installation.apply(&without, &plan).await.is_complete());

    installation.twin.deny(Vec::new());
    installation.converge(&without).await;
    assert_eq!(
        (installation.accepted("logs:DeleteLogGroup"), installation.accepted("iam:DeleteRole")),
        (2, 2)
    );
}

#[tokio::test]
async fn a_trail_that_references_an_unreadable_resource_is_kept() {
    let installation = Installation::new();
    installation.converge(&logs(1)).await;
    installation.watch_over(|_| true);
    let without = members(1).with("trails.0.accounts", "[master]");
    installation.twin.deny(vec![denial(M0, "iam:GetRole")]);
    let plan = installation.plan(&without).await;
    assert!(codes(&plan).contains(&"withheld"), "{:?}", plan.warnings);
    assert!(installation.apply(&without, &plan).await.is_complete());

    installation.twin.deny(Vec::new());
    installation.converge(&without).await;
    assert_eq!(installation.accepted("iam:DeleteRole"), 2);
    assert!(installation.plan(&without).await.is_in_sync());
}

#[tokio::test]
async fn unreadable_keys_are_reported_before_a_key_is_created() {
    let installation = Installation::new();
    let spec = members(0);
    installation.converge(&spec).await;
    let renamed = spec.with("key.alias", "other");
    installation.twin.deny(vec![denial(MASTER, "kms:ListResourceTags")]);
    let plan = installation.plan(&renamed).await;
    let warning = plan.warnings.iter().find(|warning| warning.code.as_str() == "hidden").unwrap();
    assert!(warning.message.contains("would create a second key"), "{}", warning.message);
}

#[tokio::test]
async fn the_next_plan_includes_changes_that_a_target_excluded() {
    let installation = Installation::new();
    installation.converge(&logs(0)).await;
    let without = members(0);
    let mut plan = installation.plan(&without).await;
    plan.target(|address| address.to_string().starts_with("trail/"));
    assert_eq!(plan.changes.len(), 1);
    assert!(installation.apply(&without, &plan).await.is_complete());
    installation.converge(&without).await;
    assert_eq!(installation.accepted("iam:DeleteRole"), 1);
    assert_eq!(installation.accepted("logs:DeleteLogGroup"), 1);
}
