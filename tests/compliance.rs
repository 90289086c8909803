//! The controls of security frameworks, on the twin.

use serde_json::Value;

use crate::support::Project;

const COMPLIANCE: &str = "compliance specs/prod.yaml --sandbox";

/// A project whose spec is applied.
fn applied() -> Project {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project
}

/// The result of a control for a resource.
fn result<'d>(document: &'d Value, control: &str, resource: &str) -> &'d Value {
    let results = document["results"].as_array().unwrap();
    let is_it = |it: &&Value| it["control"] == control && it["resource"] == resource;
    results.iter().find(is_it).unwrap_or_else(|| panic!("no {control} of {resource}"))
}

fn valid(document: &Value) {
    let schema = include_str!("../docs/src/reference/schemas/compliance.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|it| it.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn an_applied_spec_passes_what_the_spec_can_meet_and_names_the_line_for_the_rest() {
    let project = applied();
    let document = project.run(&format!("{COMPLIANCE} --format json")).exits(2).json();
    valid(&document);
    assert_eq!(document["status"], "failed");
    for (control, resource) in [
        ("CloudTrail.1", "account/development"),
        ("CloudTrail.2", "trail/production/SecurityTrail"),
        ("KMS.4", "key/master/secprod-cloudtrail"),
        ("S3.5", "bucket/master/secprod-multiaccount-logs"),
        ("S3.8", "bucket/master/secprod-multiaccount-logs"),
        ("S3.22", "account/master"),
    ] {
        assert_eq!(result(&document, control, resource)["status"], "passed", "{control}");
    }
    let logging = result(&document, "CloudTrail.7", "bucket/master/secprod-multiaccount-logs");
    assert_eq!(
        (&logging["status"], &logging["fix"]["key"]),
        (&"failed".into(), &"bucket.access_logs".into())
    );
}

/// The alarms of the spec pass until somebody changes them, and metric filters of others pass as well.
#[test]
fn alarms_of_the_spec_pass_the_controls_until_somebody_changes_them() {
    let project = Project::new();
    let data = "    data_events: { s3: all, lambda: all }\n";
    let alarms = "    cloudwatch_logs: { log_group: /trails, alarms: { topic: security-alarms } }\n";
    let spec = project.read("specs/prod.yaml").replace(data, &format!("{data}{alarms}"));
    project.write("specs/prod.yaml", spec);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let status = |control: &str, account: &str| {
        let document = project.run(&format!("{COMPLIANCE} --format json")).exits(2).json();
        valid(&document);
        result(&document, control, account)["status"].as_str().unwrap().to_owned()
    };
    for control in ["CloudWatch.1", "CloudWatch.14", "CIS 4.15", "CloudWatch.15", "CloudWatch.17"] {
        assert_eq!(status(control, "account/production"), "passed", "{control}");
    }
    project.edit(".reconcile/sandbox.json", |state| {
        let production = &mut state["accounts"]["222222222222"]["regions"]["us-east-1"];
        production["alarms"]["reconcile-secprod-root-user"]["settings"]["ActionsEnabled"] = false.into();
    });
    assert_eq!(status("CloudWatch.1", "account/production"), "failed");
    assert_eq!(status("CloudWatch.17", "account/production"), "failed");
    assert_eq!(status("CloudWatch.2", "account/production"), "passed");
    assert_eq!(status("CloudWatch.1", "account/development"), "passed");
    project.run("drift specs/prod.yaml --sandbox").exits(2).says("its actions are disabled");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    assert_eq!(status("CloudWatch.1", "account/production"), "passed");
}

/// The line that a result names is one that a spec accepts, and `apply` with it passes the control.
#[test]
fn a_spec_with_the_lines_that_the_results_name_passes() {
    let project = applied();
    let lines = "  access_logs: { bucket: other-logs, prefix: logs/ }\n  lifecycle: { noncurrent_expire_days: 365 }\n  \
                 object_lock: { mode: GOVERNANCE, days: 365 }\n  eventbridge: true\n";
    let spec = project
        .read("specs/prod.yaml")
        .replace("  region: us-east-1\n", &format!("  region: us-east-1\n{lines}"));
    let logs = "    cloudwatch_logs: { log_group: /trail, retention_days: 365, encryption: key }\n";
    let spec = spec.replace("    data_events:", &format!("{logs}    data_events:"));
    project.write("specs/prod.yaml", spec);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let failed = |framework: &str| {
        let document = project.run(&format!("{COMPLIANCE} --format json --framework {framework}")).json();
        let results = document["results"].as_array().unwrap().iter();
        let failed = results.filter(|it| it["status"] == "failed");
        failed.map(|it| it["control"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(failed("fsbp"), Vec::<String>::new());
    assert_eq!(failed("pci-4.0"), Vec::<String>::new());
    assert_eq!(failed("nist-800-53"), ["S3.7"]);
}

#[test]
fn a_change_of_live_state_fails_the_control_and_the_fix_is_apply() {
    let project = applied();
    project.edit(".reconcile/sandbox.json", |state| {
        fn stop(value: &mut Value) {
            match value {
                Value::Object(members) => {
                    if members.get("log_file_validation").is_some_and(|it| it == true) {
                        members.insert("log_file_validation".to_owned(), false.into());
                    }
                    members.values_mut().for_each(stop);
                }
                Value::Array(items) => items.iter_mut().for_each(stop),
                _ => {}
            }
        }
        stop(state);
    });
    let run = project.run(&format!("{COMPLIANCE} --framework cis-5.0")).exits(2);
    for line in [
        "  CloudTrail.4 (3.2)  trail/*/SecurityTrail in 2 accounts",
        "      fix: the spec already asks for it: run `reconcile apply`",
    ] {
        assert!(run.stdout.contains(line), "{}", run.stdout);
    }
}

#[test]
fn a_format_is_written_to_a_file_and_the_text_is_printed() {
    let project = applied();
    for (format, begins) in [
        ("json", "{"),
        ("junit", "<?xml"),
        ("markdown", "### Compliance"),
        ("html", "<!DOCTYPE html>"),
        ("text", "sandbox:"),
    ] {
        let run = project.run(&format!("{COMPLIANCE} --format {format} --out report")).exits(2);
        assert!(project.read("report").starts_with(begins), "{format}");
        assert!(run.stdout.starts_with("sandbox:"), "{}", run.stdout);
    }
}

#[test]
fn a_framework_that_does_not_exist_is_rejected_with_the_names_of_all() {
    let run = Project::new().run(&format!("{COMPLIANCE} --framework cis")).exits(1);
    assert!(run.stderr.contains("cis-5.0, cis-3.0, fsbp, nist-800-53, pci-4.0"), "{}", run.stderr);
}
