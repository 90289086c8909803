//! The home Region of a trail, the lock, and an existing key on moto.

use std::process::Stdio;

use reconcile_samples::{EditSpec, PROD};
use serde_json::{Value, json};

use crate::support::{Moto, Project};

const SPEC: &str = "specs/prod.yaml";
const LOCK: &str = "{ bucket: apply-locks, key: secprod.lock, region: us-east-1, account: master }";

#[test]
fn a_trail_with_another_home_region_is_explained() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit_spec("trails.0.home_region", "eu-west-1");
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
    project.edit_spec("lock", LOCK);
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
    // A plan needs no lock, and an apply that is refused releases the lock.
    project.edit(".reconcile/sandbox.json", |state| state["buckets"]["apply-locks"]["objects"] = json!({}));
    project.run("apply specs/prod.yaml --sandbox").exits(0);
    assert_eq!(objects(&project), Value::Null);
}

#[test]
fn the_first_apply_creates_the_bucket_of_its_lock() {
    let project = Project::new();
    let locked = PROD.with("lock", LOCK);
    project.write(SPEC, locked.with("lock.bucket", "secprod-multiaccount-logs"));
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.write(SPEC, locked.with("lock.account", "production"));
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
}

/// Writes a lock with a lease into the sandbox, stored this number of seconds ago.
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
    project.edit_spec("lock", LOCK);
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

    // The next apply acquires a lock that nobody renews.
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
    project.edit_spec("key", &format!("{{ alias: null, arn: \"{}\" }}", arn.trim()));
    project.edit_spec("lock", LOCK);
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

    // The apply waits for the time in the option.
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
