//! The command line itself: help, completions, schema, formats.

use std::io::Read;
use std::process::Stdio;

use reconcile_samples::{EditSpec, PROD};
use serde_json::{Value, json};

use crate::support::Project;

#[test]
fn version_and_help_are_results() {
    let project = Project::new();
    project.run("--version").exits(0).says("reconcile 0.");
    project.run("plan --help").exits(0).says("Usage: reconcile plan");
}

#[test]
fn validate_reports_every_spec() {
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
fn the_schema_accepts_the_spec_of_the_readme() {
    let project = Project::new();
    let schema = project.run("schema").exits(0).json();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::validator_for(&schema).is_ok());
}

#[test]
fn completions_are_printed_for_the_given_shell() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        project.run(&format!("completions {shell}")).exits(0).says("reconcile");
    }
}

#[test]
fn colours_are_printed_only_on_request() {
    let project = Project::new();
    let plain = project.run("plan specs/prod.yaml --sandbox").exits(0);
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = project.run("plan specs/prod.yaml --sandbox --color always").exits(0);
    assert!(coloured.stdout.contains('\u{1b}'));
}

#[test]
fn a_plan_is_printed_as_markdown() {
    let project = Project::new();
    let plan = project.run("plan specs/prod.yaml --sandbox --format markdown").exits(0);
    assert!(plan.stdout.contains("`trail/production/SecurityTrail`"), "{}", plan.stdout);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
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
fn an_apply_without_a_terminal_has_a_line_for_each_finished_change() {
    let project = Project::new();
    let run = project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let lines: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("applied ")).collect();
    assert_eq!(lines.len(), 8, "{}", run.stderr);
    assert!(
        lines.iter().any(|line| line.starts_with("applied trail/production/SecurityTrail (")),
        "{lines:?}"
    );
    assert!(lines.last().unwrap().ends_with(" (8 of 8)"), "{lines:?}");
    // The result is on stdout, and contains no progress.
    assert!(run.stdout.starts_with("sandbox") && !run.stdout.contains("of 8"), "{}", run.stdout);
}

#[test]
fn options_change_the_amount_of_output() {
    let apply = |options: &str| {
        let project = Project::new();
        let run = project.run(&format!("apply specs/prod.yaml --sandbox --yes {options}")).exits(0);
        assert!(run.stdout.contains("Applied 8 changes"), "{options}: {}", run.stdout);
        run.stderr
    };
    assert_eq!(apply("-q"), "");
    assert!(!apply("--no-progress").contains("applied "));
    assert!(!apply("-v").contains("DEBUG"));
    let all = apply("-vv");
    assert!(all.contains("DEBUG") && all.contains("cloudtrail:CreateTrail"), "{all}");
    // `-v` prints full documents.
    let project = Project::new();
    let plan =
        |options: &str| project.run(&format!("plan specs/prod.yaml --sandbox {options}")).exits(0).stdout;
    assert!(plan("-v").len() > plan("").len() + 1000);
    // The notice about the expired entry of a baseline is not part of the result.
    let entry = r#"{ "format_version": "1.0", "accepted": [{ "id": "0", "spec": "secprod", "address": "trail/a/b",
        "code": "changed", "severity": "low", "message": "m", "reason": "r", "expires": "2999-01-31" }] }"#;
    project.write("baseline.json", entry);
    let drift = |options: &str| {
        project
            .run(&format!("drift specs/prod.yaml --sandbox --baseline baseline.json {options}"))
            .exits(2)
            .stderr
    };
    assert!(drift("").contains("baseline: trail/a/b"), "{}", drift(""));
    assert_eq!(drift("-q"), "");
}

/// The permissions themselves are tested in `permission/tests.rs` of the crate `operations`.
#[test]
fn permissions_are_printed_for_the_mode_and_the_options() {
    let project = Project::new();
    let lock = "{ bucket: apply-locks, key: secprod.lock, region: us-east-1, account: master }";
    project.write("specs/locked.yaml", PROD.with("lock", lock));
    for (options, has, lacks) in [
        ("", "kms:PutKeyPolicy", "cloudtrail:LookupEvents"),
        ("--mode plan", "kms:GetKeyPolicy", "kms:PutKeyPolicy"),
        ("--mode verify", "kms:Decrypt", "kms:GetKeyPolicy"),
        ("--mode plan --blame", "cloudtrail:LookupEvents", "apply-locks"),
        ("--mode plan --freshness", "s3:ListBucket\"", "cloudtrail:LookupEvents"),
        ("--mode plan --replicas", "apply-locks/secprod.lock.watch", "cloudtrail:LookupEvents"),
    ] {
        let printed = project.run(&format!("permissions specs/locked.yaml {options} --format json")).exits(0);
        assert!(
            printed.stdout.contains(has) && !printed.stdout.contains(lacks),
            "{options}: {}",
            printed.stdout
        );
    }
    let printed = project.run("permissions specs/prod.yaml --format json").exits(0).json();
    let production = &printed["accounts"][1];
    assert_eq!(production["account"], json!({ "name": "production", "id": "222222222222" }));
    assert_eq!(production["role"], "arn:aws:iam::222222222222:role/OrganizationAccountAccessRole");
    assert_eq!(production["documents"], json!([production["policy"]]));
    project
        .run("permissions specs/prod.yaml")
        .exits(0)
        .says("account production (222222222222), for role arn:aws:iam::222222222222:role/OrganizationAccountAccessRole:")
        .says("role OrganizationAccountAccessRole has the permissions of an administrator");

    // An IAM managed policy is too small for this number of roles.
    let members: Vec<String> =
        (1..=200).map(|n| format!("member-{n}: {{ id: \"{n:012}\", role: Audit{n} }}")).collect();
    project.write("specs/many.yaml", PROD.with("accounts", &format!("{{ {} }}", members.join(", "))));
    project.run("permissions specs/many.yaml").exits(0).says(", for the current credentials, policy 1 of 2:");
}

#[test]
fn permissions_of_members_that_join_automatically_and_of_an_import_are_printed() {
    let project = Project::new();
    project.write("specs/organization.yaml", include_str!("../specs/organization.yaml"));
    let printed = project.run("permissions specs/organization.yaml --format json").exits(0).json();
    assert_eq!(printed["members"]["role"], "OrganizationAccountAccessRole");
    let policy = printed["members"]["policy"].to_string();
    assert!(policy.contains("arn:aws:cloudtrail:eu-west-1:*:trail/OrganizationTrail"), "{policy}");
    let text = project.run("permissions specs/organization.yaml").exits(0);
    assert!(text.stderr.contains("has the permissions of an administrator"), "{}", text.stderr);

    let template = project.run("permissions specs/organization.yaml --format cloudformation").exits(0).json();
    assert_eq!(template["Resources"]["Role"]["Type"], "AWS::IAM::Role");
    let role = &template["Resources"]["Role"]["Properties"];
    assert_eq!(role["RoleName"], "OrganizationAccountAccessRole");
    assert!(role.to_string().contains("${AWS::AccountId}:trail/OrganizationTrail"), "{role}");
    project.run("permissions specs/prod.yaml --format cloudformation").exits(1);

    let printed = project.run("permissions --import=Audit --format json").exits(0).json();
    assert_eq!(printed["import"]["role"], "Audit");
    assert_eq!(printed["import"]["start"]["Statement"][0]["Resource"], json!(["arn:*:iam::*:role/Audit"]));
}
