//! The validation of a copy of a bucket, without AWS.

use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::mint::{Minted, Signer};
use reconcile_evidence::{ChainId, DigestKind, ObjectLocation, PublicKeys, Root, Stored};
use serde_json::json;

use crate::support::{Project, Run};

const KEY: &[u8] = include_bytes!("../crates/evidence/tests/keys/cloudtrail.pk8");
const SPEC: &str = "
version: 1
name: evidence
accounts:
  security:   { id: '111111111111' }
  production: { id: '222222222222', role: Audit }
bucket: { name: central-logs, account: security, region: eu-west-1 }
key: { alias: central-logs }
trails:
  - { name: Audit, accounts: all, multi_region: false }
";
const VERIFY: &str = "verify evidence.yaml --from-dir copy --keys keys.json --from 2026-01-01T00:00:00Z \
                      --to 2026-01-01T06:00:00Z";

/// Creates a copy of a bucket with six hours of two accounts, and the public keys.
fn copied() -> Project {
    let project = Project::new();
    project.write("evidence.yaml", SPEC);
    let signer = Signer::from_pkcs8(KEY).unwrap();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let hour = SignedDuration::from_hours(1);
    let mut keys = PublicKeys::default();
    keys.add("eu-west-1".parse().unwrap(), [signer.public_key(start - hour * 24, start + hour * 24 * 30)]);
    project.write("keys.json", keys.to_json().to_string());
    for account in ["111111111111", "222222222222"] {
        let id = ChainId {
            account: account.parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            trail: "Audit".to_owned(),
            home: "eu-west-1".parse().unwrap(),
            kind: DigestKind::Hourly,
        };
        let mut chain = Minted::new(id, Root::new("central-logs", None, None));
        for number in -1..6 {
            let from = start + hour * number;
            let (log, file) = chain.log(from + hour / 2, "abcdefghijklmnop", b"{\"Records\":[]}").unwrap();
            save(&project, &log.place, &file);
            let (place, file) = chain.digest(&signer, from, from + hour, &[log], from + hour).unwrap();
            save(&project, &place, &file);
        }
    }
    project
}

fn save(project: &Project, place: &ObjectLocation, object: &Stored) {
    let path = format!("copy/{}/{}", place.bucket, place.key);
    project.write(&path, &object.body);
    let head = json!({ "LastModified": object.modified, "Metadata": object.metadata });
    project.write(&format!("{path}.head.json"), head.to_string());
}

fn digest(end: &str) -> String {
    let folder = "copy/central-logs/AWSLogs/222222222222/CloudTrail-Digest/eu-west-1/2026/01/01";
    format!("{folder}/222222222222_CloudTrail-Digest_eu-west-1_Audit_eu-west-1_20260101T{end}Z.json.gz")
}

fn lines(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn an_unchanged_copy_is_verified_in_every_format() {
    let project = copied();
    let run = project.run(VERIFY).exits(0);
    let expected = [
        "evidence.yaml, 2026-01-01T00:00:00Z to 2026-01-01T06:00:00Z: 12 of 12 digests and 12 of 12 log files verified",
        "  account     Regions",
        "  production  1 verified",
        "  security    1 verified",
    ];
    assert_eq!(lines(&run), expected);
    let document = project.run(&format!("{VERIFY} --format json")).exits(0).json();
    assert_eq!(
        (&document["status"], &document["cells"][0]["name"]),
        (&json!("verified"), &json!("security"))
    );
    project.run(&format!("{VERIFY} --format junit --out report.xml")).exits(0).says("12 of 12 digests");
    assert!(project.read("report.xml").contains("classname=\"production\""));
}

#[test]
fn wrong_and_unchecked_files_have_exit_codes() {
    let project = copied();
    std::fs::remove_file(project.path(&digest("030000"))).unwrap();
    let run = project.run(VERIFY).exits(2);
    assert_eq!(run.stdout.lines().nth(2), Some("  production  wrong           -"), "{}", run.stdout);
    let run = run.says("20260101T030000Z.json.gz was deleted");
    assert!(run.stdout.contains("production in eu-west-1"), "{}", run.stdout);
    project.run(&format!("{VERIFY} --account security")).exits(0);
    project.run(&format!("{VERIFY} --in-region us-east-1")).exits(1).says("nothing to verify");

    project.write("keys.json", "{}");
    project.run(&format!("{VERIFY} --account security")).exits(1).says("no public key of this Region");
}

#[test]
fn wrong_arguments_are_explained() {
    let project = copied();
    project
        .run(&format!("{VERIFY} --account nobody"))
        .exits(1)
        .says("use an account of the spec: security, production");
    project.run(&VERIFY.replace("T06", "T00")).exits(1).says("is empty");
    project.write("keys.json", "[]");
    project.run(VERIFY).exits(1).says("cannot use the public keys `keys.json`").says("hint: save the output");
    let copy = VERIFY.replace("--from-dir copy", "--from-dir nothing");
    project.write("keys.json", "{}");
    project.run(&copy).exits(1).says("cannot read nothing");
    project
        .run("verify evidence.yaml --from-dir copy --keys keys.json --since 7w")
        .exits(1)
        .says("such as `12h` or `7d`");
}
