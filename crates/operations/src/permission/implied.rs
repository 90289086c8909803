//! Permissions that AWS requires in addition to the action of an operation.

use reconcile_policy::CLOUDTRAIL;
use reconcile_spec::{Account, Desired, Encryption};
use serde_json::{Value, json};

use super::{Mode, Run, has_role, resources};
use crate::operation::{AccountRole, ResourceScope};

/// An action that belongs to none of our operations.
pub(super) struct Implied {
    pub(super) action: &'static str,
    pub(super) resources: Vec<String>,
    pub(super) condition: Option<Value>,
}

/// All that is asked in one account. What changes something implies more, and so does what reads
/// encrypted files.
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

/// What only an apply implies.
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

/// S3 decrypts log files with the permissions of its caller. The key can belong to another account.
///
/// See "Granting permissions to use an AWS KMS key" in the CloudTrail user guide, and
/// `kms:ViaService` in the KMS developer guide: the permission holds only for requests to S3.
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

/// The permission to update an alarm whose notifications contain its tags, a setting of others that
/// stays as it is. See `AlarmTagsPropagation` in the CloudWatch API reference.
fn keep_tags_in_notifications(alarms: Vec<String>) -> Implied {
    Implied { action: "cloudwatch:ListTagsForResource", resources: alarms, condition: None }
}

/// CloudTrail asks whether its caller may hand it the role that delivers to a log group.
fn hand_over(roles: Vec<String>) -> Implied {
    let condition = json!({ "StringEquals": { "iam:PassedToService": CLOUDTRAIL } });
    Implied { action: "iam:PassRole", resources: roles, condition: Some(condition) }
}

/// Whether a trail of the whole organization is made from the account, or its delegated
/// administrator is named there.
fn acts_for_organization(desired: &Desired, account: &Account) -> bool {
    let registers = desired
        .organization
        .as_ref()
        .is_some_and(|it| it.account == account.name && !it.delegated_administrators.is_empty());
    let mut trails = desired.trails.iter().filter(|trail| trail.is_organization);
    registers || trails.any(|trail| trail.site.account == account.name)
}

/// CloudTrail reads the organization and creates its service-linked roles with the permissions of
/// its caller.
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

/// S3 says that an object is not there only to who may list, and encrypts and decrypts with a key
/// as its caller.
///
/// See `GetObject` in the S3 API reference, and "Protecting data with server-side encryption with
/// AWS KMS keys" in its user guide.
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
