//! Turns what a trail records into the words of a spec.

use reconcile_spec::{DataResource, EventSelector, ReadWrite, Selectors};

use super::quoted;

/// The lines that say so; none where it is what a trail records by default.
pub(super) fn lines(selectors: &Selectors) -> Vec<String> {
    match selectors {
        Selectors::Basic(selectors) => basic(selectors),
        Selectors::Advanced(selectors) => {
            let selectors = selectors.iter().filter_map(|it| serde_json::to_string(it).ok());
            let selectors: Vec<String> = selectors.map(|it| format!("  - {it}")).collect();
            std::iter::once("advanced_event_selectors:".to_owned()).chain(selectors).collect()
        }
    }
}

/// A spec has one sentence for management events and one for data events of all sorts; a trail may have said more.
fn basic(selectors: &[EventSelector]) -> Vec<String> {
    const MORE: &str =
        "# It records events that a spec cannot say in words; a plan has it record those that are said here.";

    let of_management: Vec<&EventSelector> = selectors.iter().filter(|it| it.management_events).collect();
    let mut of_data = selectors.iter().filter(|it| !it.data_resources.is_empty());
    let is_said = of_management.len() <= 1 && of_data.all(can_say_data);
    let mut lines = Vec::new();
    if !is_said {
        lines.push(MORE.to_owned());
    }
    match of_management.as_slice() {
        [] => lines.push("management_events: none".to_owned()),
        [selector] => lines.extend(management(selector)),
        // Rather more than less.
        [..] => {}
    }
    // Reads and writes alike, if the spec cannot tell them apart.
    let resources = selectors.iter().flat_map(|it| it.data_resources.clone()).collect();
    if let Selectors::Basic(together) = Selectors::basic(vec![of_data_alone(resources)]) {
        let words = together.iter().flat_map(|it| &it.data_resources).filter_map(data);
        let words: Vec<String> = words.collect();
        if !words.is_empty() {
            lines.push(format!("data_events: {{ {} }}", words.join(", ")));
        }
    }
    lines
}

/// Whether a spec can say of which resources the events are. A bucket without a slash behind it stands for every bucket whose
/// name begins so, and a spec names one.
fn can_say_data(selector: &EventSelector) -> bool {
    let mut values = selector.data_resources.iter().flat_map(|it| &it.values);
    selector.read_write == ReadWrite::All
        && values.all(|value| !value.contains(":s3:::") || value.contains('/'))
}

/// One selector of data events and nothing else.
fn of_data_alone(data_resources: Vec<DataResource>) -> EventSelector {
    EventSelector {
        read_write: ReadWrite::All,
        management_events: false,
        exclude_management_sources: Vec::new(),
        data_resources,
    }
}

/// Whether a spec can name the insights: they have to be drawn from management events, and the trail has to record those.
pub(super) fn can_say_insights(selectors: &Selectors, insights: &[String]) -> bool {
    let of_writes = insights.iter().any(|name| name == "ApiCallRateInsight");
    insights.iter().all(|name| !name.contains(' '))
        && selectors.has_management_events()
        && !(of_writes && selectors.has_only_reads())
}

fn management(selector: &EventSelector) -> Option<String> {
    let which = match selector.read_write {
        ReadWrite::All => "all",
        ReadWrite::ReadOnly => "read",
        ReadWrite::WriteOnly => "write",
    };
    match selector.exclude_management_sources.as_slice() {
        [] if which == "all" => None,
        [] => Some(format!("management_events: {which}")),
        sources => {
            Some(format!("management_events: {{ read_write: {which}, exclude: [{}] }}", sources.join(", ")))
        }
    }
}

fn data(resource: &DataResource) -> Option<String> {
    let service = match resource.kind.as_str() {
        "AWS::S3::Object" => "s3",
        "AWS::Lambda::Function" => "lambda",
        "AWS::DynamoDB::Table" => "dynamodb",
        _ => return None,
    };
    // `arn:aws:s3` is the beginning of the ARN of everything in S3.
    if resource.values.iter().any(|value| value.split(':').count() == 3) {
        return Some(format!("{service}: all"));
    }
    let values: Vec<String> = resource.values.iter().map(|value| quoted(value)).collect();
    Some(format!("{service}: [{}]", values.join(", ")))
}
