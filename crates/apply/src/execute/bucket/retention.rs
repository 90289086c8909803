//! Converts the retention of the bucket, and the destination of its server access logs, into
//! request values.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLoggingStatus, DefaultRetention, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, LoggingEnabled, NoncurrentVersionExpiration,
    ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule, Transition,
    TransitionStorageClass,
};
use reconcile_plan::view::{AccessLogs, Lifecycle, ObjectLock};

use crate::error::ApplyError;

/// Moves the prefix of a rule into a filter. The rule of the installation has a filter, and S3
/// rejects a document in which some rules have a filter and other rules have a prefix without a
/// filter.
///
/// See "Lifecycle configuration elements" in the S3 user guide.
#[expect(deprecated, reason = "rules that were written long ago have it")]
pub(super) fn with_filter(mut rule: LifecycleRule) -> LifecycleRule {
    if let (None, Some(prefix)) = (&rule.filter, rule.prefix.take()) {
        rule.filter = Some(LifecycleRuleFilter::builder().prefix(prefix).build());
    }
    rule
}

/// The lifecycle rule of the installation.
pub(super) fn rule(id: &str, wanted: &Lifecycle) -> Result<LifecycleRule, ApplyError> {
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

/// Returns the default retention. Without a rule, new objects are not locked. See
/// `ObjectLockConfiguration` in the S3 API reference.
pub(super) fn object_lock(wanted: &ObjectLock) -> ObjectLockConfiguration {
    let rule = match wanted {
        ObjectLock::Off => None,
        ObjectLock::On { mode, days, years } => {
            let retention = DefaultRetention::builder()
                .mode(ObjectLockRetentionMode::from(mode.as_str()))
                .set_days(*days)
                .set_years(*years)
                .build();
            Some(ObjectLockRule::builder().default_retention(retention).build())
        }
    };
    ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).set_rule(rule).build()
}

/// The destination of the server access logs.
pub(super) fn access_logs(wanted: &AccessLogs) -> BucketLoggingStatus {
    let enabled = match wanted {
        AccessLogs::Off => None,
        AccessLogs::To { bucket, prefix } => {
            LoggingEnabled::builder().target_bucket(bucket).target_prefix(prefix).build().ok()
        }
    };
    BucketLoggingStatus::builder().set_logging_enabled(enabled).build()
}
