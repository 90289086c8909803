//! A comparison with the AWS CLI: `aws cloudtrail validate-logs` and `verify` on the same served
//! bucket, file by file.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::mint::{Minted, Signer};
use reconcile_evidence::{ChainId, DigestKind, ObjectLocation, Root, Stored};
use reconcile_sandbox::{DeliveryOptions, deliver};
use reconcile_twin::{StoredObject, Twin, signing_key};

use crate::support::python::programs;
use crate::support::{Project, Served};

const AWS_CLI: &str = "awscli==1.46.3";
const BUCKET: &str = "secprod-multiaccount-logs";
const REGION: &str = "us-east-1";
const FOLDER: &str = "AWSLogs/222222222222/";
const FROM: &str = "2026-02-01T00:00:00Z";
const TO: &str = "2026-02-01T06:00:00Z";
const ATTACKER: &[u8] = include_bytes!("../crates/evidence/tests/keys/attacker.pk8");

/// A bucket with six hours of a trail, and the original objects of the bucket.
struct Bucket {
    served: Served,
    project: Project,
    whole: BTreeMap<String, StoredObject>,
}

impl Bucket {
    fn new() -> Self {
        let served = Served::start();
        let project = served.project();
        project.run("apply specs/prod.yaml --yes").exits(0);
        let bucket = BUCKET.to_owned();
        // The deliveries start an hour before the range, so that the chain does not start in the
        // range.
        let deliveries = DeliveryOptions { bucket, hours: 7, files: 2, until: TO.parse().unwrap() };
        deliver(&served.twin, &deliveries).unwrap();
        let keys = served.twin.keys(BUCKET, FOLDER).into_iter();
        let whole = keys.map(|key| (key.clone(), served.twin.object(BUCKET, &key).unwrap())).collect();
        Self { served, project, whole }
    }

    fn restore(&self) {
        for key in self.served.twin.keys(BUCKET, FOLDER) {
            if !self.whole.contains_key(&key) {
                self.served.twin.delete_object(BUCKET, &key);
            }
        }
        for (key, object) in &self.whole {
            self.served.twin.put_object(BUCKET, key, object.clone());
        }
    }

    /// Returns the verdict of the AWS CLI on each file: whether the file is valid. Gaps do not
    /// belong to files.
    fn judged(&self) -> BTreeMap<String, bool> {
        let output = Command::new(programs("awscli", &[AWS_CLI]).join("aws"))
            .args([
                "cloudtrail",
                "validate-logs",
                "--verbose",
                "--region",
                REGION,
                "--start-time",
                FROM,
                "--end-time",
                TO,
            ])
            .args(["--trail-arn", &format!("arn:aws:cloudtrail:{REGION}:222222222222:trail/SecurityTrail")])
            .args(["--s3-bucket", BUCKET])
            .env_clear()
            .env("HOME", self.project.path("."))
            .envs(self.served.environment())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(stdout.contains("Results requested for"), "{stdout}{stderr}");
        let lines = stdout.lines().chain(stderr.lines());
        let verdict = |line: &str| {
            let mut fields = line.split('\t');
            let place = fields.nth(1)?.strip_prefix(&format!("s3://{BUCKET}/"))?.to_owned();
            Some((place, fields.next()? == "valid"))
        };
        lines.filter_map(verdict).collect()
    }

    /// Returns the files that `verify` reports as wrong, the files that it cannot check, the number
    /// of verified files, and the causes of hours without a digest.
    fn verified(&self) -> Verified {
        let run = self.project.run(&format!(
            "verify specs/prod.yaml --account production --in-region {REGION} --from {FROM} --to {TO} --format json"
        ));
        let document = run.json();
        let mut verified = Verified::default();
        for tally in ["digests", "logs"] {
            verified.count += document[tally]["verified"].as_u64().unwrap();
        }
        for finding in document["cells"][0]["findings"].as_array().unwrap() {
            match (finding["key"].as_str(), finding["status"].as_str().unwrap()) {
                (Some(key), "wrong") => _ = verified.wrong.insert(key.to_owned()),
                (Some(key), _) => _ = verified.unknown.insert(key.to_owned()),
                (None, _) => verified.holes.push(finding["cause"].as_str().unwrap().to_owned()),
            }
        }
        verified
    }
}

#[derive(Debug, Default)]
struct Verified {
    wrong: BTreeSet<String>,
    unknown: BTreeSet<String>,
    count: u64,
    holes: Vec<String>,
}

fn hour(end: i64) -> Timestamp {
    FROM.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(end)
}

fn id(kind: DigestKind) -> ChainId {
    ChainId {
        account: "222222222222".parse().unwrap(),
        region: REGION.parse().unwrap(),
        trail: "SecurityTrail".to_owned(),
        home: REGION.parse().unwrap(),
        kind,
    }
}

fn root() -> Root {
    Root::new(BUCKET, None, None)
}

/// Returns the key of the digest that ends at an hour of the range.
fn digest(end: i64) -> String {
    id(DigestKind::Hourly).key(&root(), hour(end))
}

/// Returns the key of a log file of the hour that ends at `end`.
fn log(twin: &Twin, end: i64) -> String {
    let time = hour(end - 1).strftime("_%Y%m%dT%H%MZ_").to_string();
    let keys = twin.keys(BUCKET, &format!("{FOLDER}CloudTrail/{REGION}/"));
    keys.into_iter().find(|key| key.contains(&time)).unwrap()
}

fn change(twin: &Twin, key: &str, change: impl FnOnce(&mut StoredObject)) {
    let mut object = twin.object(BUCKET, key).unwrap();
    change(&mut object);
    twin.put_object(BUCKET, key, object);
}

fn change_content(twin: &Twin, key: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    change(twin, key, |object| {
        let mut content = object.content.to_vec();
        edit(&mut content);
        object.content = content.into();
    });
}

fn put(twin: &Twin, place: &ObjectLocation, file: Stored) {
    let Stored { body, metadata, modified } = file;
    let (metadata, stored) = (metadata.unwrap_or_default(), modified.unwrap());
    twin.put_object(BUCKET, &place.key, StoredObject { content: body.into(), metadata, key: None, stored });
}

fn signer(private: &[u8]) -> Signer {
    Signer::from_pkcs8(private).unwrap()
}

fn cloudtrail() -> Signer {
    signer(signing_key(REGION, hour(0)).private)
}

/// Replaces the digest that ends at `end` by a digest without log files. The new digest starts a
/// new chain, and is signed with this key.
fn replace_digest(twin: &Twin, end: i64, signer: &Signer) {
    let mut chain = Minted::new(id(DigestKind::Hourly), root());
    let (place, file) = chain.digest(signer, hour(end - 1), hour(end), &[], hour(end)).unwrap();
    put(twin, &place, file);
}

/// Writes a backfill digest with a log file. Returns the key of the log file.
fn backfill(twin: &Twin) -> String {
    let mut chain = Minted::new(id(DigestKind::Backfill), root());
    let (entry, file) = chain.log(hour(3) - SignedDuration::from_mins(7), "backfilledbackfi", b"{}").unwrap();
    put(twin, &entry.place, file);
    let key = entry.place.key.clone();
    let (place, file) = chain.digest(&cloudtrail(), hour(2), hour(3), &[entry], hour(5)).unwrap();
    put(twin, &place, file);
    key
}

/// A kind of tampering. Returns the files that only `verify` reports as wrong.
type Tamper = fn(&Twin) -> Vec<String>;

/// All kinds of tampering, with the reasons why only `verify` reports some files. The book explains
/// these differences.
const KINDS: [(&str, Tamper); 21] = [
    ("nothing", |_| Vec::new()),
    ("a log file is deleted", |twin| {
        twin.delete_object(BUCKET, &log(twin, 3));
        Vec::new()
    }),
    ("a log file is replaced by another one", |twin| {
        let other = twin.object(BUCKET, &log(twin, 4)).unwrap();
        change(twin, &log(twin, 3), |object| object.content = other.content);
        Vec::new()
    }),
    ("a byte of a log file is changed", |twin| {
        change_content(twin, &log(twin, 3), |bytes| bytes[40] ^= 1);
        Vec::new()
    }),
    ("bytes follow the gzip data of a log file", |twin| {
        change_content(twin, &log(twin, 3), |bytes| bytes.extend(*b"more"));
        Vec::new()
    }),
    ("a log file is truncated", |twin| {
        change_content(twin, &log(twin, 3), |bytes| bytes.truncate(60));
        Vec::new()
    }),
    ("a digest is deleted", |twin| {
        twin.delete_object(BUCKET, &digest(3));
        Vec::new()
    }),
    // The AWS CLI reports only the first of the two digests. `verify` reports the hours.
    ("two digests in a row are deleted", |twin| {
        twin.delete_object(BUCKET, &digest(3));
        twin.delete_object(BUCKET, &digest(4));
        Vec::new()
    }),
    ("the first digest of the range is deleted", |twin| {
        twin.delete_object(BUCKET, &digest(1));
        Vec::new()
    }),
    // No digest references the last digest, so the AWS CLI does not report it. `verify` reports the
    // hour.
    ("the last digest is deleted", |twin| {
        twin.delete_object(BUCKET, &digest(6));
        Vec::new()
    }),
    // The AWS CLI finds nothing to verify. `verify` reports the hours.
    ("all digests are deleted", |twin| {
        for end in 0..=6 {
            twin.delete_object(BUCKET, &digest(end));
        }
        Vec::new()
    }),
    ("a digest is replaced by an older one", |twin| {
        let older = twin.object(BUCKET, &digest(2)).unwrap();
        change(twin, &digest(4), |object| *object = older);
        Vec::new()
    }),
    ("two digests are swapped", |twin| {
        let [one, other] = [3, 4].map(|end| twin.object(BUCKET, &digest(end)).unwrap());
        change(twin, &digest(4), |object| *object = one);
        change(twin, &digest(3), |object| *object = other);
        Vec::new()
    }),
    ("the signature of a digest is another one", |twin| {
        let other = twin.object(BUCKET, &digest(2)).unwrap();
        change(twin, &digest(4), |object| object.metadata = other.metadata);
        Vec::new()
    }),
    ("a digest is signed with another key", |twin| {
        replace_digest(twin, 4, &signer(ATTACKER));
        Vec::new()
    }),
    ("a digest has no signature", |twin| {
        change(twin, &digest(4), |object| object.metadata.clear());
        Vec::new()
    }),
    // The AWS CLI ignores these bytes.
    ("bytes follow the gzip data of a digest", |twin| {
        change_content(twin, &digest(4), |bytes| bytes.extend(*b"more"));
        vec![digest(4)]
    }),
    // The AWS CLI does not search for log files that no digest names.
    ("a log file is added", |twin| {
        let key = log(twin, 3);
        let added = key.replace("_2026", "_added_2026");
        twin.put_object(BUCKET, &added, twin.object(BUCKET, &key).unwrap());
        vec![added]
    }),
    // The AWS CLI skips other objects.
    ("a file is added to the digests", |twin| {
        let added = format!("{}.txt", digest(3));
        twin.put_object(BUCKET, &added, twin.object(BUCKET, &digest(3)).unwrap());
        vec![added]
    }),
    ("a log file of a backfill digest is deleted", |twin| {
        let key = backfill(twin);
        twin.delete_object(BUCKET, &key);
        Vec::new()
    }),
    ("a log file is delivered late, in a backfill digest", |twin| {
        backfill(twin);
        Vec::new()
    }),
];

#[test]
fn the_aws_cli_agrees_file_by_file() {
    let bucket = Bucket::new();
    for (name, tamper) in KINDS {
        let mut only_ours: BTreeSet<String> = tamper(&bucket.served.twin).into_iter().collect();
        let (judged, verified) = (bucket.judged(), bucket.verified());
        let invalid: BTreeSet<&String> =
            judged.iter().filter(|(_, is_valid)| !**is_valid).map(|(key, _)| key).collect();
        for key in &invalid {
            assert!(verified.wrong.contains(*key), "{name}: only the AWS CLI reports {key}: {verified:?}");
        }
        for (key, _) in judged.iter().filter(|(_, is_valid)| **is_valid) {
            let is_expected = only_ours.contains(key);
            assert!(
                is_expected || !verified.unknown.contains(key),
                "{name}: only the AWS CLI verifies {key}"
            );
            assert!(is_expected || !verified.wrong.contains(key), "{name}: the AWS CLI verifies {key}");
        }
        let unexplained =
            verified.wrong.iter().filter(|key| !invalid.contains(key) && !only_ours.remove(*key));
        assert_eq!(unexplained.collect::<Vec<_>>(), [""; 0], "{name}: the AWS CLI does not report it");
        assert_eq!(only_ours, BTreeSet::new(), "{name}: `verify` does not report it");
        let holes = match name {
            "two digests in a row are deleted" => vec!["digests_deleted"],
            "the last digest is deleted" => vec!["ended"],
            "all digests are deleted" => vec!["no_digests"],
            _ => Vec::new(),
        };
        assert_eq!(verified.holes, holes, "{name}");
        if name == "nothing" {
            // The AWS CLI also verifies the digest that ends when the range starts, with its two
            // log files.
            assert_eq!((judged.len() as u64, verified.count), (21, 18));
        }
        bucket.restore();
    }
}
