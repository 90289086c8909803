//! Every kind of tampering has its verdict, and a bucket without tampering has no finding.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::mint::{Minted, Signer};
use reconcile_evidence::{
    Cell, CellReport, ChainId, Concurrency, DigestKind, EvidenceFinding, ExpectedTrail, Job, Memory,
    ObjectLocation, ObjectSource, PublicKeys, Range, Root, Stored, VerificationOutcome, verify,
};

const CLOUDTRAIL: &[u8] = include_bytes!("keys/cloudtrail.pk8");
const ATTACKER: &[u8] = include_bytes!("keys/attacker.pk8");
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// A time of January 2026, as day, hour and minute.
fn time(day: i64, hour: i64, minute: i64) -> Timestamp {
    let start: Timestamp = "2025-12-31T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins((day * 24 + hour) * 60 + minute)
}

fn signer(key: &[u8]) -> Signer {
    Signer::from_pkcs8(key).unwrap()
}

fn id(region: &str, kind: DigestKind) -> ChainId {
    ChainId {
        account: "111122223333".parse().unwrap(),
        region: region.parse().unwrap(),
        trail: "Security".to_owned(),
        home: "eu-west-1".parse().unwrap(),
        kind,
    }
}

fn root(bucket: &str) -> Root {
    Root::new(bucket, Some("trails"), Some("o-abcdefghij"))
}

/// The location of the digest that ends at a time.
fn digest(region: &str, end: Timestamp) -> ObjectLocation {
    let key = id(region, DigestKind::Hourly).key(&root("logs"), end);
    ObjectLocation { bucket: "logs".to_owned(), key }
}

/// The location of the log file of `eu-west-1` that was delivered at a time.
fn log(delivered: Timestamp) -> ObjectLocation {
    let chain = Minted::new(id("eu-west-1", DigestKind::Hourly), root("logs"));
    chain.log(delivered, "abcdefghijklmnop", b"").unwrap().0.place
}

/// The buckets of two days, with two log files for every hour.
#[derive(Clone)]
struct World {
    objects: Memory,
    keys: PublicKeys,
    chains: BTreeMap<&'static str, Minted>,
}

fn job<S>(source: S, keys: &PublicKeys, range: Range) -> Job<S> {
    Job { source, keys: keys.clone(), range, concurrency: Concurrency::default(), ledger: None }
}

impl World {
    fn new() -> Self {
        let keys = PublicKeys::default();
        let mut world = Self { objects: Memory::default(), keys, chains: BTreeMap::new() };
        for region in REGIONS {
            let key = signer(CLOUDTRAIL).public_key(time(0, 0, 0), time(30, 0, 0));
            world.keys.add(region.parse().unwrap(), [key]);
            world.chains.insert(region, Minted::new(id(region, DigestKind::Hourly), root("logs")));
            world.deliver(region, time(0, 20, 0), 52);
        }
        world
    }

    /// Delivers the files of some hours of a Region.
    fn deliver(&mut self, region: &'static str, from: Timestamp, hours: i64) {
        let signer = signer(CLOUDTRAIL);
        let chain = self.chains.get_mut(region).unwrap();
        for hour in 0..hours {
            let start = from + SignedDuration::from_hours(hour);
            let mut logs = Vec::new();
            for minute in [20, 40] {
                let delivered = start + SignedDuration::from_mins(minute);
                let content =
                    format!(r#"{{"Records":[{{"eventTime":"{delivered}","awsRegion":"{region}"}}]}}"#);
                let (log, file) = chain.log(delivered, "abcdefghijklmnop", content.as_bytes()).unwrap();
                self.objects.put(log.place.clone(), file);
                logs.push(log);
            }
            let end = start + SignedDuration::from_hours(1);
            let generated = end + SignedDuration::from_mins(3);
            let (place, file) = chain.digest(&signer, start, end, &logs, generated).unwrap();
            self.objects.put(place, file);
        }
    }

    fn object(&mut self, place: &ObjectLocation) -> &mut Stored {
        self.objects.get_mut(place).unwrap()
    }

    fn delete(&mut self, place: &ObjectLocation) {
        self.objects.delete(place).unwrap();
    }

    /// Moves an object to the location of another object.
    fn copy(&mut self, from: &ObjectLocation, to: &ObjectLocation) {
        let object = self.object(from).clone();
        self.objects.put(to.clone(), object);
    }

    /// Replaces a digest with a digest that names no log file, signed with another key.
    fn forge(&mut self, end: Timestamp, key: &[u8]) {
        let mut chain = self.chains["eu-west-1"].clone();
        let start = end - SignedDuration::from_hours(1);
        let (place, file) = chain.digest(&signer(key), start, end, &[], end).unwrap();
        self.objects.put(place, file);
    }

    fn forget_metadata(&mut self) {
        let places: Vec<ObjectLocation> = self.objects.places().cloned().collect();
        for place in places {
            let object = self.object(&place);
            (object.metadata, object.modified) = (None, None);
        }
    }

    async fn verify(&self, region: &str) -> CellReport {
        let trail =
            ExpectedTrail { name: "Security".to_owned(), home: "eu-west-1".parse().unwrap(), must_log: true };
        let cell = Cell {
            account: "111122223333".parse().unwrap(),
            region: region.parse().unwrap(),
            roots: BTreeSet::from([root("logs")]),
            trails: BTreeSet::from([trail]),
            has_other_logs: false,
        };
        let range = Range { from: time(1, 0, 0), to: time(3, 0, 0), now: time(3, 6, 0) };
        verify(&job(self.objects.clone(), &self.keys, range), &cell).await
    }

    /// Returns the findings of all Regions, one line for each finding, and the worst outcome.
    async fn findings(&self) -> (Vec<String>, VerificationOutcome) {
        let mut lines = Vec::new();
        let mut worst = VerificationOutcome::Verified;
        for region in REGIONS {
            let report = self.verify(region).await;
            lines.extend(report.findings.iter().map(|finding| format!("{region} {}", line(finding))));
            worst = worst.max(report.outcome());
        }
        (lines, worst)
    }
}

fn line(finding: &EvidenceFinding) -> String {
    let json = serde_json::to_value(finding).unwrap();
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    match finding {
        EvidenceFinding::Object { .. } => {
            let key = text("key");
            let time = key.split(['_', '.']).rfind(|part| part.starts_with("2026"));
            let time = time.map_or_else(|| key.rsplit('/').next().unwrap(), |time| &time[6..11]);
            format!("{} {time} {}", text("kind"), text("verdict"))
        }
        EvidenceFinding::Hole { from, to, cause, .. } => {
            let cause = serde_json::to_value(cause).unwrap();
            format!("hours {} {} {}", from.strftime("%dT%H"), to.strftime("%dT%H"), cause.as_str().unwrap())
        }
        EvidenceFinding::Unlisted { .. } => format!("unlisted {}", text("reason")),
        EvidenceFinding::KeysUnread { region, .. } => format!("keys of {region}"),
    }
}

type Tamper = fn(&mut World);

/// The name of a case, the tampering, the expected findings and the expected outcome.
const TABLE: &[(&str, Tamper, &[&str], VerificationOutcome)] = &[
    ("nothing", |_| {}, &[], VerificationOutcome::Verified),
    (
        "delete a log file",
        |world| world.delete(&log(time(1, 5, 20))),
        &["eu-west-1 log 01T05 deleted"],
        VerificationOutcome::Wrong,
    ),
    (
        "delete a digest",
        |world| world.delete(&digest("eu-west-1", time(1, 6, 0))),
        &[
            "eu-west-1 digest 01T06 deleted",
            "eu-west-1 log 01T05 not_covered",
            "eu-west-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "delete two digests in a row and their log files",
        |world| {
            for hour in [5, 6] {
                world.delete(&digest("eu-west-1", time(1, hour + 1, 0)));
                world.delete(&log(time(1, hour, 20)));
                world.delete(&log(time(1, hour, 40)));
            }
        },
        &["eu-west-1 hours 01T05 01T07 digests_deleted", "eu-west-1 digest 01T07 deleted"],
        VerificationOutcome::Wrong,
    ),
    (
        "delete the first digest of the range",
        |world| world.delete(&digest("us-east-1", time(1, 1, 0))),
        &[
            "us-east-1 digest 01T01 deleted",
            "us-east-1 log 01T00 not_covered",
            "us-east-1 log 01T00 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "delete the last digest and its log files",
        |world| {
            world.delete(&digest("eu-west-1", time(3, 0, 0)));
            world.delete(&log(time(2, 23, 20)));
            world.delete(&log(time(2, 23, 40)));
        },
        &["eu-west-1 hours 02T23 03T00 ended"],
        VerificationOutcome::Wrong,
    ),
    (
        "delete the whole second day",
        |world| {
            let of_day = |place: &ObjectLocation| place.key.contains("/eu-west-1/2026/01/02/");
            let places: Vec<ObjectLocation> =
                world.objects.places().filter(|place| of_day(place)).cloned().collect();
            assert_eq!(places.len(), 72);
            for place in &places {
                world.delete(place);
            }
        },
        // The digest that ends at midnight is in the folder of the next day.
        &[
            "eu-west-1 hours 01T23 02T23 digests_deleted",
            "eu-west-1 digest 02T23 deleted",
            "eu-west-1 log 02T23 deleted",
            "eu-west-1 log 02T23 deleted",
            "eu-west-1 log 01T23 not_covered",
            "eu-west-1 log 01T23 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "delete a whole Region",
        |world| {
            let of_region = |place: &ObjectLocation| place.key.contains("/us-east-1/");
            let places: Vec<ObjectLocation> =
                world.objects.places().filter(|place| of_region(place)).cloned().collect();
            for place in &places {
                world.delete(place);
            }
        },
        &["us-east-1 hours 01T00 03T00 no_digests"],
        VerificationOutcome::Wrong,
    ),
    (
        "change a byte of a log file",
        |world| world.object(&log(time(1, 5, 20))).body[30] ^= 1,
        &["eu-west-1 log 01T05 changed"],
        VerificationOutcome::Wrong,
    ),
    (
        "replace a log file with another log file",
        |world| world.copy(&log(time(1, 5, 40)), &log(time(1, 5, 20))),
        &["eu-west-1 log 01T05 changed"],
        VerificationOutcome::Wrong,
    ),
    (
        "append bytes after the end of a log file",
        |world| world.object(&log(time(1, 5, 20))).body.extend(b"more"),
        &["eu-west-1 log 01T05 trailing_bytes"],
        VerificationOutcome::Wrong,
    ),
    (
        "append another gzip member to a log file",
        |world| {
            let more = world.object(&log(time(1, 5, 40))).body.clone();
            world.object(&log(time(1, 5, 20))).body.extend(more);
        },
        &["eu-west-1 log 01T05 trailing_bytes"],
        VerificationOutcome::Wrong,
    ),
    (
        "append bytes after the end of a digest",
        |world| world.object(&digest("eu-west-1", time(1, 6, 0))).body.push(0),
        &["eu-west-1 digest 01T06 trailing_bytes"],
        VerificationOutcome::Wrong,
    ),
    (
        "truncate a log file",
        |world| world.object(&log(time(1, 5, 20))).body.truncate(40),
        &["eu-west-1 log 01T05 truncated"],
        VerificationOutcome::Wrong,
    ),
    (
        "truncate a digest",
        |world| world.object(&digest("us-east-1", time(1, 6, 0))).body.truncate(100),
        &[
            "us-east-1 digest 01T06 truncated",
            "us-east-1 log 01T05 not_covered",
            "us-east-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "replace a digest with text",
        |world| world.object(&digest("us-east-1", time(1, 6, 0))).body = b"{}".to_vec(),
        &[
            "us-east-1 digest 01T06 malformed",
            "us-east-1 log 01T05 not_covered",
            "us-east-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "replace a digest with an older digest",
        |world| {
            world.copy(&digest("us-east-1", time(1, 4, 0)), &digest("us-east-1", time(1, 6, 0)));
        },
        &[
            "us-east-1 digest 01T06 wrong_place",
            "us-east-1 log 01T05 not_covered",
            "us-east-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "swap two digests",
        |world| {
            let (first, second) = (digest("us-east-1", time(1, 6, 0)), digest("us-east-1", time(1, 7, 0)));
            let first_object = world.object(&first).clone();
            world.copy(&second, &first);
            world.objects.put(second, first_object);
        },
        &[
            "us-east-1 digest 01T06 wrong_place",
            "us-east-1 digest 01T07 wrong_place",
            "us-east-1 log 01T05 not_covered",
            "us-east-1 log 01T05 not_covered",
            "us-east-1 log 01T06 not_covered",
            "us-east-1 log 01T06 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "copy the digest of another Region",
        |world| world.copy(&digest("us-east-1", time(1, 6, 0)), &digest("eu-west-1", time(1, 6, 0))),
        &[
            "eu-west-1 digest 01T06 wrong_place",
            "eu-west-1 log 01T05 not_covered",
            "eu-west-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "sign a digest with another key",
        |world| world.forge(time(1, 6, 0), ATTACKER),
        &[
            "eu-west-1 digest 01T06 unknown_key",
            "eu-west-1 log 01T05 not_covered",
            "eu-west-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "sign a digest with another key in the name of the key of CloudTrail",
        |world| {
            world.forge(time(1, 6, 0), CLOUDTRAIL);
            let metadata = world.object(&digest("eu-west-1", time(1, 6, 0))).metadata.as_mut().unwrap();
            metadata.insert("signature".to_owned(), "5a".repeat(256));
        },
        &[
            "eu-west-1 digest 01T06 wrong_signature",
            "eu-west-1 log 01T05 not_covered",
            "eu-west-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "remove the signature from a digest",
        |world| {
            let digest = world.object(&digest("eu-west-1", time(1, 6, 0)));
            digest.metadata.as_mut().unwrap().remove("signature");
        },
        // The next digest names the signature, so the log files are verified.
        &["eu-west-1 digest 01T06 no_signature"],
        VerificationOutcome::Wrong,
    ),
    (
        "remove the signature from the newest digest",
        |world| {
            let digest = world.object(&digest("eu-west-1", time(3, 0, 0)));
            digest.metadata = Some(BTreeMap::new());
        },
        &[
            "eu-west-1 digest 03T00 no_signature",
            "eu-west-1 log 02T23 not_covered",
            "eu-west-1 log 02T23 not_covered",
        ],
        VerificationOutcome::Wrong,
    ),
    (
        "add a log file",
        |world| {
            let (added, mut file) = world.chains["us-east-1"].log(time(1, 5, 30), "added", b"{}").unwrap();
            file.modified = Some(time(1, 5, 30));
            world.objects.put(added.place, file);
        },
        &["us-east-1 log 01T05 added"],
        VerificationOutcome::Wrong,
    ),
    (
        "add a file to the digests",
        |world| {
            let mut place = digest("us-east-1", time(1, 6, 0));
            world.copy(&place.clone(), {
                place.key.push_str(".copy");
                &place
            });
        },
        &["us-east-1 digest 01T06 added"],
        VerificationOutcome::Wrong,
    ),
    (
        "stop logging for three hours",
        |world| {
            world.objects = Memory::default();
            for region in REGIONS {
                world.chains.get_mut(region).unwrap().last = None;
                world.deliver(region, time(0, 20, 0), 10);
                world.chains.get_mut(region).unwrap().last = None;
                world.deliver(region, time(1, 9, 0), 39);
            }
        },
        &["eu-west-1 hours 01T06 01T09 restarted", "us-east-1 hours 01T06 01T09 restarted"],
        VerificationOutcome::Unknown,
    ),
    (
        "move the trail to another bucket",
        |world| {
            world.objects = Memory::default();
            for region in REGIONS {
                let chain = world.chains.get_mut(region).unwrap();
                (chain.last, chain.root) = (None, root("former"));
                world.deliver(region, time(0, 20, 0), 10);
                world.chains.get_mut(region).unwrap().root = root("logs");
                world.deliver(region, time(1, 6, 0), 42);
            }
        },
        &[],
        VerificationOutcome::Verified,
    ),
    (
        "move the trail to another bucket and delete a log file there",
        |world| {
            world.objects = Memory::default();
            for region in REGIONS {
                let chain = world.chains.get_mut(region).unwrap();
                (chain.last, chain.root) = (None, root("former"));
                world.deliver(region, time(0, 20, 0), 10);
                world.chains.get_mut(region).unwrap().root = root("logs");
                world.deliver(region, time(1, 6, 0), 42);
            }
            world.delete(&ObjectLocation { bucket: "former".to_owned(), ..log(time(1, 2, 20)) });
        },
        &["eu-west-1 log 01T02 deleted"],
        VerificationOutcome::Wrong,
    ),
    ("deliver log files late", |world| drop(backfill(world)), &[], VerificationOutcome::Verified),
    (
        "delete a log file of a backfill digest",
        |world| {
            let late = backfill(world);
            world.delete(&late[0]);
        },
        &["eu-west-1 log 01T05 deleted"],
        VerificationOutcome::Wrong,
    ),
    (
        "delete a backfill digest",
        |world| {
            let late = backfill(world);
            world.delete(&late[2]);
        },
        &["eu-west-1 backfill_digest 01T06 deleted", "eu-west-1 log 01T05 added"],
        VerificationOutcome::Wrong,
    ),
    (
        "delete the last backfill digest",
        |world| {
            let late = backfill(world);
            world.delete(&late[3]);
        },
        // No digest names this digest, and no digest names its log file.
        &["eu-west-1 log 01T09 added"],
        VerificationOutcome::Wrong,
    ),
    (
        "deny access to a log file and to a digest",
        |world| {
            world.objects.deny(log(time(1, 5, 20)));
            world.objects.deny(digest("us-east-1", time(1, 6, 0)));
        },
        &[
            "eu-west-1 log 01T05 unreadable",
            "us-east-1 digest 01T06 unreadable",
            "us-east-1 log 01T05 not_covered",
            "us-east-1 log 01T05 not_covered",
        ],
        VerificationOutcome::Unknown,
    ),
    (
        "change a digest and the copy has no metadata",
        |world| {
            world.forge(time(1, 6, 0), CLOUDTRAIL);
            world.forget_metadata();
        },
        &[
            "eu-west-1 digest 01T06 wrong_signature",
            // Only the changed digest names its signature.
            "eu-west-1 digest 01T05 signature_not_saved",
            "eu-west-1 digest 03T00 signature_not_saved",
            "eu-west-1 log 01T04 not_covered",
            "eu-west-1 log 01T04 not_covered",
            "eu-west-1 log 01T05 not_covered",
            "eu-west-1 log 01T05 not_covered",
            "us-east-1 digest 03T00 signature_not_saved",
        ],
        VerificationOutcome::Wrong,
    ),
];

/// Delivers two log files late, with two backfill digests. Returns the locations of the log files
/// and of the digests.
fn backfill(world: &mut World) -> [ObjectLocation; 4] {
    let mut chain = Minted::new(id("eu-west-1", DigestKind::Backfill), root("logs"));
    let mut places = Vec::new();
    let mut digests = Vec::new();
    for hour in [5, 9] {
        let (log, file) = chain.log(time(1, hour, 30), "late", format!("{hour}").as_bytes()).unwrap();
        world.objects.put(log.place.clone(), file);
        places.push(log.place.clone());
        let (start, end) = (time(1, hour, 0), time(1, hour + 1, 0));
        let (place, file) = chain.digest(&signer(CLOUDTRAIL), start, end, &[log], time(2, hour, 0)).unwrap();
        world.objects.put(place.clone(), file);
        digests.push(place);
    }
    places.extend(digests);
    places.try_into().unwrap()
}

#[tokio::test]
async fn every_kind_of_tampering_has_its_verdict() {
    let clean = World::new();
    let mut failures = Vec::new();
    for (name, tamper, expected, outcome) in TABLE {
        let mut world = clean.clone();
        tamper(&mut world);
        let (found, worst) = world.findings().await;
        if found != *expected || worst != *outcome {
            failures.push(format!("{name}: {worst:?} {found:#?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn a_report_counts_verified_files() {
    let mut world = World::new();
    world.delete(&digest("eu-west-1", time(1, 6, 0)));
    let report = world.verify("eu-west-1").await;
    let [chain] = &report.chains[..] else { panic!("{report:?}") };
    assert_eq!((chain.digests.total, chain.digests.verified), (48, 47));
    assert_eq!((chain.logs.total, chain.logs.verified), (94, 94));
    assert_eq!((chain.from, chain.to), (Some(time(1, 0, 0)), Some(time(3, 0, 0))));
    assert!(report.bytes > 94 * 20);
}

#[tokio::test]
async fn without_public_keys_nothing_is_verified_and_nothing_is_wrong() {
    let mut world = World::new();
    world.keys = PublicKeys::default();
    let report = world.verify("eu-west-1").await;
    assert_eq!(report.outcome(), VerificationOutcome::Unknown);
    assert_eq!(report.chains[0].digests.verified, 0);
    assert!(line(&report.findings[0]).ends_with("no_keys"), "{:?}", report.findings[0]);
}

/// A source whose lists fail.
struct Unlisted(Memory);

impl ObjectSource for Unlisted {
    type Body = <Memory as ObjectSource>::Body;

    async fn list(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<reconcile_evidence::Page, reconcile_evidence::ReadError> {
        Err(reconcile_evidence::ReadError::Unreadable("access denied".to_owned()))
    }

    async fn folders(
        &self,
        bucket: &str,
        folder: &str,
    ) -> Result<Vec<String>, reconcile_evidence::ReadError> {
        self.0.folders(bucket, folder).await
    }

    async fn get(
        &self,
        place: &ObjectLocation,
    ) -> Result<reconcile_evidence::Object<Self::Body>, reconcile_evidence::ReadError> {
        self.0.get(place).await
    }
}

#[tokio::test]
async fn digests_that_cannot_be_listed_are_not_deleted() {
    let world = World::new();
    let trail =
        ExpectedTrail { name: "Security".to_owned(), home: "eu-west-1".parse().unwrap(), must_log: true };
    let cell = Cell {
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        roots: BTreeSet::from([root("logs")]),
        trails: BTreeSet::from([trail]),
        has_other_logs: false,
    };
    let range = Range { from: time(1, 0, 0), to: time(3, 0, 0), now: time(3, 6, 0) };
    let report = verify(&job(Unlisted(world.objects), &world.keys, range), &cell).await;
    assert_eq!(report.outcome(), VerificationOutcome::Unknown);
    let lines: Vec<String> = report.findings.iter().map(line).collect();
    assert_eq!(lines, ["unlisted access denied", "unlisted access denied"]);
}

#[test]
fn a_validation_can_run_on_several_threads() {
    fn is_send(_: impl Send) {}
    let world = World::new();
    let cell = Cell {
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        roots: BTreeSet::new(),
        trails: BTreeSet::new(),
        has_other_logs: false,
    };
    let range = Range { from: time(1, 0, 0), to: time(3, 0, 0), now: time(3, 6, 0) };
    is_send(verify(&job(world.objects, &world.keys, range), &cell));
}
