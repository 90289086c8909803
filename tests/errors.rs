//! Errors with `--format json`: one JSON document on stdout that matches its schema, and the exit
//! code of the text format.

use serde_json::{Value, json};

use crate::support::{Project, Run};

const SANDBOX: &str = ".reconcile/sandbox.json";
const BUCKET: &str = "secprod-multiaccount-logs";

/// Returns the error of a run, after a check against the schema. stderr has the same message as
/// text.
#[track_caller]
fn error(run: &Run) -> Value {
    let schema = include_str!("../docs/src/reference/schemas/error.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let document = run.json();
    let faults: Vec<String> = validator.iter_errors(&document).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}: {document}");
    assert!(run.stderr.contains("error"), "{}", run.stderr);
    assert_eq!(document["exit_code"], json!(run.code), "{document}");
    document["error"].clone()
}

/// Runs a command with and without `--format json`, and returns its error.
#[track_caller]
fn fails(project: &Project, command: &str, exit: i32, code: &str) -> Value {
    project.run(command).exits(exit);
    let error = error(&project.run(&format!("{command} --format json")).exits(exit));
    assert_eq!(error["code"], code, "{error}");
    error
}

#[test]
fn errors_of_specs_and_files() {
    let project = Project::new();
    project.write("bad.yaml", project.read("specs/prod.yaml").replace("[master]", "[mister]"));
    for command in ["plan bad.yaml", "explain bad.yaml", "permissions bad.yaml", "apply bad.yaml"] {
        let error = fails(&project, command, 1, "spec");
        assert_eq!(error["message"], "`bad.yaml` has 1 problem");
        let diagnostic = &error["diagnostics"][0];
        assert_eq!((&diagnostic["file"], &diagnostic["line"]), (&json!("bad.yaml"), &json!(20)));
        assert!(diagnostic["message"].as_str().unwrap().contains("mister"), "{diagnostic}");
    }
    fails(&project, "plan none.yaml", 1, "file");
    fails(&project, "apply", 1, "plan");
}

#[test]
fn errors_of_usage() {
    let project = Project::new();
    for command in ["plan", "plan specs/prod.yaml --no-such-option", "no-such-command", "drift"] {
        let error = fails(&project, command, 1, "usage");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    let error = fails(&project, "plan", 1, "usage");
    assert!(error["hint"].as_str().unwrap().starts_with("reconcile plan"), "{error}");
    fails(&project, "plan specs/prod.yaml --out x.yaml", 1, "usage");
    fails(&project, "plan specs/prod.yaml --region x", 1, "usage");
    let error = fails(&project, "explain specs/prod.yaml trail/none --sandbox", 1, "unknown-address");
    assert!(error["known"].as_array().unwrap().contains(&json!("trail/production/SecurityTrail")));
}

#[test]
fn errors_of_credentials_and_of_reading() {
    let environment = [("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned())];
    let project = Project::with_environment(environment.to_vec());
    let error = fails(&project, "plan specs/prod.yaml", 1, "credentials");
    assert_eq!(error["aws"]["account"], "111111111111");

    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(SANDBOX, |state| {
        state["buckets"][BUCKET] = json!({ "owner": "999999999999", "region": "us-east-1" });
    });
    let error = fails(&project, "plan specs/prod.yaml --sandbox", 1, "read");
    assert!(error["aws"]["action"].as_str().unwrap().starts_with("s3:"), "{error}");
    let (message, cause) = (error["message"].as_str().unwrap(), error["causes"][0].as_str().unwrap());
    let expected = format!("cannot read the central bucket or key in account `master`: {cause}");
    assert_eq!(message, expected);
    let text = project.run("plan specs/prod.yaml --sandbox").exits(1);
    let lines = format!("error: {message}\n  hint: {}\n", error["hint"].as_str().unwrap());
    assert_eq!(text.stderr, lines);

    project.write(SANDBOX, "{");
    fails(&project, "sandbox show", 1, "sandbox");
}

#[test]
fn refusals() {
    let project = Project::new();
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Nobody", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
    }] });
    project.write("policy.json", policy.to_string());
    project.run("sandbox load specs/prod.yaml --bucket-policy policy.json").exits(0);
    // A refusal removes changes from the plan. The document is the plan, and the exit code is that
    // of an error.
    let plan = project.run("plan specs/prod.yaml --sandbox --format json").exits(1).json();
    let schema = include_str!("../docs/src/reference/schemas/plan.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    assert!(validator.is_valid(&plan), "{plan}");
    let refused = &plan["refused"][0];
    assert_eq!(refused["code"], "blocked");
    assert_eq!(refused["address"], format!("bucket_policy/master/{BUCKET}"));
    assert!(refused["message"].as_str().unwrap().contains("`Nobody`"), "{refused}");
    assert!(refused["left_out"].as_array().unwrap().contains(&json!("trail/production/SecurityTrail")));
    assert_eq!(plan["summary"]["refused"], 3);
    let outcome = project.run("apply --sandbox --format json").exits(1).json();
    assert_eq!(outcome["refused"], plan["refused"]);
    assert_eq!((&outcome["summary"]["failed"], &outcome["summary"]["skipped"]), (&json!(0), &json!(0)));
}

#[test]
fn errors_of_a_held_lock() {
    let project = Project::new();
    project.edit_spec("lock", "{ bucket: apply-locks, key: lock, region: us-east-1, account: master }");
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(SANDBOX, |state| state["buckets"]["apply-locks"]["objects"] = json!({ "lock": "?" }));
    let error = fails(&project, "apply specs/prod.yaml --sandbox --yes", 3, "locked");
    assert!(error["hint"].as_str().unwrap().contains("--lock-timeout"), "{error}");
}

#[test]
fn drift_reports_the_error_of_each_spec() {
    let project = Project::new();
    project.write("bad.yaml", "version: 1\n");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let drift = project.run("drift bad.yaml specs/prod.yaml --sandbox --format json").exits(1).json();
    let [bad, good] = drift["specs"].as_array().unwrap().as_slice() else { panic!("{drift}") };
    assert_eq!((&bad["status"], &bad["failure"]["code"]), (&json!("error"), &json!("spec")));
    assert_eq!((&good["status"], &good["failure"]), (&json!("in_sync"), &Value::Null));
}

#[test]
fn help_is_not_an_error() {
    let help = Project::new().run("plan --format json --help").exits(0);
    assert!(help.stdout.contains("Usage"), "{}", help.stdout);
}
