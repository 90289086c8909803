//! A validation that is killed, and continued by another run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::mint::{Minted, Signer};
use reconcile_evidence::{
    Cell, CellReport, ChainId, Concurrency, DigestKind, ExpectedTrail, Job, Ledger, Memory, Object,
    ObjectLocation, ObjectSource, Page, PublicKeys, Range, ReadError, Root, VerificationOutcome, estimate,
    verify,
};
use tokio::sync::Notify;

const KEY: &[u8] = include_bytes!("keys/cloudtrail.pk8");
const HOURS: i64 = 24;
const FILES: u32 = 6;
const CONCURRENCY: Concurrency = Concurrency { digests: 2, logs: 4 };

/// A source that counts the reads of each object, and fails all reads after some of them.
#[derive(Clone)]
struct Counted {
    objects: Memory,
    reads: Arc<Mutex<BTreeMap<ObjectLocation, u32>>>,
    last: u32,
    stopped: Arc<Notify>,
}

impl ObjectSource for Counted {
    type Body = <Memory as ObjectSource>::Body;

    async fn list(&self, bucket: &str, prefix: &str, after: &str) -> Result<Page, ReadError> {
        self.objects.list(bucket, prefix, after).await
    }

    async fn folders(&self, bucket: &str, folder: &str) -> Result<Vec<String>, ReadError> {
        self.objects.folders(bucket, folder).await
    }

    async fn get(&self, place: &ObjectLocation) -> Result<Object<Self::Body>, ReadError> {
        let reads: u32 = {
            let mut reads = self.reads.lock().unwrap();
            *reads.entry(place.clone()).or_default() += 1;
            reads.values().sum()
        };
        if reads >= self.last {
            self.stopped.notify_one();
            std::future::pending::<()>().await;
        }
        // Reads overlap, like reads over a network.
        tokio::task::yield_now().await;
        self.objects.get(place).await
    }
}

fn time(hour: i64) -> Timestamp {
    "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

fn range() -> Range {
    Range { from: time(0), to: time(HOURS), now: time(HOURS + 3) }
}

fn cell() -> Cell {
    let home = || "eu-west-1".parse().unwrap();
    Cell {
        account: "111122223333".parse().unwrap(),
        region: home(),
        roots: BTreeSet::from([Root::new("logs", None, None)]),
        trails: BTreeSet::from([ExpectedTrail { name: "Audit".to_owned(), home: home(), must_log: true }]),
        has_other_logs: false,
    }
}

/// Returns the objects of a day in which the log file of an hour was changed, and the public keys.
fn day() -> (Memory, PublicKeys) {
    let signer = Signer::from_pkcs8(KEY).unwrap();
    let (mut objects, mut keys) = (Memory::default(), PublicKeys::default());
    keys.add("eu-west-1".parse().unwrap(), [signer.public_key(time(-24), time(48))]);
    let id = ChainId {
        account: cell().account,
        region: cell().region,
        trail: "Audit".to_owned(),
        home: "eu-west-1".parse().unwrap(),
        kind: DigestKind::Hourly,
    };
    let mut chain = Minted::new(id, Root::new("logs", None, None));
    for hour in -1..=HOURS {
        let mut logs = Vec::new();
        for file in 0..FILES {
            let delivered = time(hour) + SignedDuration::from_mins(10 + i64::from(file));
            let (log, mut stored) =
                chain.log(delivered, "abcdefghijklmnop", format!("{delivered}").as_bytes()).unwrap();
            if (hour, file) == (10, 1) {
                stored.body.truncate(15);
            }
            objects.put(log.place.clone(), stored);
            logs.push(log);
        }
        let (place, stored) =
            chain.digest(&signer, time(hour), time(hour + 1), &logs, time(hour + 1)).unwrap();
        objects.put(place, stored);
    }
    (objects, keys)
}

/// Verifies the day until a number of reads. Returns the report, unless the validation was killed.
async fn run(source: &Counted, keys: &PublicKeys, path: &Path) -> Option<CellReport> {
    let (ledger, range) = Ledger::open(path, "day", (None, None), range()).unwrap();
    let (source, keys) = (source.clone(), keys.clone());
    let stopped = Arc::clone(&source.stopped);
    let job = Job { source, keys, range, concurrency: CONCURRENCY, ledger: Some(ledger) };
    let cell = cell();
    tokio::select! {
        report = verify(&job, &cell) => Some(report),
        () = stopped.notified() => None,
    }
}

#[tokio::test]
async fn a_killed_validation_is_continued_and_reads_nothing_twice_but_what_was_in_flight() {
    let (objects, keys) = day();
    let source =
        |last| Counted { objects: objects.clone(), reads: Arc::default(), last, stopped: Arc::default() };
    let job = Job {
        source: source(u32::MAX),
        keys: keys.clone(),
        range: range(),
        concurrency: CONCURRENCY,
        ledger: None,
    };
    let whole = verify(&job, &cell()).await;
    assert_eq!(whole.outcome(), VerificationOutcome::Wrong);
    let reads = u32::try_from(job.source.reads.lock().unwrap().len()).unwrap();
    assert_eq!(reads, 24 + 24 * FILES);

    let folder = tempfile::tempdir().unwrap();
    for kill in 1..=10 {
        let path = folder.path().join(kill.to_string());
        let first = source(reads * kill / 11);
        assert_eq!(run(&first, &keys, &path).await, None, "killed");
        let second = Counted { last: u32::MAX, stopped: Arc::default(), ..first.clone() };
        assert_eq!(run(&second, &keys, &path).await.as_ref(), Some(&whole), "killed after {}", first.last);

        let reads = second.reads.lock().unwrap();
        let again = reads.iter().filter(|(_, reads)| **reads > 1).map(|(place, _)| place);
        let (digests, logs): (Vec<&ObjectLocation>, Vec<&ObjectLocation>) =
            again.partition(|place| place.key.contains("-Digest"));
        assert!(reads.values().all(|reads| *reads <= 2));
        // A log file that is not verified is read again.
        let wrong = logs.iter().filter(|place| place.key.contains("20260101T1011Z")).count();
        assert!(logs.len() - wrong <= CONCURRENCY.logs, "{logs:?}");
        // The digest of a log file that is not verified yet is also read again. Only few log files
        // wait.
        assert!(digests.len() - wrong <= 4 * CONCURRENCY.digests, "{digests:?}");
    }
}

#[tokio::test]
async fn a_complete_validation_reads_again_only_wrong_files() {
    let (objects, keys) = day();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resume");
    let source = Counted { objects, reads: Arc::default(), last: u32::MAX, stopped: Arc::default() };
    let whole = run(&source, &keys, &path).await;
    source.reads.lock().unwrap().clear();
    assert_eq!(run(&source, &keys, &path).await, whole);
    let reads = source.reads.lock().unwrap();
    let again: Vec<&str> = reads.keys().map(|place| place.key.rsplit('/').next().unwrap()).collect();
    assert_eq!(
        again,
        [
            "111122223333_CloudTrail-Digest_eu-west-1_Audit_eu-west-1_20260101T110000Z.json.gz",
            "111122223333_CloudTrail_eu-west-1_20260101T1011Z_abcdefghijklmnop.json.gz",
        ]
    );
}

#[tokio::test]
async fn an_estimate_counts_the_files_of_a_validation() {
    let (objects, _) = day();
    let (found, findings) = estimate(&objects, &cell(), &range()).await;
    assert_eq!(findings, []);
    // The range contains neither the digest that ends at its start nor the next digest after its
    // end. The log files of the first and the last day count completely.
    assert_eq!(found.digests, 24);
    assert_eq!(found.logs, 150);
    assert_eq!(found.lists, 4);
    assert!(found.bytes > 150 * 20);
}
