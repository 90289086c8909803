//! Creates, updates and deletes trails.

mod events;

use aws_sdk_cloudtrail::types::Tag;
use reconcile_aws::Session;
use reconcile_diff::observe::trail::{Asked, read};
use reconcile_operations::Operation;
use reconcile_plan::Kind;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{CloudWatchLogs, Notification, Selectors, Tags, Trail, View};
use reconcile_policy::{Arn, Delivery, Membership, PolicyKind, Region};

use super::policy::record;
use super::{Made, Verdict, Work};
use crate::error::ApplyError;
use crate::outcome::{Confirmation, PolicyAfter, Refused, RefusedForm};
use crate::propagation::{Unseen, settle};

pub(super) async fn execute(work: &Work<'_>, action: &Action<Trail>) -> Result<Made, ApplyError> {
    let action = with_key(work, action)?;
    let Some(wanted) = action.after() else { return delete(work, &action).await };
    let live = find(work, wanted).await?;
    if let Verdict::AlreadyDone = work.judge(&action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let cloudtrail = work.session.cloudtrail(work.region());
    let step = Step { work, delivery: delivery(work, wanted)?, cloudtrail, wanted };
    let live = match live {
        Some(live) => live,
        None => step.create().await?,
    };
    step.converge(&live).await?;
    work.shown(&action, Some(&live), || find(work, wanted)).await
}

async fn delete(work: &Work<'_>, action: &Action<Trail>) -> Result<Made, ApplyError> {
    let Some(unwanted) = action.before() else {
        return Err(ApplyError::NotDone("delete a trail that the plan does not describe"));
    };
    let live = find(work, unwanted).await?;
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let cloudtrail = work.session.cloudtrail(work.region());
    work.delete(|| {
        let call = cloudtrail.delete_trail().name(name(work, &unwanted.arn));
        async { work.session.call(Operation::DeleteTrail, call.send()).await }
    })
    .await?;
    work.shown(action, live.as_ref(), || find(work, unwanted)).await
}

/// The name that a write calls the trail by: its plain name in the account that owns it, its ARN in every other account.
///
/// A delegated administrator writes to the organization's trail, which belongs to the management account and is not
/// found by its plain name. `Name` in
/// [`StartLogging`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html) accepts both.
fn name<'a>(work: &Work<'_>, trail: &'a Arn) -> &'a str {
    let is_own = trail.account() == work.session.id().as_str();
    if is_own { trail.resource_name() } else { trail.as_str() }
}

/// The action with the ARN of a key that was made a moment ago.
fn with_key(work: &Work<'_>, action: &Action<Trail>) -> Result<Action<Trail>, ApplyError> {
    action.towards(|trail| {
        let kms_key = trail.kms_key.as_ref().map(|key| work.context.known(key)).transpose()?;
        Ok(Trail { kms_key, ..trail.clone() })
    })
}

async fn find(work: &Work<'_>, wanted: &Trail) -> Result<Option<Trail>, ApplyError> {
    let asked = Asked {
        arn: &wanted.arn,
        insights: wanted.insights.is_some(),
        aggregation: wanted.event_aggregation.is_some(),
    };
    let trails = read(work.session, work.region(), &[asked]).await?;
    Ok(trails.asked.into_iter().find_map(|(_, trail)| trail))
}

/// The requests that are checked if CloudTrail refuses the trail: only those that every installation must allow.
fn delivery(work: &Work<'_>, wanted: &Trail) -> Result<Delivery, ApplyError> {
    let partition = work.region().partition();
    Ok(Delivery {
        trail: wanted.arn.clone(),
        bucket: Arn::new(partition, "s3", "", "", &wanted.bucket),
        prefix: wanted.prefix.clone(),
        key: wanted.kms_key.as_ref().map(|key| work.context.key(key)).transpose()?,
        bucket_key: false,
        digests: wanted.log_file_validation,
        organization: Membership::Unknown,
        organization_trail: false,
        owner: work.context.owner(),
        topic: match &wanted.notification {
            Some(Notification::To { topic }) => topic.parse().ok(),
            Some(Notification::Off) | None => None,
        },
        topic_key: None,
    })
}

struct Step<'a> {
    work: &'a Work<'a>,
    delivery: Delivery,
    cloudtrail: aws_sdk_cloudtrail::Client,
    wanted: &'a Trail,
}

impl Step<'_> {
    /// Makes the trail, and gives it as it is then: not recording yet.
    async fn create(&self) -> Result<Trail, ApplyError> {
        let wanted = self.wanted;
        let name = wanted.arn.resource_name();
        let (logs, topic) = (log_delivery(wanted), topic(self.work, wanted));
        let key = self.key()?;
        let made =
            settle(self.work.context, &self.work.change.address, Unseen::Delivery(&self.delivery), || {
                let call = self
                    .cloudtrail
                    .create_trail()
                    .name(name)
                    .s3_bucket_name(&wanted.bucket)
                    .set_s3_key_prefix(wanted.prefix.clone())
                    .set_kms_key_id(key.clone())
                    .is_multi_region_trail(wanted.multi_region)
                    .include_global_service_events(wanted.global_service_events)
                    .enable_log_file_validation(wanted.log_file_validation)
                    .is_organization_trail(wanted.organization)
                    .set_recursive_logging(wanted.recursive_logging)
                    .set_cloud_watch_logs_log_group_arn(given(logs.clone().map(|it| it.0)))
                    .set_cloud_watch_logs_role_arn(given(logs.clone().map(|it| it.1)))
                    .set_sns_topic_name(given(topic.clone()))
                    .set_tags_list(Some(tags(&wanted.tags)));
                async { self.work.session.call(Operation::CreateTrail, call.send()).await.map(drop) }
            })
            .await;
        match made {
            // By a call whose answer was lost: it was not there a moment ago.
            Err(ApplyError::Aws(error)) if error.is_already_so() => {
                find(self.work, wanted).await?.ok_or(ApplyError::Aws(error))
            }
            Err(error) => Err(self.first_refused(error).await),
            Ok(()) => {
                // What it records is set in any case.
                let selectors = Selectors::Advanced(Vec::new());
                let insights = wanted.insights.as_ref().map(|_| Vec::new());
                let event_aggregation = wanted.event_aggregation.as_ref().map(|_| Vec::new());
                Ok(Trail { logging: false, selectors, insights, event_aggregation, ..wanted.clone() })
            }
        }
    }

    /// Records the refusal if this is the first trail under a short form of a policy, and CloudTrail does not accept it.
    async fn first_refused(&self, error: ApplyError) -> ApplyError {
        let ApplyError::NotPropagated { error: answer, waited, .. } = &error else { return error };
        let mut refused = Vec::new();
        for trial in &self.work.change.trials {
            let policy = match trial.policy.kind {
                Kind::BucketPolicy => PolicyKind::Bucket,
                Kind::KeyPolicy => PolicyKind::Key,
                _ => PolicyKind::Topic,
            };
            if !answer.is_about_policy(policy) {
                continue;
            }
            let recorded = record(self.work.context, trial, true).await;
            refused.push(RefusedForm {
                form: trial.form,
                policy: trial.policy.clone(),
                unrecorded: recorded.err().map(|error| error.to_string()),
            });
        }
        let Some(form) = refused.first().cloned() else { return error };
        let waited_seconds = waited.as_secs();
        let refusal = Refused {
            trail: self.work.change.address.clone(),
            error: answer.to_string(),
            waited_seconds,
            proof: None,
            policy: PolicyAfter::Unwritten,
            form: Some(form),
        };
        let confirmation = Confirmation { refused: Some(refusal), ..Confirmation::default() };
        let _ = self.work.confirmation.set(confirmation);
        ApplyError::FirstRefused { error: Box::new(error), refused }
    }

    /// Sets what differs; recording starts last, when what is recorded is as it should be.
    async fn converge(&self, live: &Trail) -> Result<(), ApplyError> {
        let wanted = self.wanted;
        let live = &live.managed(wanted);
        let settings = |trail: &Trail| Trail {
            logging: wanted.logging,
            selectors: wanted.selectors.clone(),
            insights: wanted.insights.clone(),
            event_aggregation: wanted.event_aggregation.clone(),
            tags: wanted.tags.clone(),
            ..trail.clone()
        };
        // First of all: a tag records the destinations that the trail is about to leave.
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            self.tag(&missing).await?;
        }
        if settings(live) != settings(wanted) {
            self.update().await?;
        }
        let aggregation = wanted.event_aggregation.as_ref();
        let aggregation = aggregation.filter(|_| live.event_aggregation != wanted.event_aggregation);
        // CloudTrail aggregates data events that the trail records: aggregation ends before they do, and begins after them.
        if let Some(templates) = aggregation.filter(|templates| templates.is_empty()) {
            self.aggregate(templates).await?;
        }
        if live.selectors != wanted.selectors {
            self.select().await?;
        }
        if let Some(templates) = aggregation.filter(|templates| !templates.is_empty()) {
            self.aggregate(templates).await?;
        }
        if let Some(insights) = wanted.insights.as_ref().filter(|_| live.insights != wanted.insights) {
            self.record_insights(insights).await?;
        }
        match (live.logging, wanted.logging) {
            (false, true) => self.start().await,
            (true, false) => self.stop().await,
            (true, true) | (false, false) => Ok(()),
        }
    }

    async fn update(&self) -> Result<(), ApplyError> {
        let (wanted, key) = (self.wanted, self.key()?);
        let (logs, topic) = (log_delivery(wanted), topic(self.work, wanted));
        settle(self.work.context, &self.work.change.address, Unseen::Delivery(&self.delivery), || {
            let call = self
                .cloudtrail
                .update_trail()
                .name(self.name())
                .s3_bucket_name(&wanted.bucket)
                // An empty prefix removes the current prefix.
                .s3_key_prefix(wanted.prefix.clone().unwrap_or_default())
                .set_kms_key_id(key.clone())
                .is_multi_region_trail(wanted.multi_region)
                .include_global_service_events(wanted.global_service_events)
                .enable_log_file_validation(wanted.log_file_validation)
                .is_organization_trail(wanted.organization)
                .set_recursive_logging(wanted.recursive_logging)
                // Empty strings also remove the current values.
                .set_cloud_watch_logs_log_group_arn(logs.clone().map(|it| it.0))
                .set_cloud_watch_logs_role_arn(logs.clone().map(|it| it.1))
                .set_sns_topic_name(topic.clone());
            async { self.work.session.call(Operation::UpdateTrail, call.send()).await.map(drop) }
        })
        .await
    }

    async fn tag(&self, missing: &Tags) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self
                    .cloudtrail
                    .add_tags()
                    .resource_id(self.wanted.arn.as_str())
                    .set_tags_list(Some(tags(missing)));
                async { self.work.session.call(Operation::AddTags, call.send()).await.map(drop) }
            })
            .await
    }

    async fn select(&self) -> Result<(), ApplyError> {
        let (basic, advanced) = match &self.wanted.selectors {
            Selectors::Basic(selectors) => {
                (Some(selectors.iter().map(events::basic).collect::<Vec<_>>()), None)
            }
            Selectors::Advanced(selectors) => {
                let selectors: Result<Vec<_>, ApplyError> = selectors.iter().map(events::advanced).collect();
                (None, Some(selectors?))
            }
        };
        self.work
            .settle(|| {
                let call = self
                    .cloudtrail
                    .put_event_selectors()
                    .trail_name(self.name())
                    .set_event_selectors(basic.clone())
                    .set_advanced_event_selectors(advanced.clone());
                async { self.work.session.call(Operation::PutEventSelectors, call.send()).await.map(drop) }
            })
            .await
    }

    async fn record_insights(&self, insights: &[String]) -> Result<(), ApplyError> {
        let selectors = events::insights(insights);
        self.work
            .settle(|| {
                let call = self
                    .cloudtrail
                    .put_insight_selectors()
                    .trail_name(self.name())
                    .set_insight_selectors(Some(selectors.clone()));
                async { self.work.session.call(Operation::PutInsightSelectors, call.send()).await.map(drop) }
            })
            .await
    }

    /// Sets by which templates CloudTrail aggregates data events.
    async fn aggregate(&self, templates: &[String]) -> Result<(), ApplyError> {
        let configurations = events::aggregation(templates)?;
        self.work
            .settle(|| {
                let call = self
                    .cloudtrail
                    .put_event_configuration()
                    .trail_name(self.name())
                    .set_aggregation_configurations(Some(configurations.clone()));
                async {
                    self.work.session.call(Operation::PutEventConfiguration, call.send()).await.map(drop)
                }
            })
            .await
    }

    async fn start(&self) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.cloudtrail.start_logging().name(self.name());
                async { self.work.session.call(Operation::StartLogging, call.send()).await.map(drop) }
            })
            .await
    }

    async fn stop(&self) -> Result<(), ApplyError> {
        self.work
            .settle(|| {
                let call = self.cloudtrail.stop_logging().name(self.name());
                async { self.work.session.call(Operation::StopLogging, call.send()).await.map(drop) }
            })
            .await
    }

    fn name(&self) -> &str {
        name(self.work, &self.wanted.arn)
    }

    fn key(&self) -> Result<Option<String>, ApplyError> {
        self.wanted.kms_key.as_ref().map(|key| self.work.context.key(key)).transpose()
    }
}

/// The ARNs of log group and role: both empty where there is to be none, and `None` where that is left alone.
fn log_delivery(wanted: &Trail) -> Option<(String, String)> {
    match wanted.cloudwatch_logs.as_ref()? {
        CloudWatchLogs::To { group, role } => Some((group.clone(), role.clone())),
        CloudWatchLogs::Off => Some((String::new(), String::new())),
    }
}

/// The topic: empty where there is to be none, and `None` where that is left alone.
fn topic(work: &Work<'_>, wanted: &Trail) -> Option<String> {
    match wanted.notification.as_ref()? {
        Notification::To { topic } => Some(topic_name(work.session, work.region(), topic)),
        Notification::Off => Some(String::new()),
    }
}

/// The topic of an ARN as CloudTrail is given it: by its name if the topic is in the trail's own account and Region, as
/// `CreateTrail` has it, and else by the ARN.
pub(crate) fn topic_name(session: &Session, region: &Region, topic: &str) -> String {
    let arn: Option<Arn> = topic.parse().ok();
    let is_near = |arn: &Arn| arn.account() == session.id().as_str() && arn.region() == region.as_str();
    arn.filter(is_near).map_or(topic.to_owned(), |arn| arn.resource().to_owned())
}

/// A new trail takes no empty text for none.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // CloudTrail rejects an empty value, and accepts a tag without a value. See `Tag` in the CloudTrail API reference.
    let value = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
    let tag = |(key, text)| Tag::builder().key(key).set_value(value(text)).build().ok();
    tags.0.iter().filter_map(tag).collect()
}
