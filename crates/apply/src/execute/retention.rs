//! Sets the retention of the bucket and the destination of its access logs.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLoggingStatus, DefaultRetention,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, LoggingEnabled,
    NoncurrentVersionExpiration, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule, Transition, TransitionStorageClass,
};
use reconcile_diff::observe::retention::read_rules;
use reconcile_operations::Operation;
use reconcile_plan::view::{AccessLogs, Lifecycle, ObjectLock};
use reconcile_spec::BucketName;

use super::Work;
use super::bucket::Step;
use crate::error::ApplyError;

/// Sets our lifecycle rule. S3 replaces all rules of a bucket at once, and how small objects may be that move, so that the rules of
/// others are read right before, and written with ours.
pub(super) async fn set_lifecycle(
    work: &Work<'_>,
    step: &Step<'_>,
    name: &BucketName,
    wanted: &Lifecycle,
) -> Result<(), ApplyError> {
    let ids = work.context.installation.rule_ids();
    let ours = rule(&ids.present, wanted)?;
    work.settle(async || {
        let live = read_rules(work.session, work.region(), name).await?;
        let others = live.rules.into_iter().filter(|rule| !rule.id().is_some_and(|id| ids.has(id)));
        let rules = others.map(with_filter).chain([ours.clone()]).collect();
        let call = step
            .s3
            .put_bucket_lifecycle_configuration()
            .bucket(step.name)
            .expected_bucket_owner(step.owner)
            .set_transition_default_minimum_object_size(live.least_size)
            // `build` fails only where there are no rules.
            .set_lifecycle_configuration(
                BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().ok(),
            )
            .send();
        work.session.call(Operation::PutBucketLifecycleConfiguration, call).await.map(drop)
    })
    .await
}

/// The same rule with its prefix in a filter: S3 takes no document in which some rules have a filter, as ours has, and others
/// a prefix beside it.
///
/// See "Lifecycle configuration elements" in the S3 user guide.
#[expect(deprecated, reason = "rules that were written long ago have it")]
fn with_filter(mut rule: LifecycleRule) -> LifecycleRule {
    if let (None, Some(prefix)) = (&rule.filter, rule.prefix.take()) {
        rule.filter = Some(LifecycleRuleFilter::builder().prefix(prefix).build());
    }
    rule
}

fn rule(id: &str, wanted: &Lifecycle) -> Result<LifecycleRule, ApplyError> {
    let transitions = wanted.transitions.iter().map(|transition| {
        Transition::builder()
            .days(transition.days)
            .storage_class(TransitionStorageClass::from(transition.storage_class.as_str()))
            .build()
    });
    let transitions: Vec<Transition> = transitions.collect();
    LifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .set_transitions(Some(transitions).filter(|transitions| !transitions.is_empty()))
        .set_expiration(wanted.expire_days.map(|days| LifecycleExpiration::builder().days(days).build()))
        .set_noncurrent_version_expiration(
            wanted
                .noncurrent_expire_days
                .map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build()),
        )
        .set_abort_incomplete_multipart_upload(
            wanted
                .abort_incomplete_multipart_days
                .map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()),
        )
        .build()
        .map_err(|_| ApplyError::Incomplete { what: "a lifecycle rule", missing: "a status" })
}

pub(super) async fn set_object_lock(
    work: &Work<'_>,
    step: &Step<'_>,
    wanted: &ObjectLock,
) -> Result<(), ApplyError> {
    let ObjectLock::On { mode, days, years } = wanted else {
        return Err(ApplyError::NotDone("turn off an object lock, which S3 does not allow"));
    };
    let retention = DefaultRetention::builder()
        .mode(ObjectLockRetentionMode::from(mode.as_str()))
        .set_days(*days)
        .set_years(*years)
        .build();
    let configuration = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(retention).build())
        .build();
    work.settle(|| {
        let call = step
            .s3
            .put_object_lock_configuration()
            .bucket(step.name)
            .expected_bucket_owner(step.owner)
            .object_lock_configuration(configuration.clone());
        async { work.session.call(Operation::PutObjectLockConfiguration, call.send()).await.map(drop) }
    })
    .await
}

pub(super) async fn set_access_logs(
    work: &Work<'_>,
    step: &Step<'_>,
    wanted: &AccessLogs,
) -> Result<(), ApplyError> {
    let enabled = match wanted {
        AccessLogs::Off => None,
        AccessLogs::To { bucket, prefix } => {
            LoggingEnabled::builder().target_bucket(bucket).target_prefix(prefix).build().ok()
        }
    };
    let status = BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
    work.settle(|| {
        let call = step
            .s3
            .put_bucket_logging()
            .bucket(step.name)
            .expected_bucket_owner(step.owner)
            .bucket_logging_status(status.clone());
        async { work.session.call(Operation::PutBucketLogging, call.send()).await.map(drop) }
    })
    .await
}
