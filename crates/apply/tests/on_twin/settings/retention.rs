//! Settings of the bucket that expire, move or copy log files, and that record access to them.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLoggingStatus, DefaultRetention, DeleteMarkerReplication,
    DeleteMarkerReplicationStatus, Destination, Event, ExpirationStatus, InventoryConfiguration,
    InventoryDestination, InventoryFormat, InventoryFrequency, InventoryIncludedObjectVersions,
    InventoryS3BucketDestination, InventorySchedule, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
    LoggingEnabled, NoncurrentVersionTransition, NotificationConfiguration, ObjectLockConfiguration,
    ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule, QueueConfiguration, ReplicationConfiguration,
    ReplicationRule, ReplicationRuleFilter, ReplicationRuleStatus, Transition, TransitionStorageClass,
};

use aws_sdk_s3::types::builders::LifecycleRuleBuilder;
use reconcile_samples::{BUCKET, MASTER};

use super::{STRANGER, World};

const OWN_RULE: &str = "reconcile-test";

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let s3 = &world.s3;
    Some(match setting {
        "lifecycle rule of the spec: another time" => {
            rule(world, |rule| rule.expiration = Some(LifecycleExpiration::builder().days(4000).build()))
                .await;
            "the lifecycle of log files differs"
        }
        "lifecycle rule of the spec: disabled" => {
            rule(world, |rule| rule.status = ExpirationStatus::Disabled).await;
            "the lifecycle of log files differs"
        }
        "lifecycle rule of the spec: another filter" => {
            let filter = LifecycleRuleFilter::builder().prefix("elsewhere/").build();
            rule(world, |rule| rule.filter = Some(filter)).await;
            "the lifecycle of log files differs"
        }
        "lifecycle rule of the spec: former versions move" => {
            let moved = NoncurrentVersionTransition::builder().noncurrent_days(1);
            let moved = moved.storage_class(TransitionStorageClass::DeepArchive).build();
            rule(world, |rule| rule.noncurrent_version_transitions = Some(vec![moved])).await;
            "the lifecycle of log files differs"
        }
        "lifecycle rule of the spec: removed" => {
            s3.delete_bucket_lifecycle().bucket(BUCKET).send().await.unwrap();
            "the lifecycle of log files differs"
        }
        "lifecycle rule of others: log files expire early" => {
            let expired = LifecycleExpiration::builder().days(1).build();
            rules(world, |rules| rules.push(of_others(|rule| rule.expiration(expired)))).await;
            "lets every log file expire after 1 day"
        }
        "lifecycle rule of others: log files are archived early" => {
            let archived = Transition::builder().days(1).storage_class(TransitionStorageClass::DeepArchive);
            rules(world, |rules| rules.push(of_others(|rule| rule.transitions(archived.build())))).await;
            "moves every log file to DEEP_ARCHIVE after 1 day"
        }
        "object lock: default retention" => {
            let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance).days(1);
            let lock = ObjectLockConfiguration::builder()
                .object_lock_enabled(ObjectLockEnabled::Enabled)
                .rule(ObjectLockRule::builder().default_retention(retention.build()).build());
            let call = s3.put_object_lock_configuration().bucket(BUCKET);
            call.object_lock_configuration(lock.build()).send().await.unwrap();
            "the object lock of log files differs"
        }
        "access logs" => {
            let logging = LoggingEnabled::builder().target_bucket("nowhere").target_prefix("").build();
            let status = BucketLoggingStatus::builder().logging_enabled(logging.unwrap()).build();
            s3.put_bucket_logging().bucket(BUCKET).bucket_logging_status(status).send().await.unwrap();
            "the destination of access logs differs"
        }
        "notifications to EventBridge" => {
            let none = NotificationConfiguration::builder().build();
            let call = s3.put_bucket_notification_configuration().bucket(BUCKET);
            call.notification_configuration(none).send().await.unwrap();
            "S3 does not send the events of the bucket to EventBridge"
        }
        "replication to the bucket of an outsider" => {
            replicate(world).await;
            "copies every log file to bucket `elsewhere` of account 444455556666"
        }
        "notifications to an outsider" => {
            let queue = QueueConfiguration::builder()
                .id("told")
                .queue_arn(format!("arn:aws:sqs:eu-west-1:{STRANGER}:queue"))
                .events(Event::S3ObjectCreated)
                .build();
            let told = NotificationConfiguration::builder().queue_configurations(queue.unwrap()).build();
            let call = s3.put_bucket_notification_configuration().bucket(BUCKET);
            call.notification_configuration(told).send().await.unwrap();
            "notification `told` lets account 444455556666 list the names of log files"
        }
        "inventory in the bucket of an outsider" => {
            inventory(world).await;
            "inventory `listed` lets account 444455556666 list the names of log files"
        }
        _ => return None,
    })
}

/// Changes the rule of the installation.
async fn rule(world: &World, change: impl FnOnce(&mut LifecycleRule)) {
    rules(world, |rules| change(rules.iter_mut().find(|it| it.id() == Some(OWN_RULE)).unwrap())).await;
}

/// Returns a foreign rule for all objects.
fn of_others(change: impl FnOnce(LifecycleRuleBuilder) -> LifecycleRuleBuilder) -> LifecycleRule {
    let filter = LifecycleRuleFilter::builder().prefix("").build();
    let rule = LifecycleRule::builder().id("theirs").status(ExpirationStatus::Enabled).filter(filter);
    change(rule).build().unwrap()
}

async fn rules(world: &World, change: impl FnOnce(&mut Vec<LifecycleRule>)) {
    let live = world.s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await.unwrap();
    let mut rules = live.rules.unwrap();
    change(&mut rules);
    let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    let call = world.s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
    call.lifecycle_configuration(rules).send().await.unwrap();
}

async fn inventory(world: &World) {
    let bucket = InventoryS3BucketDestination::builder()
        .account_id(STRANGER)
        .bucket("arn:aws:s3:::elsewhere")
        .format(InventoryFormat::Csv)
        .build();
    let destination = InventoryDestination::builder().s3_bucket_destination(bucket.unwrap()).build();
    let schedule = InventorySchedule::builder().frequency(InventoryFrequency::Daily).build().unwrap();
    let inventory = InventoryConfiguration::builder()
        .id("listed")
        .is_enabled(true)
        .destination(destination)
        .included_object_versions(InventoryIncludedObjectVersions::All)
        .schedule(schedule)
        .build();
    let call = world.s3.put_bucket_inventory_configuration().bucket(BUCKET).id("listed");
    call.inventory_configuration(inventory.unwrap()).send().await.unwrap();
}

async fn replicate(world: &World) {
    let destination = Destination::builder().bucket("arn:aws:s3:::elsewhere").account(STRANGER);
    let markers = DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled).build();
    let rule = ReplicationRule::builder()
        .id("copy")
        .priority(1)
        .status(ReplicationRuleStatus::Enabled)
        .filter(ReplicationRuleFilter::builder().prefix("").build())
        .delete_marker_replication(markers)
        .destination(destination.build().unwrap());
    let configuration = ReplicationConfiguration::builder()
        .role(format!("arn:aws:iam::{MASTER}:role/Replication"))
        .rules(rule.build().unwrap())
        .build()
        .unwrap();
    let call = world.s3.put_bucket_replication().bucket(BUCKET);
    call.replication_configuration(configuration).send().await.unwrap();
}
