//! The controls of security frameworks, on the twin.

use serde_json::Value;

use crate::support::Project;

const COMPLIANCE: &str = "compliance specs/prod.yaml --sandbox";

/// Creates a project and applies its spec.
fn applied() -> Project {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project
}

/// Returns the result of a control for a resource.
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
    let project = Project::new();
    for trail in ["trails.0.cloudwatch_logs", "trails.1.cloudwatch_logs"] {
        project.edit_spec(trail, "{ log_group: /trails, alarms: { topic: security-alarms } }");
    }
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
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
        ("CloudWatch.1", "account/production"),
        ("CloudWatch.14", "account/production"),
        ("CIS 4.15", "account/production"),
        ("CloudWatch.15", "account/production"),
        ("CloudWatch.17", "account/production"),
    ] {
        assert_eq!(result(&document, control, resource)["status"], "passed", "{control}");
    }
    let logging = result(&document, "CloudTrail.7", "bucket/master/secprod-multiaccount-logs");
    assert_eq!(
        (&logging["status"], &logging["fix"]["key"]),
        (&"failed".into(), &"bucket.access_logs".into())
    );

    project.edit(".reconcile/sandbox.json", |state| {
        let production = &mut state["accounts"]["222222222222"]["regions"]["us-east-1"];
        production["alarms"]["reconcile-secprod-root-user"]["settings"]["ActionsEnabled"] = false.into();
    });
    let document = project.run(&format!("{COMPLIANCE} --format json")).exits(2).json();
    valid(&document);
    assert_eq!(result(&document, "CloudWatch.1", "account/production")["status"], "failed");
    assert_eq!(result(&document, "CloudWatch.1", "account/development")["status"], "passed");
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
