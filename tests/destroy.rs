//! Deletes all resources of an installation.

use serde_json::json;

use crate::support::{Moto, Project, addresses};

const GRANTS: &str =
    "[{ name: audit, grantee: \"arn:aws:iam::333333333333:role/Audit\", operations: [Decrypt] }]";
const ALL: &str = "{ bucket: true, key: true }";

#[test]
fn only_managed_resources_are_deleted_in_a_safe_order() {
    let project = Project::new();
    project.edit_spec("key.grants", GRANTS);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let foreign = r#"{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"444444444444"},"Action":"s3:ListBucket","Resource":"arn:aws:s3:::secprod-multiaccount-logs"}"#;
    project.edit(".reconcile/sandbox.json", |state| {
        let policy = &mut state["buckets"]["secprod-multiaccount-logs"]["policy"];
        let text =
            policy.as_str().unwrap().replacen("\"Statement\":[", &format!("\"Statement\":[{foreign},"), 1);
        *policy = json!(text);
    });
    let before = project.json(".reconcile/sandbox.json");
    let plan = project.run("plan specs/prod.yaml --sandbox --destroy --format json").exits(0).json();
    assert_eq!(project.json(".reconcile/sandbox.json"), before);
    let found = addresses(&plan);
    assert_eq!(found[..3].iter().filter(|it| it.starts_with("trail/")).count(), 3, "{found:?}");
    assert!(found[3].starts_with("grant/master/secprod-audit-"), "{found:?}");
    let policies = ["key_policy/master/secprod-cloudtrail", "bucket_policy/master/secprod-multiaccount-logs"];
    assert_eq!(found[4..], policies);
    assert_eq!(plan["destroy"], json!(true));
    assert_eq!(
        plan["changes"][5]["reasons"],
        json!(["the installation is destroyed; foreign resources and statements are kept"])
    );
    let kept: Vec<&str> =
        plan["warnings"].as_array().unwrap().iter().filter_map(|it| it["code"].as_str()).collect();
    assert_eq!(kept, ["kept", "kept"]);

    project.run("apply --sandbox --destroy").exits(0);
    project
        .run("plan specs/prod.yaml --sandbox --destroy --detailed-exitcode")
        .exits(0)
        .says("has no resources left to delete");
    let state = project.json(".reconcile/sandbox.json");
    let policy = state["buckets"]["secprod-multiaccount-logs"]["policy"].as_str().unwrap();
    assert!(policy.contains(foreign) && !policy.contains("Secprod"), "{policy}");
    // The administrators of the key keep their permission, so the same spec can be applied again.
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn the_bucket_goes_only_when_it_is_empty_and_the_key_only_in_thirty_days() {
    let project = Project::new();
    project.edit_spec("key.grants", GRANTS);
    project.edit_spec("deletion", ALL);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["secprod-multiaccount-logs"]["objects"] = json!({ "AWSLogs/1": "log" });
    });
    project
        .run("plan specs/prod.yaml --sandbox --destroy")
        .exits(0)
        .says("kept: the bucket has log files")
        .says("kept: the bucket is kept, and its log files could not be read without the key")
        .says("1 to update, 5 to delete");
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"]["secprod-multiaccount-logs"]["objects"] = json!({});
    });
    project.run("apply specs/prod.yaml --sandbox --yes --destroy").exits(0);
    let state = project.json(".reconcile/sandbox.json");
    assert_eq!(state["buckets"], json!({}));
    let keys = state["accounts"]["111111111111"]["regions"]["us-east-1"]["keys"].as_object().unwrap().clone();
    assert!(keys.values().all(|key| key["state"] == "PendingDeletion") && keys.len() == 1, "{keys:?}");
    project.run("plan specs/prod.yaml --sandbox --destroy").exits(0).says("No changes.");
    // Without the flag, nothing is deleted.
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0).says("Applied 9 changes");
}

#[test]
fn everything_goes_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
    project.edit_spec("key.grants", GRANTS);
    project.edit_spec("deletion", ALL);
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("apply specs/prod.yaml --yes --destroy").exits(0);
    project.run("plan specs/prod.yaml --destroy").exits(0).says("No changes.");
    let left = moto.boto3(
        r#"
kms = boto3.client("kms")
states = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] for key in kms.list_keys()["Keys"]]
print(json.dumps([len(boto3.client("s3").list_buckets()["Buckets"]), states,
    len(member("222222222222").client("cloudtrail").describe_trails()["trailList"])]))
"#,
    );
    assert_eq!(left.trim(), r#"[0, ["PendingDeletion"], 0]"#);
}
