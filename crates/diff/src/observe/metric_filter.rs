//! Reads metric filters.

use aws_sdk_cloudwatchlogs::types::{MetricFilter as Described, MetricTransformation};
use reconcile_aws::Session;
use reconcile_operations::{Class, Error, Operation};
use reconcile_plan::observed::ReadError;
use reconcile_plan::view::{Metric, MetricFilter};
use reconcile_policy::Region;

use super::page;

/// Reads the metric filter with a name; `None` if the log group or the filter does not exist.
///
/// Reads the same list as a plan: CloudWatch Logs can show a change in another list earlier.
///
/// # Errors
/// Returns an error if `DescribeMetricFilters` fails, or if its answer is incomplete or does not
/// end.
pub async fn read(
    session: &Session,
    region: &Region,
    group: &str,
    name: &str,
) -> Result<Option<MetricFilter>, ReadError> {
    let found = list(session, region, group).await?;
    Ok(found.into_iter().find(|(it, _)| it == name).map(|(_, filter)| filter))
}

/// Reads the metric filters of a log group, each with its name. Returns no filters if the log group
/// does not exist.
///
/// # Errors
/// Returns an error if `DescribeMetricFilters` fails, or if its answer is incomplete or does not
/// end.
pub async fn list(
    session: &Session,
    region: &Region,
    group: &str,
) -> Result<Vec<(String, MetricFilter)>, ReadError> {
    const READ: Operation = Operation::DescribeMetricFilters;

    let logs = &session.logs(region);
    let filters = page::all(session, READ, |token| async move {
        let call = logs.describe_metric_filters().log_group_name(group).set_next_token(token).send();
        let page = session.call(READ, call).await?;
        let filters = page.metric_filters.ok_or_else(|| session.incomplete(READ, "metricFilters"))?;
        Ok::<_, ReadError>((filters, page.next_token))
    });
    match filters.await {
        Ok(filters) => {
            filters.into_iter().map(|filter| view(session, filter).map_err(ReadError::Aws)).collect()
        }
        Err(ReadError::Aws(error)) if error.class == Class::Absent => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn view(session: &Session, filter: Described) -> Result<(String, MetricFilter), Error> {
    const READ: Operation = Operation::DescribeMetricFilters;

    let name = filter.filter_name.ok_or_else(|| session.incomplete(READ, "filterName"))?;
    let metrics =
        filter.metric_transformations.ok_or_else(|| session.incomplete(READ, "metricTransformations"))?;
    let view = MetricFilter {
        pattern: filter.filter_pattern.unwrap_or_default(),
        metrics: metrics.into_iter().map(metric).collect(),
        criteria: filter.field_selection_criteria,
        on_transformed: filter.apply_on_transformed_logs,
        system_dimensions: filter.emit_system_field_dimensions.unwrap_or_default(),
    };
    Ok((name, view))
}

fn metric(metric: MetricTransformation) -> Metric {
    Metric {
        namespace: metric.metric_namespace,
        name: metric.metric_name,
        value: metric.metric_value,
        default_value: metric.default_value,
        dimensions: metric.dimensions.unwrap_or_default().into_iter().collect(),
    }
}
