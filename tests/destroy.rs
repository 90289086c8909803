//! Taking everything away again.

use serde_json::{Value, json};

use crate::support::{Moto, Project};

const SPEC: &str = "specs/prod.yaml";
const GRANT: &str = "  alias: secprod-cloudtrail
  grants:
    - { name: audit, grantee: \"arn:aws:iam::333333333333:role/Audit\", operations: [Decrypt] }
";
const ALL: &str = "deletion: { bucket: true, key: true }\n";

fn spec(project: &Project, more: &str) {
    let text = project.read(SPEC).replace("  alias: secprod-cloudtrail\n", GRANT);
    project.write(SPEC, text + more);
}

fn addresses(plan: &Value) -> Vec<&str> {
    plan["changes"].as_array().unwrap().iter().map(|change| change["address"].as_str().unwrap()).collect()
}

#[test]
fn everything_of_ours_goes_in_safe_order_and_nothing_else() {
    let project = Project::new();
    spec(&project, "");
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
    // The administrators of the key keep their permission, and the same spec can be applied again.
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn the_bucket_goes_only_when_it_is_empty_and_the_key_only_in_thirty_days() {
    let project = Project::new();
    spec(&project, ALL);
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
    // Without the flag none of this ever happens.
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0).says("Applied 9 changes");
}

#[test]
fn what_does_not_carry_our_mark_stays() {
    let project = Project::new();
    spec(&project, ALL);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        for account in ["111111111111", "222222222222", "333333333333"] {
            let regional = &mut state["accounts"][account]["regions"]["us-east-1"];
            for kind in ["trails", "keys"] {
                let resources = regional.get_mut(kind).and_then(Value::as_object_mut);
                for (_, resource) in resources.into_iter().flatten() {
                    resource["tags"] = json!({});
                }
            }
        }
        let configuration = &mut state["buckets"]["secprod-multiaccount-logs"]["configuration"];
        configuration.as_object_mut().unwrap().remove("tagging");
    });
    let plan = project.run("plan specs/prod.yaml --sandbox --destroy --format json").exits(0).json();
    let found = addresses(&plan);
    assert!(
        found
            .iter()
            .all(|it| !it.starts_with("trail/") && !it.starts_with("bucket/") && !it.starts_with("key/"))
    );
    // What is kept still delivers.
    project
        .run("apply specs/prod.yaml --sandbox --yes --destroy")
        .exits(0)
        .says("it does not have the tag of this installation");
    let shown = project.run("sandbox show").exits(0);
    assert!(!shown.stdout.contains("cannot deliver"), "{}", shown.stdout);
}

#[test]
fn a_bucket_and_a_key_that_a_trail_still_uses_stay() {
    let project = Project::new();
    spec(&project, "deletion: { trails: false, bucket: true, key: true }\n");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project
        .run("plan specs/prod.yaml --sandbox --destroy")
        .exits(0)
        .says("trail/SecurityTrailMaster still delivers to it")
        .says("trail/SecurityTrailMaster still encrypts with it");
    project.run("apply specs/prod.yaml --sandbox --yes --destroy").exits(0);
    let shown = project.run("sandbox show").exits(0);
    assert!(!shown.stdout.contains("cannot deliver"), "{}", shown.stdout);

    // One of somebody else keeps both, too.
    let project = Project::new();
    spec(&project, ALL);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        let trails = &mut state["accounts"]["222222222222"]["regions"]["us-east-1"]["trails"];
        let mut other = trails["SecurityTrail"].clone();
        other["arn"] = json!("arn:aws:cloudtrail:us-east-1:222222222222:trail/Theirs");
        other["tags"] = json!({});
        trails["Theirs"] = other;
    });
    // Our own statements let it deliver from then on.
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("apply specs/prod.yaml --sandbox --yes --destroy").exits(0);
    let state = project.json(".reconcile/sandbox.json");
    let trails = &state["accounts"]["222222222222"]["regions"]["us-east-1"]["trails"];
    assert!(trails["SecurityTrail"].is_null() && trails["Theirs"].is_object(), "{trails}");
    let shown = project.run("sandbox show").exits(0);
    assert!(!shown.stdout.contains("cannot deliver"), "{}", shown.stdout);
}

#[test]
fn a_saved_plan_is_what_it_was_made_to_be() {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox --destroy").exits(1).says("this plan was made without `--destroy`");
    project.run("apply --sandbox").exits(0);
    project.run("apply specs/prod.yaml --sandbox --destroy").exits(1).says("--yes");
}

#[test]
fn everything_goes_on_moto() {
    let moto = Moto::start();
    let project = moto.project();
    spec(&project, ALL);
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
