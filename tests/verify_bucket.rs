//! The validation of a bucket in the sandbox to which the sandbox delivered.

use reconcile_sandbox::{DeliveryOptions, deliver};
use reconcile_twin::{InjectedDenial, Twin};
use serde_json::json;

use crate::organization::organization_trail;
use crate::support::{Project, Served};

const BUCKET: &str = "secprod-multiaccount-logs";
const UNTIL: &str = "2026-02-01T02:00:00Z";
const VERIFY: &str = "verify specs/prod.yaml --from 2026-01-31T23:00:00Z --to 2026-02-01T02:00:00Z";
const DIGESTS: &str = "AWSLogs/222222222222/CloudTrail-Digest/eu-west-1/";

/// Creates an installation that delivered for four hours, across the end of a month.
fn delivered(served: &Served) -> Project {
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    deliver_hours(&served.twin, 4, UNTIL);
    project
}

fn deliver_hours(twin: &Twin, hours: u32, until: &str) {
    let until = until.parse().unwrap();
    deliver(twin, &DeliveryOptions { bucket: BUCKET.to_owned(), hours, files: 2, until }).unwrap();
}

#[test]
fn every_account_and_region_of_the_trails_is_verified_without_being_named() {
    let served = Served::start();
    let project = delivered(&served);
    let run = project.run(VERIFY).exits(0);
    // Three accounts in the 17 Regions that no account can disable, three hours, two files an hour.
    let run = run.says("153 of 153 digests and 306 of 306 log files verified");
    run.says("  production   17 verified");
    let key = served.twin.keys(BUCKET, DIGESTS).remove(2);
    served.twin.delete_object(BUCKET, &key);
    let run = project.run(VERIFY).exits(2).says(&format!("digest s3://{BUCKET}/{key} was deleted"));
    run.says("eu-west-1");
    let document = project.run(&format!("{VERIFY} --account production --format json")).exits(2).json();
    assert_eq!((&document["status"], &document["digests"]["total"]), (&json!("wrong"), &json!(51)));
}

#[test]
fn every_member_of_an_organization_trail_is_verified_also_one_without_any_file() {
    let served = Served::start();
    let project = served.project();
    project.write("specs/organization.yaml", organization_trail());
    project.run("apply specs/organization.yaml --yes").exits(0);
    deliver_hours(&served.twin, 4, UNTIL);
    let verify = VERIFY.replace("prod.yaml", "organization.yaml");
    project.run(&verify).exits(0).says("153 of 153 digests and 306 of 306 log files verified");
    let delete = |folder: &str| {
        let keys = served.twin.keys(BUCKET, &format!("AWSLogs/o-twin000000/222222222222/{folder}"));
        assert!(!keys.is_empty(), "{folder}");
        for key in keys {
            served.twin.delete_object(BUCKET, &key);
        }
    };
    // The digests of a member in one Region, then in all Regions, and then all files of the member.
    delete("CloudTrail-Digest/eu-west-1/");
    let gone = "trail SecurityTrail has no digest from 2026-01-31T23:00:00Z to 2026-02-01T02:00:00Z: no digest was found";
    let run = project.run(&verify).exits(2).says(gone).says("security in eu-west-1");
    run.says("150 of 150 digests and 300 of 300 log files verified");
    for folder in ["CloudTrail-Digest/", "CloudTrail/"] {
        delete(folder);
        let run = project.run(&verify).exits(2).says(gone).says("security in us-east-1");
        run.says("102 of 102 digests and 204 of 204 log files verified");
    }
}

#[test]
fn what_is_not_allowed_or_does_not_exist_is_unknown() {
    let served = Served::start();
    let project = delivered(&served);
    let deny = |operation: &str, region: Option<&str>| {
        served.twin.deny(vec![InjectedDenial {
            account: "111111111111".to_owned(),
            region: region.map(str::to_owned),
            operation: operation.to_owned(),
        }]);
    };
    deny("cloudtrail:ListPublicKeys", Some("eu-west-1"));
    let run = project.run(VERIFY).exits(1).says("the public keys of CloudTrail in eu-west-1 cannot be read");
    run.says("no public key of this Region and time is known");
    deny("kms:Decrypt", None);
    project.run(VERIFY).exits(1).says("log file s3://").says("cannot be read: s3:GetObject in account");
    deny("s3:ListObjectsV2", None);
    project.run(VERIFY).exits(1).says("cannot be listed: s3:ListBucket in account");
    deny("sts:GetCallerIdentity", None);
    project.run(VERIFY).exits(1).says("cannot read the central bucket or key in account `master`");
}

#[test]
fn a_delivery_continues_where_the_chain_ends() {
    let served = Served::start();
    let project = delivered(&served);
    let keys = || served.twin.keys(BUCKET, "").len();
    let before = keys();
    deliver_hours(&served.twin, 4, UNTIL);
    assert_eq!(keys(), before, "nothing is delivered twice");
    deliver_hours(&served.twin, 2, "2026-02-01T04:00:00Z");
    assert_eq!(keys(), before + 3 * 17 * 2 * 3);
    let range = "--from 2026-01-31T23:00:00Z --to 2026-02-01T04:00:00Z";
    project.run(&format!("verify specs/prod.yaml {range}")).exits(0).says("255 of 255 digests");
    // After a gap, a new chain starts.
    deliver_hours(&served.twin, 1, "2026-02-01T06:00:00Z");
    let range = "--from 2026-01-31T23:00:00Z --to 2026-02-01T06:00:00Z";
    project.run(&format!("verify specs/prod.yaml {range}")).exits(1).says(
        "has no digest from 2026-02-01T04:00:00Z to 2026-02-01T05:00:00Z: a new chain of digests starts after these hours",
    );
}

#[test]
fn the_sandbox_delivers_on_the_command_line() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --yes --sandbox").exits(0);
    let run = project.run("sandbox deliver specs/prod.yaml --hours 3 --files 1").exits(0);
    run.says("delivered 153 log files and 153 digests of 3 trails until");
    project.run("verify specs/prod.yaml --since 2h --sandbox").exits(0).says("log files verified");
    let other = Project::new();
    let run = other.run("sandbox deliver specs/prod.yaml --hours 3").exits(1);
    run.says("no trail in the sandbox delivers to the bucket").says("hint: create the trails first");
}

#[test]
fn a_stopped_trail_delivers_nothing_and_its_chain_ends() {
    let served = Served::start();
    let project = delivered(&served);
    served.set_logging("222222222222", "SecurityTrail", false);
    deliver_hours(&served.twin, 2, "2026-02-01T04:00:00Z");
    let range = "--from 2026-01-31T23:00:00Z --to 2026-02-01T04:00:00Z";
    let run = project.run(&format!("verify specs/prod.yaml {range} --account production")).exits(2);
    run.says(
        "has no digest from 2026-02-01T02:00:00Z to 2026-02-01T04:00:00Z: no newer digest was delivered",
    );
    project.run(&format!("verify specs/prod.yaml {range} --account development")).exits(0);
}

fn read_calls(served: &Served) -> usize {
    served.twin.calls().iter().filter(|call| call.operation == "s3:GetObject").count()
}

#[test]
fn an_interrupted_verification_reads_only_the_rest() {
    let served = Served::start();
    let project = delivered(&served);
    let verify = format!("{VERIFY} --account production --resume progress.jsonl");
    // No log file can be decrypted.
    served.twin.deny(vec![InjectedDenial {
        account: "111111111111".to_owned(),
        region: None,
        operation: "kms:Decrypt".to_owned(),
    }]);
    project.run(&verify).exits(1).says("cannot be read");
    served.twin.deny(Vec::new());
    // The file contains neither log files nor digests whose log files were not verified, and the
    // second run reads all of them.
    let before = read_calls(&served);
    let log = served.twin.keys(BUCKET, "AWSLogs/222222222222/CloudTrail/eu-west-1/").remove(3);
    let whole = served.twin.object(BUCKET, &log).unwrap();
    served.twin.delete_object(BUCKET, &log);
    project.run(&format!("{verify} --format json")).exits(2);
    assert_eq!(read_calls(&served) - before, 51 + 102);
    assert!(!project.path("progress.jsonl").exists(), "everything could be read");

    // If one Region cannot be listed, the other Regions are not read again.
    served.twin.put_object(BUCKET, &log, whole);
    served.twin.deny(vec![InjectedDenial {
        account: "111111111111".to_owned(),
        region: Some("eu-west-1".to_owned()),
        operation: "cloudtrail:ListPublicKeys".to_owned(),
    }]);
    project.run(&verify).exits(1);
    served.twin.deny(Vec::new());
    let before = read_calls(&served);
    let run = project.run("verify specs/prod.yaml --account production --resume progress.jsonl").exits(0);
    run.says(
        "2026-01-31T23:00:00Z to 2026-02-01T02:00:00Z: 51 of 51 digests and 102 of 102 log files verified",
    );
    assert_eq!(read_calls(&served) - before, 3 + 6);
    assert!(!project.path("progress.jsonl").exists());

    project.write("progress.jsonl", "{}\n");
    let run = project.run(&verify).exits(1).says("cannot use the resume file `progress.jsonl`");
    run.says("the file was not written by `verify --resume`").says("hint: name another file");
}

#[test]
fn an_estimate_reads_nothing() {
    let served = Served::start();
    let project = delivered(&served);
    let run = project.run(&format!("{VERIFY} --estimate")).exits(0);
    let run = run.says("153 digests and 408 log files in 51 accounts and Regions");
    run.says("561 that read files").says("USD for the requests");
    assert_eq!(read_calls(&served), 0);
    let document = project.run(&format!("{VERIFY} --estimate --format json")).exits(0).json();
    assert_eq!((&document["digests"], &document["requests"]["get"]), (&json!(153), &json!(561)));
}

#[test]
fn shards_merge_into_the_result_of_one_machine() {
    let served = Served::start();
    let project = delivered(&served);
    let key = served.twin.keys(BUCKET, DIGESTS).remove(2);
    served.twin.delete_object(BUCKET, &key);
    let whole = project.run(&format!("{VERIFY} --format json")).exits(2).json();
    for index in 0..3 {
        let run = project.run(&format!("{VERIFY} --shard {index}/3 --format json --out {index}.json"));
        run.says(&format!("specs/prod.yaml, shard {index}/3, "));
    }
    let merged = project.run("verify merge 2.json 0.json 1.json --format json").exits(2).json();
    assert_eq!(merged, whole);
    let schema = include_str!("../docs/src/reference/schemas/verify.schema.json");
    let schema = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    assert!(schema.is_valid(&merged) && schema.is_valid(&project.json("0.json")), "{merged}");
    assert!(!schema.is_valid(&json!({ "status": "verified" })));
    project
        .run("verify merge 0.json 1.json --format html --out report.html")
        .exits(1)
        .says("are missing: 2/3");
    project.run("verify merge 0.json 1.json 2.json --format html --out report.html").exits(2);
    let report = project.read("report.html");
    assert!(report.contains("href=\"#222222222222-eu-west-1\""), "{report}");
    assert!(report.contains(&format!("digest s3://{BUCKET}/{key} was deleted")), "{report}");

    project.run(&format!("{VERIFY} --shard 3/3")).exits(1).says("write it as I/N");
    let run = project.run(&format!("{VERIFY} --shard env:INDEX/3")).exits(1);
    run.says("the environment variable `INDEX` is not set");
    project.run("verify merge").exits(1).says("<FILE>");
}

#[test]
fn a_rate_of_requests_changes_no_result() {
    let served = Served::start();
    let project = delivered(&served);
    let one = "--account production --in-region eu-west-1 --rate 1000";
    project.run(&format!("{VERIFY} {one}")).exits(0).says("3 of 3 digests and 6 of 6 log files verified");
    project.run(&format!("{VERIFY} --rate 0")).exits(1);
}
