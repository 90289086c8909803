//! Reads the destinations that receive the names of log files: notifications and inventories of the
//! bucket, and subscriptions of topics.

use aws_sdk_s3::types::{
    FilterRule, FilterRuleName, InventoryConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter,
};
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{NameReceiver, Notifications, ReceiverTarget};
use reconcile_policy::{Arn, Region};
use reconcile_spec::BucketName;

use super::error::understood;
use super::page::{self, Next};

/// Reads the notifications of S3 about objects of a bucket.
///
/// Events for `EventBridge` go to the account of the bucket. See "Amazon S3 Event Notifications" in
/// the S3 user guide.
///
/// # Errors
/// Returns an error if `GetBucketNotificationConfiguration` fails.
pub async fn notifications(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<Notifications, Error> {
    let answer = notification_configuration(session, region, bucket).await?;
    let topics = answer.topic_configurations.unwrap_or_default().into_iter();
    let queues = answer.queue_configurations.unwrap_or_default().into_iter();
    let functions = answer.lambda_function_configurations.unwrap_or_default().into_iter();
    let all = topics
        .map(|it| (it.id, it.topic_arn, it.filter))
        .chain(queues.map(|it| (it.id, it.queue_arn, it.filter)))
        .chain(functions.map(|it| (it.id, it.lambda_function_arn, it.filter)));
    let receivers = all.map(|(id, arn, filter)| NameReceiver {
        name: id.unwrap_or_default(),
        prefix: filter.map(prefix).unwrap_or_default(),
        target: ReceiverTarget::Resource(arn),
    });
    let event_bridge = answer.event_bridge_configuration.is_some();
    Ok(Notifications { receivers: receivers.collect(), event_bridge })
}

/// Reads the notifications of a bucket in the form of S3, with all settings that a later write must
/// repeat.
///
/// # Errors
/// Returns an error if `GetBucketNotificationConfiguration` fails.
pub async fn notification_configuration(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<NotificationConfiguration, Error> {
    let call = session
        .s3(region)
        .get_bucket_notification_configuration()
        .bucket(bucket.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = session.call(Operation::GetBucketNotificationConfiguration, call).await.map(|answer| {
        NotificationConfiguration::builder()
            .set_topic_configurations(answer.topic_configurations)
            .set_queue_configurations(answer.queue_configurations)
            .set_lambda_function_configurations(answer.lambda_function_configurations)
            .set_event_bridge_configuration(answer.event_bridge_configuration)
            .build()
    });
    understood(session, answer, || NotificationConfiguration::builder().build())
}

fn prefix(filter: NotificationConfigurationFilter) -> String {
    let rules: Vec<FilterRule> = filter.key.and_then(|key| key.filter_rules).unwrap_or_default();
    let prefix = rules.into_iter().find(|rule| rule.name == Some(FilterRuleName::Prefix));
    prefix.and_then(|rule| rule.value).unwrap_or_default()
}

/// Reads the buckets to which S3 writes inventories of the bucket.
///
/// # Errors
/// Returns an error if `ListBucketInventoryConfigurations` fails, or if its answer does not end.
pub async fn inventories(
    session: &Session,
    region: &Region,
    bucket: &BucketName,
) -> Result<Vec<NameReceiver>, Error> {
    let s3 = &session.s3(region);
    let listed = page::all(session, Operation::ListBucketInventoryConfigurations, |token| async move {
        let call = s3
            .list_bucket_inventory_configurations()
            .bucket(bucket.as_str())
            .expected_bucket_owner(session.id().as_str())
            .set_continuation_token(token)
            .send();
        let page = session.call(Operation::ListBucketInventoryConfigurations, call).await?;
        let next = Next::truncated(page.is_truncated.unwrap_or_default(), page.next_continuation_token);
        Ok::<_, Error>((page.inventory_configuration_list.unwrap_or_default(), next))
    });
    Ok(listed.await?.into_iter().filter(|it| it.is_enabled).filter_map(inventory).collect())
}

fn inventory(configuration: InventoryConfiguration) -> Option<NameReceiver> {
    let destination = configuration.destination?.s3_bucket_destination?;
    // The destination is an ARN, which contains no account.
    let name = destination.bucket.rsplit(':').next().unwrap_or_default().to_owned();
    Some(NameReceiver {
        name: configuration.id,
        prefix: configuration.filter.map(|filter| filter.prefix).unwrap_or_default(),
        target: ReceiverTarget::Bucket { name, account: destination.account_id },
    })
}

/// Reads the confirmed subscriptions of a topic.
///
/// # Errors
/// Returns an error if `ListSubscriptionsByTopic` fails, or if its answer is incomplete or does not
/// end.
pub async fn subscriptions(
    session: &Session,
    region: &Region,
    topic: &Arn,
) -> Result<Vec<NameReceiver>, Error> {
    let sns = &session.sns(region);
    let listed = page::all(session, Operation::ListSubscriptionsByTopic, |token| async move {
        let call = sns.list_subscriptions_by_topic().topic_arn(topic.as_str()).set_next_token(token).send();
        let page = session.call(Operation::ListSubscriptionsByTopic, call).await?;
        let listed = page.subscriptions;
        let listed =
            listed.ok_or_else(|| session.incomplete(Operation::ListSubscriptionsByTopic, "Subscriptions"))?;
        Ok::<_, Error>((listed, page.next_token))
    });
    // An unconfirmed subscription has no ARN, and receives no messages.
    let confirmed = listed.await?.into_iter();
    let confirmed =
        confirmed.filter(|it| it.subscription_arn.as_ref().is_some_and(|it| it.starts_with("arn:")));
    let receivers = confirmed.map(|subscription| {
        let endpoint = subscription.endpoint.unwrap_or_default();
        NameReceiver {
            name: subscription.protocol.unwrap_or_default(),
            prefix: String::new(),
            target: match endpoint.starts_with("arn:") {
                true => ReceiverTarget::Resource(endpoint),
                false => ReceiverTarget::Endpoint(endpoint),
            },
        }
    });
    Ok(receivers.collect())
}
