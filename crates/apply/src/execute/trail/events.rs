//! Converts the event settings of a trail into request values.

use std::collections::BTreeMap;

use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, AggregationConfiguration, DataResource,
    EventCategoryAggregation, EventSelector, InsightSelector, InsightType, ReadWriteType,
    SourceEventCategory, Template,
};
use reconcile_plan::view::Insight;
use reconcile_spec::{self as spec, ReadWrite};

use crate::error::ApplyError;

/// Returns one selector for each type of insight, with all event categories of the type.
pub(super) fn insights(names: &[String]) -> Vec<InsightSelector> {
    let mut by_kind: BTreeMap<&str, Vec<SourceEventCategory>> = BTreeMap::new();
    for Insight { kind, category } in names.iter().map(|name| Insight::of(name)) {
        by_kind.entry(kind).or_default().push(SourceEventCategory::from(category));
    }
    let selector = |(kind, categories): (&str, Vec<SourceEventCategory>)| {
        let selector = InsightSelector::builder().insight_type(InsightType::from(kind));
        selector.set_event_categories(Some(categories)).build()
    };
    by_kind.into_iter().map(selector).collect()
}

/// Returns the aggregation of data events by templates. An empty list turns aggregation off.
///
/// See
/// [`PutEventConfiguration`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventConfiguration.html).
pub(super) fn aggregation(templates: &[String]) -> Result<Vec<AggregationConfiguration>, ApplyError> {
    if templates.is_empty() {
        return Ok(Vec::new());
    }
    let missing = |_| ApplyError::Incomplete { what: "an aggregation of events", missing: "a template" };
    let configuration = AggregationConfiguration::builder()
        .event_category(EventCategoryAggregation::Data)
        .set_templates(Some(templates.iter().map(|it| Template::from(it.as_str())).collect()))
        .build();
    Ok(vec![configuration.map_err(missing)?])
}

/// Returns a basic event selector.
pub(super) fn basic(selector: &spec::EventSelector) -> EventSelector {
    let resources = selector.data_resources.iter().map(|resource| {
        DataResource::builder().r#type(&resource.kind).set_values(Some(resource.values.clone())).build()
    });
    EventSelector::builder()
        .read_write_type(match selector.read_write {
            ReadWrite::All => ReadWriteType::All,
            ReadWrite::ReadOnly => ReadWriteType::ReadOnly,
            ReadWrite::WriteOnly => ReadWriteType::WriteOnly,
        })
        .include_management_events(selector.management_events)
        .set_data_resources(Some(resources.collect()))
        .set_exclude_management_event_sources(Some(selector.exclude_management_sources.clone()))
        .build()
}

/// Returns an advanced event selector.
pub(super) fn advanced(selector: &spec::AdvancedSelector) -> Result<AdvancedEventSelector, ApplyError> {
    let missing = |_| ApplyError::Incomplete { what: "an advanced event selector", missing: "a field" };
    // The SDK distinguishes an empty list from an absent list; CloudTrail rejects an empty list.
    let some = |values: &Vec<String>| Some(values.clone()).filter(|values| !values.is_empty());
    let fields: Result<Vec<AdvancedFieldSelector>, _> = selector
        .field_selectors
        .iter()
        .map(|field| {
            AdvancedFieldSelector::builder()
                .field(&field.field)
                .set_equals(some(&field.equals))
                .set_starts_with(some(&field.starts_with))
                .set_ends_with(some(&field.ends_with))
                .set_not_equals(some(&field.not_equals))
                .set_not_starts_with(some(&field.not_starts_with))
                .set_not_ends_with(some(&field.not_ends_with))
                .build()
        })
        .collect();
    let builder = AdvancedEventSelector::builder().set_name(selector.name.clone());
    builder.set_field_selectors(Some(fields.map_err(missing)?)).build().map_err(missing)
}
