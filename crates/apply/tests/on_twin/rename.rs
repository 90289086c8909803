//! A spec whose name changed: no resource is duplicated, and no permission is revoked.

use reconcile_plan::Refusal;
use reconcile_samples::{EditSpec, MASTER, everything, members};

use crate::installation::Installation;

/// Returns a spec of every resource that has the name of the installation, except alarms.
fn named(name: &str) -> String {
    everything(name).without("trails.0.cloudwatch_logs.alarms")
}

/// Returns the whole state of the twin as text.
fn state(installation: &Installation) -> String {
    format!("{:?}", installation.twin.summary())
}

#[tokio::test]
async fn another_name_is_refused_with_the_line_to_write_and_changes_nothing() {
    let installation = Installation::new();
    installation.converge(&named("before")).await;
    let refusals = installation.compare(&named("after")).await.refusals;
    // The role prevents reads of the account of its trail. A trail without a role has the tag
    // itself.
    assert!(refusals.iter().all(|it| matches!(it, Refusal::OtherInstallation { .. })), "{refusals:#?}");
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert_eq!(refusals[0].to_string(), "role/m0/R and 2 more are managed by installation `before`");
    assert!(refusals[0].hint().contains("add the line `previous_name: before` below `name: after`"));

    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let refusals = installation.compare(&members(1).with("name", "after")).await.refusals;
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    assert_eq!(refusals[0].to_string(), "trail/master/Trail and 1 more are managed by installation `test`");
}

#[tokio::test]
async fn a_rename_keeps_every_trail_delivering_and_leaves_nothing_of_the_previous_name() {
    let installation = Installation::new();
    installation.converge(&named("before")).await;
    installation.watch_over(|_| true);
    let renamed = named("after").with("previous_name", "before");
    let plan = installation.converge(&renamed).await;
    assert_eq!(plan.summary.create, 1, "the grant is made anew: {:#?}", plan.changes);
    let reasons: Vec<&str> = plan.changes.iter().flat_map(|it| &it.reasons).map(String::as_str).collect();
    assert!(reasons.contains(&"statements carry the previous name of the installation"), "{reasons:#?}");
    assert!(!reasons.iter().any(|it| it.contains("may not write") || it.contains("encrypt")), "{reasons:#?}");
    assert!(installation.plan(&renamed).await.is_in_sync());

    let left = state(&installation);
    let mark =
        left.match_indices("before").map(|(at, _)| &left[at.saturating_sub(60)..(at + 60).min(left.len())]);
    let marks: Vec<&str> =
        mark.chain(left.match_indices("Before").map(|(at, _)| &left[at..at + 20])).collect();
    assert!(marks.is_empty(), "{marks:#?}");
    // The line `previous_name` is no longer needed.
    assert!(installation.plan(&named("after")).await.is_in_sync());

    let plan = installation.plan_to_destroy(&named("after")).await;
    assert!(installation.apply(&named("after"), &plan).await.is_complete());
    let summary = installation.twin.summary();
    assert_eq!(summary.buckets, []);
    for account in summary.accounts {
        assert!(account.trails.is_empty(), "{account:#?}");
        assert!(account.keys.iter().all(|key| key.state == "PendingDeletion"), "{account:#?}");
    }
    assert!(!state(&installation).contains("reconcile-after"), "{}", state(&installation));
}

#[tokio::test]
async fn an_interrupted_rename_is_completed_by_the_next_apply() {
    let renamed = named("after").with("previous_name", "before");
    for denied in [
        "kms:PutKeyPolicy",
        "iam:PutRolePolicy",
        "iam:DeleteRolePolicy",
        "s3:PutBucketPolicy",
        "cloudtrail:AddTags",
    ] {
        let installation = Installation::new();
        installation.converge(&named("before")).await;
        installation.watch_over(|_| true);
        let plan = installation.plan(&renamed).await;
        let accounts = [MASTER, "000000000001", "000000000002"];
        let denial = |account: &str| reconcile_twin::InjectedDenial {
            account: account.to_owned(),
            region: None,
            operation: denied.to_owned(),
        };
        installation.twin.deny(accounts.map(denial).to_vec());
        assert!(!installation.apply(&renamed, &plan).await.is_complete(), "{denied}");
        installation.twin.deny(Vec::new());
        installation.converge(&renamed).await;
        assert!(installation.plan(&renamed).await.is_in_sync(), "{denied}");
        assert!(!state(&installation).contains("before"), "{denied}");
    }
}

#[tokio::test]
async fn unmanaged_tags_still_identify_the_installation_of_a_resource() {
    let installation = Installation::new();
    let unmanaged = |name: &str| members(1).with("", &format!("{{ name: {name}, tags: unmanaged }}"));
    installation.converge(&unmanaged("before")).await;
    let renamed = unmanaged("after").with("previous_name", "before");
    installation.converge(&renamed).await;
    assert!(!state(&installation).contains("before"), "{}", state(&installation));
    assert!(installation.plan(&unmanaged("after")).await.is_in_sync());
}

#[tokio::test]
async fn two_installations_with_separate_trails_can_share_a_bucket() {
    let installation = Installation::new();
    let other = members(1).with("name", "other").with("trails.0.name", "Others");
    installation.converge(&members(1)).await;
    let comparison = installation.compare(&other).await;
    assert_eq!(comparison.refusals, []);
    assert!(
        comparison.plan.warnings.iter().all(|it| it.code.as_str() != "other-installation"),
        "{:#?}",
        comparison.plan.warnings
    );
}
