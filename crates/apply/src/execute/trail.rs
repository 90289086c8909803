//! Creates, updates and deletes trails.

mod events;

use aws_sdk_cloudtrail::types::Tag;
use reconcile_diff::observe::trail::{Destinations, TrailQuery, read};
use reconcile_operations::Operation;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{CloudWatchLogs, Notification, Selectors, Tags, Trail, View};
use reconcile_policy::{Delivery, KeyIdentifier};

use super::policy::record;
use crate::delivery::{delivery, topic_name};
use crate::error::ApplyError;
use crate::outcome::{Confirmation, PolicyAfter, RefusedForm, RefusedTrail};
use crate::resource::{Creates, Deletes, Reads, Updates, change};
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, action: &Action<Trail>) -> Result<Made, ApplyError> {
    let action = action.try_map(|trail| {
        let kms_key = trail.kms_key.as_ref().map(|key| work.context.known(key)).transpose()?;
        Ok::<_, ApplyError>(Trail { kms_key, ..trail.clone() })
    })?;
    let cloudtrail = work.session.cloudtrail(work.region());
    change(work, &TrailCalls { work, cloudtrail, planned: action.view() }, &action).await
}

/// The calls for a trail.
struct TrailCalls<'a> {
    work: &'a Work<'a>,
    cloudtrail: aws_sdk_cloudtrail::Client,
    planned: &'a Trail,
}

impl Reads for TrailCalls<'_> {
    type View = Trail;
    type Live = Trail;

    async fn read(&self) -> Result<Option<Trail>, ApplyError> {
        let asked = TrailQuery {
            arn: &self.planned.arn,
            insights: self.planned.insights.is_some(),
            aggregation: self.planned.event_aggregation.is_some(),
        };
        let trails = read(self.work.session, self.work.region(), &[asked]).await?;
        Ok(trails.asked.into_iter().find_map(|(_, trail)| trail))
    }
}

impl Creates for TrailCalls<'_> {
    async fn create(&self, wanted: &Trail) -> Result<(), ApplyError> {
        let (logs, topic) = (log_delivery(wanted), topic(self.work, wanted));
        let (key, delivery) = (self.key(wanted)?, self.delivery(wanted)?);
        let create = || {
            self.cloudtrail
                .create_trail()
                .name(wanted.arn.resource_name())
                .s3_bucket_name(&wanted.bucket)
                .set_s3_key_prefix(wanted.prefix.clone())
                .set_kms_key_id(key.clone().map(String::from))
                .is_multi_region_trail(wanted.multi_region)
                .include_global_service_events(wanted.global_service_events)
                .enable_log_file_validation(wanted.log_file_validation)
                .is_organization_trail(wanted.organization)
                .set_recursive_logging(wanted.recursive_logging)
                .set_cloud_watch_logs_log_group_arn(given(logs.clone().map(|it| it.0)))
                .set_cloud_watch_logs_role_arn(given(logs.clone().map(|it| it.1)))
                .set_sns_topic_name(given(topic.clone()))
                .set_tags_list(Some(tags(&wanted.tags)))
                .send()
        };
        let created = match self.work.deliver(&delivery, Operation::CreateTrail, create).await {
            // The event settings of a new trail are always written.
            Ok(()) => Trail {
                logging: false,
                selectors: Selectors::Advanced(Vec::new()),
                insights: wanted.insights.as_ref().map(|_| Vec::new()),
                event_aggregation: wanted.event_aggregation.as_ref().map(|_| Vec::new()),
                ..wanted.clone()
            },
            // The trail did not exist when it was read, so an earlier attempt created it, and the
            // answer to this attempt was lost.
            Err(ApplyError::Aws(error)) if error.is_conflict() => {
                self.read().await?.ok_or(ApplyError::Aws(error))?
            }
            Err(error) => return Err(self.first_refused(error).await),
        };
        self.update(&created, wanted).await
    }
}

impl Updates for TrailCalls<'_> {
    /// Writes the settings that differ. Logging starts last, when all other settings are correct.
    async fn update(&self, live: &Trail, wanted: &Trail) -> Result<(), ApplyError> {
        let (work, name, live) = (self.work, self.name(), &live.managed(wanted));
        let settings = |trail: &Trail| Trail {
            logging: wanted.logging,
            selectors: wanted.selectors.clone(),
            insights: wanted.insights.clone(),
            event_aggregation: wanted.event_aggregation.clone(),
            tags: wanted.tags.clone(),
            ..trail.clone()
        };
        // The tags are first: a tag records the destinations that the trail is about to stop using.
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            let add = || {
                let call = self.cloudtrail.add_tags().resource_id(wanted.arn.as_str());
                call.set_tags_list(Some(tags(&missing))).send()
            };
            work.write(Operation::AddTags, add).await?;
        }
        if settings(live) != settings(wanted) {
            self.update_settings(wanted).await?;
        }
        let aggregation = wanted.event_aggregation.as_ref();
        let aggregation = aggregation.filter(|_| live.event_aggregation != wanted.event_aggregation);
        // CloudTrail aggregates only data events that the trail records. Aggregation is therefore
        // turned off before the selectors change, and turned on after they change.
        if let Some(templates) = aggregation.filter(|templates| templates.is_empty()) {
            self.aggregate(templates).await?;
        }
        if live.selectors != wanted.selectors {
            self.select(&wanted.selectors).await?;
        }
        if let Some(templates) = aggregation.filter(|templates| !templates.is_empty()) {
            self.aggregate(templates).await?;
        }
        if let Some(insights) = wanted.insights.as_ref().filter(|_| live.insights != wanted.insights) {
            let selectors = events::insights(insights);
            let put = || {
                let call = self.cloudtrail.put_insight_selectors().trail_name(name);
                call.set_insight_selectors(Some(selectors.clone())).send()
            };
            work.write(Operation::PutInsightSelectors, put).await?;
        }
        match (live.logging, wanted.logging) {
            (false, true) => {
                work.write(Operation::StartLogging, || self.cloudtrail.start_logging().name(name).send())
                    .await
            }
            (true, false) => {
                work.write(Operation::StopLogging, || self.cloudtrail.stop_logging().name(name).send()).await
            }
            (true, true) | (false, false) => Ok(()),
        }
    }
}

impl Deletes for TrailCalls<'_> {
    async fn delete(&self, _: &Trail) -> Result<(), ApplyError> {
        let delete = || self.cloudtrail.delete_trail().name(self.name()).send();
        self.work.delete(Operation::DeleteTrail, delete).await
    }
}

impl TrailCalls<'_> {
    /// The name of the trail in a write: the plain name in the account that owns the trail, and the
    /// ARN in every other account.
    ///
    /// A delegated administrator writes to the organization's trail. This trail belongs to the
    /// management account, and CloudTrail does not find it by its plain name. `Name` in
    /// [`StartLogging`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html)
    /// accepts both.
    fn name(&self) -> &str {
        let trail = &self.planned.arn;
        let is_own = trail.account() == self.work.session.id().as_str();
        if is_own { trail.resource_name() } else { trail.as_str() }
    }

    fn key(&self, wanted: &Trail) -> Result<Option<KeyIdentifier>, ApplyError> {
        wanted.kms_key.as_ref().map(|key| self.work.context.key(key)).transpose()
    }

    /// The requests of a delivery, which are checked if CloudTrail refuses the trail.
    fn delivery(&self, wanted: &Trail) -> Result<Delivery, ApplyError> {
        let destinations = Destinations {
            bucket: wanted.bucket.clone(),
            prefix: wanted.prefix.clone(),
            kms_key: self.key(wanted)?,
            topic: match &wanted.notification {
                Some(Notification::To { topic }) => Some(topic.clone()),
                Some(Notification::Off) | None => None,
            },
            log_file_validation: wanted.log_file_validation,
        };
        Ok(delivery(self.work.context, self.work.region(), &wanted.arn, &destinations))
    }

    async fn update_settings(&self, wanted: &Trail) -> Result<(), ApplyError> {
        let (logs, topic) = (log_delivery(wanted), topic(self.work, wanted));
        let (key, delivery) = (self.key(wanted)?, self.delivery(wanted)?);
        let update = || {
            self.cloudtrail
                .update_trail()
                .name(self.name())
                .s3_bucket_name(&wanted.bucket)
                // An empty prefix removes the current prefix.
                .s3_key_prefix(wanted.prefix.clone().unwrap_or_default())
                .set_kms_key_id(key.clone().map(String::from))
                .is_multi_region_trail(wanted.multi_region)
                .include_global_service_events(wanted.global_service_events)
                .enable_log_file_validation(wanted.log_file_validation)
                .is_organization_trail(wanted.organization)
                .set_recursive_logging(wanted.recursive_logging)
                // Empty strings also remove the current values.
                .set_cloud_watch_logs_log_group_arn(logs.clone().map(|it| it.0))
                .set_cloud_watch_logs_role_arn(logs.clone().map(|it| it.1))
                .set_sns_topic_name(topic.clone())
                .send()
        };
        self.work.deliver(&delivery, Operation::UpdateTrail, update).await
    }

    async fn select(&self, wanted: &Selectors) -> Result<(), ApplyError> {
        let (basic, advanced) = match wanted {
            Selectors::Basic(selectors) => {
                (Some(selectors.iter().map(events::basic).collect::<Vec<_>>()), None)
            }
            Selectors::Advanced(selectors) => {
                let selectors: Result<Vec<_>, ApplyError> = selectors.iter().map(events::advanced).collect();
                (None, Some(selectors?))
            }
        };
        let put = || {
            self.cloudtrail
                .put_event_selectors()
                .trail_name(self.name())
                .set_event_selectors(basic.clone())
                .set_advanced_event_selectors(advanced.clone())
                .send()
        };
        self.work.write(Operation::PutEventSelectors, put).await
    }

    /// Sets the templates by which CloudTrail aggregates data events.
    async fn aggregate(&self, templates: &[String]) -> Result<(), ApplyError> {
        let configurations = events::aggregation(templates)?;
        let put = || {
            let call = self.cloudtrail.put_event_configuration().trail_name(self.name());
            call.set_aggregation_configurations(Some(configurations.clone())).send()
        };
        self.work.write(Operation::PutEventConfiguration, put).await
    }

    /// Returns the error for a trail that CloudTrail does not accept. Records the refusal if the
    /// trail is the first trail under a short form of a policy.
    async fn first_refused(&self, error: ApplyError) -> ApplyError {
        let ApplyError::NotPropagated { error: answer, waited, .. } = &error else { return error };
        let mut refused = Vec::new();
        for trial in &self.work.change.trials {
            if !trial.policy.kind.policy().is_some_and(|policy| answer.is_about_policy(policy)) {
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
        let refusal = RefusedTrail {
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
}

/// The ARNs of the log group and the role: empty if the trail must not have them, and `None` if the
/// spec does not manage them.
fn log_delivery(wanted: &Trail) -> Option<(String, String)> {
    match wanted.cloudwatch_logs.as_ref()? {
        CloudWatchLogs::To { group, role } => Some((group.clone(), role.clone())),
        CloudWatchLogs::Off => Some((String::new(), String::new())),
    }
}

/// The topic: empty if the trail must not have a topic, and `None` if the spec does not manage it.
fn topic(work: &Work<'_>, wanted: &Trail) -> Option<String> {
    match wanted.notification.as_ref()? {
        Notification::To { topic } => Some(topic_name(work.session, work.region(), topic)),
        Notification::Off => Some(String::new()),
    }
}

/// Returns the text if it is not empty: `CreateTrail` rejects empty values.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // CloudTrail rejects an empty value, and accepts a tag without a value. See `Tag` in the
    // CloudTrail API reference.
    let value = |value: &String| Some(value.clone()).filter(|value| !value.is_empty());
    let tag = |(key, text)| Tag::builder().key(key).set_value(value(text)).build().ok();
    tags.0.iter().filter_map(tag).collect()
}
