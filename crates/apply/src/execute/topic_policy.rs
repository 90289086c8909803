//! Writes the policy of a topic.

use reconcile_diff::observe::topic::read_attributes;
use reconcile_operations::Operation;
use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Views;
use reconcile_policy::{Arn, Document};

use super::policy::{PolicyStore, execute as write_policy, resume as resume_policy};
use crate::confirm::ConfirmationTarget;
use crate::error::ApplyError;
use crate::journal::OpenConfirmation;
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, views: Views<'_, Document>) -> Result<Made, ApplyError> {
    write_policy(work, views, &TopicPolicyStore::of(work)).await
}

/// Finishes the confirmation of a topic policy that an earlier apply wrote.
pub(super) async fn resume(work: &Work<'_>, open: &OpenConfirmation) -> Result<Made, ApplyError> {
    resume_policy(work, open, &TopicPolicyStore::of(work)).await
}

struct TopicPolicyStore<'a> {
    work: &'a Work<'a>,
    topic: Arn,
}

impl<'a> TopicPolicyStore<'a> {
    fn of(work: &'a Work<'a>) -> Self {
        let (region, id) = (work.region(), work.session.id());
        let name = &work.change.address.name;
        Self { work, topic: Arn::new(region.partition(), "sns", region.as_str(), id.as_str(), name) }
    }
}

impl PolicyStore for TopicPolicyStore<'_> {
    fn resource(&self) -> ConfirmationTarget {
        ConfirmationTarget::Topic(self.topic.clone())
    }

    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        let found = read_attributes(session, region, &self.topic, Operation::GetTopicAttributes).await?;
        if found.is_none() && self.work.depends_on_new() {
            return Err(session.missing(Operation::GetTopicAttributes, "the topic does not exist").into());
        }
        Ok(found.map(|topic| topic.policy))
    }

    async fn write(&self, text: &str) -> Result<(), ApplyError> {
        let sns = self.work.session.sns(self.work.region());
        let call = sns
            .set_topic_attributes()
            .topic_arn(self.topic.as_str())
            .attribute_name("Policy")
            .attribute_value(text);
        self.work.call(Operation::SetTopicAttributes, call.send()).await.map(drop)
    }
}
