//! Resolves the event selectors of a trail.

mod advanced;
mod resources;

use reconcile_policy::Partition;

use crate::desired::{EventSelector, FieldSelector, ReadWrite, Selectors};
use crate::problems::Problems;
use crate::raw::{Located, RawAdvancedSelector, RawExcluded, RawReadWrite, RawTrail, WordOr};
use crate::resolve::recognized::Recognized;

/// The inputs of the checks, other than the selectors.
pub(super) struct Context<'c> {
    /// The partition of the trail.
    pub(super) partition: Partition,
    pub(super) recognized: &'c Recognized<'c>,
}

/// The maximum number of data resources of basic selectors. See "Quotas in CloudTrail".
const MAX_DATA_RESOURCES: usize = 250;

/// The maximum number of values of advanced selectors. See "Quotas in CloudTrail".
const MAX_ADVANCED_VALUES: usize = 500;

pub(super) fn resolve(trail: &RawTrail, context: &Context<'_>, problems: &mut Problems) -> Option<Selectors> {
    if let Some(advanced) = &trail.advanced_event_selectors {
        return self::advanced(trail, advanced, context, problems);
    }
    let (management, excluded) = management(trail);
    if let Some(raw) = &trail.management_events
        && management.is_none()
        && !excluded.is_empty()
    {
        let message = "`exclude` applies to management events, but the trail records none";
        problems.add(raw.place, message, "remove `exclude`, or change `read_write`");
    }
    let data = match &trail.data_events {
        Some(data) => resources::resolve(&data.value, context, problems),
        None => Vec::new(),
    };
    let count: usize = data.iter().map(|(_, resource)| resource.values.len()).sum();
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
    // The canonical form combines management and data events with the same selection of reads and
    // writes into one selector.
    let of_management = management.map(|read_write| EventSelector {
        read_write,
        management_events: true,
        exclude_management_sources: excluded,
        data_resources: Vec::new(),
    });
    let of_data = data.into_iter().map(|(read_write, resource)| EventSelector {
        read_write,
        management_events: false,
        exclude_management_sources: Vec::new(),
        data_resources: vec![resource],
    });
    Some(Selectors::basic(of_management.into_iter().chain(of_data).collect()))
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

fn advanced(
    trail: &RawTrail,
    raw: &Located<Vec<Located<RawAdvancedSelector>>>,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Selectors> {
    if trail.management_events.is_some() || trail.data_events.is_some() {
        problems.add(
            raw.place,
            "`advanced_event_selectors` exclude `management_events` and `data_events`",
            "write all selectors as advanced selectors, because a trail cannot have both types",
        );
    }
    if raw.value.is_empty() {
        problems.add(raw.place, "there are no selectors", "add at least one, or remove the key");
        return None;
    }
    let selectors: Vec<_> = raw.value.iter().map(|it| advanced::resolve(it, context, problems)).collect();
    let values: usize = selectors.iter().flat_map(|it| &it.field_selectors).map(FieldSelector::count).sum();
    if values > MAX_ADVANCED_VALUES {
        problems.add(
            raw.place,
            format!("the selectors have {values} values, and CloudTrail accepts {MAX_ADVANCED_VALUES} in one trail"),
            "replace values of `Equals` with one of `StartsWith`, or divide them among several trails",
        );
    }
    Some(Selectors::advanced(selectors))
}
