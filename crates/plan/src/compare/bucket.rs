//! Compares the bucket.

use reconcile_policy::Fitted;
use reconcile_spec::{self as spec, LockMode, ObjectOwnership};
use reconcile_text::count;

use super::change::{ChangeParts, Compared, reasons};
use super::{CompareContext, public_access};
use crate::difference::Difference;
use crate::plan::{Action, Changed, Phase, Risk, WarningCode};
use crate::refusal::Refusal;
use crate::view::{
    AccessLogs, Bucket, BucketField, Encryption, Lifecycle, ObjectLock, OpenEnum, Tags, Transition,
};

/// Adds the change of the bucket. `policy` is the planned bucket policy, if the policy is managed.
pub(super) fn compare(context: &CompareContext<'_>, policy: Option<&Fitted>, compared: &mut Compared) {
    let desired = &context.desired.bucket;
    let policy = policy.map(|it| &it.merged.contracted).or(context.observed.bucket_policy.as_ref());
    check_conditions(context, compared);
    let live = context.observed.bucket.clone().map(|live| Bucket {
        encryption: live.encryption.map(|encryption| match encryption {
            Encryption::Kms { key: Some(key), bucket_key } => {
                Encryption::Kms { key: Some(context.same_key(key)), bucket_key }
            }
            other => other,
        }),
        ..live
    });
    let encryption = desired.encryption.enforced().map(|encryption| match encryption {
        spec::Encryption::S3 => Encryption::S3,
        spec::Encryption::Key => Encryption::Kms { key: Some(context.key.clone()), bucket_key: true },
    });
    let wanted = Bucket {
        blocked_encryption_types: blocked(desired, encryption.as_ref(), live.as_ref()),
        encryption,
        versioning: desired.versioning.enforced().copied(),
        public_access_block: public_access::block(context, policy, compared),
        object_ownership: public_access::ownership(context, compared),
        lifecycle: desired.lifecycle.enforced().map(lifecycle),
        object_lock: desired.object_lock.enforced().map(|lock| {
            let (days, years) = match lock.retention {
                spec::Retention::Days(days) => (Some(signed(days)), None),
                spec::Retention::Years(years) => (None, Some(signed(years))),
            };
            ObjectLock::On { mode: OpenEnum::Known(lock.mode), days, years }
        }),
        access_logs: desired
            .access_logs
            .enforced()
            .map(|logs| AccessLogs::To { bucket: logs.bucket.to_string(), prefix: logs.prefix.clone() }),
        eventbridge: desired.eventbridge.enforced().copied(),
        tags: Tags::wanted(&desired.tags, context.observed.bucket.as_ref().map(|live| &live.tags)),
    };
    let parts = ChangeParts {
        address: context.bucket_address(),
        place: context.place(&desired.site),
        phase: Phase::Expand,
        depends_on: vec![context.key_address()],
        changed: Changed::Bucket,
        explain,
    };
    if let Some(message) = irreversible(live.as_ref(), &wanted) {
        compared.warn(WarningCode::Irreversible, parts.address.clone(), message);
    }
    compared.view(parts, live, wanted);
}

/// Describes the irreversible part of an object lock that the plan adds or changes.
///
/// See "Locking objects with Object Lock" in the S3 user guide.
fn irreversible(live: Option<&Bucket>, wanted: &Bucket) -> Option<String> {
    let lock @ ObjectLock::On { mode, days, years } = wanted.object_lock.as_ref()? else { return None };
    let before = live.and_then(|live| live.object_lock.as_ref());
    if before == Some(lock) {
        return None;
    }
    let (number, unit) = match (days, years) {
        (Some(days), _) => (*days, "day"),
        (None, years) => (years.unwrap_or_default(), "year"),
    };
    let time = count(usize::try_from(number).unwrap_or_default(), unit);
    let never = "S3 never turns off the object lock of a bucket";
    Some(match mode {
        OpenEnum::Known(LockMode::Compliance) => format!(
            "{never}, and nobody can delete a log file for {time}, not even the root user of the account: try `mode: GOVERNANCE` \
             first"
        ),
        OpenEnum::Known(LockMode::Governance) | OpenEnum::Other(_) => format!(
            "{never}; only principals with `s3:BypassGovernanceRetention` can delete a log file for {time}"
        ),
    })
}

/// Returns the encryption types that S3 rejects after the plan. If the spec does not manage these
/// types, the plan contains them only if the plan writes the encryption, because one call writes
/// both settings.
///
/// See `PutBucketEncryption` in the S3 API reference.
fn blocked(
    desired: &spec::Bucket,
    encryption: Option<&Encryption>,
    live: Option<&Bucket>,
) -> Option<Vec<String>> {
    if let Some(types) = desired.blocked_encryption_types.enforced() {
        return Some(types.iter().map(|it| it.as_str().to_owned()).collect());
    }
    let live = live.filter(|live| encryption.is_some() && live.encryption.as_ref() != encryption)?;
    live.blocked_encryption_types.clone()
}

/// Refuses a bucket to which CloudTrail never delivers, even if the bucket policy allows it, and
/// warns about settings that could not be read.
///
/// See "Amazon S3 bucket policy for CloudTrail" in the CloudTrail user guide.
fn check_conditions(context: &CompareContext<'_>, compared: &mut Compared) {
    let Some(conditions) = &context.observed.bucket_conditions else { return };
    let address = context.bucket_address();
    if let Err(error) = &conditions.grants {
        let message = format!(
            "the ACL of the bucket cannot be read ({error}): the ACL may grant access to others. A change of \
             Block Public Access or of the object ownership may end that access, or S3 may reject the change"
        );
        compared.warn(WarningCode::UnreadableAccess, address.clone(), message);
    }
    if let Err(error) = &conditions.expiries {
        let message =
            format!("the lifecycle rules of the bucket cannot be read ({error}): log files may expire early");
        compared.warn(WarningCode::UnreadableAccess, address.clone(), message);
    }
    if let Err(error) = &conditions.replications {
        let message = format!(
            "the replication of the bucket cannot be read ({error}): log files may be replicated to other accounts"
        );
        compared.warn(WarningCode::UnreadableAccess, address.clone(), message);
    }
    match &conditions.requester_pays {
        Ok(true) => {
            let bucket = context.desired.bucket.name.to_string();
            let trails = context.trail_addresses().collect();
            compared.refusals.push(Refusal::RequesterPays { address, bucket, trails });
        }
        Ok(false) => {}
        Err(error) => {
            let message = format!(
                "the request payment setting of the bucket cannot be read ({error}): CloudTrail does not deliver \
                 to a Requester Pays bucket"
            );
            compared.warn(WarningCode::UnreadableSetting, address, message);
        }
    }
}

fn lifecycle(wanted: &spec::Lifecycle) -> Lifecycle {
    Lifecycle {
        previous_id: None,
        transitions: wanted
            .transitions
            .iter()
            .map(|(days, class)| Transition { days: signed(*days), storage_class: OpenEnum::Known(*class) })
            .collect(),
        expire_days: wanted.expire_days.map(signed),
        noncurrent_expire_days: wanted.noncurrent_expire_days.map(signed),
        abort_incomplete_multipart_days: wanted.abort_incomplete_multipart_days.map(signed),
        altered: Vec::new(),
    }
}

/// Converts a number to the signed type of S3. No valid number is larger.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Returns whether only the ID of the lifecycle rule differs.
fn renames_rule(diff: &[Difference]) -> bool {
    let mut paths = diff.iter().map(Difference::path).filter(|path| path.starts_with("/lifecycle"));
    paths.all(|path| path == "/lifecycle/previous_id")
}

const ACLS_IN_FORCE: &str = "ACLs are enabled; disabling them also revokes the grants in ACLs of single objects, \
    which a plan does not read";

fn explain(action: &Action<Bucket>, diff: &[Difference]) -> (Vec<String>, Risk) {
    let why = match action {
        Action::Create { .. } => vec!["the bucket for the logs does not exist".to_owned()],
        Action::Update { before, after } => reasons(diff, |field, _| {
            match field {
            BucketField::Encryption => "the default encryption of new objects differs from the spec".to_owned(),
            BucketField::BlockedEncryptionTypes => "the encryption types that S3 rejects differ from the spec".to_owned(),
            BucketField::Versioning if after.versioning == Some(true) => {
                "overwritten and deleted objects are not kept (versioning is off)".to_owned()
            }
            BucketField::Versioning => "versioning is on".to_owned(),
            BucketField::PublicAccessBlock => "Block Public Access differs from the spec".to_owned(),
            BucketField::ObjectOwnership => match after.object_ownership {
                Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced)) => ACLS_IN_FORCE.to_owned(),
                _ => "object ownership differs from the spec".to_owned(),
            },
            BucketField::Lifecycle if renames_rule(diff) => {
                "the lifecycle rule carries the previous name of the installation".to_owned()
            }
            BucketField::Lifecycle => "the lifecycle of log files differs from the spec".to_owned(),
            BucketField::ObjectLock => "the object lock of log files differs from the spec".to_owned(),
            BucketField::AccessLogs => "the destination of access logs differs from the spec".to_owned(),
            BucketField::Eventbridge if after.eventbridge == Some(true) => {
                "S3 does not send the events of the bucket to EventBridge".to_owned()
            }
            BucketField::Eventbridge => "S3 sends the events of the bucket to EventBridge".to_owned(),
            BucketField::Tags if before.tags.owner().is_none() && after.tags.owner().is_some() => {
                "tags are missing or differ: an earlier apply ended after it created the bucket, or the bucket is new to the \
                 installation"
                    .to_owned()
            }
            BucketField::Tags => "tags are missing or differ".to_owned(),
        }
        }),
        Action::Delete { .. } => vec!["the bucket is not in the spec".to_owned()],
    };
    (why, risk(action))
}

/// Returns the risk of a bucket change for log files and their readers.
fn risk(action: &Action<Bucket>) -> Risk {
    let (before, after) = match action {
        Action::Create { after } => (None, after),
        Action::Update { before, after } => (Some(before), after),
        Action::Delete { .. } => return Risk::Destructive,
    };
    let lock = before.and_then(|it| it.object_lock.as_ref());
    let locks = matches!(&after.object_lock, Some(wanted @ ObjectLock::On { .. }) if lock != Some(wanted));
    let Some(before) = before else { return if locks { Risk::Irreversible } else { Risk::Safe } };
    let ends_acls = after.object_ownership == Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced))
        && before.object_ownership != after.object_ownership;
    if expires_earlier(before.lifecycle.as_ref(), after.lifecycle.as_ref()) {
        Risk::Destructive
    } else if locks {
        Risk::Irreversible
    } else if ends_acls
        || after.object_lock != before.object_lock
        || (before.versioning == Some(true) && after.versioning == Some(false))
        || before
            .access_logs
            .as_ref()
            .is_some_and(|it| *it != AccessLogs::Off && after.access_logs.as_ref() != Some(it))
        || (before.eventbridge == Some(true) && after.eventbridge == Some(false))
    {
        Risk::Disruptive
    } else {
        Risk::Safe
    }
}

/// Returns whether S3 deletes log files, or their noncurrent versions, earlier than before.
fn expires_earlier(before: Option<&Lifecycle>, after: Option<&Lifecycle>) -> bool {
    let Some(after) = after else { return false };
    let is_earlier = |before: Option<i32>, after: Option<i32>| match (before, after) {
        (Some(before), Some(after)) => after < before,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    is_earlier(before.and_then(|it| it.expire_days), after.expire_days)
        || is_earlier(before.and_then(|it| it.noncurrent_expire_days), after.noncurrent_expire_days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Bucket {
        Bucket {
            encryption: Some(Encryption::S3),
            blocked_encryption_types: None,
            versioning: Some(true),
            public_access_block: None,
            object_ownership: Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced)),
            lifecycle: Some(expiring(Some(400), Some(30))),
            object_lock: Some(ObjectLock::Off),
            access_logs: Some(AccessLogs::Off),
            eventbridge: Some(false),
            tags: Tags::default(),
        }
    }

    fn expiring(days: Option<i32>, noncurrent: Option<i32>) -> Lifecycle {
        Lifecycle {
            previous_id: None,
            transitions: Vec::new(),
            expire_days: days,
            noncurrent_expire_days: noncurrent,
            abort_incomplete_multipart_days: None,
            altered: Vec::new(),
        }
    }

    fn lock(mode: LockMode, days: i32) -> ObjectLock {
        ObjectLock::On { mode: OpenEnum::Known(mode), days: Some(days), years: None }
    }

    #[test]
    fn the_risk_of_an_update_is_what_log_files_and_readers_lose() {
        let logs = |bucket: &str| Some(AccessLogs::To { bucket: bucket.to_owned(), prefix: String::new() });
        let with = |lifecycle| Bucket { lifecycle: Some(lifecycle), ..bucket() };
        for (case, before, after, expected) in [
            (
                "tags",
                Bucket { tags: [("a".to_owned(), "b".to_owned())].into_iter().collect(), ..bucket() },
                bucket(),
                Risk::Safe,
            ),
            ("longer", bucket(), with(expiring(Some(800), Some(60))), Risk::Safe),
            ("forever", bucket(), with(expiring(None, None)), Risk::Safe),
            ("shorter", bucket(), with(expiring(Some(399), Some(30))), Risk::Destructive),
            ("former versions earlier", bucket(), with(expiring(Some(400), Some(29))), Risk::Destructive),
            ("an end", with(expiring(None, None)), bucket(), Risk::Destructive),
            (
                "an end without a rule before",
                Bucket { lifecycle: None, ..bucket() },
                bucket(),
                Risk::Destructive,
            ),
            ("versioning off", bucket(), Bucket { versioning: Some(false), ..bucket() }, Risk::Disruptive),
            ("versioning on", Bucket { versioning: Some(false), ..bucket() }, bucket(), Risk::Safe),
            (
                "no ACLs",
                Bucket { object_ownership: Some(OpenEnum::Known(ObjectOwnership::ObjectWriter)), ..bucket() },
                bucket(),
                Risk::Disruptive,
            ),
            (
                "a lock",
                bucket(),
                Bucket { object_lock: Some(lock(LockMode::Governance, 1)), ..bucket() },
                Risk::Irreversible,
            ),
            (
                "another lock",
                Bucket { object_lock: Some(lock(LockMode::Governance, 2)), ..bucket() },
                Bucket { object_lock: Some(lock(LockMode::Compliance, 2)), ..bucket() },
                Risk::Irreversible,
            ),
            (
                "no retention",
                Bucket { object_lock: Some(lock(LockMode::Governance, 2)), ..bucket() },
                bucket(),
                Risk::Disruptive,
            ),
            (
                "the same lock",
                Bucket { versioning: None, object_lock: Some(lock(LockMode::Compliance, 2)), ..bucket() },
                Bucket { object_lock: Some(lock(LockMode::Compliance, 2)), ..bucket() },
                Risk::Safe,
            ),
            ("access logs", bucket(), Bucket { access_logs: logs("a"), ..bucket() }, Risk::Safe),
            ("events", bucket(), Bucket { eventbridge: Some(true), ..bucket() }, Risk::Safe),
            ("no events", Bucket { eventbridge: Some(true), ..bucket() }, bucket(), Risk::Disruptive),
            (
                "other access logs",
                Bucket { access_logs: logs("a"), ..bucket() },
                Bucket { access_logs: logs("b"), ..bucket() },
                Risk::Disruptive,
            ),
        ] {
            assert_eq!(risk(&Action::Update { before, after }), expected, "{case}");
        }
        assert_eq!(risk(&Action::Create { after: bucket() }), Risk::Safe);
        let locked = Bucket { object_lock: Some(lock(LockMode::Compliance, 1)), ..bucket() };
        assert_eq!(risk(&Action::Create { after: locked }), Risk::Irreversible);
        assert_eq!(risk(&Action::Delete { before: bucket() }), Risk::Destructive);
    }

    #[test]
    fn an_object_lock_is_warned_about_when_it_is_added_or_changed() {
        let with = |object_lock| Bucket { object_lock, ..bucket() };
        let says = |live: Option<&Bucket>, wanted| irreversible(live, &with(wanted)).unwrap_or_default();
        assert!(
            says(None, Some(lock(LockMode::Compliance, 365)))
                .contains("for 365 days, not even the root user")
        );
        assert!(
            says(Some(&bucket()), Some(lock(LockMode::Governance, 1)))
                .ends_with("`s3:BypassGovernanceRetention` can delete a log file for 1 day")
        );
        assert!(
            says(Some(&with(Some(lock(LockMode::Governance, 1)))), Some(lock(LockMode::Compliance, 1)))
                .contains("`mode: GOVERNANCE`")
        );
        assert_eq!(
            says(Some(&with(Some(lock(LockMode::Compliance, 1)))), Some(lock(LockMode::Compliance, 1))),
            ""
        );
        assert_eq!(says(Some(&bucket()), Some(ObjectLock::Off)), "");
    }
}
