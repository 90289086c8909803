//! The command line itself: help, completions, schema, formats.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{PROD, Project};

#[test]
fn version_and_help_are_results() {
    let project = Project::new();
    project.run("--version").exits(0).says("reconcile 0.");
    project.run("plan --help").exits(0).says("Usage: reconcile plan");
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
    // The result is on stdout, and has no progress in it.
    assert!(run.stdout.starts_with("sandbox") && !run.stdout.contains("of 8"), "{}", run.stdout);
}

#[test]
fn less_and_more_is_printed_as_options_say() {
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
    // `-v` is about documents.
    let project = Project::new();
    let plan =
        |options: &str| project.run(&format!("plan specs/prod.yaml --sandbox {options}")).exits(0).stdout;
    assert!(plan("-v").len() > plan("").len() + 1000);
    // The remark about the lapsed entry of a baseline is no result.
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
    // What an ARN cannot say, a condition does.
    for condition in [
        r#"{"StringEquals":{"aws:ResourceTag/reconcile:spec":["secprod"]}}"#,
        r#"{"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/secprod-cloudtrail"}}"#,
    ] {
        assert!(master.contains(condition), "{condition}: {master}");
    }
    let deleted = &allowed(&apply, "production", "cloudtrail:DeleteTrail")[0];
    assert_eq!(deleted["Condition"]["StringEquals"]["aws:ResourceTag/reconcile:spec"], json!(["secprod"]));
    // What the spec does not manage is not asked for.
    assert!(!master.contains("PutLifecycle") && !master.contains("organizations:List"), "{master}");
    project
        .run("permissions specs/prod.yaml")
        .exits(0)
        .says("account production (222222222222), for role arn:aws:iam::222222222222:role/OrganizationAccountAccessRole");
}

#[test]
fn permissions_of_options_are_printed_for_these_options_only() {
    let project = Project::new();
    let lock = "lock: { bucket: apply-locks, key: secprod.lock, region: us-east-1, account: master }\n";
    project.write("specs/locked.yaml", format!("{PROD}{lock}"));
    let print = |options: &str| {
        project
            .run(&format!("permissions specs/locked.yaml --mode plan --format json {options}"))
            .exits(0)
            .json()
    };
    let plain = print("").to_string();
    for other in ["LookupEvents", "apply-locks", "s3:ListBucket\""] {
        assert!(!plain.contains(other), "{other}: {plain}");
    }
    let blame = print("--blame");
    for account in ["master", "production", "development"] {
        assert_eq!(allowed(&blame, account, "cloudtrail:LookupEvents").len(), 1, "{account}");
    }
    assert!(!blame.to_string().contains("apply-locks"), "{blame}");
    let freshness = print("--freshness");
    let list = &allowed(&freshness, "master", "s3:ListBucket")[0];
    assert_eq!(list["Resource"], json!(["arn:aws:s3:::secprod-multiaccount-logs"]));
    for account in ["production", "development"] {
        assert!(allowed(&freshness, account, "s3:ListBucket").is_empty(), "{account}");
    }
    for action in ["s3:GetObject", "cloudtrail:ListPublicKeys", "kms:Decrypt"] {
        assert!(!freshness.to_string().contains(action), "{action}");
    }
    // The leader's object, and not the lock of an apply.
    let replicas = print("--replicas");
    for action in ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"] {
        let statement = &allowed(&replicas, "master", action)[0];
        assert_eq!(statement["Resource"], json!(["arn:aws:s3:::apply-locks/secprod.lock.watch"]), "{action}");
    }
    let list = &allowed(&replicas, "master", "s3:ListBucket")[0];
    assert_eq!(list["Resource"], json!(["arn:aws:s3:::apply-locks"]));
    assert!(allowed(&replicas, "production", "s3:GetObject").is_empty());
}

#[test]
fn permissions_of_many_accounts_fit_the_limits_of_iam() {
    const LIMIT: usize = 6144;

    let project = Project::new();
    let spec = |role: &dyn Fn(usize) -> String| {
        let members: String =
            (1..=1200).map(|n| format!("  member-{n}: {{ id: \"{n:012}\", role: {} }}\n", role(n))).collect();
        format!(
            "version: 1\nname: many\naccounts:\n  hub: {{ id: \"999999999999\" }}\n{members}\
             bucket: {{ name: many-logs, account: hub, region: eu-west-1 }}\nkey: {{ alias: many }}\n\
             trails:\n  - {{ name: Trail, accounts: all }}\n"
        )
    };
    let documents = |project: &Project| -> Vec<Value> {
        let printed = project.run("permissions specs/many.yaml --format json").exits(0).json();
        printed["accounts"][0]["documents"].as_array().unwrap().clone()
    };
    project.write("specs/many.yaml", spec(&|_| "Audit".to_owned()));
    let hub = documents(&project);
    assert_eq!(hub.len(), 1);
    assert!(hub[0].to_string().len() <= LIMIT, "{}", hub[0].to_string().len());
    assert!(hub[0].to_string().contains("arn:aws:iam::*:role/Audit"), "{}", hub[0]);

    project.write("specs/many.yaml", spec(&|n| format!("Audit{n}")));
    let hub = documents(&project);
    assert!(hub.len() > 1 && hub.iter().all(|document| document.to_string().len() <= LIMIT));
    let text = json!(hub).to_string();
    assert!(text.contains("arn:aws:iam::000000001200:role/Audit1200"));
    project.run("permissions specs/many.yaml").exits(0).says(&format!("policy 1 of {}:", hub.len()));
}

#[test]
fn permissions_of_members_that_join_by_themselves_come_as_a_template() {
    let project = Project::new();
    project.write("specs/organization.yaml", include_str!("../specs/organization.yaml"));
    project.write("specs/organization-units.yaml", include_str!("../specs/organization-units.yaml"));
    let printed = project.run("permissions specs/organization.yaml --format json").exits(0).json();
    assert_eq!(printed["members"]["role"], "OrganizationAccountAccessRole");
    let policy = printed["members"]["policy"].to_string();
    assert!(policy.contains("arn:aws:cloudtrail:eu-west-1:*:trail/OrganizationTrail"), "{policy}");
    let text = project.run("permissions specs/organization.yaml").exits(0);
    assert!(text.stderr.contains("has the permissions of an administrator"), "{}", text.stderr);

    let template = project.run("permissions specs/organization.yaml --format cloudformation").exits(0).json();
    let role = &template["Resources"]["Role"]["Properties"];
    assert_eq!(role["RoleName"], "OrganizationAccountAccessRole");
    assert!(role.to_string().contains("${AWS::AccountId}:trail/OrganizationTrail"), "{role}");
    let units = project.run("permissions specs/organization-units.yaml --format cloudformation").exits(0);
    assert!(units.stdout.contains("AWS::IAM::Role"), "{}", units.stdout);
    project.run("permissions specs/prod.yaml --format cloudformation").exits(1);
}

#[test]
fn permissions_of_an_import_only_read() {
    let project = Project::new();
    let printed = project.run("permissions --import=Audit --format json").exits(0).json();
    let policy = printed["import"]["policy"].to_string();
    assert!(policy.contains("s3:GetBucketPolicy") && !policy.contains(":Put"), "{policy}");
    let start = &printed["import"]["start"]["Statement"][0];
    assert_eq!(
        *start,
        json!({
            "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": ["arn:*:iam::*:role/Audit"],
        })
    );
}

/// Actions of the statements for an account that name a resource, with their conditions.
fn allowed(printed: &Value, account: &str, action: &str) -> Vec<Value> {
    let accounts = printed["accounts"].as_array().unwrap();
    let policy = &accounts.iter().find(|it| it["account"]["name"] == account).unwrap()["policy"];
    let has = |statement: &&Value| statement["Action"].as_array().unwrap().contains(&json!(action));
    policy["Statement"].as_array().unwrap().iter().filter(has).cloned().collect()
}

#[test]
fn permissions_hold_what_aws_asks_besides_the_operations() {
    let project = Project::new();
    let delegated = PROD.to_owned()
        + "organization: { account: master, delegated_administrator: production }\n"
        + "lock: { bucket: locks, key: lock, region: us-east-1, account: master }\n";
    let delegated = delegated.replacen(
        "trails:\n",
        "trails:\n  - { name: Org, organization_trail: true, cloudwatch_logs: { log_group: a, permissions_boundary: Bound } }\n",
        1,
    );
    project.write("specs/prod.yaml", delegated.as_str());
    let printed = project.run("permissions specs/prod.yaml --format json").exits(0).json();
    let roles = &allowed(&printed, "master", "iam:CreateServiceLinkedRole")[0];
    assert_eq!(
        roles["Condition"]["StringEquals"]["iam:AWSServiceName"],
        json!(["cloudtrail.amazonaws.com", "context.cloudtrail.amazonaws.com"])
    );
    for action in [
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:ListAWSServiceAccessForOrganization",
    ] {
        assert_eq!(allowed(&printed, "master", action).len(), 1, "{action}");
        assert_eq!(allowed(&printed, "production", action).len(), 0, "{action}");
    }
    let passed = &allowed(&printed, "master", "iam:PassRole")[0];
    assert_eq!(passed["Condition"]["StringEquals"]["iam:PassedToService"], "cloudtrail.amazonaws.com");
    for action in ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"] {
        let bounded = &allowed(&printed, "master", action)[0];
        let boundary = &bounded["Condition"]["StringEquals"]["iam:PermissionsBoundary"];
        assert_eq!(boundary, "arn:aws:iam::111111111111:policy/Bound", "{action}");
    }
    // Without it, a lock that is not there looks like one that may not be read.
    let listed = allowed(&printed, "master", "s3:ListBucket");
    assert!(listed.iter().any(|it| it["Resource"] == json!(["arn:aws:s3:::locks"])), "{listed:?}");
    assert_eq!(allowed(&printed, "master", "kms:GenerateDataKey").len(), 0);
    // Nobody asks for these.
    for action in ["kms:CreateGrant", "kms:DisableKeyRotation"] {
        assert_eq!(allowed(&printed, "master", action).len(), 0, "{action}");
    }

    project.write("specs/prod.yaml", delegated.replace("bucket: locks", "bucket: secprod-multiaccount-logs"));
    let printed = project.run("permissions specs/prod.yaml --format json").exits(0).json();
    assert_eq!(allowed(&printed, "master", "kms:GenerateDataKey").len(), 1);

    let reads = project.run("permissions specs/prod.yaml --mode plan --format json").exits(0).json();
    assert_eq!(allowed(&reads, "master", "iam:CreateServiceLinkedRole").len(), 0);
}

#[test]
fn who_may_not_be_the_management_account_is_allowed_trails_of_any() {
    let project = Project::new();
    let of_delegate = PROD.replacen(
        "trails:\n",
        "organization: { account: production, service_access: false }\ntrails:\n  - { name: Org, organization_trail: true }\n",
        1,
    );
    project.write("specs/prod.yaml", of_delegate);
    let printed = project.run("permissions specs/prod.yaml --format json").exits(0).json();
    for action in ["cloudtrail:UpdateTrail", "cloudtrail:GetTrailStatus"] {
        let text = json!(allowed(&printed, "production", action)).to_string();
        assert!(text.contains("arn:aws:cloudtrail:us-east-1:*:trail/Org"), "{text}");
    }
    assert_eq!(allowed(&printed, "production", "iam:GetRole").len(), 1);
}
