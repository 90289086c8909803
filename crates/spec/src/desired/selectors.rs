mod deliveries;
mod objects;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use objects::RecordedCalls;

/// The resource type of objects in data events.
const OBJECTS: &str = "AWS::S3::Object";

/// What a trail records. A trail has selectors of one sort; writing one sort clears the other.
///
/// See `GetEventSelectors` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    /// Event selectors, sorted, each with its resources sorted: their order has no meaning.
    Basic(Vec<EventSelector>),
    /// Advanced event selectors, sorted, each with its fields and their values sorted: their order has no meaning.
    Advanced(Vec<AdvancedSelector>),
}

impl Selectors {
    /// Basic selectors in canonical form: selectors that record the same are equal.
    pub fn basic(selectors: Vec<EventSelector>) -> Self {
        Self::Basic(canonical(selectors))
    }

    /// Advanced selectors in canonical order.
    pub fn advanced(mut selectors: Vec<AdvancedSelector>) -> Self {
        for selector in &mut selectors {
            selector.normalize();
        }
        selectors.sort();
        Self::Advanced(selectors)
    }

    /// Whether management events are among what is recorded: advanced selectors have to ask for them.
    ///
    /// See "Logging management events" in the CloudTrail user guide.
    pub fn has_management_events(&self) -> bool {
        match self {
            Self::Basic(selectors) => selectors.iter().any(|selector| selector.management_events),
            Self::Advanced(selectors) => selectors.iter().any(|it| it.is_of("Management")),
        }
    }

    /// Whether the trail records data events.
    pub fn has_data_events(&self) -> bool {
        match self {
            Self::Basic(selectors) => selectors.iter().any(|selector| !selector.data_resources.is_empty()),
            Self::Advanced(selectors) => selectors.iter().any(|it| it.is_of("Data")),
        }
    }

    /// Whether all management events that are recorded are reads; `false` for advanced selectors, which are
    /// not examined.
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
    /// Which events, by what they do.
    pub read_write: ReadWrite,
    /// Whether management events are among them.
    pub management_events: bool,
    /// Event sources whose management events are left out.
    pub exclude_management_sources: Vec<String>,
    /// The resources whose data events are among them.
    pub data_resources: Vec<DataResource>,
}

/// Which events, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadWrite {
    /// Both.
    All,
    /// Those that look.
    ReadOnly,
    /// Those that change something.
    WriteOnly,
}

/// Resources whose data events are recorded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DataResource {
    /// As CloudTrail names it: `AWS::S3::Object`, …
    pub kind: String,
    /// ARNs or beginnings of ARNs.
    pub values: Vec<String>,
}

/// Resources by kind, each with its values.
type Resources = BTreeMap<String, BTreeSet<String>>;

/// An event is recorded if any selector matches it. So which management events are recorded, and which data events, are two
/// questions; the answers are put together where both are for the same of reads and writes.
fn canonical(selectors: Vec<EventSelector>) -> Vec<EventSelector> {
    let mut management: BTreeSet<(ReadWrite, BTreeSet<String>)> = BTreeSet::new();
    let mut data: BTreeMap<ReadWrite, Resources> = BTreeMap::new();
    for selector in selectors {
        // A kind of which no resource is named records nothing.
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

/// A selector of management events without those that are `excluded`, if there are to be any, and of data events.
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

/// Whether it is the beginning of every ARN of a service, such as `arn:aws:s3`.
fn is_all(value: &str) -> bool {
    value.split(':').count() == 3
}

/// All buckets may be written as `arn:aws:s3:::`, from before there were other services. See `DataResource` in the CloudTrail
/// API reference.
fn shortened(mut value: String) -> String {
    if value.starts_with("arn:") && value.ends_with(":s3:::") {
        value.truncate(value.len() - 3);
    }
    value
}

/// An advanced event selector, in AWS's own shape.
///
/// See `AdvancedEventSelector` in the CloudTrail API reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AdvancedSelector {
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What an event has to be; all of it.
    pub field_selectors: Vec<FieldSelector>,
}

/// What a field of an event has to be.
///
/// See `AdvancedFieldSelector` in the CloudTrail API reference.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct FieldSelector {
    /// Such as `eventCategory` or `resources.type`.
    pub field: String,
    /// One of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// It begins with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// It ends with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// None of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// It begins with none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// It ends with none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

impl AdvancedSelector {
    /// Whether it selects events of a category.
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
    /// Whether it has a condition that selects, besides those that deselect.
    fn selects(&self) -> bool {
        !(self.equals.is_empty() && self.starts_with.is_empty() && self.ends_with.is_empty())
    }

    /// How many values it compares with.
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
