//! Reads and calls that see earlier writes late. An apply waits, and does not report a change by
//! somebody else.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use reconcile_apply::{ChangeStatus, Interrupt, Outcome};
use reconcile_campaign::scenario::other_settings;
use reconcile_samples::{BUCKET, EditSpec, members};
use reconcile_twin::{InjectedFailure, Lag, Twin};
use serde_json::{Value, json};

use crate::installation::Installation;
use crate::unreadable::{SPEC, is_kept, keys, reads, with_others};

fn lag(operation: &str, calls: usize) -> Vec<Lag> {
    vec![Lag { operation: operation.to_owned(), calls }]
}

fn failure(
    operation: &str,
    status: u16,
    code: &'static str,
    message: &'static str,
    times: usize,
) -> InjectedFailure {
    InjectedFailure { operation: operation.to_owned(), status, code, message, times, takes_effect: false }
}

fn errors(outcome: &Outcome) -> Vec<String> {
    let error = |status: &ChangeStatus| match status {
        ChangeStatus::Failed { error, .. } | ChangeStatus::Stale { error } => Some(error.clone()),
        _ => None,
    };
    outcome.results.iter().filter_map(|it| Some(format!("{}: {}", it.address, error(&it.status)?))).collect()
}

#[tokio::test]
async fn an_apply_completes_when_every_read_is_stale() {
    let installation = with_others().await.patient();
    let changed = other_settings();
    for spec in [SPEC, &changed] {
        let plan = installation.plan(spec).await;
        installation.twin.lag(lag("*", 2));
        let outcome = installation.apply(spec, &plan).await;
        assert!(outcome.is_complete(), "{:#?}", errors(&outcome));
        // No later read returns the earlier state.
        assert!(installation.plan(spec).await.is_in_sync());
        installation.twin.lag(Vec::new());
        assert!(is_kept(&installation).await);
        assert_eq!(keys(&installation), 1);
    }
    let plan = installation.plan_to_destroy(&changed).await;
    installation.twin.lag(lag("*", 2));
    let outcome = installation.apply(&changed, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", errors(&outcome));
}

#[tokio::test]
async fn each_read_may_be_late_by_itself() {
    let base = with_others().await.patient();
    let plan = base.plan(SPEC).await;
    let calm = base.fork();
    assert!(calm.apply(SPEC, &plan).await.is_complete());
    for operation in reads(&calm, 0) {
        let installation = base.fork();
        installation.twin.lag(lag(&operation, 5));
        let outcome = installation.apply(SPEC, &plan).await;
        assert!(outcome.is_complete(), "{operation}: {:#?}", errors(&outcome));
        assert!(is_kept(&installation).await, "{operation}");
        assert_eq!(keys(&installation), 1, "{operation}");
        for write in ["s3:PutBucketPolicy", "kms:PutKeyPolicy", "sns:SetTopicAttributes"] {
            assert_eq!(installation.accepted(write), calm.accepted(write), "{operation}: {write}");
        }
    }
}

/// Returns a policy with one more statement.
fn with_statement(policy: &str, resource: &str) -> String {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Sid": "Meanwhile", "Effect": "Allow", "Principal": { "AWS": "444444444444" }, "Action": "s3:GetBucketPolicy",
        "Resource": resource,
    }));
    policy.to_string()
}

/// Adds a statement to the bucket policy immediately after every write of `reconcile` that does not
/// contain the statement, as somebody else.
fn add_after_each_write(twin: &Twin, times: usize) {
    let (other, left) = (twin.clone(), std::sync::atomic::AtomicUsize::new(times));
    twin.observe(move |_| {
        let policy = other.bucket_policy(BUCKET).unwrap_or_default();
        if policy.contains("AWSLogs") && !policy.contains("Meanwhile") && left.load(Ordering::Relaxed) > 0 {
            left.fetch_sub(1, Ordering::Relaxed);
            other.set_bucket_policy(BUCKET, &with_statement(&policy, "arn:aws:s3:::test-logs"));
        }
    });
}

#[tokio::test]
async fn a_statement_that_is_added_while_reads_are_late_is_kept() {
    let installation = Installation::new().patient();
    let spec = members(1);
    let plan = installation.plan(&spec).await;
    installation.twin.lag(lag("s3:GetBucketPolicy", 4));
    add_after_each_write(&installation.twin, 1);
    let outcome = installation.apply(&spec, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", errors(&outcome));
    installation.twin.observe(|_| {});
    installation.twin.lag(Vec::new());
    assert!(installation.bucket_policy().contains("Meanwhile"));
    assert_eq!(installation.accepted("s3:PutBucketPolicy"), 1);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn only_a_third_document_is_another_writer() {
    let spec = members(1);
    let installation = Installation::new().patient();
    installation.converge(&members(0)).await;
    let plan = installation.plan(&spec).await;
    installation.twin.lag(lag("s3:GetBucketPolicy", 1000));
    let outcome = installation.apply(&spec, &plan).await;
    let said = errors(&outcome).join("\n");
    assert!(said.contains("still returns the previous value (waited 1"), "{said}");
    assert!(!said.contains("another writer"), "{said}");
    assert_eq!(installation.accepted("s3:PutBucketPolicy"), 2);

    // Somebody removes the managed statements after each write.
    let installation = Installation::new().patient();
    let plan = installation.plan(&spec).await;
    let other = installation.twin.clone();
    installation.twin.observe(move |_| {
        let policy = other.bucket_policy(BUCKET).unwrap_or_default();
        if policy.contains("AWSLogs") {
            let count = other.calls().len();
            let theirs = json!({ "Version": "2012-10-17", "Statement": [{
                "Sid": format!("Theirs{count}"), "Effect": "Allow", "Principal": { "AWS": "444444444444" },
                "Action": "s3:GetBucketPolicy", "Resource": "arn:aws:s3:::test-logs",
            }] });
            other.set_bucket_policy(BUCKET, &theirs.to_string());
        }
    });
    let outcome = installation.apply(&spec, &plan).await;
    let said = errors(&outcome).join("\n");
    assert!(said.contains("another writer keeps replacing this policy"), "{said}");
    assert!(installation.bucket_policy().contains("Theirs"));
}

#[tokio::test]
async fn an_apply_waits_until_aws_is_ready_for_what_was_made_a_moment_ago() {
    const PRINCIPAL: &str = "Policy contains a statement with one or more invalid principals.";
    let base = with_others().await.patient();
    let plan = base.plan(SPEC).await;
    let empty = Installation::new().patient();
    let fresh = members(1).with(
        "trails.0",
        "{ cloudwatch_logs: { log_group: a, retention_days: 30 }, sns_topic: { name: t } }",
    );
    let fresh_plan = empty.plan(&fresh).await;
    for (operation, status, code, message) in [
        ("s3:PutBucketPolicy", 400, "MalformedPolicy", "Invalid principal in policy"),
        ("kms:PutKeyPolicy", 400, "MalformedPolicyDocumentException", PRINCIPAL),
        ("kms:CreateKey", 400, "MalformedPolicyDocumentException", PRINCIPAL),
        (
            "sns:SetTopicAttributes",
            400,
            "InvalidParameter",
            "Invalid parameter: Policy Error: PrincipalNotFound",
        ),
        ("kms:CreateGrant", 400, "InvalidArnException", "ARN does not refer to a valid principal"),
        ("kms:CreateGrant", 400, "NotFoundException", "Key does not exist"),
        ("kms:EnableKeyRotation", 409, "DisabledException", "is disabled"),
        ("kms:EnableKeyRotation", 400, "KMSInvalidStateException", "is pending creation"),
        ("kms:EnableKeyRotation", 400, "NotFoundException", "Key does not exist"),
        ("kms:CreateAlias", 400, "NotFoundException", "Key does not exist"),
        ("kms:GetKeyPolicy", 400, "NotFoundException", "Key does not exist"),
        ("kms:ListGrants", 400, "NotFoundException", "Key does not exist"),
        ("kms:ListResourceTags", 400, "NotFoundException", "Key does not exist"),
        ("s3:CreateBucket", 409, "OperationAborted", "A conflicting conditional operation is in progress"),
        ("s3:GetBucketPolicy", 404, "NoSuchBucket", "The specified bucket does not exist"),
        ("s3:GetBucketTagging", 404, "NoSuchBucket", "The specified bucket does not exist"),
        ("s3:PutBucketVersioning", 404, "NoSuchBucket", "The specified bucket does not exist"),
        ("s3:PutBucketPolicy", 404, "NoSuchBucket", "The specified bucket does not exist"),
        ("s3:PutBucketPolicy", 409, "OperationAborted", "A conflicting conditional operation is in progress"),
        ("s3:PutObjectLockConfiguration", 409, "InvalidBucketState", "Versioning must be 'Enabled'"),
        ("logs:CreateLogGroup", 400, "OperationAbortedException", "multiple concurrent requests"),
        (
            "logs:PutRetentionPolicy",
            400,
            "ResourceNotFoundException",
            "The specified log group does not exist",
        ),
        (
            "logs:ListTagsForResource",
            400,
            "ResourceNotFoundException",
            "The specified resource does not exist",
        ),
        ("iam:PutRolePolicy", 404, "NoSuchEntity", "The role cannot be found"),
        ("sns:GetTopicAttributes", 404, "NotFound", "Topic does not exist"),
        ("cloudtrail:CreateTrail", 400, "InvalidCloudWatchLogsRoleArnException", "Access denied"),
        ("cloudtrail:PutEventSelectors", 400, "TrailNotFoundException", "Unknown trail"),
        ("cloudtrail:StartLogging", 400, "TrailNotFoundException", "Unknown trail"),
        ("cloudtrail:GetTrailStatus", 400, "TrailNotFoundException", "Unknown trail"),
        ("cloudtrail:ListTags", 400, "ResourceNotFoundException", "Unknown trail"),
    ] {
        // The bucket of others already exists.
        let is_new = code == "NoSuchBucket" || operation == "s3:CreateBucket";
        let (base, spec, plan) =
            if is_new { (&empty, fresh.as_str(), &fresh_plan) } else { (&base, SPEC, &plan) };
        let installation = base.fork();
        installation.twin.fail(vec![failure(operation, status, code, message, 3)]);
        let outcome = installation.apply(spec, plan).await;
        assert!(outcome.is_complete(), "{operation} {code}: {:#?}", errors(&outcome));
        assert_eq!(keys(&installation), 1, "{operation} {code}");
        let failed =
            installation.twin.calls().into_iter().filter(|it| it.error.as_deref() == Some(code)).count();
        assert!(failed >= 3, "{operation} {code}");
    }
}

#[tokio::test]
async fn a_deletion_waits_until_aws_is_ready_for_it() {
    let spec = members(1)
        .with("trails.0", "{ cloudwatch_logs: { log_group: a, retention_days: 30 }, sns_topic: { name: t } }")
        .with("deletion", "{ bucket: true, key: true }");
    let base = Installation::new().patient();
    base.converge(&spec).await;
    let plan = base.plan_to_destroy(&spec).await;
    for (operation, status, code, message) in [
        // IAM still sees the policy of the role that was deleted a short time ago.
        ("iam:DeleteRole", 409, "DeleteConflict", "Cannot delete entity, must delete policies first."),
        ("iam:DeleteRolePolicy", 409, "ConcurrentModification", "multiple concurrent requests"),
        ("logs:DeleteLogGroup", 400, "OperationAbortedException", "multiple concurrent requests"),
        ("s3:DeleteBucket", 409, "OperationAborted", "A conflicting conditional operation is in progress"),
        ("sns:DeleteTopic", 400, "ConcurrentAccess", "multiple concurrent requests"),
        ("cloudtrail:DeleteTrail", 400, "ConflictException", "another operation is in progress"),
        ("kms:DeleteAlias", 400, "KMSInvalidStateException", "is updating"),
        ("kms:ScheduleKeyDeletion", 400, "KMSInvalidStateException", "is updating"),
    ] {
        let installation = base.fork();
        installation.twin.fail(vec![failure(operation, status, code, message, 3)]);
        let outcome = installation.apply(&spec, &plan).await;
        assert!(outcome.is_complete(), "{operation} {code}: {:#?}", errors(&outcome));
        let calls = installation.twin.calls();
        let failed = calls.iter().filter(|it| it.error.as_deref() == Some(code)).count();
        assert_eq!(failed, 3, "{operation} {code}");
    }
}

#[tokio::test]
async fn an_organization_that_was_opened_a_moment_ago_is_waited_for() {
    let base = with_others().await.patient();
    let spec = SPEC.with("trails.1", "{ name: All, organization_trail: true }");
    let plan = base.plan(&spec).await;
    for code in ["CloudTrailAccessNotEnabledException", "NotOrganizationMasterAccountException"] {
        for operation in ["cloudtrail:CreateTrail", "cloudtrail:RegisterOrganizationDelegatedAdmin"] {
            let installation = base.fork();
            installation.twin.fail(vec![failure(operation, 400, code, "not enabled", 3)]);
            let outcome = installation.apply(&spec, &plan).await;
            assert!(outcome.is_complete(), "{operation} {code}: {:#?}", errors(&outcome));
        }
    }
    // If the spec does not give the permissions, the apply does not wait for them.
    let installation = Installation::new().patient();
    installation.twin.fail(vec![failure(
        "cloudtrail:CreateTrail",
        400,
        "CloudTrailAccessNotEnabledException",
        "not enabled",
        3,
    )]);
    let spec = members(1);
    let plan = installation.plan(&spec).await;
    assert!(!installation.apply(&spec, &plan).await.is_complete());
}

#[tokio::test]
async fn a_trail_waits_until_cloudtrail_sees_bucket_key_and_policies() {
    let installation = Installation::new().patient();
    let spec = members(2);
    let plan = installation.plan(&spec).await;
    installation.twin.lag(lag("cloudtrail:CreateTrail", 4));
    let outcome = installation.apply(&spec, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", errors(&outcome));
    let refused = installation.twin.calls().into_iter();
    let refused = refused.filter(|it| it.operation == "cloudtrail:CreateTrail" && it.error.is_some()).count();
    assert!(refused >= 4, "{refused}");
}

#[tokio::test]
async fn a_key_whose_creation_is_not_answered_is_searched_for() {
    let spec = members(1);
    for takes_effect in [true, false] {
        let installation = Installation::new().patient();
        let plan = installation.plan(&spec).await;
        let lost = failure("kms:CreateKey", 500, "KMSInternalException", "internal error", 1);
        installation.twin.fail(vec![InjectedFailure { takes_effect, ..lost }]);
        // The lists and the tags of keys are also late.
        let late = ["kms:ListKeys", "kms:ListResourceTags"];
        installation.twin.lag(late.iter().flat_map(|operation| lag(operation, 3)).collect());
        let outcome = installation.apply(&spec, &plan).await;
        assert!(outcome.is_complete(), "{:#?}", errors(&outcome));
        assert_eq!(keys(&installation), 1, "takes effect: {takes_effect}");
        installation.twin.lag(Vec::new());
        assert!(installation.plan(&spec).await.is_in_sync());
    }
}

#[tokio::test]
async fn a_rerun_right_after_a_kill_finds_the_key_that_is_not_listed_yet() {
    let spec = members(1);
    let installation = Installation::new().patient();
    let plan = installation.plan(&spec).await;
    let twin = installation.twin.clone();
    installation.twin.observe(move |_| {
        assert!(twin.calls().iter().all(|call| call.operation != "kms:CreateKey"), "killed");
        let keys: usize = twin.summary().accounts.iter().map(|account| account.keys.len()).sum();
        assert_eq!(keys, 0, "killed");
    });
    installation.twin.lag(["kms:ListKeys"].iter().flat_map(|operation| lag(operation, 3)).collect());
    let _ = AssertUnwindSafe(installation.apply(&spec, &plan)).catch_unwind().await;
    installation.twin.observe(|_| {});
    assert_eq!(keys(&installation), 1);

    let plan = installation.plan(&spec).await;
    assert!(plan.changes.iter().any(|it| it.address.to_string() == "key/master/test"), "{plan:#?}");
    let outcome = installation.apply(&spec, &plan).await;
    installation.twin.lag(Vec::new());
    assert_eq!(keys(&installation), 1, "{:#?}", errors(&outcome));
    installation.converge(&spec).await;
    assert_eq!(keys(&installation), 1);
}

/// Returns the number of keys that can be used.
fn usable(installation: &Installation) -> usize {
    let accounts = installation.twin.summary().accounts;
    accounts.iter().flat_map(|account| &account.keys).filter(|key| key.state == "Enabled").count()
}

#[tokio::test]
async fn two_first_applies_at_once_end_with_one_key() {
    let spec = members(1);
    // The second apply does not see the resources of the first one when it searches for the key.
    let first = Installation::new().patient();
    let second = Installation::on(first.twin.clone()).patient();
    let plans = (first.plan(&spec).await, second.plan(&spec).await);
    first.twin.lag(lag("kms:ListKeys", 1));
    assert!(first.apply(&spec, &plans.0).await.is_complete());
    first.twin.fail(vec![failure("kms:DescribeKey", 400, "NotFoundException", "Alias is not found", 1)]);
    second.apply(&spec, &plans.1).await;
    assert_eq!(first.accepted("kms:CreateKey"), 2);
    assert_eq!((keys(&first), usable(&first)), (2, 1));
    first.twin.lag(Vec::new());
    assert!(first.plan(&spec).await.is_in_sync());

    // Both applies run at the same time.
    let first = Installation::new().patient();
    let second = Installation::on(first.twin.clone()).patient();
    let plans = (first.plan(&spec).await, second.plan(&spec).await);
    futures::join!(first.apply(&spec, &plans.0), second.apply(&spec, &plans.1));
    assert_eq!(usable(&first), 1);
    first.converge(&spec).await;
    assert_eq!(usable(&first), 1);
    assert!(first.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn nothing_is_waited_for_after_an_interrupt() {
    struct Stop(Interrupt, AtomicBool);
    impl reconcile_apply::EventObserver for Stop {
        fn event(&self, event: reconcile_apply::Event<'_>) {
            if matches!(event, reconcile_apply::Event::Waiting(_)) {
                assert!(!self.1.swap(true, Ordering::Relaxed), "nothing waits after the interrupt");
                self.0.stop();
            }
        }
    }
    let installation = Installation::new().patient();
    let spec = members(0);
    let plan = installation.plan(&spec).await;
    installation.twin.lag(lag("s3:GetBucketPolicy", 1000));
    let interrupt = Interrupt::default();
    let watch = Stop(interrupt.clone(), AtomicBool::new(false));
    let outcome = installation.apply_watched(&spec, &plan, interrupt, Arc::new(watch)).await;
    assert!(!outcome.is_complete());
    installation.twin.lag(Vec::new());
    installation.converge(&spec).await;
}

#[tokio::test]
async fn a_late_read_of_a_policy_is_no_reason_to_give_up_a_trail() {
    let installation = Installation::new().patient();
    let spec = members(2);
    let plan = installation.plan(&spec).await;
    // Neither CloudTrail nor a read of the policies sees the new policies yet.
    let late = ["cloudtrail:CreateTrail", "s3:GetBucketPolicy", "kms:GetKeyPolicy"];
    installation.twin.lag(late.iter().flat_map(|operation| lag(operation, 6)).collect());
    let outcome = installation.apply(&spec, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", errors(&outcome));
}
