//! Reads topics and their policies.

use aws_sdk_sns::types::Tag;
use reconcile_aws::{Error, Operation, Session};
use reconcile_policy::{Arn, Document, Region};

use super::error::{ReadError, found};
use crate::view::{Tags, Topic};

/// A topic with its policy.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTopic {
    /// The topic.
    pub view: Topic,
    /// Its policy; a topic always has one.
    pub policy: Document,
}

/// The topic of this ARN; `None` where there is none.
///
/// # Errors
/// [`ReadError::Policy`] where its policy is not one; whatever SNS answered.
pub async fn read(session: &Session, region: &Region, arn: &Arn) -> Result<Option<LiveTopic>, ReadError> {
    let (policy, tags) =
        futures::future::join(policy_text(session, region, arn), tags(session, region, arn)).await;
    let Some(policy) = policy? else { return Ok(None) };
    Ok(Some(LiveTopic { view: Topic { arn: arn.clone(), tags: tags? }, policy: parse(arn, &policy)? }))
}

/// The policy of a topic; `None` where there is no topic.
///
/// # Errors
/// [`ReadError::Policy`] where it is not one; whatever SNS answered.
pub async fn read_policy(
    session: &Session,
    region: &Region,
    arn: &Arn,
) -> Result<Option<Document>, ReadError> {
    policy_text(session, region, arn).await?.map(|text| parse(arn, &text)).transpose()
}

async fn policy_text(session: &Session, region: &Region, arn: &Arn) -> Result<Option<String>, Error> {
    let call = session.sns(region).get_topic_attributes().topic_arn(arn.as_str()).send();
    let answer = found(session.call(Operation::GetTopicAttributes, call).await)?;
    Ok(answer.map(|answer| answer.attributes.and_then(|mut it| it.remove("Policy")).unwrap_or_default()))
}

async fn tags(session: &Session, region: &Region, arn: &Arn) -> Result<Tags, Error> {
    let call = session.sns(region).list_tags_for_resource().resource_arn(arn.as_str()).send();
    let answer = found(session.call(Operation::ListTopicTags, call).await)?;
    let tags: Vec<Tag> = answer.and_then(|answer| answer.tags).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

fn parse(arn: &Arn, text: &str) -> Result<Document, ReadError> {
    text.parse().map_err(|error| ReadError::Policy { resource: format!("topic {arn}"), error })
}
