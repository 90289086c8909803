//! Determines the recorded calls on the objects of a bucket.

use super::{AdvancedSelector, EventSelector, FieldSelector, OBJECTS, ReadWrite, Selectors};

/// The recorded calls of one kind: calls on objects, or management events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedCalls {
    /// Calls that read.
    pub reads: bool,
    /// Calls that write or delete.
    pub writes: bool,
}

impl RecordedCalls {
    /// Returns the calls that `self`, `other` or both record.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { reads: self.reads || other.reads, writes: self.writes || other.writes }
    }
}

impl Selectors {
    /// Returns the recorded calls on all objects whose ARN begins with `arn`. Advanced selectors
    /// that compare fields other than the category, the type, the ARN and `readOnly` do not count:
    /// they record only some of the calls.
    ///
    /// See "Logging data events" in the CloudTrail user guide.
    pub fn recorded_of_objects(&self, arn: &str) -> RecordedCalls {
        let each: Vec<RecordedCalls> = match self {
            Self::Basic(selectors) => selectors.iter().map(|it| basic(it, arn)).collect(),
            Self::Advanced(selectors) => selectors.iter().map(|it| advanced(it, arn)).collect(),
        };
        each.into_iter().fold(RecordedCalls::default(), RecordedCalls::or)
    }
}

fn basic(selector: &EventSelector, arn: &str) -> RecordedCalls {
    let mut objects = selector.data_resources.iter().filter(|it| it.kind == OBJECTS);
    if !objects.any(|it| it.values.iter().any(|value| arn.starts_with(value.as_str()))) {
        return RecordedCalls::default();
    }
    RecordedCalls {
        reads: selector.read_write != ReadWrite::WriteOnly,
        writes: selector.read_write != ReadWrite::ReadOnly,
    }
}

fn advanced(selector: &AdvancedSelector, arn: &str) -> RecordedCalls {
    let is_met = |field: &FieldSelector| match field.field.as_str() {
        "eventCategory" => field.equals == ["Data"],
        "resources.type" => field.equals == [OBJECTS],
        "resources.ARN" => are_selected(field, arn),
        "readOnly" => true,
        _ => false,
    };
    let has = |name: &str| selector.field_selectors.iter().any(|field| field.field == name);
    if !has("eventCategory") || !has("resources.type") || !selector.field_selectors.iter().all(is_met) {
        return RecordedCalls::default();
    }
    selector.read_or_written()
}

impl AdvancedSelector {
    /// Returns the calls that the condition on `readOnly` accepts: reads and writes if there is no
    /// such condition.
    pub(super) fn read_or_written(&self) -> RecordedCalls {
        let read_only = self.field_selectors.iter().find(|field| field.field == "readOnly");
        let accepts = |value: &str| read_only.is_none_or(|field| field.equals.iter().any(|it| it == value));
        RecordedCalls { reads: accepts("true"), writes: accepts("false") }
    }
}

/// Returns whether a condition on ARNs accepts every ARN that begins with `arn`.
fn are_selected(field: &FieldSelector, arn: &str) -> bool {
    // An ARN that begins with `arn` can match one of these values.
    let may_be = |value: &String| value.starts_with(arn) || arn.starts_with(value.as_str());
    let is_included = !field.selects() || field.starts_with.iter().any(|it| arn.starts_with(it.as_str()));
    let is_excluded = !field.not_ends_with.is_empty()
        || field.not_starts_with.iter().any(may_be)
        || field.not_equals.iter().any(|value| value.starts_with(arn));
    is_included && !is_excluded
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::desired::DataResource;

    const LOGS: &str = "arn:aws:s3:::logs/AWSLogs/";

    fn words(calls: RecordedCalls) -> &'static str {
        match (calls.reads, calls.writes) {
            (true, true) => "both",
            (true, false) => "reads",
            (false, true) => "writes",
            (false, false) => "none",
        }
    }

    #[test]
    fn basic_selectors_record_objects_with_the_selected_prefixes() {
        for (read_write, kind, value, recorded) in [
            (ReadWrite::All, OBJECTS, "arn:aws:s3", "both"),
            (ReadWrite::All, OBJECTS, "arn:aws:s3:::logs/", "both"),
            (ReadWrite::All, OBJECTS, LOGS, "both"),
            (ReadWrite::ReadOnly, OBJECTS, "arn:aws:s3", "reads"),
            (ReadWrite::WriteOnly, OBJECTS, "arn:aws:s3", "writes"),
            (ReadWrite::All, OBJECTS, "arn:aws:s3:::other/", "none"),
            (ReadWrite::All, OBJECTS, "arn:aws:s3:::logs/AWSLogs/111111111111/", "none"),
            (ReadWrite::All, "AWS::Lambda::Function", "arn:aws:s3", "none"),
        ] {
            let data_resources = vec![DataResource { kind: kind.to_owned(), values: vec![value.to_owned()] }];
            let selector = EventSelector {
                read_write,
                management_events: true,
                exclude_management_sources: Vec::new(),
                data_resources,
            };
            let calls = Selectors::basic(vec![selector]).recorded_of_objects(LOGS);
            assert_eq!(words(calls), recorded, "{value}");
        }
    }

    #[test]
    fn advanced_selectors_record_events_that_match_every_field() {
        let of = |more: Value| {
            let mut fields = vec![
                json!({ "Field": "eventCategory", "Equals": ["Data"] }),
                json!({ "Field": "resources.type", "Equals": [OBJECTS] }),
            ];
            fields.extend(more.as_array().unwrap().iter().cloned());
            let selector = serde_json::from_value(json!({ "FieldSelectors": fields })).unwrap();
            words(Selectors::advanced(vec![selector]).recorded_of_objects(LOGS))
        };
        let arn = |operator: &str, value: &str| of(json!([{ "Field": "resources.ARN", operator: [value] }]));
        for (found, recorded) in [
            (of(json!([])), "both"),
            (of(json!([{ "Field": "readOnly", "Equals": ["true"] }])), "reads"),
            (of(json!([{ "Field": "readOnly", "Equals": ["false"] }])), "writes"),
            (of(json!([{ "Field": "eventName", "Equals": ["GetObject"] }])), "none"),
            (arn("StartsWith", "arn:aws:s3:::logs/"), "both"),
            (arn("StartsWith", "arn:aws:s3:::other/"), "none"),
            (arn("Equals", "arn:aws:s3:::logs/AWSLogs/a"), "none"),
            (arn("NotStartsWith", "arn:aws:s3:::other/"), "both"),
            (arn("NotStartsWith", "arn:aws:s3:::logs/"), "none"),
            (arn("NotStartsWith", "arn:aws:s3:::logs/AWSLogs/111111111111/"), "none"),
            (arn("NotEndsWith", ".gz"), "none"),
        ] {
            assert_eq!(found, recorded);
        }
        let management =
            json!({ "FieldSelectors": [{ "Field": "eventCategory", "Equals": ["Management"] }] });
        let selectors = Selectors::advanced(vec![serde_json::from_value(management).unwrap()]);
        assert_eq!(words(selectors.recorded_of_objects(LOGS)), "none");
    }
}
