//! Makes, marks and removes topics.

use aws_sdk_sns::types::Tag;
use reconcile_aws::Operation;
use reconcile_diff::observe::topic::read;
use reconcile_diff::plan::Action;
use reconcile_diff::view::{Tags, Topic};

use super::{Made, Verdict, Work};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Topic>) -> Result<Made, ApplyError> {
    let Some(planned) = action.after().or(action.before()) else {
        return Err(ApplyError::NotDone("change no topic"));
    };
    let live = read(work.session, work.region(), &planned.arn).await?.map(|live| live.view);
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let step = Step { work, sns: work.session.sns(work.region()), topic: planned };
    match (action.after(), &live) {
        (Some(wanted), None) => step.create(wanted).await?,
        (Some(wanted), Some(live)) => step.tag(&wanted.tags.missing_from(&live.tags)).await?,
        (None, _) => step.delete().await?,
    }
    Ok(Made::Applied)
}

struct Step<'a> {
    work: &'a Work<'a>,
    sns: aws_sdk_sns::Client,
    topic: &'a Topic,
}

impl Step<'_> {
    /// SNS makes no second topic of the same name and tags, so it may be called again.
    async fn create(&self, wanted: &Topic) -> Result<(), ApplyError> {
        let name = wanted.arn.resource();
        let call = self.sns.create_topic().name(name).set_tags(Some(tags(&wanted.tags))).send();
        Ok(self.work.session.call(Operation::CreateTopic, call).await.map(drop)?)
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

    /// Removing what is not there does nothing.
    async fn delete(&self) -> Result<(), ApplyError> {
        let call = self.sns.delete_topic().topic_arn(self.topic.arn.as_str()).send();
        Ok(self.work.session.call(Operation::DeleteTopic, call).await.map(drop)?)
    }
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // Both are given, so that both are there.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}
