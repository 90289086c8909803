//! Creates, updates and deletes log groups.

use std::collections::HashMap;

use reconcile_diff::observe::log_access::of_group;
use reconcile_diff::observe::log_group::{read, read_live};
use reconcile_operations::Operation;
use reconcile_plan::additions::of_log_group;
use reconcile_plan::observed::GroupTraits;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{AtRest, LogGroup, Tags};
use reconcile_policy::Arn;

use super::{Made, Verdict, Work, made, unused};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<LogGroup>) -> Result<Made, ApplyError> {
    let action = action.towards(|group| {
        let encryption = work.context.known_at_rest(group.encryption.as_ref())?;
        Ok::<_, ApplyError>(LogGroup { encryption, ..group.clone() })
    })?;
    let name = work.change.address.name.as_str();
    let found = read_live(work.session, work.region(), name).await?;
    if let (Action::Delete { .. }, Some(found)) = (&action, &found) {
        unused(&additions(work, name, &found.traits).await?)?;
    }
    let live = found.map(|found| found.view);
    if let Verdict::AlreadyDone = work.judge(&action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let step = Step { work, logs: work.session.logs(work.region()), name };
    match action.after() {
        Some(wanted) => step.converge(live.as_ref(), wanted).await?,
        None => step.delete().await?,
    }
    work.shown(&action, live.as_ref(), || read(work.session, work.region(), name)).await
}

/// Names the additions that others have made to the log group by now.
async fn additions(work: &Work<'_>, name: &str, traits: &GroupTraits) -> Result<Vec<String>, ApplyError> {
    let (session, region) = (work.session, work.region());
    let arn = Arn::new(
        region.partition(),
        "logs",
        region.as_str(),
        session.id().as_str(),
        &format!("log-group:{name}"),
    );
    let access = of_group(session, region, &arn, name).await;
    Ok(of_log_group(traits, &access.unwrap_or_default())?)
}

struct Step<'a> {
    work: &'a Work<'a>,
    logs: aws_sdk_cloudwatchlogs::Client,
    name: &'a str,
}

impl Step<'_> {
    async fn converge(&self, live: Option<&LogGroup>, wanted: &LogGroup) -> Result<(), ApplyError> {
        match live {
            None => self.create(wanted).await?,
            Some(live) => {
                let missing = wanted.tags.missing_from(&live.tags);
                if !missing.0.is_empty() {
                    self.tag(missing).await?;
                }
                if let Some(encryption) = &wanted.encryption
                    && live.encryption.as_ref() != Some(encryption)
                {
                    self.encrypt(encryption).await?;
                }
            }
        }
        match wanted.retention_days {
            Some(days) if live.and_then(|live| live.retention_days) != Some(days) => self.keep(days).await,
            _ => Ok(()),
        }
    }

    async fn create(&self, wanted: &LogGroup) -> Result<(), ApplyError> {
        let key = wanted.encryption.as_ref().and_then(AtRest::key);
        self.work
            .settle(|| {
                let call = self.logs.create_log_group().log_group_name(self.name);
                let call = call.set_kms_key_id(key.map(str::to_owned)).set_tags(Some(tags(&wanted.tags)));
                async { made(self.work.session.call(Operation::CreateLogGroup, call.send()).await) }
            })
            .await
    }

    /// See `AssociateKmsKey` in the CloudWatch Logs API reference.
    async fn encrypt(&self, encryption: &AtRest) -> Result<(), ApplyError> {
        let Some(key) = encryption.key() else {
            return Err(ApplyError::NotDone("end the encryption of a log group"));
        };
        self.work
            .settle(|| {
                let call = self.logs.associate_kms_key().log_group_name(self.name).kms_key_id(key);
                async { self.work.session.call(Operation::AssociateKmsKey, call.send()).await.map(drop) }
            })
            .await
    }

    async fn keep(&self, days: u32) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let days = i32::try_from(days).unwrap_or(i32::MAX);
                let call = self.logs.put_retention_policy().log_group_name(self.name).retention_in_days(days);
                async { self.work.session.call(Operation::PutRetentionPolicy, call.send()).await.map(drop) }
            })
            .await
    }

    async fn tag(&self, missing: Tags) -> Result<(), ApplyError> {
        let (region, id) = (self.work.region(), self.work.session.id());
        let arn = format!("arn:{}:logs:{region}:{id}:log-group:{}", region.partition(), self.name);
        self.work
            .settle(|| {
                let call = self.logs.tag_resource().resource_arn(&arn).set_tags(Some(tags(&missing)));
                async { self.work.session.call(Operation::TagLogGroup, call.send()).await.map(drop) }
            })
            .await
    }

    async fn delete(&self) -> Result<(), ApplyError> {
        self.work
            .delete(|| {
                let call = self.logs.delete_log_group().log_group_name(self.name);
                async { self.work.session.call(Operation::DeleteLogGroup, call.send()).await }
            })
            .await
    }
}

fn tags(tags: &Tags) -> HashMap<String, String> {
    tags.0.clone().into_iter().collect()
}
