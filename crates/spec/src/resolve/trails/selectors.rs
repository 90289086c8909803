//! Resolves what a trail records.

use reconcile_policy::{Arn, Partition, Region};
use serde_json::Value;

use crate::desired::{AdvancedSelector, DataResource, EventSelector, FieldSelector, ReadWrite, Selectors};
use crate::diagnostic::Place;
use crate::names::BucketName;
use crate::problems::Problems;
use crate::raw::{All, Located, RawDataEvents, RawDataValues, RawExcluded, RawReadWrite, RawTrail, WordOr};

/// See "Quotas in CloudTrail": data resources of basic selectors.
const MAX_DATA_RESOURCES: usize = 250;

/// See "Quotas in CloudTrail": values of advanced selectors.
const MAX_ADVANCED_VALUES: usize = 500;

pub(super) fn resolve(
    trail: &RawTrail,
    region: Option<&Region>,
    problems: &mut Problems,
) -> Option<Selectors> {
    if let Some(advanced) = &trail.advanced_event_selectors {
        return self::advanced(trail, advanced, problems);
    }
    let (management, excluded) = management(trail);
    let partition = region.map_or(Partition::Aws, Region::partition);
    let data = match &trail.data_events {
        Some(data) => resources(&data.value, partition, problems),
        None => Vec::new(),
    };
    let count: usize = data.iter().map(|resource| resource.values.len()).sum();
    if let Some(raw) = &trail.data_events
        && count > MAX_DATA_RESOURCES
    {
        let message = format!("{count} data resources are more than {MAX_DATA_RESOURCES}");
        problems.add(raw.place, message, "record `all`, or use `advanced_event_selectors`");
    }
    if management.is_none() && data.is_empty() {
        problems.add(
            trail.name.place,
            format!("trail `{}` would record nothing", trail.name.value),
            "record management events, data events, or both",
        );
        return None;
    }
    Some(Selectors::basic(combine(management, excluded, data)))
}

/// One selector where one will do: `read_write` holds for the management and the data events of a selector.
fn combine(
    management: Option<ReadWrite>,
    exclude_management_sources: Vec<String>,
    data_resources: Vec<DataResource>,
) -> Vec<EventSelector> {
    let of_data = |data_resources| EventSelector {
        read_write: ReadWrite::All,
        management_events: false,
        exclude_management_sources: Vec::new(),
        data_resources,
    };
    let of_management = |read_write, data_resources| EventSelector {
        read_write,
        management_events: true,
        exclude_management_sources,
        data_resources,
    };
    match management {
        None => vec![of_data(data_resources)],
        Some(ReadWrite::All) => vec![of_management(ReadWrite::All, data_resources)],
        Some(read_write) if data_resources.is_empty() => vec![of_management(read_write, Vec::new())],
        Some(read_write) => vec![of_management(read_write, Vec::new()), of_data(data_resources)],
    }
}

fn management(trail: &RawTrail) -> (Option<ReadWrite>, Vec<String>) {
    let (which, exclude) = match trail.management_events.as_ref().map(|events| &events.value) {
        None => (RawReadWrite::All, &[][..]),
        Some(WordOr::Word(word)) => (*word, &[][..]),
        Some(WordOr::Value(choice)) => (choice.read_write.unwrap_or(RawReadWrite::All), &choice.exclude[..]),
    };
    let which = match which {
        RawReadWrite::All => Some(ReadWrite::All),
        RawReadWrite::Read => Some(ReadWrite::ReadOnly),
        RawReadWrite::Write => Some(ReadWrite::WriteOnly),
        RawReadWrite::None => None,
    };
    let exclude = exclude.iter().map(|source| match source {
        RawExcluded::Kms => "kms.amazonaws.com".to_owned(),
        RawExcluded::RdsData => "rdsdata.amazonaws.com".to_owned(),
    });
    (which, exclude.collect())
}

fn resources(raw: &RawDataEvents, partition: Partition, problems: &mut Problems) -> Vec<DataResource> {
    let mut found = Vec::new();
    for (service, kind, raw) in [
        ("s3", "AWS::S3::Object", &raw.s3),
        ("lambda", "AWS::Lambda::Function", &raw.lambda),
        ("dynamodb", "AWS::DynamoDB::Table", &raw.dynamodb),
    ] {
        let Some(raw) = raw else { continue };
        let values = values(service, raw, partition, problems);
        found.push(DataResource { kind: kind.to_owned(), values });
    }
    found
}

/// See `DataResource` in the CloudTrail API reference: the beginning of an ARN stands for all that begins so.
fn values(
    service: &str,
    raw: &Located<RawDataValues>,
    partition: Partition,
    problems: &mut Problems,
) -> Vec<String> {
    match &raw.value {
        WordOr::Word(All::All) => vec![format!("arn:{partition}:{service}")],
        WordOr::Value(values) => {
            if values.is_empty() {
                problems.add(raw.place, format!("no `{service}` resources are named"), "name some, or `all`");
            }
            values.iter().filter_map(|value| one(service, value, partition, problems)).collect()
        }
    }
}

fn one(
    service: &str,
    value: &Located<String>,
    partition: Partition,
    problems: &mut Problems,
) -> Option<String> {
    let text = &value.value;
    let resource = if text.starts_with("arn:") {
        let arn: Arn = problems.name(value, "")?;
        if arn.service() != service {
            problems.add(value.place, format!("`{arn}` is not an ARN of {service}"), "");
            return None;
        }
        if service != "s3" {
            return Some(arn.to_string());
        }
        arn.resource().to_owned()
    } else if service == "s3" {
        text.clone()
    } else {
        problems.add(
            value.place,
            format!("`{text}` is not an ARN"),
            format!("name {service} resources by ARN"),
        );
        return None;
    };
    let bucket = resource.split('/').next().unwrap_or_default();
    if bucket.parse::<BucketName>().is_err() && !is_of_old(bucket) {
        problems.add(
            value.place,
            format!("`{bucket}` is not a bucket name"),
            "name `bucket` or `bucket/prefix`",
        );
        return None;
    }
    // A bucket without a slash behind it would stand for every bucket whose name begins so.
    let slash = if resource.contains('/') { "" } else { "/" };
    Some(format!("arn:{partition}:s3:::{resource}{slash}"))
}

/// Whether buckets could have the name until 2018, in the first Region: see "Bucket naming rules" in the S3 user guide.
fn is_of_old(bucket: &str) -> bool {
    (3..=255).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// See "Logging Insights events": they are drawn from management events, those of call rates from the ones that write.
pub(super) fn check_insights(trail: &RawTrail, selectors: Option<&Selectors>, problems: &mut Problems) {
    let (Some(insights), Some(selectors)) = (&trail.insights, selectors) else { return };
    let of_call_rate = insights.value.iter().any(|it| it.as_str() == "ApiCallRateInsight");
    let problem = if insights.value.is_empty() {
        return;
    } else if !selectors.has_management_events() {
        "insights are drawn from management events, and the trail records none"
    } else if of_call_rate && selectors.has_only_reads() {
        "`ApiCallRateInsight` is drawn from management events that write, and the trail records none"
    } else {
        return;
    };
    problems.add(insights.place, problem, "record them with `management_events`, or take the insights out");
}

/// See `AdvancedEventSelector` and `AdvancedFieldSelector` in the CloudTrail API reference.
fn check_advanced(selector: &AdvancedSelector, place: Place, problems: &mut Problems) {
    let has = |name: &str| selector.field_selectors.iter().find(|field| field.field == name);
    match has("eventCategory") {
        None => problems.add(
            place,
            "the selector has no `eventCategory`",
            "such as `{ Field: eventCategory, Equals: [Management] }`",
        ),
        Some(category) if category.equals == ["Data"] && has("resources.type").is_none() => problems.add(
            place,
            "a selector of data events needs a `resources.type`",
            "such as `{ Field: resources.type, Equals: [\"AWS::S3::Object\"] }`",
        ),
        Some(_) => {}
    }
}

fn advanced(
    trail: &RawTrail,
    raw: &Located<Vec<Located<Value>>>,
    problems: &mut Problems,
) -> Option<Selectors> {
    if trail.management_events.is_some() || trail.data_events.is_some() {
        problems.add(
            raw.place,
            "`advanced_event_selectors` exclude `management_events` and `data_events`",
            "CloudTrail has selectors of one sort only: say all of it in the advanced ones",
        );
    }
    if raw.value.is_empty() {
        problems.add(raw.place, "there are no selectors", "name at least one, or take the key out");
        return None;
    }
    let mut selectors: Vec<AdvancedSelector> = Vec::new();
    for selector in &raw.value {
        match serde_json::from_value(selector.value.clone()) {
            Ok(parsed) => {
                check_advanced(&parsed, selector.place, problems);
                selectors.push(parsed);
            }
            Err(error) => problems.add(
                selector.place,
                format!("this is not an advanced event selector: {error}"),
                "write it as AWS does: `Name`, `FieldSelectors: [{ Field, Equals: [] }]`",
            ),
        }
    }
    let values: usize = selectors.iter().flat_map(|it| &it.field_selectors).map(FieldSelector::count).sum();
    if values > MAX_ADVANCED_VALUES {
        let message = format!("{values} values of advanced selectors are more than {MAX_ADVANCED_VALUES}");
        problems.add(raw.place, message, "");
    }
    Some(Selectors::advanced(selectors))
}
