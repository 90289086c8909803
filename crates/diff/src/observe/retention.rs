//! Reads how long a bucket keeps what is in it, and who gets its access logs.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, LifecycleExpiration, LifecycleRule, NoncurrentVersionExpiration,
    ObjectLockEnabled, TransitionDefaultMinimumObjectSize,
};
use reconcile_aws::{Error, Operation, Session};
use reconcile_policy::Region;
use reconcile_spec::{BucketName, Installation};

use super::error::found;
use crate::view::{AccessLogs, Lifecycle, ObjectLock, Transition};

/// All lifecycle rules of a bucket, whoever put them there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// The rules, as S3 gives them.
    pub rules: Vec<LifecycleRule>,
    /// How small objects may be and still move, where no rule says it.
    pub least_size: Option<TransitionDefaultMinimumObjectSize>,
}

/// The lifecycle rules of a bucket.
///
/// # Errors
/// Whatever S3 answered.
pub async fn read_rules(session: &Session, region: &Region, name: &BucketName) -> Result<Rules, Error> {
    let call = session
        .s3(region)
        .get_bucket_lifecycle_configuration()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = found(session.call(Operation::GetBucketLifecycleConfiguration, call).await)?;
    Ok(answer.map_or_else(Rules::default, |answer| Rules {
        rules: answer.rules.unwrap_or_default(),
        least_size: answer.transition_default_minimum_object_size,
    }))
}

/// Our rule among them, as we write it. A rule of the previous name comes first: it is there until it is replaced.
pub(crate) fn lifecycle(Rules { rules, .. }: &Rules, installation: &Installation) -> Lifecycle {
    let ids = installation.rule_ids();
    let by = |id: &str| rules.iter().find(|rule| rule.id() == Some(id));
    let previous = ids.previous.as_deref().and_then(by);
    let Some(rule) = previous.or_else(|| by(&ids.present)) else { return Lifecycle::default() };
    let mut transitions: Vec<Transition> = rule
        .transitions()
        .iter()
        .map(|it| Transition {
            days: it.days().unwrap_or_default(),
            storage_class: it.storage_class().map(|class| class.as_str().to_owned()).unwrap_or_default(),
        })
        .collect();
    transitions.sort();
    Lifecycle {
        previous_id: previous.and_then(LifecycleRule::id).map(str::to_owned),
        transitions,
        expire_days: rule.expiration().and_then(LifecycleExpiration::days),
        noncurrent_expire_days: rule
            .noncurrent_version_expiration()
            .and_then(NoncurrentVersionExpiration::noncurrent_days),
        abort_incomplete_multipart_days: rule
            .abort_incomplete_multipart_upload()
            .and_then(AbortIncompleteMultipartUpload::days_after_initiation),
    }
}

pub(super) async fn object_lock(
    session: &Session,
    region: &Region,
    name: &BucketName,
) -> Result<ObjectLock, Error> {
    let call = session
        .s3(region)
        .get_object_lock_configuration()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = found(session.call(Operation::GetObjectLockConfiguration, call).await)?;
    let configuration = answer.and_then(|answer| answer.object_lock_configuration);
    let configuration =
        configuration.filter(|it| it.object_lock_enabled() == Some(&ObjectLockEnabled::Enabled));
    let retention = configuration.and_then(|it| it.rule).and_then(|rule| rule.default_retention);
    Ok(retention.map_or(ObjectLock::Off, |retention| ObjectLock::On {
        mode: retention.mode.map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        days: retention.days.filter(|days| *days > 0),
        years: retention.years.filter(|years| *years > 0),
    }))
}

pub(super) async fn access_logs(
    session: &Session,
    region: &Region,
    name: &BucketName,
) -> Result<AccessLogs, Error> {
    let call = session
        .s3(region)
        .get_bucket_logging()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = found(session.call(Operation::GetBucketLogging, call).await)?;
    Ok(answer.and_then(|answer| answer.logging_enabled).map_or(AccessLogs::Off, |logging| AccessLogs::To {
        bucket: logging.target_bucket,
        prefix: logging.target_prefix,
    }))
}
