//! Resolves the resources of data events in basic selectors.
//!
//! See `DataResource` in the CloudTrail API reference: the ARN of an S3 object is a prefix that
//! selects every object whose ARN begins with it, the ARN of a function or a table is exact, and no
//! value has wildcards.

use reconcile_policy::{AccountId, Arn, Partition, Region};

use super::Context;
use crate::desired::{DataResource, ReadWrite};
use crate::diagnostic::SourceSpan;
use crate::names::BucketName;
use crate::problems::Problems;
use crate::raw::{All, ListOr, Located, RawDataEvents, RawDataReadWrite, RawDataSelection, WordOr};

/// A service whose data events basic selectors can record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    S3,
    Lambda,
    DynamoDb,
}

impl Service {
    /// The name in ARNs, which is also the key of the spec.
    fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Lambda => "lambda",
            Self::DynamoDb => "dynamodb",
        }
    }

    /// The resource type of CloudTrail.
    fn kind(self) -> &'static str {
        match self {
            Self::S3 => "AWS::S3::Object",
            Self::Lambda => "AWS::Lambda::Function",
            Self::DynamoDb => "AWS::DynamoDB::Table",
        }
    }
}

pub(super) fn resolve(
    raw: &RawDataEvents,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Vec<(ReadWrite, DataResource)> {
    let mut found = Vec::new();
    for (service, raw) in
        [(Service::S3, &raw.s3), (Service::Lambda, &raw.lambda), (Service::DynamoDb, &raw.dynamodb)]
    {
        let Some(raw) = raw else { continue };
        let Selection { read_write, resources, place } = Selection::of(raw);
        let values = match resources {
            None => vec![format!("arn:{}:{}", context.partition, service.name())],
            Some(resources) => values(service, resources, place, context, problems),
        };
        found.push((read_write, DataResource { kind: service.kind().to_owned(), values }));
    }
    found
}

/// The data events of one service, in any spelling.
struct Selection<'r> {
    read_write: ReadWrite,
    /// The resources; `None` for all.
    resources: Option<&'r [Located<String>]>,
    /// The place of the resources.
    place: SourceSpan,
}

impl<'r> Selection<'r> {
    fn of(raw: &'r Located<RawDataSelection>) -> Self {
        let (read_write, resources, place) = match &raw.value {
            WordOr::Word(All::All) => (None, None, raw.place),
            WordOr::Value(ListOr::List(resources)) => (None, Some(resources.as_slice()), raw.place),
            WordOr::Value(ListOr::Map(choice)) => match &choice.resources.value {
                WordOr::Word(All::All) => (choice.read_write, None, choice.resources.place),
                WordOr::Value(resources) => {
                    (choice.read_write, Some(resources.as_slice()), choice.resources.place)
                }
            },
        };
        let read_write = match read_write {
            None | Some(RawDataReadWrite::All) => ReadWrite::All,
            Some(RawDataReadWrite::Read) => ReadWrite::ReadOnly,
            Some(RawDataReadWrite::Write) => ReadWrite::WriteOnly,
        };
        Self { read_write, resources, place }
    }
}

fn values(
    service: Service,
    resources: &[Located<String>],
    place: SourceSpan,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Vec<String> {
    if resources.is_empty() {
        let message = format!("the list of `{}` resources is empty", service.name());
        problems.add(place, message, "name at least one resource, or write `all`");
    }
    resources.iter().filter_map(|value| one(service, value, context, problems)).collect()
}

fn one(
    service: Service,
    value: &Located<String>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<String> {
    let text = value.value.as_str();
    if text.ends_with('*') {
        problems.add(
            value.place,
            format!("`{text}` has a wildcard, and basic selectors have none"),
            match service {
                Service::S3 => {
                    "remove the `*`: an S3 resource matches all objects that begin with this prefix"
                }
                Service::Lambda | Service::DynamoDb => {
                    "write `all`, or use `advanced_event_selectors` with `StartsWith`"
                }
            },
        );
        return None;
    }
    if service == Service::S3 && !text.starts_with("arn:") {
        return object(text, value, context.partition, problems);
    }
    let arn: Arn = problems.name(value, &format!("name {} resources by ARN", service.name()))?;
    if arn.service() != service.name() {
        let message = format!("`{arn}` is not an ARN of {}", service.name());
        problems.add(
            value.place,
            message,
            format!("begin it with `arn:{}:{}:`", context.partition, service.name()),
        );
        return None;
    }
    if arn.partition() != context.partition.as_str() {
        let message =
            format!("`{arn}` is in another partition than the trail, which is in `{}`", context.partition);
        problems.add(value.place, message, format!("begin it with `arn:{}:`", context.partition));
        return None;
    }
    if service == Service::S3 {
        return object(arn.resource(), value, context.partition, problems);
    }
    check_regional(service, &arn, value, context, problems);
    Some(arn.to_string())
}

/// Checks the ARN of a function or a table.
fn check_regional(
    service: Service,
    arn: &Arn,
    value: &Located<String>,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    let (is_resource, example) = match service {
        Service::DynamoDb => (
            arn.resource().strip_prefix("table/").is_some_and(|name| is_name(name, 3..=255)),
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        ),
        // A version or an alias can follow the name.
        Service::S3 | Service::Lambda => (
            arn.resource().strip_prefix("function:").is_some_and(|rest| {
                let mut parts = rest.split(':');
                let (name, qualifier) = (parts.next(), parts.next());
                name.is_some_and(|it| is_name(it, 1..=140))
                    && qualifier.is_none_or(|it| it == "$LATEST" || is_name(it, 1..=128))
                    && parts.next().is_none()
            }),
            "arn:aws:lambda:us-east-1:111122223333:function:checkout",
        ),
    };
    if !is_resource || arn.account().parse::<AccountId>().is_err() || arn.region().parse::<Region>().is_err()
    {
        let message = format!("`{arn}` is not the ARN of a resource of type {}", service.kind());
        problems.add(value.place, message, format!("write it as in `{example}`"));
        return;
    }
    let region = Located { value: arn.region().to_owned(), place: value.place };
    context.recognized.region(&region, problems);
}

fn is_name(name: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

fn object(
    resource: &str,
    value: &Located<String>,
    partition: Partition,
    problems: &mut Problems,
) -> Option<String> {
    let bucket = resource.split('/').next().unwrap_or_default();
    if bucket.parse::<BucketName>().is_err() && !is_legacy_name(bucket) {
        problems.add(
            value.place,
            format!("`{bucket}` is not a bucket name"),
            "write `bucket` or `bucket/prefix`",
        );
        return None;
    }
    // Without a slash at the end, a bucket would select every bucket whose name begins with its
    // name.
    let slash = if resource.contains('/') { "" } else { "/" };
    Some(format!("arn:{partition}:s3:::{resource}{slash}"))
}

/// Returns whether a bucket in us-east-1 could have the name until 2018: see "Bucket naming rules"
/// in the S3 user guide.
fn is_legacy_name(bucket: &str) -> bool {
    (3..=255).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}
