//! The lock: one apply at a time, a lease that is renewed, and an apply that stops when it loses
//! the lock.

use std::sync::Arc;
use std::time::Duration;

use reconcile_apply::Interrupt;
use reconcile_apply::lock::{self, HeldLock, Lease, LeaseState, LockError, LockRequest};
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_text::message;
use reconcile_twin::InjectedFailure;
use tokio::sync::Semaphore;

use crate::installation::{Installation, spec};

const BUCKET: &str = "apply-locks";
const KEY: &str = "test.lock";

/// A lease whose lock is not renewed during a test.
const LONG: Lease = Lease { heartbeat: Duration::from_hours(1), ..Lease::DEFAULT };
/// A lease whose lock is renewed continuously.
const BUSY: Lease = Lease { heartbeat: Duration::from_millis(1), ..Lease::DEFAULT };

fn text() -> String {
    let lock = format!("{{ bucket: {BUCKET}, key: {KEY}, region: eu-west-1, account: master }}");
    members(1).with("lock", &lock)
}

async fn acquire(
    installation: &Installation,
    who: &str,
    lease: Lease,
    interrupt: &Interrupt,
) -> Result<HeldLock, LockError> {
    let spec = spec(&text());
    let aws = installation.connect(&spec);
    let (who, wait, interrupt) = (who.to_owned(), Duration::ZERO, interrupt.clone());
    // The futures of the SDK are large.
    let taken = Box::pin(lock::acquire(&aws, spec.desired(), LockRequest { who, wait, lease, interrupt }));
    let held = taken.await?;
    Ok(held.expect("the spec has a lock"))
}

async fn is_locked(installation: &Installation) -> bool {
    let call = installation.s3(MASTER).get_object().bucket(BUCKET).key(KEY).send();
    call.await.is_ok()
}

/// Waits until this number of mutating calls was made.
async fn writes(installation: &Installation, count: u32) {
    let made = Arc::new(Semaphore::new(0));
    let seen = Arc::clone(&made);
    installation.twin.observe(move |_| seen.add_permits(1));
    made.acquire_many(count).await.unwrap().forget();
}

fn failure(
    operation: &str,
    status: u16,
    code: &'static str,
    times: usize,
    takes_effect: bool,
) -> InjectedFailure {
    InjectedFailure { operation: operation.to_owned(), status, code, message: "", times, takes_effect }
}

#[tokio::test]
async fn only_one_of_two_holds_the_lock() {
    let installation = Installation::new();
    let nothing = Interrupt::default();
    let first = acquire(&installation, "alice@laptop", LONG, &nothing).await.unwrap();
    let error = acquire(&installation, "bob@ci", LONG, &nothing).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&format!("the lock s3://{BUCKET}/{KEY} is held by alice@laptop since "))
    );
    assert!(matches!(error, LockError::Held { lease: LeaseState::Running, .. }) && error.is_held());
    first.release().await.unwrap();
    assert!(!is_locked(&installation).await);
    acquire(&installation, "bob@ci", LONG, &nothing).await.unwrap().release().await.unwrap();
    assert!(!nothing.is_stopped());
}

#[tokio::test]
async fn a_lock_is_renewed_until_it_is_released() {
    let installation = Installation::new();
    let nothing = Interrupt::default();
    let held = acquire(&installation, "alice", BUSY, &nothing).await.unwrap();
    writes(&installation, 5).await;
    held.release().await.unwrap();
    assert!(!is_locked(&installation).await && !nothing.is_stopped());
    assert!(installation.accepted("s3:PutObject") >= 6);
}

#[tokio::test]
async fn a_lock_that_is_not_renewed_is_taken_over_when_its_lease_has_ended() {
    let installation = Installation::new();
    let (killed, nothing) = (Interrupt::default(), Interrupt::default());
    let first = acquire(&installation, "alice", LONG, &killed).await.unwrap();
    installation.twin.age_object(BUCKET, KEY, Duration::from_secs(200));
    assert!(acquire(&installation, "bob", LONG, &nothing).await.unwrap_err().is_held());
    installation.twin.age_object(BUCKET, KEY, Duration::from_secs(10));
    // If two try at the same time, only one of them gets the lock.
    let (bob, carol) = tokio::join!(
        acquire(&installation, "bob", LONG, &nothing),
        acquire(&installation, "carol", LONG, &nothing)
    );
    let (winner, loser) = if bob.is_ok() { (bob, carol) } else { (carol, bob) };
    let winner = winner.unwrap();
    assert_eq!(winner.taken_from().map(|holder| holder.who.as_str()), Some("alice"));
    assert!(matches!(loser.unwrap_err(), LockError::Held { lease: LeaseState::Running, .. }));
    // The first holder gets an error, and does not change the lock.
    let lost = first.release().await.unwrap_err();
    assert!(matches!(&lost, LockError::Taken { holder: Some(_), .. }) && lost.is_lost(), "{lost}");
    assert!(is_locked(&installation).await);
    winner.release().await.unwrap();
    assert!(!is_locked(&installation).await);
}

#[tokio::test]
async fn a_lock_without_a_lease_is_never_taken_over() {
    let installation = Installation::new();
    let text = r#"{"who":"alice","since":"2026-11-23T08:00:00Z","spec":"test"}"#;
    acquire(&installation, "nobody", LONG, &Interrupt::default()).await.unwrap().release().await.unwrap();
    let put =
        installation.s3(MASTER).put_object().bucket(BUCKET).key(KEY).body(text.as_bytes().to_vec().into());
    put.send().await.unwrap();
    installation.twin.age_object(BUCKET, KEY, Duration::from_hours(1000));
    let error = acquire(&installation, "bob", LONG, &Interrupt::default()).await.unwrap_err();
    assert!(matches!(error, LockError::Held { lease: LeaseState::Unknown, .. }), "{error}");
}

#[tokio::test]
async fn an_apply_stops_when_its_lock_is_deleted_or_replaced() {
    for replaced in [false, true] {
        let installation = Installation::new();
        let interrupt = Interrupt::default();
        let held = acquire(&installation, "alice", BUSY, &interrupt).await.unwrap();
        let s3 = installation.s3(MASTER);
        if replaced {
            let put = s3.put_object().bucket(BUCKET).key(KEY).body(b"{}".to_vec().into());
            put.send().await.unwrap();
        } else {
            s3.delete_object().bucket(BUCKET).key(KEY).send().await.unwrap();
        }
        interrupt.stopped().await;
        let lost = held.release().await.unwrap_err();
        assert!(matches!(&lost, LockError::Taken { holder: None, .. }), "{lost}");
        assert_eq!(is_locked(&installation).await, replaced, "the lock of somebody else stays");
    }
}

#[tokio::test]
async fn an_apply_stops_when_its_lock_cannot_be_renewed_in_time() {
    let installation = Installation::new();
    let interrupt = Interrupt::default();
    let short = Lease {
        length: Duration::from_millis(100),
        heartbeat: Duration::from_millis(1),
        margin: Duration::from_millis(50),
    };
    let held = acquire(&installation, "alice", short, &interrupt).await.unwrap();
    installation.twin.fail(vec![failure("s3:PutObject", 403, "AccessDenied", usize::MAX, false)]);
    interrupt.stopped().await;
    let lost = held.release().await.unwrap_err();
    assert!(matches!(&lost, LockError::Unrenewed { error: Some(_), .. }) && lost.is_lost(), "{lost}");
    assert!(message(&lost).contains("AccessDenied"), "{lost}");
}

#[tokio::test]
async fn a_lost_answer_loses_no_lock() {
    let installation = Installation::new();
    let interrupt = Interrupt::default();
    // The call takes effect, and the retry of the SDK finds another ETag.
    let lost = |operation: &str| vec![failure(operation, 500, "InternalError", 1, true)];
    installation.twin.fail(lost("s3:PutObject"));
    let held = acquire(&installation, "alice", LONG, &interrupt).await.unwrap();
    installation.twin.fail(lost("s3:DeleteObject"));
    held.release().await.unwrap();
    assert!(!is_locked(&installation).await);

    // The same happens when a lock is acquired after its lease has ended, and when it is renewed.
    let _killed = acquire(&installation, "killed", LONG, &Interrupt::default()).await.unwrap();
    installation.twin.age_object(BUCKET, KEY, Duration::from_hours(1));
    installation.twin.fail(vec![
        failure("s3:PutObject", 500, "InternalError", 1, true),
        failure("s3:PutObject", 409, "ConditionalRequestConflict", 1, false),
        failure("s3:PutObject", 500, "InternalError", 3, true),
    ]);
    let held = acquire(&installation, "alice", BUSY, &interrupt).await.unwrap();
    writes(&installation, 20).await;
    held.release().await.unwrap();
    assert!(!interrupt.is_stopped() && !is_locked(&installation).await);
}

#[tokio::test]
async fn a_stop_ends_the_wait_for_a_lock() {
    let installation = Installation::new();
    let _first = acquire(&installation, "alice", LONG, &Interrupt::default()).await.unwrap();
    let spec = spec(&text());
    let aws = installation.connect(&spec);
    let interrupt = Interrupt::default();
    let request = LockRequest {
        who: "bob".to_owned(),
        wait: Duration::from_hours(1),
        lease: LONG,
        interrupt: interrupt.clone(),
    };
    let (taken, ()) = tokio::join!(lock::acquire(&aws, spec.desired(), request), async { interrupt.stop() });
    assert!(matches!(taken.unwrap_err(), LockError::Interrupted { .. }));
}

#[tokio::test]
async fn unlock_releases_only_the_lock_that_it_showed() {
    let installation = Installation::new();
    let interrupt = Interrupt::default();
    let spec = spec(&text());
    let aws = installation.connect(&spec);
    let found = async || lock::find(&aws, spec.desired()).await.unwrap().1;
    assert!(found().await.is_none());

    let held = acquire(&installation, "alice", LONG, &interrupt).await.unwrap();
    let shown = found().await.unwrap();
    assert_eq!((shown.lease, shown.holder.as_ref().unwrap().who.as_str()), (LeaseState::Running, "alice"));
    held.release().await.unwrap();
    let other = acquire(&installation, "bob", LONG, &interrupt).await.unwrap();
    assert!(matches!(shown.release().await.unwrap_err(), LockError::Changed { .. }));
    assert!(is_locked(&installation).await);

    installation.twin.age_object(BUCKET, KEY, Duration::from_hours(1));
    let shown = found().await.unwrap();
    assert_eq!(shown.lease, LeaseState::Ended);
    shown.release().await.unwrap();
    assert!(!is_locked(&installation).await);
    // The lock object no longer exists, as if the answer to the deletion was lost.
    other.release().await.unwrap();
    assert!(!interrupt.is_stopped());
}

#[tokio::test]
async fn two_applies_at_once_without_a_lock_keep_the_statements_of_all_sides() {
    let installation = Installation::new().patient();
    installation.converge(&members(1)).await;
    let statement = |sid: &str| {
        serde_json::json!({
            "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "s3:PutObjectAcl", "Resource": "arn:aws:s3:::test-logs/*",
        })
    };
    installation.add_to_bucket_policy(statement("Before")).await;
    let spec = members(3);
    let plans = (installation.plan(&spec).await, installation.plan(&spec).await);
    installation.add_to_bucket_policy(statement("Meanwhile")).await;
    futures::join!(installation.apply(&spec, &plans.0), installation.apply(&spec, &plans.1));
    let policy = installation.bucket_policy();
    for part in ["Before", "Meanwhile", "000000000001", "000000000002", "000000000003", MASTER] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}
