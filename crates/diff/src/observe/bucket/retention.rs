//! Reads the retention of a bucket and the destination of its server access logs.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    NoncurrentVersionExpiration, ObjectLockEnabled, ObjectLockRetentionMode, ReplicationRule,
    ReplicationRuleStatus, TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use jiff::Timestamp;
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::view::{
    AccessLogs, Expiry, Lifecycle, LifecycleRules, ObjectLock, OpenEnum, Replication, Transition,
};
use reconcile_policy::Region;
use reconcile_spec::{BucketName, Installation, StorageClass};

use super::super::error::found;

/// All lifecycle rules of a bucket, managed and foreign.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// The rules, as S3 returns them.
    pub rules: Vec<LifecycleRule>,
    /// The minimum size of objects that move to another storage class, if a rule does not set a
    /// minimum.
    pub least_size: Option<TransitionDefaultMinimumObjectSize>,
}

/// Reads the lifecycle rules of a bucket.
///
/// # Errors
/// Returns an error if `GetBucketLifecycleConfiguration` fails.
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

/// Returns the rules by their IDs, each in the view of a managed rule.
pub(crate) fn views(Rules { rules, .. }: &Rules) -> LifecycleRules {
    LifecycleRules(rules.iter().filter_map(|rule| Some((rule.id()?.to_owned(), view(rule)))).collect())
}

fn view(rule: &LifecycleRule) -> Lifecycle {
    let mut transitions: Vec<Transition> = rule
        .transitions()
        .iter()
        .map(|it| Transition {
            days: it.days().unwrap_or_default(),
            storage_class: OpenEnum::of(
                it.storage_class().map(TransitionStorageClass::as_str).unwrap_or_default(),
            ),
        })
        .collect();
    transitions.sort();
    Lifecycle {
        previous_id: None,
        transitions,
        expire_days: rule.expiration().and_then(LifecycleExpiration::days),
        noncurrent_expire_days: rule
            .noncurrent_version_expiration()
            .and_then(NoncurrentVersionExpiration::noncurrent_days),
        abort_incomplete_multipart_days: rule
            .abort_incomplete_multipart_upload()
            .and_then(AbortIncompleteMultipartUpload::days_after_initiation),
        altered: altered(rule),
    }
}

/// Returns the elements of a rule that `reconcile` never writes into its own rule, as text.
///
/// See "Lifecycle configuration elements" in the S3 user guide.
fn altered(rule: &LifecycleRule) -> Vec<String> {
    let mut altered = Vec::new();
    let mut note = |is_so: bool, words: &str| altered.extend(is_so.then(|| words.to_owned()));
    note(rule.status() != &ExpirationStatus::Enabled, "disabled");
    let prefix = prefix_of(rule);
    note(!prefix.is_empty(), &format!("only for objects under `{prefix}`"));
    note(is_of_tagged(rule), "only for objects with certain tags");
    let has_size = rule.filter().is_some_and(|it| {
        let of_all = it.and();
        it.object_size_greater_than()
            .or(it.object_size_less_than())
            .or_else(|| of_all?.object_size_greater_than())
            .or_else(|| of_all?.object_size_less_than())
            .is_some()
    });
    note(has_size, "only for objects of certain sizes");
    let expiration = rule.expiration();
    note(expiration.is_some_and(|it| it.date().is_some()), "objects expire on a date");
    note(rule.transitions().iter().any(|it| it.date().is_some()), "objects move on a date");
    note(
        expiration.and_then(LifecycleExpiration::expired_object_delete_marker) == Some(true),
        "delete markers without versions expire",
    );
    note(!rule.noncurrent_version_transitions().is_empty(), "former versions move");
    let newer = rule.noncurrent_version_expiration();
    let newer = newer.and_then(NoncurrentVersionExpiration::newer_noncurrent_versions);
    note(newer.is_some(), "the newest former versions are kept");
    altered
}

/// Returns whether any of the rules is in effect.
pub(in crate::observe) fn is_in_effect(Rules { rules, .. }: &Rules) -> bool {
    rules.iter().any(|rule| rule.status() == &ExpirationStatus::Enabled)
}

/// Returns the foreign rules that are in effect and that expire or archive objects.
pub(in crate::observe) fn expiries(Rules { rules, .. }: &Rules, installation: &Installation) -> Vec<Expiry> {
    let ids = installation.rule_ids();
    let is_ours = |id: &str| id == ids.present || ids.previous.as_deref() == Some(id);
    let rules = rules.iter().filter(|rule| rule.status() == &ExpirationStatus::Enabled);
    rules
        .filter(|rule| !rule.id().is_some_and(is_ours))
        .filter_map(|rule| {
            let days = rule.expiration().and_then(LifecycleExpiration::days);
            let date = rule.expiration().and_then(LifecycleExpiration::date);
            let date =
                date.and_then(|date| Timestamp::from_second(date.secs()).ok()).map(|it| it.to_string());
            let noncurrent = rule.noncurrent_version_expiration();
            let noncurrent_days = noncurrent.and_then(NoncurrentVersionExpiration::noncurrent_days);
            let archive = archive(rule);
            let is_concerned =
                days.is_some() || date.is_some() || noncurrent_days.is_some() || archive.is_some();
            is_concerned.then(|| Expiry {
                id: rule.id().unwrap_or_default().to_owned(),
                prefix: prefix_of(rule),
                is_of_tagged: is_of_tagged(rule),
                days,
                date,
                noncurrent_days,
                archive,
            })
        })
        .collect()
}

/// Returns the earliest transition to a storage class from which objects must be restored. A
/// transition on a date counts as day 0.
///
/// See "Understanding archive storage in S3 Glacier Flexible Retrieval and S3 Glacier Deep Archive"
/// in the S3 user guide.
fn archive(rule: &LifecycleRule) -> Option<Transition> {
    let archived = rule.transitions().iter().filter_map(|it| {
        let storage_class = OpenEnum::of(it.storage_class()?.as_str());
        matches!(&storage_class, OpenEnum::Known(class) if StorageClass::is_archive(*class))
            .then(|| Transition { days: it.days().unwrap_or_default(), storage_class })
    });
    archived.min()
}

/// Returns the prefix of a rule, from any of the elements that can contain it.
///
/// See "Lifecycle configuration elements" in the S3 user guide.
fn prefix_of(rule: &LifecycleRule) -> String {
    let filter = rule.filter();
    let of_filter = filter.and_then(|it| it.prefix().or_else(|| it.and()?.prefix()));
    #[expect(deprecated, reason = "the form of rules without a filter, which S3 still accepts")]
    let prefix = of_filter.or_else(|| rule.prefix());
    prefix.unwrap_or_default().to_owned()
}

fn is_of_tagged(rule: &LifecycleRule) -> bool {
    rule.filter().is_some_and(|it| it.tag().is_some() || it.and().is_some_and(|all| !all.tags().is_empty()))
}

/// Reads the replication rules that are in effect.
///
/// # Errors
/// Returns an error if `GetBucketReplication` fails.
pub(in crate::observe) async fn replication(
    session: &Session,
    region: &Region,
    name: &BucketName,
) -> Result<Vec<Replication>, Error> {
    let call = session
        .s3(region)
        .get_bucket_replication()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = found(session.call(Operation::GetBucketReplication, call).await)?;
    let rules = answer.and_then(|answer| answer.replication_configuration).map(|it| it.rules);
    let rules = rules.unwrap_or_default().into_iter();
    Ok(rules.filter(|rule| rule.status == ReplicationRuleStatus::Enabled).map(replicated).collect())
}

fn replicated(rule: ReplicationRule) -> Replication {
    let filter = rule.filter.as_ref();
    let of_filter = filter.and_then(|it| it.prefix().or_else(|| it.and()?.prefix()));
    #[expect(deprecated, reason = "the form of rules without a filter, which S3 still accepts")]
    let prefix = of_filter.or(rule.prefix.as_deref()).unwrap_or_default().to_owned();
    let is_of_tagged =
        filter.is_some_and(|it| it.tag().is_some() || it.and().is_some_and(|all| !all.tags().is_empty()));
    let destination = rule.destination;
    let bucket = destination.as_ref().map(|it| it.bucket().to_owned()).unwrap_or_default();
    Replication {
        id: rule.id.unwrap_or_default(),
        prefix,
        is_of_tagged,
        // The destination is an ARN, which contains no account.
        bucket: bucket.rsplit(':').next().unwrap_or_default().to_owned(),
        account: destination.and_then(|it| it.account),
    }
}

pub(in crate::observe) async fn object_lock(
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
        mode: OpenEnum::of(retention.mode.as_ref().map(ObjectLockRetentionMode::as_str).unwrap_or_default()),
        days: retention.days.filter(|days| *days > 0),
        years: retention.years.filter(|years| *years > 0),
    }))
}

pub(in crate::observe) async fn access_logs(
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
    let answer = session.call(Operation::GetBucketLogging, call).await?;
    Ok(answer.logging_enabled.map_or(AccessLogs::Off, |logging| AccessLogs::To {
        bucket: logging.target_bucket,
        prefix: logging.target_prefix,
    }))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{LifecycleRuleFilter, NoncurrentVersionTransition};

    use super::*;

    #[test]
    fn a_rule_that_somebody_altered_is_not_the_rule_of_the_installation() {
        let rule = || {
            LifecycleRule::builder()
                .id("reconcile-test")
                .status(ExpirationStatus::Enabled)
                .filter(LifecycleRuleFilter::builder().prefix("").build())
                .expiration(LifecycleExpiration::builder().days(400).build())
        };
        let filter = LifecycleRuleFilter::builder();
        for (rule, expected) in [
            (rule(), None),
            (rule().status(ExpirationStatus::Disabled), Some("disabled")),
            (rule().filter(filter.clone().prefix("a/").build()), Some("only for objects under `a/`")),
            (
                rule().filter(filter.object_size_less_than(9).build()),
                Some("only for objects of certain sizes"),
            ),
            (
                rule().noncurrent_version_transitions(NoncurrentVersionTransition::builder().build()),
                Some("former versions move"),
            ),
        ] {
            let rule = rule.build().unwrap();
            assert_eq!(altered(&rule), expected.into_iter().collect::<Vec<_>>(), "{rule:?}");
        }
    }
}
