//! Creates, updates and deletes log groups.

use std::collections::HashMap;

use reconcile_diff::observe::log_group::access::read_group_access;
use reconcile_diff::observe::log_group::{LiveLogGroup, read_live};
use reconcile_diff::observe::metric_filter;
use reconcile_operations::Operation;
use reconcile_plan::additions::{log_group_additions, without_own_filters};
use reconcile_plan::plan::Action;
use reconcile_plan::view::{AtRest, LogGroup, Tags};
use reconcile_policy::Arn;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, HasView, Reads, Updates, change};
use crate::work::{Made, Work, made};

pub(super) async fn execute(work: &Work<'_>, action: &Action<LogGroup>) -> Result<Made, ApplyError> {
    let action = action.try_map(|group| {
        let encryption = work.context.known_at_rest(group.encryption.as_ref())?;
        Ok::<_, ApplyError>(LogGroup { encryption, ..group.clone() })
    })?;
    let (logs, name) = (work.session.logs(work.region()), work.change.address.name.as_str());
    change(work, &LogGroupCalls { work, logs, name }, &action).await
}

/// The calls for a log group.
struct LogGroupCalls<'a> {
    work: &'a Work<'a>,
    logs: aws_sdk_cloudwatchlogs::Client,
    name: &'a str,
}

impl HasView<LogGroup> for LiveLogGroup {
    fn view(&self) -> &LogGroup {
        &self.view
    }
}

impl Reads for LogGroupCalls<'_> {
    type View = LogGroup;
    type Live = LiveLogGroup;

    async fn read(&self) -> Result<Option<LiveLogGroup>, ApplyError> {
        Ok(read_live(self.work.session, self.work.region(), self.name).await?)
    }

    async fn additions(&self, live: &LiveLogGroup) -> Result<Vec<String>, ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        let access = read_group_access(session, region, &self.arn(), self.name).await;
        let filters = match live.traits.metric_filters {
            0 => None,
            _ => Some(metric_filter::list(session, region, self.name).await?),
        };
        let filters = filters.as_ref().map(|filters| filters.iter().map(|(name, _)| name));
        let traits = without_own_filters(live.traits.clone(), filters, &self.work.context.installation);
        Ok(log_group_additions(&traits, &access.unwrap_or_default())?)
    }
}

impl Creates for LogGroupCalls<'_> {
    async fn create(&self, wanted: &LogGroup) -> Result<(), ApplyError> {
        let key = wanted.encryption.as_ref().and_then(AtRest::key);
        let create = || {
            let call = self.logs.create_log_group().log_group_name(self.name);
            call.set_kms_key_id(key.map(ToString::to_string)).set_tags(Some(tags(&wanted.tags))).send()
        };
        made(self.work.write(Operation::CreateLogGroup, create).await)?;
        match wanted.retention_days {
            Some(days) => self.keep(days).await,
            None => Ok(()),
        }
    }
}

impl Updates for LogGroupCalls<'_> {
    async fn update(&self, live: &LiveLogGroup, wanted: &LogGroup) -> Result<(), ApplyError> {
        let live = &live.view;
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            let arn = self.arn();
            let tag = || {
                let call = self.logs.tag_resource().resource_arn(arn.as_str());
                call.set_tags(Some(tags(&missing))).send()
            };
            self.work.write(Operation::TagLogGroup, tag).await?;
        }
        // No spec can request a log group without a key.
        let encryption = wanted.encryption.as_ref().filter(|it| live.encryption.as_ref() != Some(it));
        if let Some(key) = encryption.and_then(AtRest::key) {
            let associate =
                || self.logs.associate_kms_key().log_group_name(self.name).kms_key_id(key.as_str()).send();
            self.work.write(Operation::AssociateKmsKey, associate).await?;
        }
        match wanted.retention_days.filter(|_| wanted.retention_days != live.retention_days) {
            Some(days) => self.keep(days).await,
            None => Ok(()),
        }
    }
}

impl Deletes for LogGroupCalls<'_> {
    async fn delete(&self, _: &LiveLogGroup) -> Result<(), ApplyError> {
        let delete = || self.logs.delete_log_group().log_group_name(self.name).send();
        self.work.delete(Operation::DeleteLogGroup, delete).await
    }
}

impl LogGroupCalls<'_> {
    async fn keep(&self, days: u32) -> Result<(), ApplyError> {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        let put =
            || self.logs.put_retention_policy().log_group_name(self.name).retention_in_days(days).send();
        self.work.write(Operation::PutRetentionPolicy, put).await
    }

    fn arn(&self) -> Arn {
        let (region, id) = (self.work.region(), self.work.session.id().as_str());
        let resource = format!("log-group:{}", self.name);
        Arn::new(region.partition(), "logs", region.as_str(), id, &resource)
    }
}

fn tags(tags: &Tags) -> HashMap<String, String> {
    tags.0.clone().into_iter().collect()
}
