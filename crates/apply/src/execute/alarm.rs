//! Creates, updates and deletes alarms of CloudWatch.

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::Tag;
use reconcile_diff::observe::alarm::{LiveAlarm, read};
use reconcile_operations::Operation;
use reconcile_plan::plan::Action;
use reconcile_plan::view::Alarm;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, HasView, Reads, Updates, change};
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, action: &Action<Alarm>) -> Result<Made, ApplyError> {
    let cloudwatch = work.session.cloudwatch(work.region());
    let name = work.change.address.name.as_str();
    change(work, &AlarmCalls { work, cloudwatch, name }, action).await
}

/// The calls for an alarm.
struct AlarmCalls<'a> {
    work: &'a Work<'a>,
    cloudwatch: aws_sdk_cloudwatch::Client,
    name: &'a str,
}

impl HasView<Alarm> for LiveAlarm {
    fn view(&self) -> &Alarm {
        &self.view
    }
}

impl Reads for AlarmCalls<'_> {
    type View = Alarm;
    type Live = LiveAlarm;

    async fn read(&self) -> Result<Option<LiveAlarm>, ApplyError> {
        let installation = &self.work.context.installation;
        Ok(read(self.work.session, self.work.region(), self.name, installation).await?)
    }
}

impl Creates for AlarmCalls<'_> {
    async fn create(&self, wanted: &Alarm) -> Result<(), ApplyError> {
        let address = &self.work.change.address;
        let spec = self.work.context.alarm(address).ok_or_else(|| ApplyError::BadAddress(address.clone()))?;
        let tags = spec.tags.wanted(None).into_iter();
        let tags: Vec<Tag> = tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let description = format!("{}: {}", spec.detects.id, spec.detects.detects);
        let put = || {
            let call = self.request(wanted).set_alarm_actions(Some(wanted.actions.iter().cloned().collect()));
            call.alarm_description(&description).set_tags(Some(tags.clone())).send()
        };
        self.work.write(Operation::PutMetricAlarm, put).await
    }
}

impl Updates for AlarmCalls<'_> {
    /// Updates the alarm. A write replaces the whole alarm except its tags, so the unmanaged
    /// settings are written again with their live values.
    async fn update(&self, live: &LiveAlarm, wanted: &Alarm) -> Result<(), ApplyError> {
        let actions: Vec<String> = wanted.actions.union(&live.view.actions).cloned().collect();
        let put = || {
            let call = self.request(wanted).set_alarm_actions(Some(actions.clone()));
            let call = call.set_alarm_description(live.description.clone());
            let call = call.set_action_configuration(live.action_configuration.clone());
            let call = call.set_ok_actions(Some(live.ok_actions.clone()));
            call.set_insufficient_data_actions(Some(live.insufficient_data_actions.clone())).send()
        };
        self.work.write(Operation::PutMetricAlarm, put).await
    }
}

impl Deletes for AlarmCalls<'_> {
    async fn delete(&self, _: &LiveAlarm) -> Result<(), ApplyError> {
        let delete = || self.cloudwatch.delete_alarms().alarm_names(self.name).send();
        self.work.delete(Operation::DeleteAlarms, delete).await
    }
}

impl AlarmCalls<'_> {
    /// Returns a request with the managed settings, without the actions.
    fn request(&self, wanted: &Alarm) -> PutMetricAlarmFluentBuilder {
        let condition = &wanted.condition;
        let call = self.cloudwatch.put_metric_alarm().alarm_name(self.name);
        let call = call.namespace(&wanted.namespace).metric_name(&wanted.metric);
        let call = call.set_statistic(condition.statistic.as_deref().map(Into::into));
        let call = call.set_period(condition.period).set_evaluation_periods(condition.periods);
        let call = call.set_threshold(condition.threshold);
        let call = call.set_comparison_operator(condition.comparison.as_deref().map(Into::into));
        call.set_treat_missing_data(condition.missing_data.clone()).actions_enabled(wanted.actions_enabled)
    }
}
