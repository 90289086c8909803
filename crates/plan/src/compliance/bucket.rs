//! Controls on the bucket of the log files.

use reconcile_operations::Error;
use reconcile_policy::{AssetKind, Capability, Document, Effect, Principal, granted_by_acl, is_action};
use reconcile_spec::ObjectOwnership;

use super::context::{ControlContext, Judged, line, passed_if};
use super::public::{self, Public, Resource};
use super::{ControlVerdict, Fix};
use crate::address::Address;
use crate::delivery::bucket_arn;
use crate::kind::Kind;
use crate::observed::Conditions;
use crate::view::{AccessLogs, Bucket, Encryption, ObjectLock, OpenEnum, PublicAccessBlock};

/// The bucket in live state.
struct Live<'a> {
    bucket: &'a Bucket,
    conditions: &'a Conditions,
}

fn judge_bucket(context: &ControlContext<'_>, judge: impl FnOnce(Live<'_>) -> ControlVerdict) -> Vec<Judged> {
    let (desired, observed) = (context.desired, context.observed);
    let address = Address::new(Kind::Bucket, &desired.bucket.site.account, &desired.bucket.name);
    let verdict = match (&observed.bucket, &observed.bucket_conditions) {
        (Some(bucket), Some(conditions)) => judge(Live { bucket, conditions }),
        (Some(_), None) => {
            ControlVerdict::Unreadable("the settings of the bucket could not be read".to_owned())
        }
        (None, _) => ControlVerdict::Failed { why: "the bucket does not exist".to_owned(), fix: Fix::Apply },
    };
    vec![Judged::of(&address, verdict)]
}

/// Judges a setting that could be read.
fn read<T>(setting: Result<T, &Error>, judge: impl FnOnce(T) -> ControlVerdict) -> ControlVerdict {
    setting.map_or_else(|error| ControlVerdict::Unreadable(error.to_string()), judge)
}

/// Returns the verdict on a setting that a person must check, because `reconcile` neither reads nor
/// sets it.
fn by_hand(context: &ControlContext<'_>, what: String) -> Vec<Judged> {
    judge_bucket(context, |_| ControlVerdict::Manual(what))
}

/// See `s3-account-level-public-access-blocks-periodic` in the AWS Config developer guide.
pub(super) fn account_blocks_public_access(context: &ControlContext<'_>) -> Vec<Judged> {
    let account = &context.desired.bucket.site.account;
    let id = context.account_ref(account).map(|it| it.id.to_string()).unwrap_or_default();
    let what = format!(
        "`reconcile` does not read Block Public Access of the account: `aws s3control get-public-access-block \
         --account-id {id}` must show four times `true`"
    );
    vec![Judged::of_account(account, ControlVerdict::Manual(what))]
}

/// See `s3-bucket-public-read-prohibited` in the AWS Config developer guide.
pub(super) fn no_public_reads(context: &ControlContext<'_>) -> Vec<Judged> {
    public_access(context, |capability| matches!(capability, Capability::Read | Capability::List))
}

/// See `s3-bucket-public-write-prohibited` in the AWS Config developer guide.
pub(super) fn no_public_writes(context: &ControlContext<'_>) -> Vec<Judged> {
    public_access(context, |capability| !matches!(capability, Capability::Read | Capability::List))
}

/// Judges public reads and public writes, because Security Hub runs both rules.
pub(super) fn not_public(context: &ControlContext<'_>) -> Vec<Judged> {
    public_access(context, |_| true)
}

fn public_access(context: &ControlContext<'_>, is_asked: impl Fn(Capability) -> bool) -> Vec<Judged> {
    let wanted = context.desired.bucket.block_public_access.enforced() == Some(&true);
    judge_bucket(context, |Live { bucket, conditions }| {
        let block = bucket.public_access_block.unwrap_or(PublicAccessBlock::all(false));
        let mut found = Vec::new();
        if !block.restrict_public_buckets
            && let Some(document) = &context.observed.bucket_policy
        {
            let arn = bucket_arn(context.desired).to_string();
            let account = context.account_ref(&context.desired.bucket.site.account);
            let account = account.map(|it| it.id.to_string()).unwrap_or_default();
            found = public::by_policy(document, Resource { kind: AssetKind::Bucket, arn, account });
        }
        let grants = match &conditions.grants {
            Err(error) if !block.ignore_public_acls => return ControlVerdict::Unreadable(error.to_string()),
            Ok(grants) if !block.ignore_public_acls => grants.as_slice(),
            Ok(_) | Err(_) => &[],
        };
        let by_acl = grants.iter().flat_map(|grant| granted_by_acl(&grant.grantee, &grant.permission));
        found.extend(by_acl.filter_map(|it| public::public_access("the ACL of the bucket".to_owned(), it)));
        let found: Vec<Public> = found.into_iter().filter(|it| is_asked(it.capability)).collect();
        public::verdict(&found, || line(wanted, "bucket.block_public_access", "true"))
    })
}

/// See `s3-bucket-ssl-requests-only` in the AWS Config developer guide.
pub(super) fn requires_tls(context: &ControlContext<'_>) -> Vec<Judged> {
    let policy = &context.desired.bucket_policy;
    let wanted = policy.is_managed && policy.intent.require_tls;
    let fix = match policy.is_managed {
        true => line(wanted, "bucket.require_tls", "true"),
        false => Fix::Spec {
            key: "bucket.require_tls".to_owned(),
            value: "true".to_owned(),
            unmanaged: Some("bucket.policy"),
        },
    };
    judge_bucket(context, |_| {
        let document = context.observed.bucket_policy.as_ref();
        let is_required = document.is_some_and(|it| policy.intent.is_tls_required(it, &policy.ownership));
        passed_if(is_required, "no statement of the bucket policy denies requests without TLS", fix)
    })
}

/// The actions that the policy must not allow to other accounts, from
/// `s3-bucket-blacklisted-actions-prohibited` with the parameters of S3.6.
const FORBIDDEN: [&str; 5] = [
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
];

/// See `s3-bucket-blacklisted-actions-prohibited` in the AWS Config developer guide.
pub(super) fn administered_at_home(context: &ControlContext<'_>) -> Vec<Judged> {
    judge_bucket(context, |_| {
        let account = context.account_ref(&context.desired.bucket.site.account);
        let own = account.map(|it| it.id.to_string()).unwrap_or_default();
        let is_other = |principal: Principal<'_>| {
            let id = principal.id;
            let of = if id.starts_with("arn:") { id.split(':').nth(4).unwrap_or_default() } else { id };
            principal.kind == "AWS" && of != own
        };
        let statements = context.observed.bucket_policy.iter().flat_map(Document::statements);
        for statement in statements.filter(|it| it.effect() == Effect::Allow) {
            let is_for_others =
                statement.principals().into_iter().any(is_other) || !statement.not_principals().is_empty();
            if let Some(action) =
                FORBIDDEN.iter().find(|action| is_for_others && is_action(statement, action))
            {
                let name = statement
                    .sid()
                    .map_or_else(|| "a statement".to_owned(), |it| format!("statement `{it}`"));
                let why = format!("{name} of the bucket policy allows {action} to another account");
                let advice = "remove the action or the other account from the statement";
                return ControlVerdict::Failed { why, fix: Fix::Outside(advice.to_owned()) };
            }
        }
        ControlVerdict::Passed
    })
}

/// See `s3-bucket-cross-region-replication-enabled` in the AWS Config developer guide.
pub(super) fn replicated(context: &ControlContext<'_>) -> Vec<Judged> {
    judge_bucket(context, |Live { conditions, .. }| {
        read(conditions.replications.as_ref(), |rules| match rules.first() {
            Some(rule) => ControlVerdict::Manual(format!(
                "look up whether bucket `{}`, to which rule `{}` replicates, is in another Region",
                rule.bucket, rule.id
            )),
            None => ControlVerdict::Failed {
                why: "no rule replicates log files to another Region".to_owned(),
                fix: Fix::Outside("aws s3api put-bucket-replication".to_owned()),
            },
        })
    })
}

/// See `s3-bucket-level-public-access-prohibited` in the AWS Config developer guide.
pub(super) fn blocks_public_access(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.block_public_access.enforced() == Some(&true);
    judge_bucket(context, |Live { bucket, .. }| {
        let is_blocked = bucket.public_access_block == Some(PublicAccessBlock::all(true));
        let why = "not all four settings of Block Public Access are on";
        passed_if(is_blocked, why, line(wanted, "bucket.block_public_access", "true"))
    })
}

/// See `s3-bucket-logging-enabled` and `cloudtrail-s3-bucket-access-logging` in the AWS Config
/// developer guide.
pub(super) fn has_access_logs(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.access_logs.enforced().is_some();
    judge_bucket(context, |Live { conditions, .. }| {
        read(conditions.access_logs.as_ref(), |live| {
            let is_on = matches!(live, AccessLogs::To { .. });
            let fix = line(wanted, "bucket.access_logs", "{ bucket: OTHER_BUCKET, prefix: PREFIX/ }");
            passed_if(is_on, "server access logging is not enabled for the bucket", fix)
        })
    })
}

/// See `s3-version-lifecycle-policy-check` in the AWS Config developer guide.
pub(super) fn versions_have_lifecycle(context: &ControlContext<'_>) -> Vec<Judged> {
    match context.observed.bucket.as_ref().and_then(|bucket| bucket.versioning) {
        Some(false) => judge_bucket(context, |_| {
            ControlVerdict::NotApplicable("the bucket does not keep versions".to_owned())
        }),
        Some(true) | None => has_lifecycle(context),
    }
}

/// See `s3-lifecycle-policy-check` in the AWS Config developer guide.
pub(super) fn has_lifecycle(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.lifecycle.enforced().is_some();
    judge_bucket(context, |Live { conditions, .. }| {
        read(conditions.has_lifecycle.as_ref(), |live| {
            let fix = line(wanted, "bucket.lifecycle", "{ noncurrent_expire_days: 365 }");
            passed_if(*live, "no lifecycle rule is in effect", fix)
        })
    })
}

/// See `s3-event-notifications-enabled` in the AWS Config developer guide.
pub(super) fn notifies(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.eventbridge.enforced() == Some(&true);
    judge_bucket(context, |Live { conditions, .. }| {
        read(conditions.notifications.as_ref(), |live| {
            let is_on = live.event_bridge || !live.receivers.is_empty();
            let fix = line(wanted, "bucket.eventbridge", "true");
            passed_if(is_on, "the bucket sends no event notifications", fix)
        })
    })
}

/// See `s3-bucket-acl-prohibited` in the AWS Config developer guide.
pub(super) fn has_no_acl(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted =
        context.desired.bucket.object_ownership.enforced() == Some(&ObjectOwnership::BucketOwnerEnforced);
    judge_bucket(context, |Live { bucket, conditions }| {
        if bucket.object_ownership == Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced)) {
            return ControlVerdict::Passed;
        }
        read(conditions.grants.as_ref(), |grants| {
            let why = grants.first().map(|grant| format!("the ACL of the bucket grants {grant}"));
            let fix = line(wanted, "bucket.object_ownership", "BucketOwnerEnforced");
            passed_if(grants.is_empty(), why.unwrap_or_default(), fix)
        })
    })
}

/// See `s3-bucket-versioning-enabled` in the AWS Config developer guide.
pub(super) fn keeps_versions(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.versioning.enforced() == Some(&true);
    judge_bucket(context, |Live { bucket, .. }| {
        let why = "the bucket does not keep overwritten and deleted log files";
        passed_if(bucket.versioning == Some(true), why, line(wanted, "bucket.versioning", "true"))
    })
}

/// See `s3-bucket-default-lock-enabled` in the AWS Config developer guide.
pub(super) fn has_object_lock(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.object_lock.enforced().is_some();
    judge_bucket(context, |Live { conditions, .. }| {
        read(conditions.object_lock.as_ref(), |live| {
            let fix = line(wanted, "bucket.object_lock", "{ mode: GOVERNANCE, days: 365 }");
            let is_on = matches!(live, ObjectLock::On { .. });
            passed_if(is_on, "no default retention of Object Lock protects new log files", fix)
        })
    })
}

/// See `s3-default-encryption-kms` in the AWS Config developer guide.
pub(super) fn encrypted(context: &ControlContext<'_>) -> Vec<Judged> {
    let wanted = context.desired.bucket.encryption.enforced() == Some(&reconcile_spec::Encryption::Key);
    judge_bucket(context, |Live { bucket, .. }| {
        let is_kms = match &bucket.encryption {
            Some(Encryption::Kms { .. }) => true,
            // Two layers of encryption with KMS keys. See "Using dual-layer server-side encryption
            // with AWS KMS keys".
            Some(Encryption::Other { algorithm }) => algorithm == "aws:kms:dsse",
            Some(Encryption::S3) | None => false,
        };
        let why = "the default encryption of the bucket does not use a KMS key";
        passed_if(is_kms, why, line(wanted, "bucket.encryption", "key"))
    })
}

/// Returns that a person must check access points: they are not part of an installation, and are
/// not read.
pub(super) fn access_points(context: &ControlContext<'_>) -> Vec<Judged> {
    let bucket = &context.desired.bucket.name;
    by_hand(
        context,
        format!(
            "`reconcile` does not read access points: Block Public Access must be on for each access point of \
             `aws s3control list-access-points --bucket {bucket}`"
        ),
    )
}

/// Returns that a person must check Multi-Region access points: they are not part of an
/// installation, and are not read.
pub(super) fn multi_region_access_points(context: &ControlContext<'_>) -> Vec<Judged> {
    let bucket = &context.desired.bucket.name;
    by_hand(
        context,
        format!(
            "`reconcile` does not read access points: Block Public Access must be on for each multi-Region access point of \
             `aws s3control list-multi-region-access-points` that has bucket `{bucket}`"
        ),
    )
}

/// See `s3-bucket-mfa-delete-enabled` in the AWS Config developer guide. S3 accepts the setting
/// only from the root user, and never together with lifecycle rules: see "Configuring MFA delete"
/// in the S3 user guide.
pub(super) fn deletes_with_mfa(context: &ControlContext<'_>) -> Vec<Judged> {
    let bucket = &context.desired.bucket.name;
    judge_bucket(context, |Live { conditions, .. }| {
        if conditions.has_lifecycle == Ok(true) {
            let why = "S3 does not accept MFA delete for a bucket with lifecycle rules";
            return ControlVerdict::NotApplicable(why.to_owned());
        }
        ControlVerdict::Manual(format!(
            "only the root user of the account can enable MFA delete: `aws s3api get-bucket-versioning --bucket \
             {bucket}` must show `\"MFADelete\": \"Enabled\"`"
        ))
    })
}
