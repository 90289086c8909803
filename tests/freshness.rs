//! `drift --freshness`: a Region that no longer delivers digests, in every format, and digests that
//! cannot be listed.

use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::{ChainId, Root};
use reconcile_sandbox::{DeliveryOptions, deliver};
use reconcile_twin::InjectedDenial;
use serde_json::{Value, json};

use crate::support::{Project, Run, Served};

const BUCKET: &str = "secprod-multiaccount-logs";
const ADDRESS: &str = "trail/production/SecurityTrail";
const CHECK: &str = "drift specs/prod.yaml --freshness";

/// Starts an AWS whose trails have logged for a long time, and delivered digests for 30 hours until
/// the last full hour.
pub fn delivered() -> (Served, Project) {
    let served = Served::start();
    let project = served.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    let now = Timestamp::now();
    for (account, trail) in [
        ("111111111111", "SecurityTrailMaster"),
        ("222222222222", "SecurityTrail"),
        ("333333333333", "SecurityTrail"),
    ] {
        let long_ago = json!((now - SignedDuration::from_hours(24 * 30)).as_second());
        let arn = format!("arn:aws:cloudtrail:us-east-1:{account}:trail/{trail}");
        served.twin.set_trail_status(&arn, [("StartLoggingTime".to_owned(), long_ago)]);
    }
    let hour = now.as_second() - now.as_second().rem_euclid(3600);
    let until = Timestamp::from_second(hour).unwrap();
    deliver(&served.twin, &DeliveryOptions { bucket: BUCKET.to_owned(), hours: 30, files: 0, until })
        .unwrap();
    (served, project)
}

/// Deletes the digests of the last hours of `production` in a Region, as if they were never
/// delivered.
pub fn stop(served: &Served, region: &str, hours: i64) {
    let account = "222222222222".parse().unwrap();
    let folder = format!("{}{region}/", Root::new(BUCKET, None, None).digests(&account));
    let since = Timestamp::now() - SignedDuration::from_hours(hours);
    for key in served.twin.keys(BUCKET, &folder) {
        let (_, end) = ChainId::parse(&account, &region.parse().unwrap(), &key).unwrap();
        if end > since {
            served.twin.delete_object(BUCKET, &key);
        }
    }
}

fn findings(run: &Run) -> Vec<Value> {
    run.json()["specs"][0]["findings"].as_array().unwrap().clone()
}

/// Returns the number of list calls so far.
pub fn lists(served: &Served) -> usize {
    served.twin.calls().iter().filter(|call| call.operation == "s3:ListObjectsV2").count()
}

#[test]
fn a_region_that_stopped_is_a_finding_of_its_own_in_every_format() {
    let (served, project) = delivered();
    project.run(CHECK).exits(0).says("in sync");
    stop(&served, "us-west-2", 5);
    let before = lists(&served);
    project.run("drift specs/prod.yaml").exits(0).says("in sync");
    assert_eq!(lists(&served), before, "nobody asked for digests");

    let found = findings(&project.run(&format!("{CHECK} --format json")).exits(2));
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!(
        (&finding["address"], &finding["code"], &finding["kind"], &finding["severity"]),
        (&json!(ADDRESS), &json!("stale-digests"), &json!("delivery"), &json!("high"))
    );
    let message =
        "digests of account production (222222222222) in us-west-2 stopped: the newest digest ends at ";
    assert!(finding["message"].as_str().unwrap().starts_with(message), "{finding}");
    for format in ["text", "markdown", "html", "junit", "sarif", "ocsf"] {
        project.run(&format!("{CHECK} --format {format}")).exits(2).says("us-west-2 stopped");
    }
    project.run(&format!("{CHECK} --target trail/development/*")).exits(0);

    // A baseline that accepts this Region does not accept any other Region.
    let accept = "--baseline baseline.json --update-baseline --reason SEC-1";
    project.run(&format!("{CHECK} {accept}")).exits(0);
    project.run(&format!("{CHECK} --baseline baseline.json")).exits(0);
    stop(&served, "eu-west-1", 40);
    let found = findings(&project.run(&format!("{CHECK} --baseline baseline.json --format json")).exits(2));
    assert_eq!(found.len(), 2);
    assert!(found[0]["message"].as_str().unwrap().contains("in eu-west-1 stopped: there is no digest since"));
    assert_eq!((&found[1]["id"], &found[1]["accepted"]), (&finding["id"], &json!("SEC-1")));
}

#[test]
fn digests_that_cannot_be_listed_are_unreadable_and_not_fresh() {
    let (served, project) = delivered();
    served.twin.deny(vec![InjectedDenial {
        account: "111111111111".to_owned(),
        region: None,
        operation: "s3:ListObjectsV2".to_owned(),
    }]);
    let found = findings(&project.run(&format!("{CHECK} --format json")).exits(1));
    assert_eq!(found.len(), 3, "{found:?}");
    for finding in &found {
        assert_eq!(
            (&finding["code"], &finding["kind"]),
            (&json!("unreadable-digests"), &json!("unreadable"))
        );
        let message = finding["message"].as_str().unwrap();
        assert!(message.contains("cannot be listed") && message.contains("s3:ListBucket"), "{message}");
    }
    project.run("drift specs/prod.yaml").exits(0);
}
