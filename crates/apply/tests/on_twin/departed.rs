//! Accounts that leave the spec, or the selection of its organization: no delivery ends without a
//! report.

use reconcile_plan::plan::{Action, Changed, Phase, WarningCode};
use reconcile_plan::{Finding, FindingKind, Plan, Severity, findings};
use reconcile_samples::{EditSpec, MASTER, members, organization};
use reconcile_twin::InjectedDenial;

use crate::installation::Installation;

const M1: &str = "000000000002";

fn phases(plan: &Plan) -> Vec<(String, Phase)> {
    plan.changes.iter().map(|change| (change.address.to_string(), change.phase)).collect()
}

fn messages(plan: &Plan) -> Vec<&str> {
    let warnings = plan.warnings.iter().filter(|warning| warning.code.as_str() == "departed-account");
    warnings.map(|warning| warning.message.as_str()).collect()
}

fn of_kind(findings: &[Finding], kind: FindingKind) -> Vec<(&str, Severity)> {
    let found = findings.iter().filter(|finding| finding.kind == kind);
    found.map(|finding| (finding.address.as_str(), finding.severity)).collect()
}

#[tokio::test]
async fn a_member_that_leaves_the_selection_loses_its_trail_before_its_permission() {
    let installation = Installation::new();
    installation.add_members(&["000000000001", M1]);
    installation.converge(&organization(&[])).await;
    installation.watch_over(|_| true);

    let without = organization(&[M1]);
    let plan = installation.converge(&without).await;
    let expected = ["trail/member-2/Trail", "key_policy/master/test", "bucket_policy/master/test-logs"];
    assert_eq!(phases(&plan), expected.map(|address| (address.to_owned(), Phase::Contract)));
    assert!(matches!(plan.changes[0].changed, Changed::Trail(Action::Delete { .. })));
    for change in &plan.changes[1..] {
        assert!(change.depends_on.contains(&plan.changes[0].address), "{change:#?}");
    }
    assert_eq!(messages(&plan), [""; 0]);
    assert!(!installation.trails().iter().any(|arn| arn.contains(M1)));
    assert!(!installation.bucket_policy().contains(M1) && !installation.key_policies().contains(M1));
    assert!(installation.plan(&without).await.is_in_sync());
}

/// `reconcile` enters the account for its log group in the same way as for its trail, so a log
/// group that no longer exists keeps no permission.
#[tokio::test]
async fn a_member_that_leaves_keeps_no_permission_of_a_log_group_that_is_gone() {
    const LOGS: &str = "{ log_group: events, encryption: key }";
    let base = Installation::new();
    base.add_members(&["000000000001", M1]);
    let spec = |exclude: &[&str]| organization(exclude).with("trails.0.cloudwatch_logs", LOGS);
    base.converge(&spec(&[])).await;
    let without = spec(&[M1]);
    let plan = base.plan(&without).await;
    // The apply deletes the log group and then fails, so another plan must remove the permission.
    for (account, operation) in
        [(M1, "iam:DeleteRole"), (M1, "cloudtrail:DeleteTrail"), (MASTER, "kms:PutKeyPolicy")]
    {
        let mut installation = base.fork();
        let denial =
            InjectedDenial { account: account.to_owned(), region: None, operation: operation.to_owned() };
        installation.twin.deny(vec![denial]);
        assert!(!installation.apply(&without, &plan).await.is_complete(), "{operation}");
        installation.twin.deny(Vec::new());
        assert!(installation.key_policies().contains(M1), "{operation}");
        installation.lose_journals();
        installation.converge(&without).await;
        assert!(!installation.key_policies().contains(M1), "{operation}: {}", installation.key_policies());
        assert!(installation.plan(&without).await.is_in_sync(), "{operation}");
    }
}

#[tokio::test]
async fn a_destroy_waits_for_trails_of_accounts_that_cannot_be_entered() {
    const DELETION: &str = "{ bucket: true, key: true }";
    let base = Installation::new();
    base.add_members(&["000000000001", M1]);
    base.converge(&organization(&[])).await;
    let without = organization(&[M1]).with("deletion", DELETION);
    let denial = |operation: &str| InjectedDenial {
        account: M1.to_owned(),
        region: None,
        operation: operation.to_owned(),
    };

    let installation = base.fork();
    installation.twin.deny(vec![denial("cloudtrail:DescribeTrails")]);
    let plan = installation.plan_to_destroy(&without).await;
    let told = plan.warnings.iter().filter(|it| it.code == WarningCode::Withheld);
    let told: Vec<String> = told.map(|it| it.address.to_string()).collect();
    assert_eq!(told, ["key_policy/master/test", "bucket_policy/master/test-logs", "bucket/master/test-logs"]);
    let key = plan.warnings.iter().find(|it| it.address.to_string() == "key/master/test");
    assert!(key.is_some_and(|it| it.message.contains("the bucket is kept")), "{:?}", plan.warnings);
    assert!(installation.apply(&without, &plan).await.is_complete());
    assert!(installation.bucket_policy().contains(M1) && installation.key_policies().contains(M1));
    assert_eq!(installation.trails().len(), 1);
    installation.twin.deny(Vec::new());
    let plan = installation.plan_to_destroy(&without).await;
    assert!(installation.apply(&without, &plan).await.is_complete());
    assert_eq!(installation.trails(), [""; 0]);
    assert!(installation.twin.summary().buckets.is_empty());

    // The spec can revoke the permission without waiting for these accounts.
    let installation = base.fork();
    installation.twin.suspend(M1);
    let at_once = without.with("bucket.policy", "{ unlisted_accounts: remove }");
    let plan = installation.plan_to_destroy(&at_once).await;
    assert!(installation.apply(&at_once, &plan).await.is_complete());
    assert!(installation.twin.summary().buckets.is_empty());
}

#[tokio::test]
async fn a_trail_that_cannot_be_removed_keeps_its_permission() {
    let installation = Installation::new();
    installation.add_members(&["000000000001", M1]);
    installation.converge(&organization(&[])).await;
    installation.watch_over(|_| true);
    let without = organization(&[M1]);
    let plan = installation.plan(&without).await;
    let denial = |operation: &str| InjectedDenial {
        account: M1.to_owned(),
        region: None,
        operation: operation.to_owned(),
    };
    installation.twin.deny(vec![denial("cloudtrail:DeleteTrail")]);
    assert!(!installation.apply(&without, &plan).await.is_complete());
    assert!(installation.bucket_policy().contains(M1) && installation.key_policies().contains(M1));

    // If an account cannot be read, its trail keeps its permission, and the plan reports this.
    installation.twin.deny(vec![denial("cloudtrail:DescribeTrails")]);
    let plan = installation.plan(&without).await;
    assert!(plan.is_in_sync() && !plan.partial, "{plan:#?}");
    let told = messages(&plan);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[0].starts_with("trail `Trail` of account 000000000002 (`member-2`) is not in the spec"),
        "{told:#?}"
    );
    assert!(
        told[0].contains("cloudtrail:DescribeTrails")
            && told[0].contains("the permission of the trail is kept"),
        "{told:#?}"
    );

    installation.twin.deny(Vec::new());
    installation.converge(&without).await;
    assert!(!installation.bucket_policy().contains(M1));
}

#[tokio::test]
async fn without_a_way_in_a_trail_keeps_its_permission_until_the_spec_revokes_it() {
    let installation = Installation::new();
    installation.converge(&members(2)).await;
    installation.watch_over(|_| true);
    let without = members(1);
    let comparison = installation.compare(&without).await;
    assert!(comparison.plan.is_in_sync(), "{:#?}", comparison.plan.changes);
    let told = messages(&comparison.plan);
    assert!(
        told[1].contains("trail `Trail` of account 000000000002 is not in the spec")
            && told[1].contains("the spec does not declare the account")
            && told[1].contains("set `bucket.policy.unlisted_accounts: remove`"),
        "{told:#?}"
    );
    let found = findings(&comparison);
    assert_eq!(of_kind(&found, FindingKind::Unexpected), [("trail/000000000002/Trail", Severity::Low)]);
    // With this line, the spec accepts the access, and the plan no longer warns about it.
    let known = without.with("bucket.policy", "{ unlisted_accounts: keep }");
    assert_eq!(findings(&installation.compare(&known).await), []);

    let ended = without
        .with("bucket.policy", "{ unlisted_accounts: remove }")
        .with("key.policy", "{ unlisted_accounts: remove }");
    installation.watch_over(|arn| !arn.contains(M1));
    let plan = installation.converge(&ended).await;
    let told = messages(&plan);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(
        told[1].contains("the trail can no longer deliver after this plan")
            && told[1].contains("To keep the permission, add the account to `accounts`"),
        "{told:#?}"
    );
    assert!(!installation.bucket_policy().contains(M1) && !installation.key_policies().contains(M1));
    assert!(messages(&installation.plan(&ended).await).is_empty());
}

#[tokio::test]
async fn a_prefix_that_changes_leaves_a_departed_trail_below_its_own() {
    let installation = Installation::new();
    installation.converge(&members(2).with("bucket.prefix", "old")).await;
    installation.watch_over(|_| true);
    installation.converge(&members(1).with("bucket.prefix", "new")).await;
    let policy = installation.bucket_policy();
    assert!(policy.contains("test-logs/old/AWSLogs/000000000002/*"), "{policy}");
    assert!(!policy.contains("test-logs/old/AWSLogs/000000000001/*"), "{policy}");
}

/// Adds foreign statements of `bytes` bytes to the policy, so that the managed statements need a
/// shorter form. Removes the current managed statements.
fn crowd(installation: &Installation, bytes: usize) {
    let filler = format!("arn:aws:s3:::test-logs/{}", "x".repeat(bytes));
    let statement = serde_json::json!({
        "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MASTER}:root") },
        "Action": "s3:GetObject", "Resource": filler,
    });
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] });
    installation.twin.set_bucket_policy("test-logs", &policy.to_string());
}

#[tokio::test]
async fn the_trail_of_a_declared_account_without_one_is_deleted_also_if_policies_list_accounts() {
    let installation = Installation::new();
    // The Region of the bucket does not list these trails.
    let all = members(10).with("trails.0", "{ home_region: us-east-1, multi_region: false }");
    installation.converge(&all).await;
    crowd(&installation, 18_000);
    installation.converge(&all).await;
    assert!(installation.bucket_policy().contains("aws:SourceAccount"), "{}", installation.bucket_policy());
    installation.watch_over(|_| true);
    let names: Vec<String> = (0..9).map(|n| format!("m{n}")).collect();
    let fewer = all.with("trails.0.accounts", &format!("[master, {}]", names.join(", ")));
    let plan = installation.converge(&fewer).await;
    assert_eq!(plan.changes[0].address.to_string(), "trail/m9/Trail");
    assert_eq!(installation.trails().len(), 10);
    assert!(installation.plan(&fewer).await.is_in_sync());
}

#[tokio::test]
async fn unselected_members_are_read_if_policies_name_the_organization() {
    let installation = Installation::new();
    let ids: Vec<String> = (1..=60).map(|n| format!("{n:012}")).collect();
    installation.add_members(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    installation.converge(&organization(&["000000000001"])).await;
    crowd(&installation, 18_600);
    installation.converge(&organization(&["000000000001"])).await;
    assert!(installation.bucket_policy().contains("aws:SourceOrgID"), "{}", installation.bucket_policy());
    installation.watch_over(|_| true);

    let without = organization(&["000000000001", M1]);
    let plan = installation.converge(&without).await;
    assert_eq!(plan.changes[0].address.to_string(), "trail/member-2/Trail");
    assert!(!installation.trails().iter().any(|arn| arn.contains(M1)));
    assert!(installation.plan(&without).await.is_in_sync());

    // The access of the whole organization is not removed while one of its accounts cannot be read.
    let denied = InjectedDenial {
        account: M1.to_owned(),
        region: None,
        operation: "cloudtrail:DescribeTrails".to_owned(),
    };
    installation.twin.deny(vec![denied]);
    installation
        .twin
        .set_bucket_policy("test-logs", &installation.bucket_policy().replace(&"x".repeat(18_600), "x"));
    let plan = installation.converge(&without).await;
    assert!(installation.bucket_policy().contains("aws:SourceOrgID"), "{}", installation.bucket_policy());
    let told = messages(&plan);
    assert!(
        told.iter().any(|it| it.contains("cannot be read (000000000002) may still deliver")),
        "{told:#?}"
    );
}

#[tokio::test]
async fn a_trail_that_is_not_in_the_spec_and_cannot_deliver_any_more_is_a_finding() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let kept = members(1).with("trails.0.name", "Renamed").with("deletion", "{ trails: false }");
    installation.converge(&kept).await;
    let found = findings(&installation.compare(&kept).await);
    let of_trails = [("trail/m0/Trail", Severity::Low), ("trail/master/Trail", Severity::Low)];
    assert_eq!(of_kind(&found, FindingKind::Unexpected), of_trails);

    let policy =
        installation.bucket_policy().replace(&format!("{MASTER}:trail/Trail"), "999999999999:trail/Trail");
    installation.twin.set_bucket_policy("test-logs", &policy);
    let found = findings(&installation.compare(&kept).await);
    assert_eq!(of_kind(&found, FindingKind::Delivery), [("trail/master/Trail", Severity::High)]);
    let told = found.iter().find(|finding| finding.kind == FindingKind::Delivery).unwrap();
    assert!(
        told.message.contains(
            "arn:aws:cloudtrail:eu-west-1:111111111111:trail/Trail is not in the spec and is configured to deliver"
        ),
        "{told:?}"
    );
}
