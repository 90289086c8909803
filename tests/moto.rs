//! The binary on moto, with members that are entered through real `sts:AssumeRole`. boto3 makes the
//! changes of somebody else.

use serde_json::{Value, json};

use crate::support::{Moto, Project};

const BUCKET: &str = "secprod-multiaccount-logs";

fn converged(moto: &Moto) -> Project {
    let project = moto.project();
    project.run("plan specs/prod.yaml").exits(0).says("Plan: 8 to create");
    project.run("apply").exits(0);
    project
}

fn bucket_policy(moto: &Moto) -> String {
    moto.boto3(&format!(
        r#"print(boto3.client("s3").get_bucket_policy(Bucket="{BUCKET}")["Policy"], end="")"#
    ))
}

#[test]
fn from_nothing_to_no_changes() {
    let moto = Moto::start();
    let project = converged(&moto);
    // moto does not support the setting, but the plan does not have a change because of it.
    let plan = project.run("plan specs/prod.yaml --detailed-exitcode").exits(0).says("No changes.");
    plan.says("does not report whether recursive logging is on");
    project.run("drift specs/prod.yaml").exits(0);

    let policy: Value = serde_json::from_str(&bucket_policy(&moto)).unwrap();
    let statement = |sid: &str| {
        let statements = policy["Statement"].as_array().unwrap();
        statements
            .iter()
            .find(|statement| statement["Sid"] == sid)
            .unwrap_or_else(|| panic!("{policy}"))
            .clone()
    };
    let ids = ["123456789012", "222222222222", "333333333333"];
    let trail = |(index, id): (usize, &&str)| {
        let name = if index == 0 { "SecurityTrailMaster" } else { "SecurityTrail" };
        format!("arn:aws:cloudtrail:us-east-1:{id}:trail/{name}")
    };
    let trails: Vec<String> = ids.iter().enumerate().map(trail).collect();
    let write = statement("SecprodTrailWrite");
    assert_eq!(write["Resource"], json!(ids.map(|id| format!("arn:aws:s3:::{BUCKET}/AWSLogs/{id}/*"))));
    assert_eq!(
        write["Condition"],
        json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": trails } })
    );
    let acl = statement("SecprodTrailAclCheck");
    assert_eq!(acl["Condition"], json!({ "StringEquals": { "aws:SourceArn": trails } }));
    assert_eq!(statement("SecprodDenyInsecureTransport")["Effect"], "Deny");
}

#[test]
fn changes_by_others_are_reported_and_repaired_and_additions_are_kept() {
    let moto = Moto::start();
    let project = moto.project();
    let grants = "
    - name: auditors
      grantee: arn:aws:iam::123456789012:role/Auditor
      operations: [Decrypt, DescribeKey]
      constraints: { encryption_context_subset: { team: audit } }
";
    project.edit_spec("key.grants", grants);
    project.run("plan specs/prod.yaml").exits(0).says("Plan: 9 to create");
    project.run("apply").exits(0);
    project.run("drift specs/prod.yaml").exits(0);

    // Somebody breaks five settings, and adds a statement, a tag and a grant.
    let foreign = r#"{ "Sid":"Audit\u0054eam", "Principal": {"AWS":["123456789012"]}, "Effect":"Allow","Action": "s3:ListBucket",
   "Resource":"arn:aws:s3:::secprod-multiaccount-logs" }"#;
    project.write("foreign.json", foreign);
    let script = r#"
foreign = open(FOREIGN).read()
production = member("222222222222")
production.client("cloudtrail").stop_logging(Name="SecurityTrail")
development = member("333333333333")
other = "arn:aws:cloudtrail:us-east-1:333333333333:trail/SecurityTrail"
development.client("cloudtrail").put_event_selectors(TrailName=other,
    EventSelectors=[{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}])

s3 = boto3.client("s3")
policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
for statement in policy["Statement"]:
    if statement["Sid"] == "SecprodTrailWrite":
        statement["Resource"] = [it for it in statement["Resource"] if "333333333333" not in it]
text = json.dumps(policy)
assert text.endswith("]}")
s3.put_bucket_policy(Bucket=BUCKET, Policy=text[:-2] + "," + foreign + "]}")
tags = s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"]
s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "owner", "Value": "audit"}]})

kms = boto3.client("kms")
key = kms.describe_key(KeyId="alias/secprod-cloudtrail")["KeyMetadata"]["KeyId"]
for grant in kms.list_grants(KeyId=key)["Grants"]:
    kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
kms.create_grant(KeyId=key, Name="theirs", GranteePrincipal="arn:aws:iam::123456789012:role/Theirs",
    Operations=["Decrypt"])
kms.disable_key_rotation(KeyId=key)
"#;
    let script = script
        .replace("FOREIGN", &format!("{:?}", project.path("foreign.json").display().to_string()))
        .replace("BUCKET", &format!("{BUCKET:?}"));
    moto.boto3(&script);

    let drift = project
        .run("drift specs/prod.yaml")
        .exits(2)
        .says("trail/production/SecurityTrail")
        .says("logging is stopped")
        .says("CloudTrail is not allowed to write log files for trail SecurityTrail of account 333333333333")
        .says("grant/master/secprod-auditors-")
        .says("trail/development/SecurityTrail")
        .says("the recorded events differ")
        .says("the key material is not rotated");
    assert!(!drift.stdout.contains("theirs"), "{}", drift.stdout);

    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("drift specs/prod.yaml").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");

    assert!(bucket_policy(&moto).contains(foreign), "{}", bucket_policy(&moto));
    let kept = moto.boto3(&format!(
        r#"
tags = {{tag["Key"]: tag["Value"] for tag in boto3.client("s3").get_bucket_tagging(Bucket="{BUCKET}")["TagSet"]}}
kms = boto3.client("kms")
key = kms.describe_key(KeyId="alias/secprod-cloudtrail")["KeyMetadata"]["KeyId"]
names = [grant["Name"] for grant in kms.list_grants(KeyId=key)["Grants"]]
print(json.dumps({{"tags": tags, "grants": names}}))
"#
    ));
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["tags"], json!({ "owner": "audit", "reconcile:spec": "secprod" }));
    let names: Vec<&str> = kept["grants"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(names.len(), 2);
    assert!(names.contains(&"theirs"));
}

#[test]
fn another_spelling_of_the_same_policy_is_not_a_change() {
    let moto = Moto::start();
    let project = converged(&moto);
    moto.boto3(&format!(
        r#"
s3 = boto3.client("s3")
policy = json.loads(s3.get_bucket_policy(Bucket="{BUCKET}")["Policy"])
policy["Statement"].reverse()
for statement in policy["Statement"]:
    action = statement["Action"]
    statement["Action"] = [action.upper()] if isinstance(action, str) else action[0].lower()
    resource = statement["Resource"]
    statement["Resource"] = [resource] if isinstance(resource, str) else list(reversed(resource))
    statement["Condition"] = {{operator: {{key.lower(): value if isinstance(value, list) else [value]
        for key, value in keys.items()}} for operator, keys in statement["Condition"].items()}}
s3.put_bucket_policy(Bucket="{BUCKET}", Policy=json.dumps(policy, indent=2))
"#
    ));
    project.run("plan specs/prod.yaml --detailed-exitcode").exits(0).says("No changes.");
}

#[test]
fn credentials_of_the_wrong_account_are_refused() {
    let moto = Moto::start();
    let project = moto.project();
    project.write("specs/prod.yaml", Project::new().read("specs/prod.yaml"));
    project.run("plan specs/prod.yaml").exits(1).says("123456789012").says("111111111111");
    assert!(!project.path(".reconcile/plan.json").exists());
}

#[test]
fn a_trail_that_left_the_spec_is_deleted() {
    let moto = Moto::start();
    let project = converged(&moto);
    project.edit_spec("trails.1.name", "AuditTrail");
    project.run("plan specs/prod.yaml").exits(0).says("2 to delete");
    project.run("apply").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    let names = moto.boto3(
        r#"
production = member("222222222222")
print(json.dumps([it["Name"] for it in production.client("cloudtrail").describe_trails()["trailList"]]))
"#,
    );
    assert_eq!(names.trim(), r#"["AuditTrail"]"#);
}

#[test]
fn advanced_event_selectors_and_insights() {
    let moto = Moto::start();
    let project = moto.project();
    let events = "
    data_events: null
    advanced_event_selectors: [{ Name: Management, FieldSelectors: [{ Field: eventCategory, Equals: [Management] }] }]
    insights: [ApiCallRateInsight]
";
    for trail in ["trails.0", "trails.1"] {
        project.edit_spec(trail, events);
    }
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
}

#[test]
fn log_files_move_expire_and_are_locked() {
    let moto = Moto::start();
    let project = moto.project();
    moto.boto3(
        r#"
s3 = boto3.client("s3")
s3.create_bucket(Bucket="access-logs")
s3.put_bucket_policy(Bucket="access-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject", "Resource": "arn:aws:s3:::access-logs/*"}]}))
"#,
    );
    let retention = "
    lifecycle: { transitions: [{ days: 90, storage_class: STANDARD_IA }], expire_days: 400, noncurrent_expire_days: 30 }
    object_lock: { mode: GOVERNANCE, years: 1 }
    access_logs: { bucket: access-logs, prefix: central/ }
";
    project.edit_spec("bucket", retention);
    project.run("apply specs/prod.yaml --yes").exits(0);
    project.run("plan specs/prod.yaml").exits(0).says("No changes.");
    let rules = moto.boto3(&format!(
        r#"print([it["ID"] for it in boto3.client("s3").get_bucket_lifecycle_configuration(Bucket="{BUCKET}")["Rules"]])"#
    ));
    assert_eq!(rules.trim(), "['reconcile-secprod']");
}
