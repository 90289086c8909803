//! The command line itself: help, completions, schema, formats.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use crate::support::Project;

#[test]
fn every_command_explains_itself_with_an_example() {
    let project = Project::new();
    project.run("--version").exits(0).says("reconcile 0.");
    for command in ["", "plan", "apply", "drift", "validate", "sandbox", "completions"] {
        let help = project.run(&format!("{command} --help")).exits(0);
        assert!(help.stdout.contains("Example"), "{command}");
    }
}

#[test]
fn validate_tells_of_all_specs() {
    let project = Project::new();
    project.write("specs/bad.yaml", "version: 1\n");
    project.run("validate specs/prod.yaml").exits(0).says("specs/prod.yaml: valid");
    project
        .run("validate specs/bad.yaml specs/prod.yaml")
        .exits(1)
        .says("specs/prod.yaml: valid")
        .says("bad.yaml:");
}

#[test]
fn the_schema_takes_the_spec_of_the_readme() {
    let project = Project::new();
    let schema = project.run("schema").exits(0).json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::validator_for(&schema).is_ok());
}

#[test]
fn completions_are_for_the_shell_that_is_named() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        project.run(&format!("completions {shell}")).exits(0).says("reconcile");
    }
}

#[test]
fn colours_are_for_those_who_want_them() {
    let project = Project::new();
    let plain = project.run("plan specs/prod.yaml --sandbox").exits(0);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = project.run("plan specs/prod.yaml --sandbox --color always").exits(0);
    assert!(coloured.stdout.contains('\u{1b}'));
}

#[test]
fn markdown_is_for_pull_requests() {
    let project = Project::new();
    let plan = project.run("plan specs/prod.yaml --sandbox --format markdown").exits(0);
    assert!(plan.stdout.contains("`trail/production/SecurityTrail`"), "{}", plan.stdout);
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let project = Project::new();
    let mut child = project.command("schema").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn the_log_can_be_json() {
    let project = Project::new();
    let run = project.run("plan specs/prod.yaml --sandbox -vv --log-format json").exits(0);
    let first: Value = serde_json::from_str(run.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(first["level"], "DEBUG");
}

#[test]
fn the_permissions_of_a_spec_are_exact() {
    let project = Project::new();
    let plan = project.run("permissions specs/prod.yaml --mode plan --format json").exits(0).json();
    let policies = plan["accounts"].as_array().unwrap();
    assert_eq!(policies.len(), 3);
    let text = plan.to_string();
    assert!(!text.contains("Put") && !text.contains("Create") && !text.contains("Delete"), "{text}");
    let production = &policies[1];
    assert_eq!(production["account"]["name"], "production");
    assert!(!production["policy"].to_string().contains("s3:"), "a member needs nothing of S3");

    let apply = project.run("permissions specs/prod.yaml --format json").exits(0).json();
    let master = apply["accounts"][0]["policy"].to_string();
    for (action, resource) in [
        ("s3:PutBucketPolicy", "arn:aws:s3:::secprod-multiaccount-logs"),
        ("kms:PutKeyPolicy", "arn:aws:kms:us-east-1:111111111111:key/*"),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole"),
        ("cloudtrail:StartLogging", "arn:aws:cloudtrail:us-east-1:111111111111:trail/SecurityTrailMaster"),
    ] {
        assert!(master.contains(action) && master.contains(resource), "{action}: {master}");
    }
    // What the spec does not manage is not asked for.
    assert!(!master.contains("Lifecycle") && !master.contains("organizations:"), "{master}");
    project
        .run("permissions specs/prod.yaml")
        .exits(0)
        .says("account production (222222222222), for role arn:aws:iam::222222222222:role/OrganizationAccountAccessRole");
}
