//! Creates, updates and deletes metric filters.

use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use reconcile_diff::observe::metric_filter::read;
use reconcile_operations::Operation;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Metric, MetricFilter};

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, Reads, Updates, change};
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, action: &Action<MetricFilter>) -> Result<Made, ApplyError> {
    let address = &work.change.address;
    // The name of the log group ends at the last slash, because it can itself contain slashes.
    let names = address.name.rsplit_once('/');
    let (group, name) = names.ok_or_else(|| ApplyError::BadAddress(address.clone()))?;
    let logs = work.session.logs(work.region());
    change(work, &FilterCalls { work, logs, group, name }, action).await
}

/// The calls for a metric filter.
struct FilterCalls<'a> {
    work: &'a Work<'a>,
    logs: aws_sdk_cloudwatchlogs::Client,
    group: &'a str,
    name: &'a str,
}

impl Reads for FilterCalls<'_> {
    type View = MetricFilter;
    type Live = MetricFilter;

    async fn read(&self) -> Result<Option<MetricFilter>, ApplyError> {
        Ok(read(self.work.session, self.work.region(), self.group, self.name).await?)
    }
}

impl Creates for FilterCalls<'_> {
    async fn create(&self, wanted: &MetricFilter) -> Result<(), ApplyError> {
        self.put(wanted).await
    }
}

impl Updates for FilterCalls<'_> {
    async fn update(&self, _: &MetricFilter, wanted: &MetricFilter) -> Result<(), ApplyError> {
        self.put(wanted).await
    }
}

impl Deletes for FilterCalls<'_> {
    async fn delete(&self, _: &MetricFilter) -> Result<(), ApplyError> {
        let delete =
            || self.logs.delete_metric_filter().log_group_name(self.group).filter_name(self.name).send();
        self.work.delete(Operation::DeleteMetricFilter, delete).await
    }
}

impl FilterCalls<'_> {
    /// Creates the filter, or replaces the whole filter.
    async fn put(&self, wanted: &MetricFilter) -> Result<(), ApplyError> {
        // `build` fails only if a name or the value is missing, and all of them are always set.
        let metrics: Vec<MetricTransformation> = wanted.metrics.iter().filter_map(transformation).collect();
        let put = || {
            let call = self.logs.put_metric_filter().log_group_name(self.group).filter_name(self.name);
            call.filter_pattern(&wanted.pattern).set_metric_transformations(Some(metrics.clone())).send()
        };
        self.work.write(Operation::PutMetricFilter, put).await
    }
}

fn transformation(metric: &Metric) -> Option<MetricTransformation> {
    let transformation = MetricTransformation::builder()
        .metric_namespace(&metric.namespace)
        .metric_name(&metric.name)
        .metric_value(&metric.value);
    transformation.build().ok()
}
