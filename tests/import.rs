//! Installations that another tool created.

use crate::support::{Moto, Project, regional};

/// A bucket, a key, a log group and trails in two accounts, as modules for Terraform create them.
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
        .says("A plan of this spec shows no changes.");
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
    // The spec is in sync. The policies of the module allow more trails to write than necessary.
    project
        .run("drift imported.yaml")
        .exits(2)
        .says("1 finding")
        .says("on behalf of any account write every log file");
    // Import does not overwrite an existing file.
    project.run(&format!("{IMPORT} --out imported.yaml")).exits(1).says("already exists");

    // Without one of these lines, the plan has the change that the line prevents.
    for (line, told) in [
        ("tags: unmanaged", "tags are missing or differ"),
        ("  object_ownership: BucketOwnerPreferred", "ACLs are enabled"),
        ("  description: unmanaged", "the description differs from the spec"),
        ("  rotation_days: unmanaged", "the key material is not rotated"),
        ("  policy: unmanaged", "is removed: managed statements allow"),
    ] {
        let lines: Vec<&str> = text.lines().filter(|it| !it.starts_with(line)).collect();
        assert!(lines.len() < text.lines().count(), "{line}");
        project.write("less.yaml", lines.join("\n") + "\n");
        project.run("plan less.yaml --detailed-exitcode").exits(2).says(told);
    }

    // A change that would interrupt delivery under an unmanaged policy is a warning.
    let lines: Vec<&str> = text.lines().filter(|it| !it.starts_with("  encryption: s3")).collect();
    project.write("less.yaml", lines.join("\n") + "\n");
    project
        .run("plan less.yaml")
        .exits(0)
        .says("CloudTrail is not allowed to decrypt a data key")
        .says("`key.policy: unmanaged` leaves the policy to you");

    // Without all of these lines, the installation has only default settings.
    let lines: Vec<&str> = text.lines().filter(|it| !it.contains("without this line")).collect();
    project.write("own.yaml", lines.join("\n").replace("tags: unmanaged", "tags: {}") + "\n");
    project.run("apply own.yaml --yes").exits(0);
    project.run("plan own.yaml").exits(0).says("No changes.");
}

/// The smallest common installation: no KMS key, and the statements of the AWS guide.
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
        .says("A plan of this spec shows no changes.");
    let text = project.read("imported.yaml");
    assert!(text.contains("\nkey: unmanaged\n"), "{text}");
    project.run("plan imported.yaml --detailed-exitcode").exits(0).says("No changes.");
    project
        .run("drift imported.yaml")
        .exits(2)
        .says("1 finding")
        .says("on behalf of any account write log files");
    project.run("explain imported.yaml").exits(0);

    // The key requires one more line. The bucket policy is managed if its lines are removed.
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
fn an_installation_is_found_by_its_bucket_by_a_trail_and_by_the_organization() {
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
    assert!(!by_trail.stdout.contains("name: SecurityTrailMaster"), "{}", by_trail.stdout);
    let organization =
        format!("import --account master=123456789012 --organization master --bucket {bucket}");
    // Another installation manages the trails, and import adopts none of them.
    project
        .run(&format!("{organization} --name acme"))
        .exits(1)
        .says("installation `secprod` manages every trail that delivers to bucket secprod-multiaccount-logs")
        .says("`--name acme --previous-name secprod`");
    let by_organization = project.run(&organization).exits(0);
    assert!(
        by_organization.stdout.contains("organization:\n  account: master\n"),
        "{}",
        by_organization.stdout
    );

    project
        .run(&format!("{hub} --trail Nobodys"))
        .exits(1)
        .says("no matching trail was found in `master`, `production`");
    project.run(&format!("{hub} --bucket nobodys-bucket")).exits(1).says("is in none of the accounts");
    project.run("import --account master:1").exits(1).says("NAME=ID");
    // Without the account of the key, each trail keeps its key.
    project
        .run("import --account production=222222222222:Role")
        .exits(0)
        .says("name its account as well: `--account NAME=123456789012:ROLE`");
}

/// The installation of a landing zone.
#[test]
fn a_trail_of_the_organization_is_imported_with_its_account() {
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
    assert!(text.contains("organization:\n  account: management\n"), "{text}");
    assert!(text.contains("organization_trail: true"), "{text}");
    project.run("validate imported.yaml").exits(0);
}

const FROM_SANDBOX: &str = "import --sandbox --account master=111111111111 \
    --account production=222222222222:OrganizationAccountAccessRole --out imported.yaml";

/// The spec is in the file. stderr lists the parts that the spec contains, the parts that are left
/// out, and the reasons.
#[test]
fn an_import_lists_what_it_writes_and_what_it_leaves_out() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.edit(".reconcile/sandbox.json", |state| {
        regional(state, "222222222222")["trails"]["SecurityTrail"]["prefix"] = serde_json::json!("elsewhere");
        let configuration = state["buckets"]["secprod-multiaccount-logs"]["configuration"].as_object_mut();
        configuration.unwrap().remove("versioning").unwrap();
    });
    let run = project.run(FROM_SANDBOX).exits(0);
    assert_eq!(run.stdout, "");
    for line in [
        "imported.yaml: installation `secprod`, 1 trail to bucket secprod-multiaccount-logs",
        "  trail SecurityTrailMaster in master",
        "  bucket secprod-multiaccount-logs in master (us-east-1)",
        "  key alias/secprod-cloudtrail in master",
        "Settings that keep their live value, each with a comment: `deletion`, `bucket.versioning`, \
         `bucket.policy`",
        "Not in the spec:",
        "  trail arn:aws:cloudtrail:us-east-1:222222222222:trail/SecurityTrail: it delivers below the prefix \
         `elsewhere`, and a spec has only one prefix",
        "    hint: write a separate spec for it, with `prefix: elsewhere` and with another `name`",
        "A plan of this spec shows no changes.",
    ] {
        assert!(run.stderr.lines().any(|it| it == line), "{line}\n{}", run.stderr);
    }
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
    // Without `--out`, the spec is on stdout, and the rest is still on stderr.
    let run = project.run(FROM_SANDBOX.strip_suffix(" --out imported.yaml").unwrap()).exits(0);
    assert_eq!(run.stdout, project.read("imported.yaml"));
    assert!(run.stderr.starts_with("installation `secprod`, 1 trail"), "{}", run.stderr);
}

#[test]
fn a_region_that_this_version_does_not_know_is_imported() {
    let project = Project::new();
    project.edit_spec("bucket.region", "us-east-9");
    project.run("validate specs/prod.yaml").exits(1).says("did you mean `us-east-1`?");
    project.edit_spec("recognize", "[us-east-9]");
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run(&format!("{FROM_SANDBOX} --region us-east-9")).exits(0);
    assert!(project.read("imported.yaml").contains("recognize: [us-east-9]\n"));
    project.run("plan imported.yaml --sandbox --detailed-exitcode").exits(0);
}
