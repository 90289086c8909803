//! A week of checks against the embedded AWS, on a clock that does not wait.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use reconcile_apply::{ApplyOptions, Interrupt, Journal, Propagation, apply};
use reconcile_aws::Aws;
use reconcile_diff::{Progress, read};
use reconcile_plan::{Comparison, DriftReport, Plan, compare};
use reconcile_report::drift::DriftStatus;
use reconcile_report::error::{CommandError, Details, ErrorCode};
use reconcile_report::verify::Verified;
use reconcile_report::watch::CheckRecord;
use reconcile_sandbox::{connection, setup};
use reconcile_spec::{Spec, parse};
use reconcile_text::Hint;
use reconcile_twin::Twin;
use reconcile_watch::{
    Board, Check, Clock, Lead, Notifier, Repair, Schedule, SpecChecker, StateStore, Watch,
};
use serde_json::json;
use tokio::sync::Notify;

const SPEC: &str = "specs/week.yaml";
const TEXT: &str = r#"
version: 1
name: week
accounts:
  security: { id: "111111111111" }
  production: { id: "222222222222", role: Audit }
bucket: { name: week-logs, account: security, region: eu-west-1 }
key: { alias: week-logs }
trails:
  - { name: Trail, accounts: [security, production] }
"#;
const ACCOUNT: &str = "222222222222";
const HOURS: i64 = 7 * 24;

/// Returns the event at an hour of the week.
fn event(hour: i64) -> Option<&'static str> {
    match hour {
        10 | 50 | 100 => Some("StopLogging"),
        14 | 140 => Some("StartLogging"),
        _ => None,
    }
}

/// The hours in which AWS does not answer.
fn is_away(hour: i64) -> bool {
    (70..73).contains(&hour)
}

/// A clock that advances by an hour with each pause.
#[derive(Default)]
struct Hours(AtomicI64);

impl Hours {
    fn passed(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clock for Hours {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        start + SignedDuration::from_hours(self.passed())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(tokio::task::yield_now())
    }
}

#[derive(Debug, thiserror::Error)]
#[error("AWS does not answer")]
struct Away;

impl Hint for Away {
    fn own_hint(&self) -> Option<String> {
        None
    }
}

struct Sandbox {
    twin: Twin,
    spec: Spec,
    clock: Arc<Hours>,
    stop: Interrupt,
    journals: tempfile::TempDir,
    /// The hour of the last event, so that a second check within an hour does not repeat the event.
    last: AtomicI64,
    /// The hours of verifications.
    verified: Mutex<Vec<i64>>,
}

impl Sandbox {
    fn new(clock: &Arc<Hours>, stop: &Interrupt) -> Self {
        let spec = parse(SPEC, TEXT.as_bytes()).unwrap();
        let twin = Twin::in_memory();
        twin.provision(setup(&spec));
        let journals = tempfile::tempdir().unwrap();
        let (clock, stop, last) = (Arc::clone(clock), stop.clone(), AtomicI64::new(-1));
        Self { twin, spec, clock, stop, journals, last, verified: Mutex::default() }
    }

    fn connect(&self) -> Aws {
        Aws::new(reconcile_aws::ConnectOptions {
            profile: None,
            region: "eu-west-1".parse().unwrap(),
            endpoint_url: None,
            concurrency: NonZeroUsize::new(8).unwrap(),
            session_policies: true,
            embedded: Some(connection(&self.twin, self.spec.desired())),
        })
    }

    async fn compare(&self) -> Comparison {
        let live = read(&self.connect(), self.spec.clone(), &Arc::new(Progress::default())).await.unwrap();
        compare(&live.spec, &live.observed, self.clock.now())
    }

    async fn make(&self, plan: &Plan) -> usize {
        let journal = Journal::open(self.journals.path(), plan).unwrap();
        let options = ApplyOptions {
            propagation: Propagation::simulated(Duration::ZERO),
            confirm: None,
            in_flight: NonZeroUsize::new(8).unwrap(),
            interrupt: Interrupt::default(),
            observer: Arc::new(()),
        };
        let outcome = apply(&self.connect(), self.spec.desired(), plan, journal, options).await;
        assert!(outcome.is_complete(), "{:#?}", outcome.results);
        outcome.summary.applied
    }

    /// Makes a call of another user of the account.
    fn call(&self, operation: &str) {
        const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";
        let (key, _) = self.twin.credentials_for(ACCOUNT);
        let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20261126/eu-west-1/cloudtrail/aws4_request");
        let request = http::Request::builder().method("POST").uri("/").header("authorization", scope);
        let request = request.header("x-amz-target", format!("{TARGET}.{operation}"));
        let body = json!({ "Name": "Trail" }).to_string();
        let answer = self.twin.handle(request.body(body.into_bytes().into()).unwrap());
        assert_eq!(answer.status(), 200, "{operation}: {:?}", answer.body());
    }
}

impl SpecChecker for Sandbox {
    async fn check(&self, _: &str) -> Check {
        let hour = self.clock.passed();
        if hour >= HOURS {
            self.stop.stop();
        }
        if is_away(hour) {
            let failure = CommandError::new(ErrorCode::Read, &Away, Details::None);
            return Check { result: Err(failure), calls: BTreeMap::default(), repairable: 0 };
        }
        let is_first = self.last.swap(hour, Ordering::Relaxed) != hour;
        if let Some(operation) = event(hour).filter(|_| is_first) {
            self.call(operation);
        }
        let mut comparison = self.compare().await;
        let checked = DriftReport::new(&comparison);
        comparison.plan.keep_safe();
        Check { result: Ok(checked), calls: BTreeMap::default(), repairable: comparison.plan.changes.len() }
    }

    async fn repair(&self, _: &str) -> Result<Repair, CommandError> {
        let mut plan = self.compare().await.plan;
        plan.keep_safe();
        Ok(Repair::Applied(self.make(&plan).await))
    }

    async fn verify(&self, _: &str) -> Result<Verified, CommandError> {
        let before = {
            let mut verified = self.verified.lock().unwrap();
            verified.push(self.clock.passed());
            verified.len() - 1
        };
        match before {
            1 => std::panic::resume_unwind(Box::new("a fault of the verification")),
            2 => Err(CommandError::new(ErrorCode::Read, &Away, Details::None)),
            _ => Ok(Verified::default()),
        }
    }

    async fn lead(&self, _: &str) -> Result<Lead, CommandError> {
        Ok(Lead::This)
    }

    async fn resign(&self, _: &str) {}
}

/// Returns the checks of a week with news, as `hour: status, new, resolved, repaired`, the number
/// of all checks, and the hours of verifications.
async fn week(repairs: bool) -> (Vec<String>, usize, Vec<i64>) {
    let (clock, stop) = (Arc::new(Hours::default()), Interrupt::default());
    let world = Sandbox::new(&clock, &stop);
    let plan = world.compare().await.plan;
    world.make(&plan).await;
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(world);
    let watch = Watch {
        checker: Arc::clone(&world),
        schedule: Schedule { every: Duration::from_hours(1), jitter: Duration::ZERO },
        repairs,
        verifies: Some(Duration::from_hours(24)),
        store: Some(StateStore::new(folder.path().to_owned())),
        board: Arc::new(Board::default()),
        notifier: Notifier::default(),
        clock: Arc::<Hours>::clone(&clock),
    };
    watch.run(&[SPEC.to_owned()], &stop, &Arc::new(Notify::new())).await.unwrap();
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let memory: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let history: Vec<CheckRecord> = serde_json::from_value(memory["history"].clone()).unwrap();
    let start: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    let mut status = DriftStatus::InSync;
    let mut told = Vec::new();
    for record in &history {
        if (record.new, record.resolved, record.repaired) != (0, 0, 0) || record.status != status {
            let hour = record.at.duration_since(start).as_hours();
            let CheckRecord { new, resolved, repaired, .. } = record;
            told.push(format!("{hour}: {}, {new}, {resolved}, {repaired}", record.status.as_str()));
        }
        status = record.status;
    }
    let verified = world.verified.lock().unwrap().clone();
    (told, history.len(), verified)
}

#[tokio::test]
async fn drift_is_reported_when_it_appears_and_when_it_ends() {
    let (told, checks, verified) = week(false).await;
    let expected = [
        "10: drifted, 1, 0, 0",
        "14: in_sync, 0, 1, 0",
        "50: drifted, 1, 0, 0",
        // AWS does not answer while the trail is stopped, so nothing is resolved or new.
        "70: error, 0, 0, 0",
        "73: drifted, 0, 0, 0",
        "140: in_sync, 0, 1, 0",
    ];
    assert_eq!(told, expected);
    assert_eq!(checks, usize::try_from(HOURS).unwrap());
    // The first verification begins after the first check. The clock advances before its time is
    // read again.
    let pauses: Vec<i64> = verified.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The second verification panics, and the third verification fails.
    assert_eq!(pauses, [24, 1, 1, 24, 24, 24, 24, 24], "{verified:?}");
}

#[tokio::test]
async fn repaired_drift_and_its_end_are_each_reported_once() {
    let (told, ..) = week(true).await;
    let expected = [
        "10: drifted, 1, 0, 1",
        "10: in_sync, 0, 1, 0",
        "50: drifted, 1, 0, 1",
        "50: in_sync, 0, 1, 0",
        "70: error, 0, 0, 0",
        "73: in_sync, 0, 0, 0",
        "100: drifted, 1, 0, 1",
        "100: in_sync, 0, 1, 0",
    ];
    assert_eq!(told, expected);
}
