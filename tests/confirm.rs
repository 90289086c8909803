//! The answer of CloudTrail about a policy decides, with the binary.

use reconcile_samples::{EditSpec, PROD};
use serde_json::{Value, json};

use crate::support::Project;

const BUCKET: &str = "secprod-multiaccount-logs";

/// Creates a sandbox that matches the spec, except for a bucket policy that somebody else wrote,
/// without a condition on the ACL.
fn adopted() -> Project {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox").exits(0).says("Applied 8 changes, 0 failed, 0 skipped. Journal");
    let folders = ["111111111111", "222222222222", "333333333333"]
        .map(|id| format!("arn:aws:s3:::{BUCKET}/AWSLogs/{id}/*"));
    let allow = |sid: &str, action: &str, resource: Value| {
        json!({
            "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": action, "Resource": resource,
        })
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        allow("AclCheck", "s3:GetBucketAcl", json!(format!("arn:aws:s3:::{BUCKET}"))),
        allow("Write", "s3:PutObject", json!(folders)),
    ] });
    project.edit(".reconcile/sandbox.json", |state| {
        state["buckets"][BUCKET]["policy"] = json!(policy.to_string());
    });
    project
}

fn policy(project: &Project) -> Value {
    project.json(".reconcile/sandbox.json")["buckets"][BUCKET]["policy"].clone()
}

#[test]
fn the_plan_names_the_trails_and_the_outcome_counts_them() {
    let project = adopted();
    project.run("plan specs/prod.yaml --sandbox").exits(0).says(
        "CloudTrail then confirms trail/development/SecurityTrail, trail/master/SecurityTrailMaster, \
         trail/production/SecurityTrail",
    );
    let plan = project.run("plan specs/prod.yaml --sandbox --format json").exits(0).json();
    assert_eq!(plan["changes"][0]["confirm"].as_array().unwrap().len(), 3);
    assert_eq!(
        plan["changes"][0]["confirm"][0],
        json!({
            "address": "trail/development/SecurityTrail",
            "account": { "name": "development", "id": "333333333333" },
            "arn": "arn:aws:cloudtrail:us-east-1:333333333333:trail/SecurityTrail",
        })
    );
    project
        .run("apply --sandbox")
        .exits(0)
        .says("Applied 2 changes, 0 failed, 0 skipped. CloudTrail confirmed 3 trails.");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn a_refusal_is_reported_with_the_error_of_aws_and_the_proof() {
    let project = adopted();
    project
        .run("sandbox disagree --unknown-key s3:x-amz-acl")
        .exits(0)
        .says("disagrees: requests of CloudTrail have no `s3:x-amz-acl`");
    let run = project.run("apply specs/prod.yaml --sandbox --yes --propagation-timeout 0").exits(1);
    run.says(&format!("failed bucket_policy/master/{BUCKET}: CloudTrail refuses trail/"))
        .says("InsufficientS3BucketPolicyException")
        .says("write log files: allowed by statement `SecprodTrailWrite`")
        .says("the previous policy was restored, and CloudTrail accepts the trail again")
        .says("hint: CloudTrail evaluates this policy differently from reconcile");
    let expanded = policy(&project);
    assert!(expanded.to_string().contains("SecprodTrailWrite") && expanded.to_string().contains("AclCheck"));
    project.run("sandbox show").exits(0).says("can deliver");

    let outcome = project
        .run("apply specs/prod.yaml --sandbox --yes --propagation-timeout 0 --format json")
        .exits(1)
        .json();
    let refused = &outcome["results"][0]["confirmation"]["refused"];
    assert_eq!(refused["policy"], json!({ "state": "restored", "accepted": true }), "{outcome}");
    assert_eq!(policy(&project), expanded);

    project.run("apply specs/prod.yaml --sandbox --yes --no-confirm").exits(0);
    project.run("sandbox show").exits(0).says("cannot deliver");
    project.run("sandbox disagree").exits(0).says("can deliver");
}

#[test]
fn the_first_use_of_a_short_form_is_planned_refused_and_not_repeated() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.write("specs/short.yaml", PROD.with("bucket.policy", "{ form: by_account }"));
    project.run("plan specs/short.yaml --sandbox").exits(0).says("`policy.form` asks for the form `by account`").says(
        "first use of the form `by account`: CloudTrail confirms trail/master/SecurityTrailMaster, before any other change",
    );
    project.run("sandbox disagree --unresolved-variable aws:SourceAccount").exits(0);
    project
        .run("apply specs/short.yaml --sandbox --yes --propagation-timeout 0")
        .exits(1)
        .says("this was the first use of the form `by account` in bucket_policy/master/")
        .says("hint: plan again: the next plan uses the longer form")
        .says("Applying the same plan would fail again: follow the hints, then plan and apply again.");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}
