//! Creates, encrypts, tags and deletes topics.

use aws_sdk_sns::types::Tag;
use reconcile_diff::observe::topic::read;
use reconcile_operations::Operation;
use reconcile_plan::ReadError;
use reconcile_plan::additions::of_topic;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{AtRest, Tags, Topic};

use super::{Made, Verdict, Work, unused};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Topic>) -> Result<Made, ApplyError> {
    let action = action.towards(|topic| {
        let encryption = work.context.known_at_rest(topic.encryption.as_ref())?;
        Ok::<_, ApplyError>(Topic { encryption, ..topic.clone() })
    })?;
    let Some(planned) = action.after().or(action.before()) else {
        return Err(ApplyError::NotDone("change a topic that the plan does not describe"));
    };
    let read = async || Ok::<_, ApplyError>(read(work.session, work.region(), &planned.arn).await?);
    let look = async || Ok::<_, ApplyError>(read().await?.map(|live| live.view));
    let found = read().await?;
    if let (Action::Delete { .. }, Some(found)) = (&action, &found) {
        let additions = of_topic(found, &work.context.ownership).map_err(ReadError::Aws)?;
        unused(&additions)?;
    }
    let live = found.map(|live| live.view);
    if let Verdict::AlreadyDone = work.judge(&action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let step = Step { work, sns: work.session.sns(work.region()), topic: planned };
    match (action.after(), &live) {
        (Some(wanted), None) => step.create(wanted).await?,
        (Some(wanted), Some(live)) => step.converge(live, wanted).await?,
        (None, _) => step.delete().await?,
    }
    work.shown(&action, live.as_ref(), look).await
}

struct Step<'a> {
    work: &'a Work<'a>,
    sns: aws_sdk_sns::Client,
    topic: &'a Topic,
}

impl Step<'_> {
    /// SNS creates no second topic of the same name, tags and attributes, so the call can be made again.
    async fn create(&self, wanted: &Topic) -> Result<(), ApplyError> {
        let name = wanted.arn.resource();
        let mut call = self.sns.create_topic().name(name).set_tags(Some(tags(&wanted.tags)));
        if let Some(key) = wanted.encryption.as_ref().map(key) {
            call = call.attributes(KEY, key);
        }
        Ok(self.work.session.call(Operation::CreateTopic, call.send()).await.map(drop)?)
    }

    async fn converge(&self, live: &Topic, wanted: &Topic) -> Result<(), ApplyError> {
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            self.tag(&missing).await?;
        }
        match &wanted.encryption {
            Some(encryption) if live.encryption.as_ref() != Some(encryption) => {
                self.encrypt(encryption).await
            }
            _ => Ok(()),
        }
    }

    /// See `SetTopicAttributes` in the SNS API reference; an empty key ends the encryption.
    async fn encrypt(&self, encryption: &AtRest) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.sns.set_topic_attributes().topic_arn(self.topic.arn.as_str());
                let call = call.attribute_name(KEY).attribute_value(key(encryption));
                async { self.work.session.call(Operation::SetTopicAttributes, call.send()).await.map(drop) }
            })
            .await
    }

    async fn tag(&self, missing: &Tags) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.sns.tag_resource().resource_arn(self.topic.arn.as_str());
                let call = call.set_tags(Some(tags(missing)));
                async { self.work.session.call(Operation::TagTopic, call.send()).await.map(drop) }
            })
            .await
    }

    async fn delete(&self) -> Result<(), ApplyError> {
        self.work
            .delete(|| {
                let call = self.sns.delete_topic().topic_arn(self.topic.arn.as_str());
                async { self.work.session.call(Operation::DeleteTopic, call.send()).await }
            })
            .await
    }
}

/// The attribute of a topic that names its key.
const KEY: &str = "KmsMasterKeyId";

fn key(encryption: &AtRest) -> &str {
    encryption.key().unwrap_or_default()
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // Both are given, so that both are there.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
