//! Decides whether selectors match the requests with which CloudTrail itself delivers logs.

use reconcile_policy::logs_folder;

use super::{AdvancedSelector, EventSelector, FieldSelector, OBJECTS, ReadWrite, Selectors};

impl Selectors {
    /// Returns whether data events can include CloudTrail's own deliveries to a bucket, below a
    /// prefix, or to a log group. CloudTrail delivers the event of each recorded delivery, and then
    /// records that delivery too. A delivery whose inclusion cannot be decided counts as included.
    ///
    /// The deliveries are `PutObject` and `PutLogEvents`. See [Suppressing recursive events with
    /// recursive
    /// logging](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-recursive-logging.html).
    pub fn may_record_deliveries(&self, bucket: &str, prefix: Option<&str>, has_log_group: bool) -> bool {
        let objects = format!(":::{bucket}/{}", logs_folder(prefix));
        match self {
            Self::Basic(selectors) => selectors.iter().any(|selector| basic(selector, &objects)),
            Self::Advanced(selectors) => selectors.iter().any(|it| advanced(it, &objects, has_log_group)),
        }
    }
}

fn basic(selector: &EventSelector, objects: &str) -> bool {
    let resources = selector.data_resources.iter().filter(|it| it.kind == OBJECTS);
    selector.read_write != ReadWrite::ReadOnly
        && resources.flat_map(|it| &it.values).any(|value| overlaps(value, objects))
}

/// Returns whether a prefix of ARNs and the prefix of the ARNs of log files can match the same ARN.
fn overlaps(value: &str, objects: &str) -> bool {
    let value = without_service(value);
    value.starts_with(objects) || objects.starts_with(value)
}

/// The part of an ARN of S3 after the service: `:::logs/` of `arn:aws:s3:::logs/`.
fn without_service(value: &str) -> &str {
    value.split_once(":s3").map_or(value, |(_, rest)| rest)
}

fn advanced(selector: &AdvancedSelector, objects: &str, has_log_group: bool) -> bool {
    let field = |name: &str| selector.field_selectors.iter().find(|it| it.field == name);
    let of_type = |is_wanted: &dyn Fn(&str) -> bool| {
        field("resources.type").is_some_and(|it| it.equals.iter().any(|value| is_wanted(value)))
    };
    let is_put = |source: &str, name: &str| {
        field("eventSource").is_none_or(|it| accepts(it, source))
            && field("eventName").is_none_or(|it| accepts(it, name))
    };
    let has_writes = field("readOnly").is_none_or(|it| it.equals.iter().any(|value| value == "false"));
    let to_bucket = of_type(&|value| value == OBJECTS)
        && is_put("s3.amazonaws.com", "PutObject")
        && field("resources.ARN").is_none_or(|it| can_accept(it, objects));
    let to_log_group = has_log_group
        && of_type(&|value| value.starts_with("AWS::Logs::"))
        && is_put("logs.amazonaws.com", "PutLogEvents");
    selector.is_of("Data") && has_writes && (to_bucket || to_log_group)
}

/// Returns whether a condition accepts a value: the value meets any of the operators that include
/// values, and all of the operators that exclude values.
///
/// See [Filtering data events by using advanced event
/// selectors](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html).
fn accepts(field: &FieldSelector, value: &str) -> bool {
    let is_selected = field.equals.iter().any(|it| it == value)
        || field.starts_with.iter().any(|it| value.starts_with(it.as_str()))
        || field.ends_with.iter().any(|it| value.ends_with(it.as_str()));
    let is_deselected = field.not_equals.iter().any(|it| it == value)
        || field.not_starts_with.iter().any(|it| value.starts_with(it.as_str()))
        || field.not_ends_with.iter().any(|it| value.ends_with(it.as_str()));
    (is_selected || !field.selects()) && !is_deselected
}

/// Returns whether a condition can accept the ARN of a log file, of which only a prefix is known.
fn can_accept(field: &FieldSelector, objects: &str) -> bool {
    let begins = |value: &String| overlaps(value, objects);
    let is_selected =
        field.equals.iter().chain(&field.starts_with).any(begins) || !field.ends_with.is_empty();
    let holds_all = |value: &String| objects.starts_with(without_service(value));
    (is_selected || !field.selects()) && !field.not_starts_with.iter().any(holds_all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::DataResource;

    fn basic(read_write: ReadWrite, value: &str) -> Selectors {
        let resource = DataResource { kind: OBJECTS.to_owned(), values: vec![value.to_owned()] };
        Selectors::basic(vec![EventSelector {
            read_write,
            management_events: true,
            exclude_management_sources: Vec::new(),
            data_resources: vec![resource],
        }])
    }

    #[test]
    fn basic_selectors_record_deliveries_if_they_record_writes_to_log_files() {
        for (read_write, value, expected) in [
            (ReadWrite::All, "arn:aws:s3", true),
            (ReadWrite::All, "arn:aws-cn:s3:::", true),
            (ReadWrite::WriteOnly, "arn:aws:s3", true),
            (ReadWrite::ReadOnly, "arn:aws:s3", false),
            (ReadWrite::All, "arn:aws:s3:::logs/", true),
            (ReadWrite::All, "arn:aws:s3:::log", true),
            (ReadWrite::All, "arn:aws:s3:::logs/trail/AWSLogs/111111111111/", true),
            (ReadWrite::All, "arn:aws:s3:::logs/trail/", true),
            (ReadWrite::All, "arn:aws:s3:::logs/other/", false),
            (ReadWrite::All, "arn:aws:s3:::data/", false),
        ] {
            let selectors = basic(read_write, value);
            assert_eq!(selectors.may_record_deliveries("logs", Some("trail"), true), expected, "{value}");
        }
    }

    #[test]
    fn advanced_selectors_record_deliveries_unless_a_condition_excludes_them() {
        for (conditions, expected) in [
            ("{Field: resources.type, Equals: ['AWS::S3::Object']}", true),
            ("{Field: resources.type, Equals: ['AWS::Lambda::Function']}", false),
            ("{Field: resources.type, Equals: ['AWS::Logs::LogGroup']}", true),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, {Field: readOnly, Equals: ['true']}",
                false,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, {Field: readOnly, Equals: ['false']}",
                true,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, {Field: eventName, Equals: [GetObject]}",
                false,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, {Field: eventName, StartsWith: [Put]}",
                true,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, {Field: eventName, NotEquals: [PutObject]}",
                false,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, \
                 {Field: resources.ARN, NotStartsWith: ['arn:aws:s3:::logs/']}",
                false,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, \
                 {Field: resources.ARN, NotStartsWith: ['arn:aws:s3:::data/']}",
                true,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, \
                 {Field: resources.ARN, StartsWith: ['arn:aws:s3:::data/']}",
                false,
            ),
            (
                "{Field: resources.type, Equals: ['AWS::S3::Object']}, {Field: resources.ARN, EndsWith: [.gz]}",
                true,
            ),
        ] {
            let text =
                format!("{{FieldSelectors: [{{Field: eventCategory, Equals: [Data]}}, {conditions}]}}");
            let selectors = Selectors::advanced(vec![serde_saphyr::from_str(&text).unwrap()]);
            assert_eq!(selectors.may_record_deliveries("logs", None, true), expected, "{conditions}");
        }
        let management = "{FieldSelectors: [{Field: eventCategory, Equals: [Management]}]}";
        let selectors = Selectors::advanced(vec![serde_saphyr::from_str(management).unwrap()]);
        assert!(!selectors.may_record_deliveries("logs", None, true));
    }
}
