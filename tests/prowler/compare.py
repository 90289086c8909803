"""Compares `reconcile compliance` with Prowler, on moto.

Each spec is applied to an empty moto server. Then both programs check it, and the differences are printed as a Markdown table.

    $ cargo build
    $ python3 tests/prowler/compare.py specs/*.yaml

Both packages are installed once below `target/` (Prowler needs about 2 GB).
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROWLER, MOTO = "prowler==5.46.0", "moto[server]==5.1.22"
# moto's account of credentials that did not come from AssumeRole.
AMBIENT = "123456789012"

# The checks of Prowler for each control. A control without a check is not compared. The checks of Block Public Access of the account
# (S3.1), of public access (S3.2) and of access points (S3.19, S3.24) call S3 Control, whose host names begin with the account, so they do not reach a moto on 127.0.0.1.
CHECKS = {
    "CloudTrail.1": ["cloudtrail_multi_region_enabled_logging_management_events"],
    "CloudTrail.2": ["cloudtrail_kms_encryption_enabled"],
    "CloudTrail.3": ["cloudtrail_multi_region_enabled"],
    "CloudTrail.4": ["cloudtrail_log_file_validation_enabled"],
    "CloudTrail.5": ["cloudtrail_cloudwatch_logging_enabled"],
    "CloudTrail.6": ["cloudtrail_logs_s3_bucket_is_not_publicly_accessible"],
    "CloudTrail.7": ["cloudtrail_logs_s3_bucket_access_logging_enabled"],
    "KMS.3": ["kms_cmk_not_deleted_unintentionally"],
    "KMS.4": ["kms_cmk_rotation_enabled"],
    "KMS.5": ["kms_key_not_publicly_accessible"],
    "S3.3": ["s3_bucket_policy_public_write_access", "s3_bucket_public_write_acl"],
    "S3.5": ["s3_bucket_secure_transport_policy"],
    "S3.6": ["s3_bucket_cross_account_access"],
    "S3.7": ["s3_bucket_cross_region_replication"],
    "S3.8": ["s3_bucket_level_public_access_block"],
    "S3.9": ["s3_bucket_server_access_logging_enabled"],
    "S3.11": ["s3_bucket_event_notifications_enabled"],
    "S3.12": ["s3_bucket_acl_prohibited"],
    "S3.13": ["s3_bucket_lifecycle_enabled"],
    "S3.14": ["s3_bucket_object_versioning"],
    "S3.15": ["s3_bucket_object_lock"],
    "S3.17": ["s3_bucket_kms_encryption"],
    "S3.20": ["s3_bucket_no_mfa_delete"],
    "S3.22": ["cloudtrail_s3_dataevents_write_enabled"],
    "S3.23": ["cloudtrail_s3_dataevents_read_enabled"],
    "CloudWatch.1": ["cloudwatch_log_metric_filter_root_usage"],
    "CloudWatch.2": ["cloudwatch_log_metric_filter_unauthorized_api_calls"],
    "CloudWatch.3": ["cloudwatch_log_metric_filter_sign_in_without_mfa"],
    "CloudWatch.4": ["cloudwatch_log_metric_filter_policy_changes"],
    "CloudWatch.5": ["cloudwatch_log_metric_filter_and_alarm_for_cloudtrail_configuration_changes_enabled"],
    "CloudWatch.6": ["cloudwatch_log_metric_filter_authentication_failures"],
    "CloudWatch.7": ["cloudwatch_log_metric_filter_disable_or_scheduled_deletion_of_kms_cmk"],
    "CloudWatch.8": ["cloudwatch_log_metric_filter_for_s3_bucket_policy_changes"],
    "CloudWatch.9": ["cloudwatch_log_metric_filter_and_alarm_for_aws_config_configuration_changes_enabled"],
    "CloudWatch.10": ["cloudwatch_log_metric_filter_security_group_changes"],
    "CloudWatch.11": ["cloudwatch_changes_to_network_acls_alarm_configured"],
    "CloudWatch.12": ["cloudwatch_changes_to_network_gateways_alarm_configured"],
    "CloudWatch.13": ["cloudwatch_changes_to_network_route_tables_alarm_configured"],
    "CloudWatch.14": ["cloudwatch_changes_to_vpcs_alarm_configured"],
    "CIS 4.15": ["cloudwatch_log_metric_filter_aws_organizations_changes"],
    "CloudWatch.15": ["cloudwatch_alarm_actions_alarm_state_configured"],
    "CloudWatch.16": ["cloudwatch_log_group_retention_policy_specific_days_enabled"],
    "CloudWatch.17": ["cloudwatch_alarm_actions_enabled"],
    "cloudwatch-log-group-encrypted": ["cloudwatch_log_group_kms_encryption_enabled"],
    "SNS.1": ["sns_topics_kms_encryption_at_rest_enabled"],
    "SNS.4": ["sns_topics_not_publicly_accessible"],
}

# What a spec presupposes, as scripts with boto3. They print values of the spec that moto replaces.
MEMBER = """
import boto3, json
def member(account, region):
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    c = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"]
    return boto3.Session(c["AccessKeyId"], c["SecretAccessKey"], c["SessionToken"], region_name=region)
"""
PRESUPPOSED = {
    "existing-key": """
key = member("222222222222", "eu-central-1").client("kms").create_key()["KeyMetadata"]["KeyId"]
print("1234abcd-12ab-34cd-56ef-1234567890ab", key)
boto3.client("s3").create_bucket(Bucket="borrowed-locks", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
""",
    "destinations": """
sns = member("333333333333", "eu-west-1").client("sns")
arn = sns.create_topic(Name="search-log-files")["TopicArn"]
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
    "Action": "SNS:Publish", "Resource": arn,
    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}]}
sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(policy))
""",
    "retention": """
s3 = boto3.client("s3")
s3.create_bucket(Bucket="archive-access-logs")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
    "Action": "s3:PutObject", "Resource": "arn:aws:s3:::archive-access-logs/*"}]}
s3.put_bucket_policy(Bucket="archive-access-logs", Policy=json.dumps(policy))
""",
    "organization": """
org = boto3.client("organizations")
org.create_organization(FeatureSet="ALL")
org.create_account(AccountName="production", Email="production@example.com")
""",
}
PRESUPPOSED["organization-units"] = PRESUPPOSED["organization"] + """
account = org.list_accounts()["Accounts"][-1]["Id"]
org.tag_resource(ResourceId=account, Tags=[{"Key": "logging", "Value": "central"}])
print("r-twin", org.list_roots()["Roots"][0]["Id"])
"""
PRESUPPOSED["organization-trail"] = PRESUPPOSED["organization"]


def programs(name, package):
    """The programs of a virtual environment with a package, which is created on first use."""
    folder = ROOT / "target" / name
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", package], check=True)
        (folder / "installed").write_text(package)
    return folder / "bin"


class Moto:
    """A moto server on a free port."""

    def __init__(self, bin):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.bin = bin
        self.server = subprocess.Popen([bin / "moto_server", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/moto-api/")
                break
            except OSError:
                time.sleep(0.2)

    def boto3(self, script):
        """Runs a script with boto3 and returns its output."""
        run = subprocess.run([self.bin / "python", "-"], input=script, env=self.environment, text=True, capture_output=True)
        if run.returncode:
            sys.exit(run.stderr)
        return run.stdout

    def of(self, account):
        """The environment with credentials of an account."""
        if account == AMBIENT:
            return self.environment
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        script = f"import boto3, json; c = boto3.client('sts').assume_role(RoleArn='{role}', RoleSessionName='prowler')['Credentials']; print(json.dumps([c['AccessKeyId'], c['SecretAccessKey'], c['SessionToken']]))"
        id, secret, token = json.loads(self.boto3(script))
        return {**self.environment, "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def prowler(bin, moto, account, region, folder):
    """The findings of Prowler in an account: check, resource and status."""
    checks = sorted({check for checks in CHECKS.values() for check in checks})
    command = [bin / "prowler", "aws", "--checks", *checks, "--output-formats", "json-ocsf", "--output-directory", folder]
    command += ["--region", region, "--output-filename", account, "--no-banner", "--ignore-exit-code-3"]
    run = subprocess.run(command, env=moto.of(account), text=True, capture_output=True)
    output = pathlib.Path(folder) / f"{account}.ocsf.json"
    if not output.exists():
        sys.exit(f"Prowler wrote no findings of account {account}:\n{run.stdout}\n{run.stderr}")
    for finding in json.loads(output.read_text()):
        resource = finding["resources"][0]
        yield finding["metadata"]["event_code"], resource["uid"], resource["region"], finding["status_code"]


def theirs(findings, result, region):
    """What Prowler says of the resource of a result: FAIL if any check fails; of an account, PASS if any resource passes."""
    kind, _, name = result["resource"].split("/", 2) if result["resource"].count("/") > 1 else (result["resource"].split("/")[0], "", "")
    said = []
    for check in CHECKS[result["control"]]:
        of_check = [(uid, status) for code, uid, at, status in findings if code == check and at == region]
        # Prowler reports the bucket of a trail under the name of the trail.
        if kind in ("trail", "bucket", "log_group", "topic") and not check.startswith("cloudtrail_logs_s3"):
            of_check = [(uid, status) for uid, status in of_check if uid.rstrip(":*").endswith(name)]
        said.append({status for _, status in of_check})
    if kind == "account":
        said = [{"PASS"} if "PASS" in of_check else of_check for of_check in said]
    said = set().union(*said)
    return "FAIL" if "FAIL" in said else "MANUAL" if "MANUAL" in said else "PASS" if "PASS" in said else "-"


AGREE = {("passed", "PASS"), ("failed", "FAIL"), ("manual", "MANUAL"), ("not_applicable", "-"), ("manual", "-")}


def compare(spec, moto, bins):
    text = spec.read_text().replace("111111111111", AMBIENT)
    with tempfile.TemporaryDirectory() as folder:
        if script := PRESUPPOSED.get(spec.stem):
            for line in moto.boto3(MEMBER + script).splitlines():
                text = text.replace(*line.split())
        path = pathlib.Path(folder) / spec.name
        path.write_text(text)
        reconcile = ROOT / "target/debug/reconcile"
        applied = subprocess.run([reconcile, "apply", path, "--yes", "--propagation-timeout", "5"], cwd=folder, env=moto.environment, text=True, capture_output=True)
        # Both programs judge what moto holds, also if moto does not support all of it.
        failed = [line.strip() for line in applied.stdout.splitlines() if "failed" in line and not line.startswith("Applied")]
        run = subprocess.run([reconcile, "compliance", path, "--format", "json"], cwd=folder, env=moto.environment, text=True, capture_output=True)
        document = json.loads(run.stdout)
        if "results" not in document:
            print(f"\n{spec.name}: not compared: {document['error']}")
            return
        results = [it for it in document["results"] if it["control"] in CHECKS]
        region = next(line.split(":")[1].strip() for line in text.splitlines() if line.startswith("  region:"))
        accounts = sorted({it["account"]["id"] for it in results})
        findings = {account: list(prowler(bins, moto, account, region, folder)) for account in accounts}
        differ, agree = {}, 0
        for result in results:
            said = theirs(findings[result["account"]["id"]], result, region)
            if (result["status"], said) in AGREE:
                agree += 1
            else:
                key = (result["status"], said, result["control"])
                differ.setdefault(key, []).append(result["resource"])
        print(f"\n{spec.name}: {agree} results agree, {len(results) - agree} differ\n")
        for line in failed:
            print(f"apply: {line}\n")
        if differ:
            print("| control | `compliance` | Prowler | resources |\n| --- | --- | --- | --- |")
        for (status, said, control), resources in differ.items():
            print(f"| {control} | {status} | {said} | {', '.join(resources)} |")
        sys.stdout.flush()


def main():
    bins = programs("prowler-5.46.0", PROWLER)
    for spec in map(pathlib.Path, sys.argv[1:]):
        moto = Moto(programs("moto-5.1.22", MOTO))
        try:
            compare(spec, moto, bins)
        finally:
            moto.server.terminate()


main()
