//! An apply that is stopped at any point is completed by another apply, with the same plan or a new
//! plan.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use reconcile_apply::{ChangeStatus, Event, EventObserver, Interrupt};
use reconcile_samples::{EditSpec, members};

use crate::installation::Installation;

/// Stops an apply after this number of changes.
struct StopAfter {
    left: AtomicUsize,
    interrupt: Interrupt,
}

impl EventObserver for StopAfter {
    fn event(&self, event: Event<'_>) {
        if matches!(event, Event::Finished(..)) && self.left.fetch_sub(1, Ordering::Relaxed) <= 1 {
            self.interrupt.stop();
        }
    }
}

async fn stopped_after(changes: usize, spec: &str) -> Installation {
    let installation = Installation::new();
    let plan = installation.plan(spec).await;
    let interrupt = Interrupt::default();
    let watch = StopAfter { left: AtomicUsize::new(changes), interrupt: interrupt.clone() };
    let outcome = installation.apply_watched(spec, &plan, interrupt, Arc::new(watch)).await;
    assert!(!outcome.is_complete());
    assert!(outcome.results.iter().any(|it| it.status == ChangeStatus::NotBegun));

    // An apply of the same plan continues where the first one ended.
    let again = installation.apply_saved(spec, plan.clone()).await.unwrap();
    assert!(again.is_complete(), "{:#?}", again.results);
    assert_eq!(again.summary.applied + again.summary.unchanged, plan.changes.len());
    assert!(again.summary.unchanged >= changes);
    installation
}

#[tokio::test]
async fn an_interrupted_apply_is_completed_by_the_next_apply() {
    let spec = members(2);
    for changes in 1..6 {
        let installation = stopped_after(changes, &spec).await;
        assert!(installation.plan(&spec).await.is_in_sync(), "after {changes}");
        let keys: usize = installation.twin.summary().accounts.iter().map(|account| account.keys.len()).sum();
        assert_eq!(keys, 1, "after {changes}");
    }
}

#[tokio::test]
async fn a_plan_that_was_killed_after_the_creation_of_a_topic_is_finished_by_the_same_plan() {
    let spec = members(2).with("trails.0", "{ sns_topic: { name: files } }");
    let installation = Installation::new();
    let plan = installation.plan(&spec).await;
    installation.twin.observe(|summary| {
        let summary = serde_json::to_string(summary).unwrap();
        assert!(!summary.contains("arn:aws:sns:eu-west-1:111111111111:files"), "killed");
    });
    let _ = AssertUnwindSafe(installation.apply(&spec, &plan)).catch_unwind().await;
    installation.twin.observe(|_| {});
    let again = installation.apply_saved(&spec, plan).await.unwrap();
    assert!(again.is_complete(), "{:#?}", again.results);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_plan_that_was_killed_after_a_write_of_a_policy_is_finished_by_the_same_plan() {
    /// Whether the policy allows the old prefix, and the new one.
    fn allowed(policy: &str) -> (bool, bool) {
        (policy.contains("test-logs/AWSLogs"), policy.contains("test-logs/new/AWSLogs"))
    }

    let spec = members(2);
    let moved = spec.with("bucket.prefix", "new");
    for killed_at in [(true, true), (false, true)] {
        let installation = Installation::new();
        installation.converge(&spec).await;
        let plan = installation.plan(&moved).await;
        installation.twin.observe(move |summary| {
            let policy = summary.buckets[0].policy.clone().unwrap_or_default().to_string();
            assert_ne!(allowed(&policy), killed_at, "killed");
        });
        let _ = AssertUnwindSafe(installation.apply(&moved, &plan)).catch_unwind().await;
        installation.twin.observe(|_| {});
        assert_eq!(allowed(&installation.bucket_policy()), killed_at);

        // First with the journal, and then without it.
        for installation in [&installation.fork(), &installation] {
            let again = installation.apply_saved(&moved, plan.clone()).await.unwrap();
            assert!(again.is_complete(), "{killed_at:?}: {:#?}", again.results);
            assert!(installation.plan(&moved).await.is_in_sync());
            assert_eq!(allowed(&installation.bucket_policy()), (false, true));
        }
    }
}

#[tokio::test]
async fn a_plan_that_was_killed_while_a_resource_was_created_is_finished_by_the_same_plan() {
    let spec =
        members(2).with("trails.0", "{ cloudwatch_logs: { log_group: audit }, sns_topic: { name: t } }");
    for operation in ["kms:CreateAlias", "s3:CreateBucket", "iam:CreateRole", "logs:CreateLogGroup"] {
        let installation = Installation::new();
        let plan = installation.plan(&spec).await;
        let twin = installation.twin.clone();
        // The observer sees the state after a call before the call is recorded.
        installation.twin.observe(move |_| {
            assert!(twin.calls().iter().all(|call| call.operation != operation), "killed");
        });
        let _ = AssertUnwindSafe(installation.apply(&spec, &plan)).catch_unwind().await;
        installation.twin.observe(|_| {});
        assert!(!installation.plan(&spec).await.is_in_sync(), "{operation}");
        let again = installation.apply_saved(&spec, plan).await.unwrap();
        assert!(again.is_complete(), "{operation}: {:#?}", again.results);
        assert!(installation.plan(&spec).await.is_in_sync(), "{operation}");
    }
}

#[tokio::test]
async fn a_plan_names_only_dependencies_that_come_before() {
    let installation = Installation::new();
    let plan = installation.plan(&members(3)).await;
    let mut before = BTreeSet::new();
    for change in &plan.changes {
        assert!(change.depends_on.iter().all(|address| before.contains(address)), "{}", change.address);
        before.insert(change.address.clone());
    }
    let trail = plan.changes.last().unwrap();
    assert_eq!(trail.depends_on.len(), 4, "key, its policy, bucket, its policy: {:?}", trail.depends_on);
}

#[tokio::test]
async fn an_interrupt_of_an_apply_of_many_accounts_begins_nothing_more() {
    let installation = Installation::new();
    let spec = members(100);
    let plan = installation.plan(&spec).await;
    let hold = installation.twin.hold("cloudtrail:CreateTrail");
    let interrupt = Interrupt::default();
    let stop = async {
        hold.reached().await;
        interrupt.stop();
        drop(hold);
    };
    let applying = installation.apply_watched(&spec, &plan, interrupt.clone(), Arc::new(()));
    let (outcome, ()) = futures::join!(applying, stop);
    let created = installation.accepted("cloudtrail:CreateTrail");
    assert!((1..=64).contains(&created), "{created}");
    // Changes that were started are finished.
    assert_eq!(installation.accepted("cloudtrail:StartLogging"), created);
    assert_eq!(outcome.not_begun(), 101 - created);
    assert_eq!((outcome.summary.failed, outcome.summary.skipped), (0, 101 - created));
}
