//! The formats of a drift check, read by other programs, and the severity at which the check fails.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Project, python};

const DRIFT: &str = "drift specs/prod.yaml --sandbox";

/// Creates an installation with a stopped trail, and a key whose description differs: one finding
/// of critical severity, and one of low severity.
fn drifted() -> Project {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        let regional = |id: &str| format!("/accounts/{id}/regions/us-east-1");
        let trail = format!("{}/trails/SecurityTrail", regional("333333333333"));
        state.pointer_mut(&trail).unwrap()["logging"] = json!(false);
        let keys = format!("{}/keys", regional("111111111111"));
        let keys = state.pointer_mut(&keys).unwrap().as_object_mut().unwrap();
        keys.values_mut().next().unwrap()["description"] = json!("other");
    });
    project
}

#[test]
fn a_finding_below_the_severity_of_fail_on_does_not_fail_the_check() {
    let project = drifted();
    for severity in ["critical", "high", "medium", "low"] {
        project.run(&format!("{DRIFT} --fail-on {severity}")).exits(2);
    }
    project.edit(".reconcile/sandbox.json", |state| {
        let trail = "/accounts/333333333333/regions/us-east-1/trails/SecurityTrail";
        state.pointer_mut(trail).unwrap()["logging"] = json!(true);
    });
    for (severity, code) in [("critical", 0), ("high", 0), ("medium", 0), ("low", 2)] {
        let run = project.run(&format!("{DRIFT} --fail-on {severity} --format json")).exits(code);
        // The status does not depend on the severity that the caller tolerates.
        assert_eq!(run.json()["specs"][0]["status"], "drifted", "{severity}");
    }
}

#[test]
fn a_format_is_written_to_a_file_and_the_text_to_stdout() {
    let project = drifted();
    let text = project.run(DRIFT).exits(2).stdout;
    for format in ["text", "json", "markdown", "html", "junit", "sarif", "ocsf"] {
        let alone = project.run(&format!("{DRIFT} --format {format}")).exits(2).stdout;
        let run = project.run(&format!("{DRIFT} --format {format} --out reports/drift")).exits(2);
        assert_eq!(run.stdout, text, "{format}");
        let file = project.read("reports/drift");
        let without_times = |text: &str| {
            text.lines()
                .filter(|line| !["time\":", "checked_at", "<time"].iter().any(|time| line.contains(time)))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(without_times(&file), without_times(&alone), "{format}");
    }
}

#[test]
fn a_baseline_accepts_reviewed_findings_until_their_last_day() {
    const CHECK: &str = "drift specs/prod.yaml --sandbox --baseline baseline.json";
    let project = drifted();
    let update = format!("{CHECK} --update-baseline --reason SEC-12 --expires 2999-01-31");
    let run = project.run(&update).exits(0);
    assert!(run.stdout.contains("accepted trail/development/SecurityTrail"), "{}", run.stdout);
    project.run(DRIFT).exits(2);
    let run = project.run(&format!("{CHECK} --format json")).exits(0);
    assert_eq!(run.json()["specs"][0]["summary"]["accepted"], 2);
    assert_eq!(run.json()["specs"][0]["findings"][0]["accepted"], "SEC-12");

    // An entry that expired, and an entry whose finding no longer exists.
    project.edit("baseline.json", |baseline| baseline["accepted"][0]["expires"] = json!("2026-01-31"));
    project.edit(".reconcile/sandbox.json", |state| {
        let keys = state.pointer_mut("/accounts/111111111111/regions/us-east-1/keys").unwrap();
        for key in keys.as_object_mut().unwrap().values_mut() {
            if key["description"] == "other" {
                key["description"] = json!("CloudTrail log files of secprod, managed by reconcile");
            }
        }
    });
    let run = project.run(CHECK).exits(2);
    assert!(run.stderr.contains("its acceptance expired after 2026-01-31"), "{}", run.stderr);
    let before = project.read("baseline.json");
    project.run(&update).exits(0);
    assert_ne!(project.read("baseline.json"), before);
    assert_eq!(project.run(CHECK).exits(0).stderr, "");
}

#[test]
fn a_baseline_needs_a_reason_and_a_valid_file() {
    let project = Project::new();
    project.run("drift specs/prod.yaml --sandbox --baseline b.json --update-baseline").exits(1);
    project.run("drift specs/prod.yaml --sandbox --update-baseline --reason r").exits(1);
    let run = project.run("drift specs/prod.yaml --sandbox --baseline b.json").exits(1);
    assert!(run.stderr.contains("cannot read `b.json`"), "{}", run.stderr);
    project.write("b.json", "{}");
    let run = project.run("drift specs/prod.yaml --sandbox --baseline b.json").exits(1);
    assert!(run.stderr.contains("cannot use the baseline `b.json`"), "{}", run.stderr);
}

/// Prowler writes its findings with `py-ocsf-models`.
#[test]
fn other_programs_can_read_junit_and_ocsf() {
    const SCRIPT: &str = r#"
import json, sys
from junitparser import JUnitXml
from py_ocsf_models.events.findings.detection_finding import DetectionFinding
junit, ocsf = sys.argv[1:]
suites = JUnitXml.fromfile(junit)
cases = [(case.name, [type(result).__name__ for result in case.result]) for suite in suites for case in suite]
events = [DetectionFinding.model_validate(event) for event in json.load(open(ocsf))]
events = [[event.severity_id.name, event.resources[0].uid, event.cloud.account.uid] for event in events]
print(json.dumps({ "cases": cases, "failures": suites.failures, "events": events }))
"#;
    let project = drifted();
    for format in ["junit", "ocsf"] {
        project.run(&format!("{DRIFT} --format {format} --out {format}")).exits(2);
    }
    let programs = python::programs("readers-1", &["py-ocsf-models==0.10.0", "junitparser==5.0.3"]);
    let [junit, ocsf] = ["junit", "ocsf"].map(|name| project.path(name));
    let read = python::run(Command::new(programs.join("python")).args(["-c", SCRIPT]).args([junit, ocsf]));
    let read: Value = serde_json::from_str(&read).unwrap();
    let (trail, key) = ("trail/development/SecurityTrail", "key/master/secprod-cloudtrail");
    assert_eq!(read["cases"], json!([[trail, ["Failure"]], [key, ["Failure"]]]));
    assert_eq!(read["failures"], 2);
    assert_eq!(read["events"], json!([["Critical", trail, "333333333333"], ["Low", key, "111111111111"]]));
}
