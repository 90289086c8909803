//! Creates, updates and deletes topics.

use aws_sdk_sns::types::Tag;
use reconcile_diff::observe::topic::read;
use reconcile_operations::Operation;
use reconcile_plan::ReadError;
use reconcile_plan::additions::topic_additions;
use reconcile_plan::observed::LiveTopic;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{AtRest, Tags, Topic};
use reconcile_policy::{Arn, KeyIdentifier};

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, HasView, Reads, Updates, change};
use crate::work::{Made, Work};

/// The attribute of a topic that names its key.
const KEY: &str = "KmsMasterKeyId";

pub(super) async fn execute(work: &Work<'_>, action: &Action<Topic>) -> Result<Made, ApplyError> {
    let action = action.try_map(|topic| {
        let encryption = work.context.known_at_rest(topic.encryption.as_ref())?;
        Ok::<_, ApplyError>(Topic { encryption, ..topic.clone() })
    })?;
    let sns = work.session.sns(work.region());
    change(work, &TopicCalls { work, sns, arn: &action.view().arn }, &action).await
}

/// The calls for a topic.
struct TopicCalls<'a> {
    work: &'a Work<'a>,
    sns: aws_sdk_sns::Client,
    arn: &'a Arn,
}

impl HasView<Topic> for LiveTopic {
    fn view(&self) -> &Topic {
        &self.view
    }
}

impl Reads for TopicCalls<'_> {
    type View = Topic;
    type Live = LiveTopic;

    async fn read(&self) -> Result<Option<LiveTopic>, ApplyError> {
        Ok(read(self.work.session, self.work.region(), self.arn).await?)
    }

    async fn additions(&self, live: &LiveTopic) -> Result<Vec<String>, ApplyError> {
        Ok(topic_additions(live, &self.work.context.ownership).map_err(ReadError::Aws)?)
    }
}

impl Creates for TopicCalls<'_> {
    /// Creates the topic. SNS does not create a second topic with the same name, tags and
    /// attributes, so the call can be retried.
    async fn create(&self, wanted: &Topic) -> Result<(), ApplyError> {
        let name = wanted.arn.resource();
        let mut call = self.sns.create_topic().name(name).set_tags(Some(tags(&wanted.tags)));
        if let Some(key) = wanted.encryption.as_ref().map(key) {
            call = call.attributes(KEY, key);
        }
        self.work.call(Operation::CreateTopic, call.send()).await.map(drop)
    }
}

impl Updates for TopicCalls<'_> {
    async fn update(&self, live: &LiveTopic, wanted: &Topic) -> Result<(), ApplyError> {
        let live = &live.view;
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            let tag = || {
                let call = self.sns.tag_resource().resource_arn(self.arn.as_str());
                call.set_tags(Some(tags(&missing))).send()
            };
            self.work.write(Operation::TagTopic, tag).await?;
        }
        if let Some(encryption) = wanted.encryption.as_ref().filter(|it| live.encryption.as_ref() != Some(it))
        {
            // An empty key turns encryption off. See `SetTopicAttributes` in the SNS API reference.
            let set = || {
                let call = self.sns.set_topic_attributes().topic_arn(self.arn.as_str());
                call.attribute_name(KEY).attribute_value(key(encryption)).send()
            };
            self.work.write(Operation::SetTopicAttributes, set).await?;
        }
        Ok(())
    }
}

impl Deletes for TopicCalls<'_> {
    async fn delete(&self, _: &LiveTopic) -> Result<(), ApplyError> {
        let delete = || self.sns.delete_topic().topic_arn(self.arn.as_str()).send();
        self.work.delete(Operation::DeleteTopic, delete).await
    }
}

fn key(encryption: &AtRest) -> &str {
    encryption.key().map_or("", KeyIdentifier::as_str)
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // `build` fails only if the key or the value is missing, and both are always set.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
