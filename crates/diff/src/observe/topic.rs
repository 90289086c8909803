//! Reads topics and their policies.

use aws_sdk_sns::types::Tag;
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{LiveTopic, ReadError, StoredPolicy, TopicAttributes};
use reconcile_plan::view::{AtRest, Tags, Topic};
use reconcile_policy::{Arn, Region};
use reconcile_spec::ExistingTopic;

use super::error::found;
use super::names;

/// The maximum number of subscriptions of a topic that are read: SNS lists 100 in one answer, and a
/// topic can have millions.
const LISTED: u64 = 1000;

/// Reads the topic with an ARN; `None` if the topic does not exist.
///
/// # Errors
/// Returns [`ReadError::Policy`] if the text of the policy is not a policy, or another error if a
/// call to SNS fails or its answer is incomplete.
pub async fn read(session: &Session, region: &Region, arn: &Arn) -> Result<Option<LiveTopic>, ReadError> {
    let (attributes, tags) = futures::future::join(
        read_attributes(session, region, arn, Operation::GetTopicAttributes),
        tags(session, region, arn),
    )
    .await;
    let Some(TopicAttributes { policy, encryption, subscribers, pending }) = attributes? else {
        return Ok(None);
    };
    let subscriptions = match subscribers {
        Some(0) => Ok(Vec::new()),
        Some(count @ LISTED..) => {
            let message =
                format!("the topic has {count} subscriptions, and `reconcile` lists fewer than {LISTED}");
            Err(session.too_long(Operation::ListSubscriptionsByTopic, &message))
        }
        Some(_) | None => names::subscriptions(session, region, arn).await,
    };
    let view = Topic { arn: arn.clone(), encryption: Some(encryption), tags: tags? };
    Ok(Some(LiveTopic { view, policy: policy.document, subscriptions, subscribers, pending }))
}

/// Reads the policy and the encryption of a topic; `None` if the topic does not exist.
///
/// # Errors
/// Returns [`ReadError::Policy`] if the text of the policy is not a policy, or another error if
/// `GetTopicAttributes` fails or its answer is incomplete.
pub async fn read_attributes(
    session: &Session,
    region: &Region,
    arn: &Arn,
    operation: Operation,
) -> Result<Option<TopicAttributes>, ReadError> {
    let call = session.sns(region).get_topic_attributes().topic_arn(arn.as_str()).send();
    let Some(answer) = found(session.call(operation, call).await)? else { return Ok(None) };
    let mut attributes = answer.attributes.ok_or_else(|| session.incomplete(operation, "Attributes"))?;
    let policy = attributes.remove("Policy").ok_or_else(|| session.incomplete(operation, "Policy"))?;
    let count = |name: &str| attributes.get(name).and_then(|count| count.parse().ok());
    let (subscribers, pending) =
        (count("SubscriptionsConfirmed"), count("SubscriptionsPending").unwrap_or_default());
    Ok(Some(TopicAttributes {
        policy: StoredPolicy::parse(&format!("topic {arn}"), policy)?,
        encryption: AtRest::of(attributes.get("KmsMasterKeyId").map(String::as_str)),
        subscribers,
        pending,
    }))
}

/// Reads an existing topic, which the spec names by its ARN.
///
/// # Errors
/// Returns the errors of [`read_attributes`], or [`ReadError::Incomplete`] if the ARN has no
/// Region.
pub(super) async fn read_existing(
    session: &Session,
    wanted: &ExistingTopic,
) -> Result<Option<TopicAttributes>, ReadError> {
    let arn = &wanted.arn;
    let region = arn.region().parse();
    let region = region.map_err(|_| ReadError::Incomplete { resource: arn.to_string(), what: "a Region" })?;
    read_attributes(session, &region, arn, Operation::ReadExistingTopic).await
}

/// Reads all tags of a topic.
///
/// # Errors
/// Returns an error if SNS does not return the tags.
pub async fn tags(session: &Session, region: &Region, arn: &Arn) -> Result<Tags, Error> {
    let call = session.sns(region).list_tags_for_resource().resource_arn(arn.as_str()).send();
    let answer = found(session.call(Operation::ListTopicTags, call).await)?;
    let tags: Vec<Tag> = answer.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}
