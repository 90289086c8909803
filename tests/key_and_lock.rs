//! A key of somebody else, aspects that are left alone, and the lock.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Moto, Project};

const SPEC: &str = "specs/prod.yaml";
const ARN: &str = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const LOCK: &str = "lock: { bucket: apply-locks, key: secprod.lock, region: us-east-1, account: master }\n";

fn with(project: &Project, from: &str, to: &str) {
    let text = project.read(SPEC);
    assert!(text.contains(from), "{from}");
    project.write(SPEC, text.replacen(from, to, 1));
}

fn with_key(project: &Project) {
    with(project, "  alias: secprod-cloudtrail\n", &format!("  arn: \"{ARN}\"\n"));
}

fn key(state: &Value) -> Value {
    let keys = state["accounts"]["111111111111"]["regions"]["us-east-1"]["keys"].as_object().unwrap().clone();
    assert_eq!(keys.len(), 1);
    keys.into_iter().next().unwrap().1
}

#[test]
fn a_key_of_somebody_else_is_used_and_neither_made_named_marked_nor_removed() {
    let project = Project::new();
    with_key(&project);
    project.write(SPEC, project.read(SPEC) + "deletion: { key: true }\n");
    let plan = project.run("plan specs/prod.yaml --sandbox --format json").exits(0).json();
    let kinds: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, ["key_policy", "bucket", "bucket_policy", "trail", "trail", "trail"]);
    let before = key(&project.json(".reconcile/sandbox.json"));
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    let state = project.json(".reconcile/sandbox.json");
    let after = key(&state);
    for field in ["description", "rotation_days", "tags", "grants"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    let policy = after["policy"].as_str().unwrap();
    assert!(policy.contains("SecprodTrailEncrypt") && !policy.contains("SecprodAdministration"), "{policy}");
    assert!(state["accounts"]["111111111111"]["regions"]["us-east-1"].get("aliases").is_none());

    project.edit(".reconcile/sandbox.json", |state| {
        let keys = &mut state["accounts"]["111111111111"]["regions"]["us-east-1"]["keys"];
        keys["1234abcd-12ab-34cd-56ef-1234567890ab"]["policy"] = before["policy"].clone();
    });
    project
        .run("drift specs/prod.yaml --sandbox")
        .exits(2)
        .says("CloudTrail is not allowed to encrypt log files with the key");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("apply specs/prod.yaml --sandbox --yes --destroy").exits(0);
    let after = key(&project.json(".reconcile/sandbox.json"));
    assert_eq!((after["state"].as_str(), &after["policy"]), (Some("Enabled"), &before["policy"]));
}

#[test]
fn a_key_that_is_left_alone_is_neither_made_nor_read_and_trails_keep_theirs() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let before = key(&project.json(".reconcile/sandbox.json"));
    let section = "key:\n  alias: secprod-cloudtrail\n";
    with(&project, section, "key: unmanaged\n");
    project
        .run("validate specs/prod.yaml")
        .exits(1)
        .says("the bucket encrypts with the key, but the spec has `key: unmanaged`")
        .says("`encryption: s3`");
    with(&project, "  region: us-east-1\n", "  region: us-east-1\n  encryption: unmanaged\n");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    let permissions = project.run("permissions specs/prod.yaml --mode apply").exits(0);
    assert!(!permissions.stdout.contains("kms:"), "{}", permissions.stdout);

    // Another hand takes the key from a trail, which is not drift; a trail that is made anew has none.
    project.edit(".reconcile/sandbox.json", |state| {
        let of = |account: &str| format!("/accounts/{account}/regions/us-east-1/trails");
        state.pointer_mut(&of("222222222222")).unwrap()["SecurityTrail"]["kms_key"] = json!(null);
        state.pointer_mut(&of("333333333333")).unwrap().as_object_mut().unwrap().clear();
    });
    let plan = project.run("plan specs/prod.yaml --sandbox --format json").exits(0).json();
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{plan}");
    assert_eq!(changes[0]["after"].get("kms_key"), Some(&json!(null)), "{plan}");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("drift specs/prod.yaml --sandbox").exits(0);
    let explained = project.run("explain specs/prod.yaml --sandbox").exits(0);
    assert!(!explained.stdout.contains("make a data key"), "{}", explained.stdout);
    let twin = project.json(".reconcile/sandbox.json");
    assert_eq!(key(&twin), before);
    let trails = &twin["accounts"]["111111111111"]["regions"]["us-east-1"]["trails"];
    assert!(trails["SecurityTrailMaster"]["kms_key"].as_str().is_some(), "{trails}");

    // From nothing, nothing of a key is made.
    let fresh = Project::new();
    fresh.write(SPEC, project.read(SPEC).replace("encryption: unmanaged", "encryption: s3"));
    fresh.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    fresh.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    let state = fresh.read(".reconcile/sandbox.json");
    assert!(!state.contains("\"keys\"") && !state.contains("\"aliases\""), "{state}");
}

#[test]
fn trails_go_over_to_another_key() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    with_key(&project);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("log files are encrypted with another key");
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    let shown = project.run("sandbox show").exits(0);
    assert!(!shown.stdout.contains("cannot deliver"), "{}", shown.stdout);
}

#[test]
fn what_the_spec_leaves_alone_stays_as_it_is() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        let bucket = &mut state["buckets"]["secprod-multiaccount-logs"];
        bucket["configuration"].as_object_mut().unwrap().remove("tagging");
        let policy = bucket["policy"].as_str().unwrap().replace("SecprodTrailAclCheck", "Theirs");
        bucket["policy"] = json!(policy);
    });
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("tags are missing")
        .says("`SecprodTrailAclCheck` is missing or differs from the spec");
    with(&project, "name: secprod\n", "name: secprod\ntags: unmanaged\n");
    with(&project, "  region: us-east-1\n", "  region: us-east-1\n  policy: unmanaged\n");
    with(&project, "  alias: secprod-cloudtrail\n", "  alias: secprod-cloudtrail\n  policy: unmanaged\n");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
    // A policy that is left alone is never a reason for a refusal, and drift reports what it does.
    with(&project, "accounts: [production, development]", "accounts: [production]");
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        let bucket = &mut state["buckets"]["secprod-multiaccount-logs"];
        bucket["policy"] = json!(bucket["policy"].as_str().unwrap().replace("222222222222", "999999999999"));
    });
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("trail/production/SecurityTrail could not deliver")
        .says("`bucket.policy: unmanaged` leaves the policy to you");
    project
        .run("drift specs/prod.yaml --sandbox")
        .exits(2)
        .says("CloudTrail is not allowed to write log files");
}

#[test]
fn a_trail_with_another_home_region_is_explained() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    with(&project, "accounts: [master]\n", "accounts: [master]\n    home_region: eu-west-1\n");
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(1)
        .says("exists with home Region us-east-1, but its home Region in the spec is eu-west-1")
        .says("home_region: us-east-1");
}

fn lock_state(holder: &str) -> Value {
    let holder = json!({ "who": holder, "since": "2026-11-23T08:00:00Z", "spec": "secprod" });
    json!({ "secprod.lock": holder.to_string() })
}

#[test]
fn two_applies_do_not_run_at_once() {
    let project = Project::new();
    project.write(SPEC, project.read(SPEC) + LOCK);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let objects = |project: &Project| {
        project.json(".reconcile/sandbox.json")["buckets"]["apply-locks"]["objects"].clone()
    };
    assert_eq!(objects(&project), Value::Null, "it is given back");

    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["apply-locks"]["objects"] = lock_state("alice@laptop");
    });
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    for command in ["apply specs/prod.yaml --sandbox --yes", "apply --sandbox"] {
        project
            .run(command)
            .exits(3)
            .says("the lock s3://apply-locks/secprod.lock is held by alice@laptop")
            .says("since 2026-11-23T08:00:00Z")
            .says("--lock-timeout")
            .says("reconcile unlock");
    }
    let text = &objects(&project)["secprod.lock"]["text"];
    assert_eq!(text, &lock_state("alice@laptop")["secprod.lock"], "it is hers");
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["apply-locks"]["objects"] = json!({ "secprod.lock": "?" });
    });
    project.run("apply --sandbox").exits(3).says("is held by an unknown holder");
    // A plan needs no lock, and an apply that is refused gives it back.
    project.edit(".reconcile/sandbox.json", |state| state["buckets"]["apply-locks"]["objects"] = json!({}));
    project.run("apply specs/prod.yaml --sandbox").exits(0);
    assert_eq!(objects(&project), Value::Null);
}

#[test]
fn the_first_apply_makes_the_bucket_that_its_lock_is_in() {
    let project = Project::new();
    let lock = LOCK.replace("apply-locks", "secprod-multiaccount-logs");
    project.write(SPEC, project.read(SPEC) + &lock);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let lock = LOCK.replace("account: master", "account: production");
    project.write(SPEC, crate::support::PROD.to_owned() + &lock);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
}

/// Writes a lock with a lease into the sandbox, stored so many seconds ago.
fn hold(project: &Project, seconds_ago: i64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let holder = json!({
        "who": "alice@laptop (process 4711)", "since": "2026-11-23T08:00:00Z", "spec": "secprod", "lease_seconds": 180,
    });
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["apply-locks"]["objects"]["secprod.lock"] =
            json!({ "text": holder.to_string(), "stored": i64::try_from(now).unwrap() - seconds_ago });
    });
}

#[test]
fn unlock_shows_the_holder_and_releases_the_lock_of_an_apply_that_is_not_running() {
    let project = Project::new();
    project.run("unlock specs/prod.yaml --sandbox --yes").exits(1).says("the spec has no `lock`");
    project.write(SPEC, project.read(SPEC) + LOCK);
    project
        .run("unlock specs/prod.yaml --sandbox")
        .exits(0)
        .says("Nobody holds the lock s3://apply-locks/secprod.lock.");

    hold(&project, 20);
    let shown = project.run("unlock specs/prod.yaml --sandbox").exits(1).says("cannot ask for confirmation");
    let shown = shown
        .says("holder:  alice@laptop (process 4711)")
        .says("since:   2026-11-23T08:00:00Z")
        .says("seconds ago")
        .says("lease:   running");
    assert!(shown.stderr.contains("pass `--yes`"), "{}", shown.stderr);
    project.run("unlock specs/prod.yaml --sandbox --yes").exits(3).says("its holder is still running");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(3).says("the other apply is running");

    hold(&project, 1000);
    let shown = project.run("unlock specs/prod.yaml --sandbox --yes --format json").exits(0).json();
    assert_eq!((&shown["lock"], &shown["released"]), (&json!("s3://apply-locks/secprod.lock"), &json!(true)));
    assert_eq!(shown["held"]["lease"], "ended");
    assert_eq!(shown["held"]["holder"]["who"], "alice@laptop (process 4711)");
    let schema = include_str!("../docs/src/reference/schemas/unlock.schema.json");
    let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
    let none = project.run("unlock specs/prod.yaml --sandbox --yes --format json").exits(0).json();
    assert_eq!((&none["held"], &none["released"]), (&Value::Null, &json!(false)));
    assert!(validator.is_valid(&shown) && validator.is_valid(&none), "{shown} {none}");

    // The next apply takes over a lock that nobody renews.
    hold(&project, 1000);
    project
        .run("apply specs/prod.yaml --sandbox --yes")
        .exits(0)
        .says("took over the lock s3://apply-locks/secprod.lock of alice@laptop (process 4711)");
    project.run("unlock specs/prod.yaml --sandbox").exits(0).says("Nobody holds the lock");
}

#[test]
fn a_key_of_somebody_else_and_a_lock_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
    let arn = moto.boto3(
        r#"
boto3.client("s3").create_bucket(Bucket="apply-locks")
print(boto3.client("kms").create_key(Description="theirs")["KeyMetadata"]["Arn"])
"#,
    );
    with(&project, "  alias: secprod-cloudtrail\n", &format!("  arn: \"{}\"\n", arn.trim()));
    project.write(SPEC, project.read(SPEC) + LOCK);
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    let told = moto.boto3(
        r#"
kms = boto3.client("kms")
key = kms.list_keys()["Keys"][0]["KeyId"]
s3 = boto3.client("s3")
print(len(kms.list_keys()["Keys"]), kms.describe_key(KeyId=key)["KeyMetadata"]["Description"],
    "SecprodTrailEncrypt" in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
    s3.list_objects_v2(Bucket="apply-locks")["KeyCount"])
s3.put_object(Bucket="apply-locks", Key="secprod.lock",
    Body=json.dumps({"who": "bob@ci", "since": "2026-11-23T08:00:00Z", "spec": "secprod"}))
"#,
    );
    assert_eq!(told.trim(), "1 theirs True 0");
    project.run("apply specs/prod.yaml --yes").exits(3).says("is held by bob@ci");

    // It waits for as long as it is told to.
    let waiting = project
        .command("apply specs/prod.yaml --yes --lock-timeout 60")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    moto.boto3(r#"boto3.client("s3").delete_object(Bucket="apply-locks", Key="secprod.lock")"#);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
