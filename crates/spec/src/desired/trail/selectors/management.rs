//! Determines the recorded management events.

use super::{AdvancedSelector, EventSelector, FieldSelector, ReadWrite, RecordedCalls, Selectors};

impl Selectors {
    /// Returns whether all reads and whether all writes among the management events are recorded. A
    /// selector that excludes sources does not count. An advanced selector that compares fields
    /// other than the category and `readOnly` does not count either.
    ///
    /// See "Logging management events" in the CloudTrail user guide.
    pub fn recorded_management_events(&self) -> RecordedCalls {
        let each: Vec<RecordedCalls> = match self {
            Self::Basic(selectors) => selectors.iter().map(basic).collect(),
            Self::Advanced(selectors) => selectors.iter().map(advanced).collect(),
        };
        each.into_iter().fold(RecordedCalls::default(), RecordedCalls::or)
    }
}

fn basic(selector: &EventSelector) -> RecordedCalls {
    if !selector.management_events || !selector.exclude_management_sources.is_empty() {
        return RecordedCalls::default();
    }
    RecordedCalls {
        reads: selector.read_write != ReadWrite::WriteOnly,
        writes: selector.read_write != ReadWrite::ReadOnly,
    }
}

fn advanced(selector: &AdvancedSelector) -> RecordedCalls {
    let is_met = |field: &FieldSelector| matches!(field.field.as_str(), "eventCategory" | "readOnly");
    if !selector.is_of("Management") || !selector.field_selectors.iter().all(is_met) {
        return RecordedCalls::default();
    }
    selector.read_or_written()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn words(selectors: &Selectors) -> &'static str {
        let recorded = selectors.recorded_management_events();
        match (recorded.reads, recorded.writes) {
            (true, true) => "both",
            (true, false) => "reads",
            (false, true) => "writes",
            (false, false) => "none",
        }
    }

    #[test]
    fn basic_selectors_record_management_events_unless_they_exclude_sources() {
        let selector = |read_write, management_events, excluded: &[&str]| EventSelector {
            read_write,
            management_events,
            exclude_management_sources: excluded.iter().map(|it| (*it).to_owned()).collect(),
            data_resources: Vec::new(),
        };
        let (all, reads) = (ReadWrite::All, ReadWrite::ReadOnly);
        for (selectors, expected) in [
            (vec![selector(all, true, &[])], "both"),
            (vec![selector(reads, true, &[])], "reads"),
            (vec![selector(reads, true, &[]), selector(ReadWrite::WriteOnly, true, &[])], "both"),
            (vec![selector(all, false, &[])], "none"),
            (vec![selector(all, true, &["kms.amazonaws.com"])], "none"),
        ] {
            assert_eq!(words(&Selectors::basic(selectors)), expected);
        }
    }

    #[test]
    fn advanced_selectors_record_management_events_unless_they_compare_more() {
        let of = |fields: Value| {
            let selector = serde_json::from_value(json!({ "FieldSelectors": fields })).unwrap();
            words(&Selectors::advanced(vec![selector]))
        };
        let category = json!({ "Field": "eventCategory", "Equals": ["Management"] });
        for (more, expected) in [
            (json!([category]), "both"),
            (json!([category, { "Field": "readOnly", "Equals": ["true"] }]), "reads"),
            (json!([category, { "Field": "readOnly", "Equals": ["false"] }]), "writes"),
            (json!([category, { "Field": "eventSource", "NotEquals": ["kms.amazonaws.com"] }]), "none"),
            (json!([{ "Field": "eventCategory", "Equals": ["Data"] }]), "none"),
        ] {
            assert_eq!(of(more), expected);
        }
    }
}
