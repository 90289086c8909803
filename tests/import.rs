//! Set-ups that somebody else's tool made.

use serde_json::{Value, json};

use crate::support::{Moto, Project};

/// A bucket, a key, a log group and trails in two accounts, in the shape in which modules for Terraform leave them.
const MODULE: &str = r#"
HUB, MEMBER, BUCKET = "123456789012", "222222222222", "acme-cloudtrail-logs"
s3, kms = boto3.client("s3"), boto3.client("kms")
s3.create_bucket(Bucket=BUCKET)
s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=dict(
    BlockPublicAcls=True, IgnorePublicAcls=True, BlockPublicPolicy=True, RestrictPublicBuckets=True))
s3.put_bucket_ownership_controls(Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]})
s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [
    {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]})
s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "ManagedBy", "Value": "Terraform"}]})
cloudtrail = {"Service": "cloudtrail.amazonaws.com"}
s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "AWSCloudTrailAclCheck", "Effect": "Allow", "Principal": cloudtrail, "Action": "s3:GetBucketAcl",
     "Resource": f"arn:aws:s3:::{BUCKET}"},
    {"Sid": "AWSCloudTrailWrite", "Effect": "Allow",
     "Principal": {"Service": ["config.amazonaws.com", "cloudtrail.amazonaws.com"]},
     "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*",
     "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}]}))
contexts = [f"arn:aws:cloudtrail:*:{account}:trail/*" for account in [HUB, MEMBER]]
key = kms.create_key(Description="A KMS key used to encrypt CloudTrail log files", Policy=json.dumps({
    "Version": "2012-10-17", "Id": "Key policy created by CloudTrail", "Statement": [
    {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{HUB}:root"},
     "Action": "kms:*", "Resource": "*"},
    {"Sid": "Allow CloudTrail to encrypt logs", "Effect": "Allow", "Principal": cloudtrail,
     "Action": "kms:GenerateDataKey*", "Resource": "*",
     "Condition": {"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": contexts}}},
    {"Sid": "Allow CloudTrail to describe key", "Effect": "Allow", "Principal": cloudtrail,
     "Action": "kms:DescribeKey", "Resource": "*"}]}))["KeyMetadata"]
kms.create_alias(AliasName="alias/cloudtrail", TargetKeyId=key["KeyId"])
boto3.client("logs").create_log_group(logGroupName="cloudtrail-events")
boto3.client("iam").create_role(RoleName="cloudtrail-cloudwatch-logs-role", AssumeRolePolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": cloudtrail, "Action": "sts:AssumeRole"}]}))
def trail(session, **extra):
    client = session.client("cloudtrail")
    client.create_trail(Name="cloudtrail", S3BucketName=BUCKET, KmsKeyId=key["Arn"], IsMultiRegionTrail=True,
        IncludeGlobalServiceEvents=True, EnableLogFileValidation=True,
        TagsList=[{"Key": "ManagedBy", "Value": "Terraform"}], **extra)
    client.put_event_selectors(TrailName="cloudtrail", EventSelectors=[{"ReadWriteType": "All",
        "IncludeManagementEvents": True, "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::"]}]}])
    client.start_logging(Name="cloudtrail")
trail(boto3.Session(), CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{HUB}:log-group:cloudtrail-events:*",
    CloudWatchLogsRoleArn=f"arn:aws:iam::{HUB}:role/cloudtrail-cloudwatch-logs-role")
trail(member(MEMBER))
"#;

const IMPORT: &str =
    "import --account security=123456789012 --account production=222222222222:OrganizationAccountAccessRole";

#[test]
fn what_a_module_for_terraform_made_is_imported_and_its_plan_is_empty() {
    let moto = Moto::start();
    let project = moto.project();
    moto.boto3(MODULE);
    project
        .run(&format!("{IMPORT} --out imported.yaml"))
        .exits(0)
        .says("A plan of this spec shows no change.");
    let text = project.read("imported.yaml");
    for line in [
        "tags: unmanaged",
        "encryption: s3",
        "object_ownership: BucketOwnerPreferred",
        "policy: unmanaged",
        "alias: cloudtrail",
        "rotation_days: unmanaged",
        "accounts: [security, production]",
        "data_events: { s3: all }",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    project.run("validate imported.yaml").exits(0);
    project.run("plan imported.yaml --detailed-exitcode").exits(0).says("No changes.");
    project.run("drift imported.yaml").exits(0);
    // It does not write over what is there.
    project.run(&format!("{IMPORT} --out imported.yaml")).exits(1).says("is there already");

    // Each line that is taken out becomes the change that it kept away.
    for (line, told) in [
        ("tags: unmanaged", "tags are missing or differ"),
        ("  object_ownership: BucketOwnerPreferred", "ACLs are in force"),
        ("  description: unmanaged", "the description differs"),
        ("  rotation_days: unmanaged", "the key material is not rotated"),
        ("  policy: unmanaged", "is removed: our own statements allow"),
    ] {
        let lines: Vec<&str> = text.lines().filter(|it| !it.starts_with(line)).collect();
        assert!(lines.len() < text.lines().count(), "{line}");
        project.write("less.yaml", lines.join("\n") + "\n");
        project.run("plan less.yaml --detailed-exitcode").exits(2).says(told);
    }

    // What would break delivery under a policy that is left alone is a warning.
    let lines: Vec<&str> = text.lines().filter(|it| !it.starts_with("  encryption: s3")).collect();
    project.write("less.yaml", lines.join("\n") + "\n");
    project
        .run("plan less.yaml")
        .exits(0)
        .says("CloudTrail is not allowed to decrypt a data key")
        .says("`key.policy: unmanaged` leaves the policy to you");

    // And with all of them out it is an installation like any other.
    let lines: Vec<&str> = text.lines().filter(|it| !it.contains("without this line")).collect();
    project.write("own.yaml", lines.join("\n").replace("tags: unmanaged", "tags: {}") + "\n");
    project.run("apply own.yaml --yes").exits(0);
    project.run("plan own.yaml").exits(0).says("No changes.");
}

/// The smallest set-up that people have: no KMS key, and the statements of AWS's guide.
const WITHOUT_KMS: &str = r#"
BUCKET, ACCOUNT = "plain-cloudtrail-logs", "123456789012"
s3, cloudtrail = boto3.client("s3"), boto3.client("cloudtrail")
s3.create_bucket(Bucket=BUCKET)
service = {"Service": "cloudtrail.amazonaws.com"}
s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Sid": "AWSCloudTrailAclCheck20150319", "Effect": "Allow", "Principal": service, "Action": "s3:GetBucketAcl",
     "Resource": f"arn:aws:s3:::{BUCKET}"},
    {"Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow", "Principal": service, "Action": "s3:PutObject",
     "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT}/*",
     "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}}]}))
cloudtrail.create_trail(Name="plain", S3BucketName=BUCKET, IsMultiRegionTrail=True, EnableLogFileValidation=True)
cloudtrail.start_logging(Name="plain")
"#;

#[test]
fn a_set_up_without_a_key_is_imported_and_its_plan_is_empty() {
    let moto = Moto::start();
    let project = moto.project();
    moto.boto3(WITHOUT_KMS);
    project
        .run("import --account security=123456789012 --name plain --out imported.yaml")
        .exits(0)
        .says("A plan of this spec shows no change.");
    let text = project.read("imported.yaml");
    assert!(text.contains("\nkey: unmanaged\n"), "{text}");
    project.run("plan imported.yaml --detailed-exitcode").exits(0).says("No changes.");
    project.run("drift imported.yaml").exits(0);
    project.run("explain imported.yaml").exits(0);

    // The key is one line away; the bucket takes part when its lines are out.
    let policies: Vec<&str> = text.lines().filter(|line| !line.contains("policy: unmanaged")).collect();
    let with_key = policies.join("\n").replace("key: unmanaged", "key: { alias: plain-cloudtrail }") + "\n";
    project.write("own.yaml", with_key);
    project
        .run("plan own.yaml --detailed-exitcode")
        .exits(2)
        .says("log files are not encrypted with a KMS key");
    project.run("apply own.yaml --yes").exits(0);
    project.run("plan own.yaml --detailed-exitcode").exits(0);
}

#[test]
fn a_set_up_is_found_by_its_bucket_by_a_trail_and_by_the_organization() {
    let moto = Moto::start();
    let project = moto.project();
    project.run("apply specs/prod.yaml --yes").exits(0);
    moto.boto3(
        r#"
boto3.client("s3").create_bucket(Bucket="another-bucket")
boto3.client("cloudtrail").create_trail(Name="Other", S3BucketName="another-bucket")
boto3.client("organizations").create_organization(FeatureSet="ALL")
"#,
    );
    let hub = "import --account master=123456789012 --account production=222222222222:Role";
    project
        .run(hub)
        .exits(1)
        .says("several buckets: another-bucket, secprod-multiaccount-logs")
        .says("--bucket");
    let bucket = "secprod-multiaccount-logs";
    let by_bucket = project.run(&format!("{hub} --bucket {bucket}")).exits(0);
    assert!(
        by_bucket.stdout.contains("name: SecurityTrailMaster")
            && by_bucket.stdout.contains("name: SecurityTrail\n")
    );
    assert!(!by_bucket.stdout.contains("Other"), "{}", by_bucket.stdout);
    let by_trail = project.run(&format!("{hub} --trail SecurityTrail")).exits(0);
    assert!(!by_trail.stdout.contains("SecurityTrailMaster"), "{}", by_trail.stdout);
    let by_organization = project
        .run(&format!(
            "import --account master=123456789012 --organization master --bucket {bucket} --name acme"
        ))
        .exits(0);
    assert!(
        by_organization.stdout.contains("organization: { account: master }"),
        "{}",
        by_organization.stdout
    );
    assert!(by_organization.stdout.contains("name: acme\n"), "{}", by_organization.stdout);

    project
        .run(&format!("{hub} --trail Nobodys"))
        .exits(1)
        .says("no such trail was found in `master`, `production`");
    project.run(&format!("{hub} --bucket nobodys-bucket")).exits(1).says("is in none of the accounts");
    project.run("import --account master:1").exits(1).says("NAME=ID");
    project.run("import --account production=222222222222:Role").exits(1).says("`--account NAME=ID:ROLE`");
}

/// As a landing zone leaves it.
#[test]
fn a_trail_of_the_organization_is_imported_with_the_account_that_it_is_of() {
    let moto = Moto::start();
    let project = moto.project();
    let made = WITHOUT_KMS.replace(
        "cloudtrail.create_trail(Name",
        "organizations()\ncloudtrail.create_trail(IsOrganizationTrail=True, Name",
    );
    moto.boto3(&format!(
        "def organizations():\n    client = boto3.client('organizations')\n    client.create_organization(FeatureSet='ALL')\n    \
         client.enable_aws_service_access(ServicePrincipal='cloudtrail.amazonaws.com')\n{made}"
    ));
    project
        .run("import --account management=123456789012 --out imported.yaml")
        .exits(0)
        .says("A plan of this spec shows");
    let text = project.read("imported.yaml");
    assert!(text.contains("organization: { account: management }"), "{text}");
    assert!(text.contains("organization_trail: true"), "{text}");
    project.run("validate imported.yaml").exits(0);
}

/// On the twin, which knows what CloudTrail would refuse.
#[test]
fn an_installation_of_ours_is_imported_from_the_sandbox() {
    let project = Project::new();
    let prod = project.read("specs/prod.yaml");
    let settings = "    management_events: { read_write: write, exclude: [kms.amazonaws.com] }
    log_file_validation: false
    insights: [ApiCallRateInsight]
";
    let spec = prod
        .replace("  region: us-east-1\n", "  region: us-east-1\n  prefix: central/logs\n")
        .replacen("    data_events: { s3: all, lambda: all }\n", settings, 1);
    project.write("specs/prod.yaml", spec);
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    let import = "import --sandbox --account master=111111111111 \
        --account production=222222222222:OrganizationAccountAccessRole \
        --account development=333333333333:OrganizationAccountAccessRole --out imported.yaml";
    project.run(import).exits(0).says("A plan of this spec shows no change.");
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
    let text = project.read("imported.yaml");
    for line in [
        "prefix: \"central/logs\"",
        "management_events: { read_write: write, exclude: [kms.amazonaws.com] }",
        "log_file_validation: false",
        "insights: [ApiCallRateInsight]",
        "accounts: [production, development]",
        "data_events: { lambda: all, s3: all }",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // Where the live policy would not let a trail deliver, it cannot be left alone.
    project.edit(".reconcile/sandbox.json", |state| {
        let bucket = &mut state["buckets"]["secprod-multiaccount-logs"];
        bucket["policy"] = json!(bucket["policy"].as_str().unwrap().replace("222222222222", "999999999999"));
    });
    project
        .run(&import.replace("imported.yaml", "mended.yaml"))
        .exits(0)
        .says("A plan of this spec shows")
        .says("bucket_policy/master/secprod-multiaccount-logs");
    assert!(
        project.read("mended.yaml").contains("The live policy of the bucket lacks what some trail needs")
    );
}

/// `specs/prod.yaml` on the sandbox, whose state somebody has changed since.
fn sandbox(edit: impl FnOnce(&mut Value)) -> Project {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", edit);
    project
}

const FROM_SANDBOX: &str = "import --sandbox --account master=111111111111 \
    --account production=222222222222:OrganizationAccountAccessRole --out imported.yaml";

fn trails<'s>(state: &'s mut Value, account: &str, region: &str) -> &'s mut Value {
    &mut state["accounts"][account]["regions"][region]["trails"]
}

/// Without its `recognize`, the imported spec would not be valid.
#[test]
fn a_region_that_this_version_does_not_know_is_imported() {
    let project = Project::new();
    let spec = project.read("specs/prod.yaml").replace("us-east-1", "us-east-9");
    project.write("specs/prod.yaml", &spec);
    project.run("validate specs/prod.yaml").exits(1).says("did you mean `us-east-1`?");
    project.write("specs/prod.yaml", format!("{spec}recognize: [us-east-9]\n"));
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run(&format!("{FROM_SANDBOX} --region us-east-9")).exits(0);
    assert!(project.read("imported.yaml").contains("recognize: [us-east-9]\n"));
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
}

#[test]
fn policies_that_both_lack_something_are_both_managed() {
    let project = sandbox(|state| {
        let without = |policy: &mut Value| {
            *policy = json!(policy.as_str().unwrap().replace("222222222222", "999999999999"));
        };
        without(&mut state["buckets"]["secprod-multiaccount-logs"]["policy"]);
        let keys = &mut state["accounts"]["111111111111"]["regions"]["us-east-1"]["keys"];
        keys.as_object_mut().unwrap().values_mut().for_each(|key| without(&mut key["policy"]));
    });
    let told = project.run(FROM_SANDBOX).exits(0);
    assert!(!told.stderr.contains("would be refused"), "{}", told.stderr);
    project
        .run("plan imported.yaml --sandbox --detailed-exitcode")
        .exits(2)
        .says("bucket_policy/master/secprod-multiaccount-logs")
        .says("key_policy/master/");
}

#[test]
fn events_that_are_told_in_several_selectors_are_imported_in_full() {
    let project = sandbox(|state| {
        let selector = |resources: Value| json!({ "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": resources });
        trails(state, "222222222222", "us-east-1")["SecurityTrail"]["event_selectors"] = json!([
            selector(json!([
                { "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::one-bucket/"] },
                { "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::My_Old_Bucket/"] },
            ])),
            selector(json!([{ "Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"] }])),
        ]);
    });
    project.run(FROM_SANDBOX).exits(0).says("A plan of this spec shows no change.");
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
    let text = project.read("imported.yaml");
    let events =
        "data_events: { lambda: all, s3: [\"arn:aws:s3:::My_Old_Bucket/\", \"arn:aws:s3:::one-bucket/\"] }";
    assert!(text.contains(events), "{text}");
}

#[test]
fn events_that_a_spec_cannot_say_are_told_and_none_is_lost() {
    let project = sandbox(|state| {
        let selector = |which: &str, bucket: &str| json!({ "ReadWriteType": which, "IncludeManagementEvents": false, "DataResources": [{ "Type": "AWS::S3::Object", "Values": [bucket] }] });
        trails(state, "222222222222", "us-east-1")["SecurityTrail"]["event_selectors"] = json!([
            { "ReadWriteType": "All", "IncludeManagementEvents": true },
            selector("ReadOnly", "arn:aws:s3:::read-bucket/"),
            selector("WriteOnly", "arn:aws:s3:::written-bucket/"),
        ]);
    });
    project.run(FROM_SANDBOX).exits(0).says("A plan of this spec shows 1 change:");
    let text = project.read("imported.yaml");
    assert!(text.contains("# It records events that a spec cannot say in words"), "{text}");
    assert!(
        text.contains("arn:aws:s3:::read-bucket/") && text.contains("arn:aws:s3:::written-bucket/"),
        "{text}"
    );
}

#[test]
fn insights_that_a_spec_cannot_say_are_told_and_go_on() {
    let project = sandbox(|state| {
        trails(state, "222222222222", "us-east-1")["SecurityTrail"]["insight_selectors"] =
            json!([{ "InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"] }]);
    });
    project.run(FROM_SANDBOX).exits(0).says("A plan of this spec shows no change.");
    let text = project.read("imported.yaml");
    let comment = "# It records insights that a spec cannot say, and goes on to: ApiErrorRateInsight (Data)";
    assert!(text.contains(comment) && !text.contains("insights: ["), "{text}");
}

#[test]
fn of_two_trails_of_one_name_in_an_account_one_is_left_as_it_is() {
    let project = sandbox(|state| {
        let regional = &mut trails(state, "222222222222", "us-east-1")["SecurityTrail"];
        regional["multi_region"] = json!(false);
        let mut regional = regional.clone();
        regional["home_region"] = json!("us-west-2");
        regional["arn"] = json!("arn:aws:cloudtrail:us-west-2:222222222222:trail/SecurityTrail");
        regional["tags"] = json!({});
        state["accounts"]["222222222222"]["regions"]["us-west-2"] =
            json!({ "trails": { "SecurityTrail": regional } });
    });
    project.run(&format!("{FROM_SANDBOX} --region us-west-2")).exits(0);
    let text = project.read("imported.yaml");
    assert!(text.contains("goes on as it is: a spec has one trail of a name in an account"), "{text}");
    project.run("validate imported.yaml").exits(0);
    let plan = project.run("plan imported.yaml --sandbox").exits(0);
    assert!(plan.stdout.contains(" 0 to delete") || plan.stdout.contains("No changes."), "{}", plan.stdout);
}

#[test]
fn an_import_by_trail_removes_no_other_trail_of_an_installation() {
    let project = sandbox(|_| {});
    project.run(&format!("{FROM_SANDBOX} --trail SecurityTrail --name secprod")).exits(0);
    let text = project.read("imported.yaml");
    assert!(text.contains("deletion: { trails: false }"), "{text}");
    let plan = project.run("plan imported.yaml --sandbox").exits(0);
    assert!(!plan.stdout.contains("destructive"), "{}", plan.stdout);
}

#[test]
fn an_import_removes_no_trail_that_alone_is_marked_and_delivers_elsewhere() {
    let project = sandbox(|state| {
        let bucket = &mut state["buckets"]["secprod-multiaccount-logs"];
        bucket["configuration"].as_object_mut().unwrap().remove("tagging");
        let keys = &mut state["accounts"]["111111111111"]["regions"]["us-east-1"]["keys"];
        keys.as_object_mut().unwrap().values_mut().for_each(|key| key["tags"] = json!({}));
        for account in ["111111111111", "222222222222"] {
            let trails = trails(state, account, "us-east-1").as_object_mut().unwrap();
            trails.values_mut().for_each(|trail| trail["tags"] = json!({}));
        }
        let trails = trails(state, "222222222222", "us-east-1");
        let mut marked = trails["SecurityTrail"].clone();
        marked["arn"] = json!("arn:aws:cloudtrail:us-east-1:222222222222:trail/Marked");
        marked["bucket"] = json!("another-bucket");
        marked["tags"] = json!({ "reconcile:spec": "secprod" });
        trails["Marked"] = marked;
    });
    project
        .run(&format!("{FROM_SANDBOX} --bucket secprod-multiaccount-logs --name secprod"))
        .exits(0)
        .says("A plan of this spec shows no change.");
    let text = project.read("imported.yaml");
    assert!(
        text.contains("deletion: { trails: false }") && !text.contains("nothing is ever removed"),
        "{text}"
    );
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
}

#[test]
fn events_of_buckets_whose_names_begin_alike_are_told_and_slashes_are_put_behind_their_names() {
    let project = sandbox(|state| {
        trails(state, "222222222222", "us-east-1")["SecurityTrail"]["event_selectors"] = json!([
            { "ReadWriteType": "All", "IncludeManagementEvents": true,
              "DataResources": [{ "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::logs-of"] }] },
        ]);
    });
    project.run(FROM_SANDBOX).exits(0).says("A plan of this spec shows 1 change:");
    let text = project.read("imported.yaml");
    assert!(text.contains("# It records events that a spec cannot say in words"), "{text}");
}

#[test]
fn events_of_odd_prefixes_and_of_no_resource_are_imported() {
    let project = sandbox(|state| {
        trails(state, "222222222222", "us-east-1")["SecurityTrail"]["event_selectors"] = json!([
            { "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [
                { "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::one-bucket/a\"b\\c"] },
                { "Type": "AWS::Lambda::Function", "Values": [] },
            ] },
        ]);
    });
    project.run(FROM_SANDBOX).exits(0).says("A plan of this spec shows no change.");
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
}

#[test]
fn a_trail_that_is_left_out_for_its_prefix_leaves_its_name_to_another() {
    let project = sandbox(|state| {
        let trail = trails(state, "222222222222", "us-east-1")["SecurityTrail"].clone();
        for (region, prefix) in [("us-east-1", json!("elsewhere")), ("us-west-2", Value::Null)] {
            let mut regional = trail.clone();
            regional["multi_region"] = json!(false);
            regional["home_region"] = json!(region);
            regional["prefix"] = prefix;
            regional["arn"] = json!(format!("arn:aws:cloudtrail:{region}:222222222222:trail/Regional"));
            regional["tags"] = json!({});
            state["accounts"]["222222222222"]["regions"][region]["trails"]["Regional"] = regional;
        }
    });
    project.run(&format!("{FROM_SANDBOX} --region us-west-2")).exits(0);
    let text = project.read("imported.yaml");
    assert!(text.contains("- name: Regional") && text.contains("home_region: us-west-2"), "{text}");
    assert!(!text.contains("this is the second"), "{text}");
    project.run("validate imported.yaml").exits(0);
}
