mod deliveries;
mod management;
mod objects;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use objects::RecordedCalls;

/// The resource type of objects in data events.
const OBJECTS: &str = "AWS::S3::Object";

/// The events that a trail records. A trail has either basic or advanced selectors: an update with
/// one kind removes the other kind.
///
/// See `GetEventSelectors` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    /// Basic event selectors, sorted, each with sorted resources: their order has no meaning.
    Basic(Vec<EventSelector>),
    /// Advanced event selectors, sorted, each with sorted fields and values: their order has no
    /// meaning.
    Advanced(Vec<AdvancedSelector>),
}

impl Selectors {
    /// Returns basic selectors in canonical form: selectors that record the same events are equal.
    pub fn basic(selectors: Vec<EventSelector>) -> Self {
        Self::Basic(canonical(selectors))
    }

    /// Returns advanced selectors in canonical order.
    pub fn advanced(mut selectors: Vec<AdvancedSelector>) -> Self {
        for selector in &mut selectors {
            selector.normalize();
        }
        selectors.sort();
        Self::Advanced(selectors)
    }

    /// Returns whether the selectors record management events. Advanced selectors must select them
    /// explicitly.
    ///
    /// See "Logging management events" in the CloudTrail user guide.
    pub fn has_management_events(&self) -> bool {
        match self {
            Self::Basic(selectors) => selectors.iter().any(|selector| selector.management_events),
            Self::Advanced(selectors) => selectors.iter().any(|it| it.is_of("Management")),
        }
    }

    /// Returns whether the selectors record data events.
    pub fn has_data_events(&self) -> bool {
        match self {
            Self::Basic(selectors) => selectors.iter().any(|selector| !selector.data_resources.is_empty()),
            Self::Advanced(selectors) => selectors.iter().any(|it| it.is_of("Data")),
        }
    }

    /// Returns whether all recorded management events are reads. Returns `false` for advanced
    /// selectors, which are not examined.
    pub fn has_only_reads(&self) -> bool {
        match self {
            Self::Basic(selectors) => {
                let mut management = selectors.iter().filter(|selector| selector.management_events);
                management.all(|selector| selector.read_write == ReadWrite::ReadOnly)
            }
            Self::Advanced(_) => false,
        }
    }
}

/// A basic event selector.
///
/// See `EventSelector` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventSelector {
    /// Whether read events, write events or both are recorded.
    pub read_write: ReadWrite,
    /// Whether management events are recorded.
    pub management_events: bool,
    /// Event sources whose management events are excluded.
    pub exclude_management_sources: Vec<String>,
    /// The resources whose data events are recorded.
    pub data_resources: Vec<DataResource>,
}

/// A selection of read and write events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadWrite {
    /// Both.
    All,
    /// Only events that read.
    ReadOnly,
    /// Only events that write.
    WriteOnly,
}

/// Resources whose data events are recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DataResource {
    /// The resource type in CloudTrail: `AWS::S3::Object`, …
    pub kind: String,
    /// ARNs or prefixes of ARNs.
    pub values: Vec<String>,
}

/// The values of resources, by resource type.
type Resources = BTreeMap<String, BTreeSet<String>>;

/// Returns selectors in canonical form. CloudTrail records an event if any selector matches the
/// event, so management events and data events can be treated separately. A selector of management
/// events and a selector of data events are combined into one if both have the same selection of
/// reads and writes.
fn canonical(selectors: Vec<EventSelector>) -> Vec<EventSelector> {
    let mut management: BTreeSet<(ReadWrite, BTreeSet<String>)> = BTreeSet::new();
    let mut data: BTreeMap<ReadWrite, Resources> = BTreeMap::new();
    for selector in selectors {
        // A resource type without resources records nothing.
        let named = selector.data_resources.into_iter().filter(|it| !it.values.is_empty());
        for DataResource { kind, values } in named {
            let of_kind = data.entry(selector.read_write).or_default().entry(kind).or_default();
            of_kind.extend(values.into_iter().map(shortened));
        }
        if selector.management_events {
            let excluded = selector.exclude_management_sources.into_iter().collect();
            management.insert((selector.read_write, excluded));
        }
    }
    let mut canonical = Vec::new();
    for (read_write, excluded) in management {
        let resources = data.remove(&read_write).unwrap_or_default();
        canonical.push(selector(read_write, Some(excluded), resources));
    }
    canonical.extend(data.into_iter().map(|(read_write, resources)| selector(read_write, None, resources)));
    if canonical.is_empty() {
        canonical.push(selector(ReadWrite::All, None, Resources::new()));
    }
    canonical.sort();
    canonical
}

/// Creates a selector of management events, without the `excluded` ones, and of data events.
fn selector(
    read_write: ReadWrite,
    excluded: Option<BTreeSet<String>>,
    resources: Resources,
) -> EventSelector {
    let data_resource = |(kind, values): (String, BTreeSet<String>)| DataResource {
        kind,
        values: match values.iter().find(|value| is_all(value)) {
            Some(all) => vec![all.clone()],
            None => values.into_iter().collect(),
        },
    };
    EventSelector {
        read_write,
        management_events: excluded.is_some(),
        exclude_management_sources: excluded.into_iter().flatten().collect(),
        data_resources: resources.into_iter().map(data_resource).collect(),
    }
}

/// Returns whether the value is the prefix of every ARN of a service, such as `arn:aws:s3`.
fn is_all(value: &str) -> bool {
    value.split(':').count() == 3
}

/// Shortens `arn:aws:s3:::`, an old spelling for all buckets. See `DataResource` in the CloudTrail
/// API reference.
fn shortened(mut value: String) -> String {
    if value.starts_with("arn:") && value.ends_with(":s3:::") {
        value.truncate(value.len() - 3);
    }
    value
}

/// An advanced event selector, in the form of the CloudTrail API.
///
/// See `AdvancedEventSelector` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedSelector {
    /// The descriptive name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The conditions on the fields of an event; an event must meet all of them.
    pub field_selectors: Vec<FieldSelector>,
}

/// A condition on a field of an event.
///
/// See `AdvancedFieldSelector` in the CloudTrail API reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct FieldSelector {
    /// The field, such as `eventCategory` or `resources.type`.
    pub field: String,
    /// The field is one of these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// The field begins with one of these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// The field ends with one of these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// The field is none of these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// The field begins with none of these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// The field ends with none of these values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

impl AdvancedSelector {
    /// Returns whether the selector selects events of a category.
    fn is_of(&self, category: &str) -> bool {
        let field = self.field_selectors.iter().find(|field| field.field == "eventCategory");
        field.is_some_and(|field| field.equals.iter().any(|value| value == category))
    }

    fn normalize(&mut self) {
        for field in &mut self.field_selectors {
            for values in field.lists_mut() {
                values.sort();
                values.dedup();
            }
        }
        self.field_selectors.sort();
    }
}

impl FieldSelector {
    /// Returns whether the condition has an operator that includes values, and not only operators
    /// that exclude values.
    fn selects(&self) -> bool {
        !(self.equals.is_empty() && self.starts_with.is_empty() && self.ends_with.is_empty())
    }

    /// The number of values in the condition.
    pub(crate) fn count(&self) -> usize {
        let lists = [
            &self.equals,
            &self.starts_with,
            &self.ends_with,
            &self.not_equals,
            &self.not_starts_with,
            &self.not_ends_with,
        ];
        lists.into_iter().map(Vec::len).sum()
    }

    fn lists_mut(&mut self) -> [&mut Vec<String>; 6] {
        [
            &mut self.equals,
            &mut self.starts_with,
            &mut self.ends_with,
            &mut self.not_equals,
            &mut self.not_starts_with,
            &mut self.not_ends_with,
        ]
    }
}
