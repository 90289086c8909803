//! Policies that others wrote, with the binary: adopted, refused, explained, and tested in the
//! sandbox.

use serde_json::{Value, json};

use crate::support::{Moto, Project, regional};

const BUCKET: &str = "secprod-multiaccount-logs";

fn allow_write(accounts: &[&str]) -> Value {
    let folders: Vec<String> =
        accounts.iter().map(|id| format!("arn:aws:s3:::{BUCKET}/AWSLogs/{id}/*")).collect();
    json!({
        "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject", "Resource": folders,
        "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } },
    })
}

fn policy(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn deny(condition: &Value) -> Value {
    json!({
        "Sid": "OnlyOurOrganization", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"), "Condition": condition,
    })
}

/// Creates a project whose sandbox has the bucket with these statements.
fn loaded(statements: &[Value]) -> Project {
    let project = Project::new();
    project.write("policy.json", policy(statements));
    project.run("sandbox load specs/prod.yaml --bucket-policy policy.json").exits(0).says(BUCKET);
    project
}

#[test]
fn a_policy_from_a_file_is_tested_in_the_sandbox() {
    let project = loaded(&[allow_write(&["111111111111"])]);
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(0)
        .says("statement `AWSCloudTrailWrite20150319` is removed: managed statements allow what the known trails \
            need. This ends the permission of other trails and event data stores of account 111111111111 to write to \
            `secprod-multiaccount-logs/AWSLogs/111111111111/*`")
        .says("contract: applied after other changes")
        .says("of 20480 bytes");
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

/// Adds a statement to the live policy of the bucket.
fn add(project: &Project, statement: &Value) {
    project.edit(".reconcile/sandbox.json", |state| {
        let policy = &mut state["buckets"][BUCKET]["policy"];
        let mut document: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
        document["Statement"].as_array_mut().unwrap().push(statement.clone());
        *policy = json!(document.to_string());
    });
}

#[test]
fn drift_reports_every_trail_that_cannot_deliver_and_explain_prints_the_reason() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project
        .run("explain specs/prod.yaml --sandbox trail/production/SecurityTrail")
        .exits(0)
        .says("The trail can deliver.")
        .says("allowed by statement `SecprodTrailWrite`");
    add(&project, &deny(&json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } })));

    let drift = project.run("drift specs/prod.yaml --sandbox --format json").exits(2).json();
    let findings = drift["specs"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 3);
    for finding in findings {
        assert_eq!((&finding["kind"], &finding["severity"]), (&json!("delivery"), &json!("critical")));
        assert!(finding["message"].as_str().unwrap().contains("denied by statement `OnlyOurOrganization`"));
    }
    let explained = project
        .run("explain specs/prod.yaml --sandbox trail/production/SecurityTrail --format json")
        .exits(0)
        .json();
    let delivery = &explained["resources"][0]["delivery"];
    assert_eq!(delivery["can_deliver"], false);
    let hops: Vec<(&str, &str)> = delivery["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| (hop["hop"].as_str().unwrap(), hop["decision"].as_str().unwrap()))
        .collect();
    let expected = [
        ("look-at-bucket", "allowed"),
        ("write-logs", "denied"),
        ("write-digests", "denied"),
        ("look-at-key", "allowed"),
        ("make-data-key", "allowed"),
        ("decrypt", "allowed"),
    ];
    assert_eq!(hops, expected);
    assert_eq!(delivery["hops"][1]["statement"]["sid"], "OnlyOurOrganization");
    project
        .run("explain specs/prod.yaml --sandbox")
        .exits(0)
        .says("trail/development/SecurityTrail")
        .says("The trail cannot deliver.");
}

#[test]
fn explain_prints_the_reason_for_a_change() {
    let project = Project::new();
    project
        .run("explain specs/prod.yaml --sandbox alias/master/secprod-cloudtrail")
        .exits(0)
        .says("the key has no alias yet");
    project
        .run("explain specs/prod.yaml --sandbox trail/master/SecurityTrailMaster")
        .exits(0)
        .says("The trail does not exist yet.")
        .says("The trail cannot deliver.");
    project
        .run("explain specs/prod.yaml --sandbox trail/nobody/None")
        .exits(1)
        .says("no resource in this spec matches")
        .says("trail/production/SecurityTrail");
}

#[test]
fn apply_does_not_wait_if_waiting_cannot_help() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "222222222222")["trails"] = json!({});
    });
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    add(&project, &deny(&json!({ "Bool": { "aws:SecureTransport": "true" } })));
    let run = project
        .run("apply --sandbox --propagation-timeout 600")
        .exits(3)
        .says("`OnlyOurOrganization`")
        .says("plan again");
    assert!(!run.stdout.contains("waited"), "{}", run.stdout);
}

#[test]
fn a_deleted_principal_is_refused_until_the_spec_drops_it() {
    let deleted = json!({
        "Sid": "FormerAuditor", "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEEXAMPLE12" },
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
    });
    let project = loaded(&[allow_write(&["111111111111"]), deleted]);
    project
        .run("plan specs/prod.yaml --sandbox")
        .exits(1)
        .says("FormerAuditor")
        .says("AROAEXAMPLEEXAMPLE12")
        .says("bucket.policy.deleted_principals: remove");
    project.edit_spec("bucket.policy", "{ deleted_principals: remove }");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("names a deleted principal");
    project.run("apply --sandbox").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");
}

#[test]
fn what_the_console_wrote_is_taken_over_on_moto_and_copied_into_the_sandbox() {
    let moto = Moto::start();
    let project = moto.project();
    let other = r#"{ "Sid":"Athena", "Principal": {"AWS":["123456789012"]}, "Effect":"Allow","Action": "s3:ListBucket",   "Resource":"arn:aws:s3:::secprod-multiaccount-logs" }"#;
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{},{other}]}}"#,
        allow_write(&["123456789012", "999999999999"])
    );
    project.write("policy.json", &text);
    moto.boto3(&format!(
        r#"
s3 = boto3.client("s3")
s3.create_bucket(Bucket="{BUCKET}")
s3.put_bucket_policy(Bucket="{BUCKET}", Policy=open({:?}).read())
boto3.client("cloudtrail").create_trail(Name="SecurityTrailMaster", S3BucketName="{BUCKET}")
"#,
        project.path("policy.json").display().to_string()
    ));
    project.run("plan specs/prod.yaml").exits(0).says(
        "statement `AWSCloudTrailWrite20150319` loses the permissions that managed statements replace, and keeps \
         the rest",
    );
    // The same steps on a copy in the sandbox.
    project.run("sandbox load specs/prod.yaml").exits(0).says("SecurityTrailMaster");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("No changes.");

    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    let live =
        moto.boto3(&format!(r#"print(boto3.client("s3").get_bucket_policy(Bucket="{BUCKET}")["Policy"])"#));
    assert!(live.contains(other), "{live}");
    assert!(live.contains("AWSLogs/999999999999/*"), "{live}");
}
