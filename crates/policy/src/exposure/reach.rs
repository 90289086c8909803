//! Determines the log files that the resources of a statement match, or whether they match the
//! bucket, key or topic.

use crate::Statement;
use crate::pattern::{Piece, Syntax, are_disjoint, includes, pieces, text_matches};

/// Returns whether a resource of the statement matches this ARN. A variable can have any value.
pub(super) fn is_of(statement: &Statement, arn: &str, variables: bool) -> bool {
    let arn = pieces(arn, Syntax { wildcards: false, variables: false });
    let may_match = |pattern: &&str| !are_disjoint(&wild(pattern, variables), &arn);
    let is_certain = |pattern: &&str| includes(&wild(pattern, variables), &arn);
    if statement.has("NotResource") {
        !statement.not_resources().iter().any(is_certain)
    } else {
        statement
            .resources()
            .iter()
            .any(|it| includes(&wild(it, variables), &arn) || (it.contains("${") && may_match(it)))
    }
}

/// Returns whether a resource of the statement matches the log group of this ARN, or a log stream
/// in it. The name of a log stream contains no colon, so the parts of the ARN before the name of
/// the log group are compared one by one.
///
/// See `CreateLogStream` in the CloudWatch Logs API reference.
pub(super) fn is_of_streams(statement: &Statement, arn: &str, variables: bool) -> bool {
    const PARTS: usize = 6;

    let streams = format!("{arn}:*");
    let is_every = |pattern: &&str| includes(&wild(pattern, variables), &pieces(&streams, Syntax::WILDCARDS));
    let is_some = |pattern: &&str| {
        let overlap =
            |pattern, text| !are_disjoint(&wild(pattern, variables), &pieces(text, Syntax::WILDCARDS));
        let parts: Vec<&str> = pattern.splitn(PARTS, ':').collect();
        // The name of a variable also contains a colon, so the parts would be wrong.
        if parts.len() < PARTS || pattern.contains("${") {
            return overlap(pattern, &streams);
        }
        let mut pairs = parts.into_iter().zip(streams.splitn(PARTS, ':'));
        pairs.by_ref().take(PARTS - 1).all(|(pattern, part)| text_matches(pattern, part))
            && pairs.all(|(pattern, part)| overlap(pattern, part))
    };
    if statement.has("NotResource") {
        return !statement.not_resources().iter().any(is_every);
    }
    statement.resources().iter().any(is_some)
}

/// Returns the log files that the resources of the statement match: `None` for none, `Some(None)`
/// for all, and otherwise patterns of their keys.
pub(super) fn files(statement: &Statement, logs: &[String], variables: bool) -> Option<Option<Vec<String>>> {
    let logs: Vec<Vec<Piece<'_>>> = logs.iter().map(|it| pieces(it, Syntax::WILDCARDS)).collect();
    let is_every = |pattern: &&str| logs.iter().all(|logs| includes(&wild(pattern, variables), logs));
    let is_some = |pattern: &&str| logs.iter().any(|logs| !are_disjoint(&wild(pattern, variables), logs));
    if statement.has("NotResource") {
        let excluded = statement.not_resources();
        if excluded.iter().any(is_every) {
            return None;
        }
        let but: Vec<&str> = excluded.into_iter().filter(|it| is_some(it)).collect();
        // The statement matches all log files except the listed ones.
        return Some(
            (!but.is_empty()).then(|| but.iter().map(|it| format!("all but {}", key(it))).collect()),
        );
    }
    let resources = statement.resources();
    if resources.iter().any(is_every) {
        return Some(None);
    }
    let some: Vec<String> = resources.iter().filter(|it| is_some(it)).map(|it| key(it).to_owned()).collect();
    (!some.is_empty()).then_some(Some(some))
}

fn wild(pattern: &str, variables: bool) -> Vec<Piece<'_>> {
    pieces(pattern, Syntax { wildcards: true, variables })
}

/// The key in the ARN of an object, or the whole text if it names no bucket.
fn key(arn: &str) -> &str {
    arn.split_once(":::").and_then(|(_, path)| path.split_once('/')).map_or(arn, |(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(element: &str, resources: &[&str]) -> Statement {
        let value = serde_json::json!({
            "Effect": "Allow", "Principal": "*", "Action": "*", element: resources,
        });
        Statement::from_value(value).unwrap()
    }

    #[test]
    fn a_resource_matches_an_arn_for_certain_or_by_a_variable() {
        const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/k";
        for (element, resources, expected) in [
            ("Resource", ["*"].as_slice(), true),
            ("Resource", &[KEY], true),
            ("Resource", &["arn:aws:kms:*:*:key/*"], true),
            ("Resource", &["arn:aws:kms:us-east-1:111111111111:key/other"], false),
            ("Resource", &["arn:aws:kms:us-east-1:${aws:PrincipalAccount}:key/k"], true),
            ("Resource", &["arn:aws:sns:us-east-1:${aws:PrincipalAccount}:key/k"], false),
            ("NotResource", &[KEY], false),
            ("NotResource", &["arn:aws:kms:us-east-1:111111111111:key/other"], true),
            ("NotResource", &["arn:aws:kms:us-east-1:${aws:PrincipalAccount}:key/k"], true),
        ] {
            assert_eq!(is_of(&statement(element, resources), KEY, true), expected, "{element} {resources:?}");
        }
    }

    #[test]
    fn a_resource_matches_a_log_group_if_it_can_match_a_stream_in_it() {
        const GROUP: &str = "arn:aws:logs:us-east-1:111111111111:log-group:trails";
        for (element, resource, expected) in [
            ("Resource", "*", true),
            ("Resource", "arn:aws:logs:us-east-1:111111111111:log-group:trails:*", true),
            ("Resource", "arn:aws:logs:us-east-1:111111111111:log-group:trails:log-stream:a", true),
            ("Resource", "arn:aws:logs:us-east-1:111111111111:log-group:t*", true),
            ("Resource", "arn:aws:logs:us-east-1:111111111111:log-group:other:*", false),
            ("Resource", "arn:aws:logs:eu-west-1:111111111111:*", false),
            ("Resource", "arn:aws:logs:us-east-1:222222222222:*", false),
            ("Resource", "arn:aws:logs:us-east-1:${aws:PrincipalAccount}:log-group:trails:*", true),
            ("Resource", "arn:aws:sns:us-east-1:${aws:PrincipalAccount}:log-group:trails:*", false),
            ("NotResource", "*", false),
            ("NotResource", "arn:aws:logs:us-east-1:111111111111:log-group:trails:log-stream:a", true),
        ] {
            let found = is_of_streams(&statement(element, &[resource]), GROUP, true);
            assert_eq!(found, expected, "{element} {resource}");
        }
    }

    #[test]
    fn the_matched_log_files_are_none_all_or_patterns_of_keys() {
        let logs = ["arn:aws:s3:::logs/AWSLogs/*".to_owned()];
        for (element, resources, expected) in [
            ("Resource", ["arn:aws:s3:::logs/*"].as_slice(), Some(None)),
            ("Resource", &["arn:aws:s3:::logs/AWSLogs/*"], Some(None)),
            ("Resource", &["arn:aws:s3:::logs/AWSLogs/1/*"], Some(Some(vec!["AWSLogs/1/*"]))),
            ("Resource", &["arn:aws:s3:::logs/AWSLogs/1/*", "arn:aws:s3:::logs/*"], Some(None)),
            ("Resource", &["arn:aws:s3:::logs/other/*", "arn:aws:s3:::logs"], None),
            ("NotResource", &["arn:aws:s3:::logs/*"], None),
            ("NotResource", &["arn:aws:s3:::logs/other/*"], Some(None)),
            (
                "NotResource",
                &["arn:aws:s3:::logs/other/*", "arn:aws:s3:::logs/AWSLogs/1/*"],
                Some(Some(vec!["all but AWSLogs/1/*"])),
            ),
        ] {
            let found = files(&statement(element, resources), &logs, true);
            let expected: Option<Option<Vec<String>>> =
                expected.map(|keys| keys.map(|keys| keys.into_iter().map(str::to_owned).collect()));
            assert_eq!(found, expected, "{element} {resources:?}");
        }
    }
}
