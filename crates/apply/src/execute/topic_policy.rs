//! Writes the policy of a topic.

use reconcile_aws::Operation;
use reconcile_diff::observe::topic::read_attributes;
use reconcile_diff::plan::Action;
use reconcile_policy::{Arn, Document};

use super::policy::{Shelf, execute as write_policy};
use super::{Made, Work};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Document>) -> Result<Made, ApplyError> {
    let (region, id) = (work.region(), work.session.id());
    let name = &work.change.address.name;
    let topic = Arn::new(region.partition(), "sns", region.as_str(), id.as_str(), name);
    write_policy(work, action, &TopicShelf { work, topic }).await
}

struct TopicShelf<'a> {
    work: &'a Work<'a>,
    topic: Arn,
}

impl Shelf for TopicShelf<'_> {
    async fn read(&self) -> Result<Option<Document>, ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        let found = read_attributes(session, region, &self.topic, Operation::GetTopicAttributes).await?;
        Ok(found.map(|topic| topic.policy))
    }

    async fn write(&self, document: &Document) -> Result<(), ApplyError> {
        let sns = self.work.session.sns(self.work.region());
        self.work
            .settle(|| {
                let call = sns
                    .set_topic_attributes()
                    .topic_arn(self.topic.as_str())
                    .attribute_name("Policy")
                    .attribute_value(document.to_string());
                async { self.work.session.call(Operation::SetTopicAttributes, call.send()).await.map(drop) }
            })
            .await
    }
}
