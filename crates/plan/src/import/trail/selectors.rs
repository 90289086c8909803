//! Writes the event selectors of a trail as YAML of a spec.

use std::collections::BTreeMap;

use reconcile_spec::{DataResource, EventSelector, ReadWrite, Selectors};

use super::super::text::quoted;
use crate::view::{DATA, Insight, MANAGEMENT};

/// The YAML lines of a spec for the events that a trail records.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::import) struct SelectorYaml {
    /// The lines; empty for the events that a trail records by default.
    pub(in crate::import) lines: Vec<String>,
    /// Whether the spec selects more events, because it cannot describe exactly these events.
    pub(in crate::import) is_more: bool,
}

/// Returns the YAML lines for the events that a trail records.
pub(in crate::import) fn to_yaml(selectors: &Selectors) -> SelectorYaml {
    match selectors {
        Selectors::Basic(selectors) => basic(selectors),
        Selectors::Advanced(selectors) => {
            let selectors = selectors.iter().filter_map(|it| serde_json::to_string(it).ok());
            let selectors: Vec<String> = selectors.map(|it| format!("  - {it}")).collect();
            let lines = std::iter::once("advanced_event_selectors:".to_owned()).chain(selectors).collect();
            SelectorYaml { lines, is_more: false }
        }
    }
}

/// Returns the lines for basic selectors. A spec has one choice of management events, and one
/// choice of data events for each service. If a trail has several choices, the spec covers all of
/// them.
fn basic(selectors: &[EventSelector]) -> SelectorYaml {
    let of_management: Vec<&EventSelector> = selectors.iter().filter(|it| it.management_events).collect();
    let mut lines = Vec::new();
    match of_management.as_slice() {
        [] => lines.push("management_events: none".to_owned()),
        [selector] => lines.extend(management(selector)),
        [..] => {}
    }
    let mut of_data: BTreeMap<&str, Vec<(ReadWrite, &DataResource)>> = BTreeMap::new();
    for selector in selectors {
        for resource in &selector.data_resources {
            of_data.entry(&resource.kind).or_default().push((selector.read_write, resource));
        }
    }
    let is_said = of_management.len() <= 1
        && of_data.values().all(|of_kind| matches!(of_kind.as_slice(), [(_, one)] if can_say_data(one)));
    let words: Vec<String> = of_data.values().flat_map(|of_kind| data_of_kind(of_kind)).collect();
    if !words.is_empty() {
        lines.push(format!("data_events: {{ {} }}", words.join(", ")));
    }
    SelectorYaml { lines, is_more: !is_said }
}

/// Returns the keys and values for the data events of one service: the events that the trail
/// records, or a selection that covers all of them.
fn data_of_kind(of_kind: &[(ReadWrite, &DataResource)]) -> Vec<String> {
    let read_write = match of_kind {
        [(read_write, _)] => *read_write,
        _ => ReadWrite::All,
    };
    let selector = |(_, resource): &(ReadWrite, &DataResource)| EventSelector {
        read_write,
        management_events: false,
        exclude_management_sources: Vec::new(),
        data_resources: vec![widened((*resource).clone())],
    };
    // The canonical form combines the resources.
    match Selectors::basic(of_kind.iter().map(selector).collect()) {
        Selectors::Basic(together) => {
            together.iter().flat_map(|it| &it.data_resources).filter_map(|it| data(read_write, it)).collect()
        }
        Selectors::Advanced(_) => Vec::new(),
    }
}

/// Replaces an ARN that selects several buckets by all objects.
fn widened(resource: DataResource) -> DataResource {
    let begins_alike = |value: &String| value.contains(":s3:::") && !value.contains('/');
    match resource.values.iter().find(|value| begins_alike(value)) {
        Some(value) => {
            let partition = value.split(':').nth(1).unwrap_or_default();
            DataResource { values: vec![format!("arn:{partition}:s3")], ..resource.clone() }
        }
        None => resource,
    }
}

/// Returns whether a spec can describe these resources. Without a slash after the bucket, an ARN
/// selects every bucket whose name begins with the name in the ARN, but a spec names single
/// buckets.
///
/// See `DataResource` in the CloudTrail API reference.
fn can_say_data(resource: &DataResource) -> bool {
    resource.values.iter().all(|value| !value.contains(":s3:::") || value.contains('/'))
}

/// Returns whether a spec can name an insight: the trail must record the events that the insight
/// analyzes.
pub(in crate::import) fn can_say_insight(selectors: &Selectors, name: &str) -> bool {
    let Insight { kind, category } = Insight::of(name);
    match category {
        MANAGEMENT => {
            let is_of_writes = kind == "ApiCallRateInsight";
            selectors.has_management_events() && !(is_of_writes && selectors.has_only_reads())
        }
        DATA => selectors.has_data_events(),
        _ => false,
    }
}

fn management(selector: &EventSelector) -> Option<String> {
    let which = word(selector.read_write);
    match selector.exclude_management_sources.as_slice() {
        [] if which == "all" => None,
        [] => Some(format!("management_events: {which}")),
        sources => {
            Some(format!("management_events: {{ read_write: {which}, exclude: [{}] }}", sources.join(", ")))
        }
    }
}

/// Returns the word of a spec for a selection of read and write events.
fn word(read_write: ReadWrite) -> &'static str {
    match read_write {
        ReadWrite::All => "all",
        ReadWrite::ReadOnly => "read",
        ReadWrite::WriteOnly => "write",
    }
}

fn data(read_write: ReadWrite, resource: &DataResource) -> Option<String> {
    let service = match resource.kind.as_str() {
        "AWS::S3::Object" => "s3",
        "AWS::Lambda::Function" => "lambda",
        "AWS::DynamoDB::Table" => "dynamodb",
        _ => return None,
    };
    // An ARN with three parts, such as `arn:aws:s3`, selects all objects.
    let resources = if resource.values.iter().any(|value| value.split(':').count() == 3) {
        "all".to_owned()
    } else {
        let values: Vec<String> = resource.values.iter().map(|value| quoted(value)).collect();
        format!("[{}]", values.join(", "))
    };
    Some(match read_write {
        ReadWrite::All => format!("{service}: {resources}"),
        ReadWrite::ReadOnly | ReadWrite::WriteOnly => {
            format!("{service}: {{ read_write: {}, resources: {resources} }}", word(read_write))
        }
    })
}
