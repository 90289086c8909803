//! Permissions that AWS requires in addition to the action of an operation.

use reconcile_policy::CLOUDTRAIL;
use reconcile_spec::{Account, Desired, Encryption};
use serde_json::{Value, json};

use super::{Mode, Run, has_role, resources};
use crate::operation::{AccountRole, ResourceScope};

/// An action that AWS requires although no operation of the table has this action.
pub(super) struct Implied {
    pub(super) action: &'static str,
    pub(super) resources: Vec<String>,
    pub(super) condition: Option<Value>,
}

/// Returns all implied permissions of one account. A command that changes resources implies more
/// permissions, and so does a command that reads encrypted files.
pub(super) fn implied(desired: &Desired, account: &Account, run: Run) -> Vec<Implied> {
    let mut implied = Vec::new();
    if has_role(desired, account, AccountRole::Lock) && (run.mode == Mode::Apply || run.replicas) {
        implied.extend(lock(desired));
    }
    match run.mode {
        Mode::Verify if has_role(desired, account, AccountRole::Evidence) => implied.extend(decrypt(desired)),
        Mode::Plan | Mode::Verify => {}
        Mode::Apply => implied.extend(changing(desired, account)),
    }
    implied
}

/// Returns the permissions that only `apply` implies.
fn changing(desired: &Desired, account: &Account) -> Vec<Implied> {
    let mut implied = Vec::new();
    if has_role(desired, account, AccountRole::Bucket) {
        implied.push(create_with_tags(resources(desired, account, ResourceScope::Bucket)));
    }
    if has_role(desired, account, AccountRole::Logs) {
        implied.push(hand_over(resources(desired, account, ResourceScope::LogRoles)));
    }
    if desired.alarms.iter().any(|alarm| alarm.site.account == account.name) {
        let alarms = resources(desired, account, ResourceScope::Alarms);
        implied.extend([create_alarms_with_tags(alarms.clone()), keep_tags_in_notifications(alarms)]);
    }
    if acts_for_organization(desired, account) {
        implied.extend(act_for_organization(desired, account));
    }
    implied
}

/// The permission to decrypt log files. S3 decrypts with the permissions of its caller. The key can
/// belong to another account.
///
/// See "Granting permissions to use an AWS KMS key" in the CloudTrail user guide. The permission
/// holds only for requests to S3: see `kms:ViaService` in the KMS developer guide.
fn decrypt(desired: &Desired) -> Vec<Implied> {
    let Some(owner) = desired.account(&desired.key.site.account) else { return Vec::new() };
    let region = &desired.key.site.region;
    let s3 = format!("s3.{region}.{}", region.partition().dns_suffix());
    vec![Implied {
        action: "kms:Decrypt",
        resources: resources(desired, owner, ResourceScope::Key),
        condition: Some(json!({ "StringEquals": { "kms:ViaService": s3 } })),
    }]
}

/// The permission to create a bucket with tags. See `CreateBucketConfiguration` in the S3 API
/// reference.
fn create_with_tags(bucket: Vec<String>) -> Implied {
    Implied { action: "s3:TagResource", resources: bucket, condition: None }
}

/// The permission to create an alarm with tags. See `Tags` of `PutMetricAlarm` in the CloudWatch
/// API reference.
fn create_alarms_with_tags(alarms: Vec<String>) -> Implied {
    Implied { action: "cloudwatch:TagResource", resources: alarms, condition: None }
}

/// The permission to update an alarm whose notifications contain its tags. This foreign setting is
/// kept. See `AlarmTagsPropagation` in the CloudWatch API reference.
fn keep_tags_in_notifications(alarms: Vec<String>) -> Implied {
    Implied { action: "cloudwatch:ListTagsForResource", resources: alarms, condition: None }
}

/// The permission to pass the role that delivers to a log group to CloudTrail.
fn hand_over(roles: Vec<String>) -> Implied {
    let condition = json!({ "StringEquals": { "iam:PassedToService": CLOUDTRAIL } });
    Implied { action: "iam:PassRole", resources: roles, condition: Some(condition) }
}

/// Whether the account creates an organization trail, or registers a delegated administrator.
fn acts_for_organization(desired: &Desired, account: &Account) -> bool {
    let registers = desired
        .organization
        .as_ref()
        .is_some_and(|it| it.account == account.name && !it.delegated_administrators.is_empty());
    let mut trails = desired.trails.iter().filter(|trail| trail.is_organization);
    registers || trails.any(|trail| trail.site.account == account.name)
}

/// The permissions to read the organization and to create the service-linked roles of CloudTrail.
/// CloudTrail makes these calls with the permissions of its caller.
///
/// See "Prepare for creating a trail for your organization" and "Required permissions to assign a
/// delegated administrator" in the CloudTrail user guide.
fn act_for_organization(desired: &Desired, account: &Account) -> Vec<Implied> {
    const SERVICES: [&str; 2] = [CLOUDTRAIL, "context.cloudtrail.amazonaws.com"];

    let partition = desired.bucket.site.region.partition();
    let id = &account.id;
    let roles = SERVICES.map(|it| format!("arn:{partition}:iam::{id}:role/aws-service-role/{it}/*")).to_vec();
    let everything = |action| Implied { action, resources: vec!["*".to_owned()], condition: None };
    let mut implied = vec![
        everything("organizations:DescribeOrganization"),
        everything("organizations:ListAccounts"),
        everything("organizations:ListAWSServiceAccessForOrganization"),
        Implied { action: "iam:GetRole", resources: roles.clone(), condition: None },
        Implied {
            action: "iam:CreateServiceLinkedRole",
            resources: roles,
            condition: Some(json!({ "StringEquals": { "iam:AWSServiceName": SERVICES } })),
        },
    ];
    let organization = desired.organization.as_ref().filter(|it| it.account == account.name);
    if organization.is_some_and(|it| !it.delegated_administrators.is_empty()) {
        implied.push(Implied {
            action: "organizations:RegisterDelegatedAdministrator",
            resources: vec!["*".to_owned()],
            condition: Some(json!({ "StringEquals": { "organizations:ServicePrincipal": CLOUDTRAIL } })),
        });
    }
    implied
}

/// The permissions that S3 requires for the lock. S3 reports that an object does not exist only to
/// callers that are allowed to list the bucket. S3 encrypts and decrypts with a key with the
/// permissions of its caller.
///
/// See `GetObject` in the S3 API reference, and "Protecting data with server-side encryption with
/// AWS KMS keys" in the S3 user guide.
fn lock(desired: &Desired) -> Vec<Implied> {
    let Some(lock) = &desired.lock else { return Vec::new() };
    let partition = desired.bucket.site.region.partition();
    let bucket = vec![format!("arn:{partition}:s3:::{}", lock.bucket)];
    let mut implied = vec![Implied { action: "s3:ListBucket", resources: bucket, condition: None }];
    let is_ours = lock.bucket == desired.bucket.name;
    if is_ours && desired.bucket.encryption.enforced() == Some(&Encryption::Key) {
        let of_key = desired.accounts.iter().find(|it| it.name == desired.key.site.account);
        let key = of_key.map(|it| resources(desired, it, ResourceScope::Key)).unwrap_or_default();
        let with_key = |action| Implied { action, resources: key.clone(), condition: None };
        implied.extend(["kms:Decrypt", "kms:GenerateDataKey"].map(with_key));
    }
    implied
}
