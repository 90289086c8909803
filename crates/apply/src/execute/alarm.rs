//! Creates, updates and deletes alarms of CloudWatch.

use aws_sdk_cloudwatch::types::Tag;
use reconcile_diff::observe::alarm::{LiveAlarm, read};
use reconcile_operations::Operation;
use reconcile_plan::plan::Action;
use reconcile_plan::view::Alarm;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, Reads, Updates, change};
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
        self.put(None, wanted).await
    }
}

impl Updates for AlarmCalls<'_> {
    /// A write replaces the whole alarm, so the settings that no spec manages are read and written again.
    async fn update(&self, _: &Alarm, wanted: &Alarm) -> Result<(), ApplyError> {
        self.put(self.read().await?, wanted).await
    }
}

impl Deletes for AlarmCalls<'_> {
    async fn delete(&self, _: &Alarm) -> Result<(), ApplyError> {
        let delete = || self.cloudwatch.delete_alarms().alarm_names(self.name).send();
        self.work.delete(Operation::DeleteAlarms, delete).await
    }
}

impl AlarmCalls<'_> {
    async fn put(&self, live: Option<LiveAlarm>, wanted: &Alarm) -> Result<(), ApplyError> {
        let condition = &wanted.condition;
        let spec = self.work.context.alarm(&self.work.change.address);
        let (description, tags) = match (&live, spec) {
            // CloudWatch ignores the tags of an existing alarm.
            (Some(live), _) => (live.description.clone(), None),
            (None, Some(spec)) => {
                let tags = spec.tags.wanted(None).into_iter();
                let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
                (Some(format!("{}: {}", spec.detects.id, spec.detects.detects)), Some(tags))
            }
            (None, None) => (None, None),
        };
        let others = live.as_ref().map(|live| live.view.actions.clone()).unwrap_or_default();
        let actions: Vec<String> = wanted.actions.union(&others).cloned().collect();
        let contents = live.as_ref().and_then(|live| live.action_configuration.clone());
        let (ok, no_data) = live.map(|live| (live.ok_actions, live.insufficient_data_actions)).unzip();
        let put = || {
            let call = self.cloudwatch.put_metric_alarm().alarm_name(self.name);
            let call = call.set_alarm_description(description.clone()).set_tags(tags.clone());
            let call = call.namespace(&wanted.namespace).metric_name(&wanted.metric);
            let call = call.set_statistic(condition.statistic.as_deref().map(Into::into));
            let call = call.set_period(condition.period).set_evaluation_periods(condition.periods);
            let call = call.set_threshold(condition.threshold);
            let call = call.set_comparison_operator(condition.comparison.as_deref().map(Into::into));
            let call = call.set_treat_missing_data(condition.missing_data.clone());
            let call = call.actions_enabled(wanted.actions_enabled).set_alarm_actions(Some(actions.clone()));
            let call = call.set_action_configuration(contents.clone());
            call.set_ok_actions(ok.clone()).set_insufficient_data_actions(no_data.clone()).send()
        };
        self.work.write(Operation::PutMetricAlarm, put).await
    }
}
