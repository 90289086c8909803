//! Permissions and resources that are removed only when nothing relies on them any more.

use reconcile_plan::plan::Phase;
use reconcile_samples::{EditSpec, members};

use crate::installation::Installation;

#[tokio::test]
async fn a_prefix_changes_without_a_gap() {
    let installation = Installation::new();
    let before = members(2);
    installation.converge(&before).await;
    let after = before.with("bucket.prefix", "new");
    let plan = installation.converge(&after).await;

    let phases: Vec<(String, Phase)> =
        plan.changes.iter().map(|change| (change.address.kind.to_string(), change.phase)).collect();
    let expected = [
        ("bucket_policy", Phase::Expand),
        ("trail", Phase::Converge),
        ("trail", Phase::Converge),
        ("trail", Phase::Converge),
        ("bucket_policy", Phase::Contract),
    ];
    assert_eq!(phases, expected.map(|(kind, phase)| (kind.to_owned(), phase)));
    assert_eq!(plan.summary.update, 4, "a policy in two phases is one resource");
    assert!(installation.plan(&after).await.is_in_sync());
    let policy = installation.twin.summary().buckets[0].policy.clone().unwrap().to_string();
    assert!(policy.contains("test-logs/new/AWSLogs") && !policy.contains("test-logs/AWSLogs"), "{policy}");
}

#[tokio::test]
async fn permissions_of_an_account_are_removed_only_when_all_accounts_are_readable() {
    let installation = Installation::new();
    installation.converge(&members(3)).await;
    // The spec loses an account, and another account cannot be entered.
    let remaining = members(2)
        .with("bucket.policy", "{ unlisted_accounts: remove }")
        .with("key.policy", "{ unlisted_accounts: remove }");
    let fewer = remaining.with("accounts.m1.role", "Other");
    let plan = installation.plan(&fewer).await;
    assert!(plan.partial);
    assert!(plan.changes.iter().all(|change| change.phase != Phase::Contract), "{:?}", plan.changes);
    let codes: Vec<&str> = plan.warnings.iter().map(|warning| warning.code.as_str()).collect();
    assert_eq!(codes, ["withheld", "withheld"]);

    let plan = installation.converge(&remaining).await;
    assert!(plan.changes.iter().all(|change| change.phase == Phase::Contract));
    let policy = installation.twin.summary().buckets[0].policy.clone().unwrap().to_string();
    assert!(!policy.contains("000000000003"));
}

#[tokio::test]
async fn a_changed_grant_is_created_before_the_old_grant_is_revoked() {
    let installation = Installation::new();
    let with = |operation: &str| {
        let grant = format!(
            "{{ name: audit, grantee: \"arn:aws:iam::111111111111:role/A\", operations: [{operation}] }}"
        );
        members(0).with("key.grants", &format!("[{grant}]"))
    };
    installation.converge(&with("Decrypt")).await;
    let plan = installation.converge(&with("DescribeKey")).await;
    let phases: Vec<Phase> = plan.changes.iter().map(|change| change.phase).collect();
    assert_eq!(phases, [Phase::Expand, Phase::Contract]);
    assert!(installation.plan(&with("DescribeKey")).await.is_in_sync());
    let grants = installation
        .twin
        .summary()
        .accounts
        .into_iter()
        .flat_map(|account| account.keys)
        .next()
        .unwrap()
        .grants;
    assert_eq!(grants.len(), 1);
}

#[tokio::test]
async fn a_foreign_deny_fails_what_depends_on_it_and_nothing_else() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let moved = spec.with("bucket.prefix", "new");
    let deny = "{ Effect: Deny, Principal: \"*\", Action: \"s3:PutObject\", Resource: \"arn:aws:s3:::test-logs/new/*\" }";
    // The proof detects the Deny, but the spec lets the plan continue.
    let denied = moved.with("bucket.policy", &format!("{{ proof: warn, extra_statements: [{deny}] }}"));
    let plan = installation.plan(&denied).await;
    let outcome = installation.apply(&denied, &plan).await;
    // CloudTrail refuses both trails, so the apply does not try to remove the permissions that they
    // still use.
    assert_eq!((outcome.summary.applied, outcome.summary.failed, outcome.summary.skipped), (1, 2, 1));
    let summary = installation.twin.summary();
    let trails: Vec<_> = summary.accounts.iter().flat_map(|account| &account.trails).collect();
    assert_eq!(trails.len(), 2);
    assert!(trails.iter().all(|trail| trail.undeliverable.is_none()), "{trails:?}");
}

#[tokio::test]
async fn a_renamed_trail_is_created_before_the_old_trail_is_deleted() {
    let installation = Installation::new();
    let before = members(2);
    installation.converge(&before).await;
    installation.watch_over(|_| true);
    let after = before.with("trails.0.name", "Renamed");
    let plan = installation.converge(&after).await;
    let phases: Vec<(String, Phase)> =
        plan.changes.iter().map(|change| (change.address.to_string(), change.phase)).collect();
    let position = |address: &str, phase: Phase| {
        phases
            .iter()
            .position(|it| *it == (address.to_owned(), phase))
            .unwrap_or_else(|| panic!("{phases:?}"))
    };
    assert!(
        position("trail/m0/Renamed", Phase::Converge) < position("trail/m0/Trail", Phase::Contract)
            && position("trail/m0/Trail", Phase::Contract)
                < position("bucket_policy/master/test-logs", Phase::Contract)
    );
    assert_eq!((plan.summary.create, plan.summary.delete), (3, 3));
    assert!(installation.plan(&after).await.is_in_sync());
    let policy = installation.twin.summary().buckets[0].policy.clone().unwrap().to_string();
    assert!(policy.contains("trail/Renamed") && !policy.contains("trail/Trail"), "{policy}");
}

#[tokio::test]
async fn resources_that_the_spec_does_not_let_delete_are_kept_and_reported() {
    let installation = Installation::new();
    let grants = "[{ name: audit, grantee: \"arn:aws:iam::111111111111:role/A\", operations: [Decrypt] }]";
    let before = members(1).with("key.grants", grants);
    installation.converge(&before).await;
    let renamed = members(1).with("trails.0.name", "Renamed");
    let after = renamed.with("deletion", "{ trails: false, grants: false, statements: false }");
    let plan = installation.converge(&after).await;
    assert!(plan.changes.iter().all(|change| change.phase != Phase::Contract), "{:?}", plan.changes);
    let kept = plan.warnings.iter().filter(|warning| warning.code.as_str() == "kept").count();
    assert_eq!(kept, 3, "two trails and a grant: {:?}", plan.warnings);
    assert!(installation.plan(&after).await.is_in_sync());
    // The old trails still deliver, so the managed statements still allow them to.
    installation.watch_over(|_| true);
    let plan = installation.converge(&renamed.with("deletion", "{ bucket: false }")).await;
    assert_eq!(plan.summary.delete, 3);
    assert!(installation.plan(&renamed).await.is_in_sync());
}
