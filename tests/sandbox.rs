//! The binary on the embedded twin.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use reconcile_samples::{EditSpec, PROD};
use serde_json::{Value, json};

use crate::support::{Project, addresses, boto3, regional};

const SPEC: &str = "specs/prod.yaml";

/// Creates a folder whose sandbox matches the spec.
fn converged() -> Project {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox").exits(0);
    project
}

#[test]
fn the_two_commands_of_the_readme_and_then_no_changes() {
    let project = Project::new();
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("sandbox")
        .says("Plan: 8 to create, 0 to update, 0 to delete, 0 unchanged.");
    project.run("apply --sandbox").exits(0);
    let again = project.run("plan specs/prod.yaml --sandbox --detailed-exitcode").exits(0);
    assert_eq!(again.stdout.lines().last(), Some("No changes. Live state matches specs/prod.yaml."));
    project.run("drift specs/prod.yaml --sandbox").exits(0);
    project.run("sandbox show").exits(0).says("can deliver");
}

#[test]
fn the_plan_is_in_the_order_in_which_it_is_applied() {
    let project = Project::new();
    let plan =
        project.run("plan specs/prod.yaml --sandbox --format json --detailed-exitcode").exits(2).json();
    assert_eq!(
        addresses(&plan),
        [
            "key/master/secprod-cloudtrail",
            "alias/master/secprod-cloudtrail",
            "key_policy/master/secprod-cloudtrail",
            "bucket/master/secprod-multiaccount-logs",
            "bucket_policy/master/secprod-multiaccount-logs",
            "trail/master/SecurityTrailMaster",
            "trail/production/SecurityTrail",
            "trail/development/SecurityTrail",
        ]
    );
    assert_eq!(project.json(".reconcile/plan.json"), plan);
    let applied = project.run("apply --sandbox --format json").exits(0).json();
    assert_eq!(applied["summary"], json!({ "applied": 8, "failed": 0, "skipped": 0, "unchanged": 0 }));
    assert!(project.path(applied["journal"].as_str().unwrap()).exists());
}

#[test]
fn a_plan_changes_nothing() {
    let project = converged();
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "222222222222")["trails"]["SecurityTrail"]["logging"] = json!(false);
    });
    let before = project.json(".reconcile/sandbox.json");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("logging is stopped");
    project.run("drift specs/prod.yaml --sandbox").exits(2);
    assert_eq!(project.json(".reconcile/sandbox.json"), before);
}

#[test]
fn the_json_of_plans_is_as_documented() {
    let schema: Value =
        serde_json::from_str(include_str!("../docs/src/reference/schemas/plan.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let project = Project::new();
    let check = |label: &str| {
        let flag = if label == "destroys" { "--destroy" } else { "" };
        let plan =
            project.run(&format!("plan specs/prod.yaml --sandbox --format json {flag}")).exits(0).json();
        let errors: Vec<String> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{label}: {errors:?}");
        plan
    };
    check("creates");
    project.run("apply --sandbox").exits(0);
    check("nothing");
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["secprod-multiaccount-logs"]["policy"] = json!(null);
        regional(state, "333333333333")["trails"]["SecurityTrail"]["multi_region"] = json!(false);
    });
    assert_eq!(addresses(&check("updates")).len(), 2);
    let every_kind = PROD
        .with("trails.1", "{ cloudwatch_logs: { log_group: a }, sns_topic: { name: b } }")
        .with("trails.2", "{ name: Everybodys, organization_trail: true }")
        .with("organization", "{ account: master, delegated_administrator: production }")
        .with("deletion", "{ bucket: true, key: true }");
    project.write(SPEC, every_kind);
    let kinds = |plan: &Value| -> std::collections::BTreeSet<String> {
        plan["changes"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert!(kinds(&check("every kind")).contains("service_access"));
    project.run("apply --sandbox").exits(0);
    assert!(kinds(&check("destroys")).contains("log_group"));
}

#[test]
fn an_account_that_cannot_be_entered_does_not_stop_the_others() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(".reconcile/sandbox.json", |state| state["accounts"]["333333333333"]["roles"] = json!([]));

    let run = project.run("plan specs/prod.yaml --sandbox").exits(1);
    let run = run.says("development").says("trust policy").says("trail/production/SecurityTrail");
    assert!(!run.stdout.contains("+ trail/development/SecurityTrail"));
    let plan = project.json(".reconcile/plan.json");
    assert_eq!((&plan["partial"], &plan["summary"]["unreadable"]), (&json!(true), &json!(1)));
    assert_eq!(plan["unreadable"][0]["account"]["id"], "333333333333");

    // The other changes are applied. The exit code shows that not all changes were made.
    project.run("apply --sandbox").exits(1);
    let plan = project.run("plan specs/prod.yaml --sandbox --format json").exits(1).json();
    assert_eq!(addresses(&plan), Vec::<&str>::new());
    project.run("drift specs/prod.yaml --sandbox").exits(1).says("development");
}

#[test]
fn what_changed_after_the_plan_is_left_alone() {
    let project = converged();
    let stop = |state: &mut Value, logging: bool| {
        regional(state, "222222222222")["trails"]["SecurityTrail"]["logging"] = json!(logging);
    };
    project.edit(".reconcile/sandbox.json", |state| stop(state, false));
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "222222222222")["trails"]["SecurityTrail"]["multi_region"] = json!(false);
    });
    let before = project.json(".reconcile/sandbox.json");
    project.run("apply --sandbox").exits(3).says("trail/production/SecurityTrail").says("multi_region");
    assert_eq!(project.json(".reconcile/sandbox.json"), before);

    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox").exits(0);
    // Another apply of the same plan changes nothing.
    let again = project.run("apply --sandbox --format json").exits(0).json();
    assert_eq!(again["results"][0]["status"], "unchanged");
}

#[test]
fn a_plan_of_the_sandbox_is_never_applied_to_aws() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --endpoint-url http://127.0.0.1:9").exits(1).says("sandbox");
}

#[test]
fn a_spec_is_applied_only_after_confirmation() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox").exits(1).says("--yes");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn every_kind_of_drift_is_named_and_repaired() {
    let project = converged();
    project.edit(".reconcile/sandbox.json", |state| {
        let key =
            regional(state, "111111111111")["keys"].as_object_mut().unwrap().values_mut().next().unwrap();
        key["rotation_days"] = json!(null);
        key["description"] = json!("other");
        key["tags"] = json!({ "team": "a" });
        let bucket = &mut state["buckets"]["secprod-multiaccount-logs"];
        bucket["configuration"] = json!({});
        bucket["policy"] = json!(null);
        regional(state, "222222222222")["trails"] = json!({});
        let trail = &mut regional(state, "333333333333")["trails"]["SecurityTrail"];
        trail["kms_key"] = json!(null);
        trail["log_file_validation"] = json!(false);
        trail["event_selectors"] = json!([{ "ReadWriteType": "ReadOnly", "IncludeManagementEvents": true }]);
    });
    let drift = project
        .run("drift specs/prod.yaml --sandbox")
        .exits(2)
        .says("rotated")
        .says("description")
        .says("versioning is off")
        .says("Block Public Access differs")
        .says("the default encryption of new objects differs")
        .says("the trail does not exist")
        .says("log file validation is off")
        .says("the recorded events differ");
    assert!(drift.stdout.contains("trail/development/SecurityTrail"));

    let json = project.run("drift specs/prod.yaml --sandbox --format json").exits(2).json();
    let spec = &json["specs"][0];
    assert_eq!((spec["spec"].as_str(), spec["status"].as_str()), (Some(SPEC), Some("drifted")));
    // Five resources differ, and the remaining trail cannot deliver.
    assert_eq!(spec["findings"].as_array().unwrap().len(), 7);

    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("drift specs/prod.yaml --sandbox").exits(0);
    let state = project.json(".reconcile/sandbox.json");
    let keys = state["accounts"]["111111111111"]["regions"]["us-east-1"]["keys"].as_object().unwrap().clone();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys.values().next().unwrap()["tags"]["team"], "a");
}

#[test]
fn an_interrupted_apply_is_completed_by_another_apply() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox").exits(0);
    // The state of an apply that was killed between the creation and the start of the trail: the
    // journal has the start of the change without its end, and the live trail is incomplete.
    let journal =
        project.files().into_iter().find(|(path, _)| path.extension().is_some_and(|it| it == "jsonl"));
    let (journal, bytes) = journal.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let is_end = |line: &&str| line.contains("trail/production/") && line.contains("\"ended\"");
    let cut: String = text.lines().filter(|line| !is_end(line)).map(|line| format!("{line}\n")).collect();
    std::fs::write(journal, cut).unwrap();
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "222222222222")["trails"]["SecurityTrail"]["logging"] = json!(false);
    });
    let applied = project.run("apply --sandbox --format json").exits(0).json();
    assert_eq!(applied["summary"], json!({ "applied": 1, "failed": 0, "skipped": 0, "unchanged": 7 }));
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn a_bucket_of_a_stranger_is_an_error_before_anything_else() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["secprod-multiaccount-logs"] =
            json!({ "owner": "999999999999", "region": "us-east-1" });
    });
    project.run("plan specs/prod.yaml --sandbox").exits(1).says("another account");
}

#[test]
fn a_live_policy_that_cannot_be_read_is_never_overwritten() {
    let project = converged();
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["secprod-multiaccount-logs"]["policy"] = json!("{\"Statement\": [");
    });
    project.run("plan specs/prod.yaml --sandbox").exits(1).says("policy of bucket secprod-multiaccount-logs");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(1);
    let state = project.json(".reconcile/sandbox.json");
    assert_eq!(state["buckets"]["secprod-multiaccount-logs"]["policy"], "{\"Statement\": [");
}

#[test]
fn the_sandbox_is_emptied() {
    let project = converged();
    project.run("sandbox reset").exits(0);
    project.run("sandbox show").exits(0).says("empty");
    let shown = project.run("sandbox show --format json").exits(0).json();
    assert_eq!(shown["accounts"], json!([]));
}

#[test]
fn the_sandbox_is_served_to_other_clients() {
    let project = converged();
    // If the spec has an organization, the account of the current credentials manages it.
    project.edit_spec("organization", "{ account: master }");
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    let mut server = project.command("sandbox serve --port 0").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let environment: Vec<(String, String)> = (0..3)
        .map(|_| {
            let line = lines.next().unwrap().unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect();
    let script = r#"
names = [account["Name"] for account in boto3.client("organizations").list_accounts()["Accounts"]]
trails = member("222222222222", "OrganizationAccountAccessRole").client("cloudtrail")
trails.stop_logging(Name="SecurityTrail")
s3 = boto3.client("s3")
policy = s3.get_bucket_policy(Bucket="secprod-multiaccount-logs")["Policy"]
s3.put_bucket_policy(Bucket="secprod-multiaccount-logs", Policy=json.dumps(json.loads(policy), indent=1))
try:
    trails.create_trail(Name="Other", S3BucketName="secprod-multiaccount-logs")
except trails.exceptions.InsufficientS3BucketPolicyException:
    print(json.dumps(names))
"#;
    let names = boto3(&environment, script);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(names.trim(), r#"["master", "production", "development"]"#);
    let plan = project.run("plan specs/prod.yaml --sandbox --format json").exits(0).json();
    assert_eq!(addresses(&plan), ["trail/production/SecurityTrail"]);
}

const RETENTION: &str = "
lifecycle:
  transitions: [{ days: 90, storage_class: GLACIER_IR }]
  expire_days: 400
  noncurrent_expire_days: 30
  abort_incomplete_multipart_days: 7
object_lock: { mode: GOVERNANCE, days: 30 }
access_logs: { bucket: access-logs, prefix: central/ }
";

#[test]
fn log_files_move_expire_and_are_locked_as_specified_and_foreign_rules_are_kept() {
    let project = converged();
    // The form from the time before rules had filters, when objects of every size moved.
    let foreign = "<LifecycleConfiguration><Rule><ID>theirs</ID><Prefix>athena/</Prefix>\
                   <Status>Enabled</Status><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>";
    project.edit(".reconcile/sandbox.json", |state| {
        let configuration = &mut state["buckets"]["secprod-multiaccount-logs"]["configuration"];
        configuration["lifecycle"] = json!(foreign);
        configuration["x-amz-transition-default-minimum-object-size"] = json!("varies_by_storage_class");
    });
    project.edit_spec("bucket", RETENTION);
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("the lifecycle of log files differs from the spec")
        .says("the object lock of log files differs from the spec")
        .says("the destination of access logs differs from the spec");
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    let state = project.json(".reconcile/sandbox.json");
    let configuration = &state["buckets"]["secprod-multiaccount-logs"]["configuration"];
    let rules = configuration["lifecycle"].as_str().unwrap();
    assert!(rules.contains("<ID>theirs</ID>") && rules.contains("athena/"), "{rules}");
    assert_eq!(configuration["x-amz-transition-default-minimum-object-size"], "varies_by_storage_class");
    assert!(rules.contains("<ID>reconcile-secprod</ID>") && rules.contains("GLACIER_IR"), "{rules}");

    project.edit(".reconcile/sandbox.json", |state| {
        let configuration = &mut state["buckets"]["secprod-multiaccount-logs"]["configuration"];
        configuration["lifecycle"] = json!(foreign);
        configuration["object-lock"] = json!(null);
        configuration.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        configuration["logging"] = json!("<BucketLoggingStatus/>");
    });
    let drift = project.run("drift specs/prod.yaml --sandbox").exits(2);
    for told in
        ["the lifecycle of log files differs", "the object lock of log files differs", "access logs differs"]
    {
        assert!(drift.stdout.contains(told), "{}", drift.stdout);
    }
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("drift specs/prod.yaml --sandbox").exits(0);
    // If the settings are unmanaged again, they are not changed.
    project.write(SPEC, PROD);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

/// Users copy the examples, so the examples must work.
#[test]
fn every_example_is_valid_and_converges() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let mut examples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let project = Project::new();
        project.write("example.yaml", std::fs::read(&path).unwrap());
        let name = path.display().to_string();
        assert_eq!(project.run("validate example.yaml").code, Some(0), "{name}");
        if name.ends_with("organization-units.yaml") {
            for command in ["plan", "drift", "apply --yes"] {
                project
                    .run(&format!("{command} example.yaml --sandbox"))
                    .exits(1)
                    .says("selects no account of the organization")
                    .says("example.yaml:11:");
            }
            project.edit(".reconcile/sandbox.json", |state| {
                state["accounts"]["222222222222"] = json!({
                    "name": "Production", "roles": ["OrganizationAccountAccessRole"], "regions": {},
                    "tags": { "logging": "central" },
                });
            });
        }
        let applied = project.run("apply example.yaml --sandbox --yes");
        assert_eq!(applied.code, Some(0), "{name}: {}{}", applied.stdout, applied.stderr);
        let again = project.run("plan example.yaml --sandbox --detailed-exitcode");
        assert_eq!(again.code, Some(0), "{name}: {}{}", again.stdout, again.stderr);
        project.run("drift example.yaml --sandbox").exits(0);
        let explained = project.run("explain example.yaml --sandbox").exits(0);
        assert!(!explained.stdout.contains("The trail cannot deliver"), "{name}: {}", explained.stdout);
        examples += 1;
    }
    assert!(examples >= 6);
}

#[test]
fn the_weather_of_a_seed_is_named_on_stderr_and_repeats() {
    let project = Project::new();
    let throttled = || project.run("plan specs/prod.yaml --sandbox --weather 7:retired-fields,throttles=10%");
    let (one, other) = (throttled().exits(0), throttled().exits(0));
    assert!(one.stderr.contains("throttles 10%"), "{}", one.stderr);
    assert!(
        one.stderr.contains("repeat this run with `--weather 7:throttles=10%,retired-fields=100%`"),
        "{}",
        one.stderr
    );
    assert_eq!(one.stdout, other.stdout);
    project.run("plan specs/prod.yaml --sandbox --weather calm").exits(0).says("nothing fails");
}

#[test]
fn weather_without_a_sandbox_or_without_a_seed_is_an_error() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --weather 42").exits(1).says("add `--sandbox`");
    project.run("sandbox show --weather 42").exits(1).says("`sandbox serve`");
    project.run("plan specs/prod.yaml --sandbox --weather hail").exits(1).says("`hail` is not a seed");
    project.run("plan specs/prod.yaml --sandbox --weather 7:hail").exits(1).says("the kinds are throttles");
}
