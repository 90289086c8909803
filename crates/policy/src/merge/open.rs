//! Finds statements that allow the trails of every account to deliver.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::uses::{Sources, Use};
use crate::canonical::lowercase;
use crate::pattern::text_matches;
use crate::trail_statement::{
    CLOUDTRAIL, OWNERS_ACL, SOURCE_ACCOUNT_VARIABLE, TRAIL_CONTEXT, is_of_one_owner, may_deliver,
};
use crate::{Document, Request, Statement, evaluate};

/// An account that no document names.
const STRANGER: &str = "000000000000";

/// Returns the access that a statement allows to a trail of an account that the document does not
/// name, if there is any.
pub(super) fn delivery_by_everyone(statement: &Statement, document: &Document) -> Option<Use> {
    if !may_deliver(statement) {
        return None;
    }
    let alone = document.with_statements(vec![statement.clone()]);
    let (mut actions, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for (action, is_of_objects) in
        [("s3:PutObject", true), ("kms:GenerateDataKey", false), ("sns:Publish", false)]
    {
        for resource in statement.resources().into_iter().filter(|it| !is_of_one_owner(it)) {
            if evaluate(&alone, &request(action, &instance(resource, is_of_objects), resource)).is_allowed() {
                let pattern = statement.actions().into_iter().map(lowercase);
                let action = action.to_ascii_lowercase();
                actions.extend(pattern.filter(|it| text_matches(it, &action)).map(Cow::into_owned));
                resources.insert(resource.to_owned());
            }
        }
    }
    (!resources.is_empty()).then(|| Use {
        sources: Sources::Everyone,
        actions,
        resources,
        contexts: BTreeSet::new(),
    })
}

/// The request of a trail of the stranger.
fn request(action: &str, resource: &str, pattern: &str) -> Request {
    let partition = pattern.split(':').nth(1).filter(|it| it.starts_with("aws")).unwrap_or("aws");
    let trail = format!("arn:{partition}:cloudtrail:us-east-1:{STRANGER}:trail/Trail");
    let request = Request::by_service(CLOUDTRAIL, action, resource)
        .with("aws:SourceArn", &trail)
        .with("aws:SourceAccount", STRANGER);
    match action {
        "s3:PutObject" => request.with("s3:x-amz-acl", OWNERS_ACL),
        "kms:GenerateDataKey" => request.with(TRAIL_CONTEXT, &trail),
        _ => request,
    }
}

/// A resource that matches the pattern. If the pattern matches objects, it is a log file of the
/// stranger.
fn instance(pattern: &str, is_of_objects: bool) -> String {
    let below = format!("{STRANGER}/CloudTrail/us-east-1/2026/01/01/log.json.gz");
    let pattern = pattern.replace(SOURCE_ACCOUNT_VARIABLE, STRANGER);
    match pattern.split_once("AWSLogs/*") {
        _ if !is_of_objects => pattern.replace('*', "x"),
        Some((above, _)) => format!("{}AWSLogs/{below}", above.replace('*', "x")),
        None => match pattern.strip_suffix('*') {
            Some(above) if above.contains("AWSLogs/") => format!("{}log.json.gz", above.replace('*', "x")),
            Some(above) => format!("{}AWSLogs/{below}", above.replace('*', "x")),
            None => pattern,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_without_a_source_lets_everyone_deliver() {
        let bucket = "arn:aws:s3:::logs/AWSLogs/*";
        let any = json!({});
        let of_account = json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } });
        let key = "arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        for (effect, action, resource, condition, expected) in [
            ("Allow", "s3:PutObject", bucket, &any, Some("s3:putobject")),
            ("Allow", "s3:Put*", "arn:aws:s3:::logs/*", &any, Some("s3:put*")),
            ("Allow", "kms:GenerateDataKey*", key, &any, Some("kms:generatedatakey*")),
            ("Allow", "sns:Publish", "arn:aws:sns:us-east-1:111111111111:files", &any, Some("sns:publish")),
            ("Allow", "s3:PutObject", bucket, &of_account, None),
            ("Allow", "s3:PutObject", "arn:aws:s3:::logs/AWSLogs/111111111111/*", &any, None),
            ("Allow", "s3:GetBucketAcl", "arn:aws:s3:::logs", &any, None),
            ("Deny", "s3:PutObject", bucket, &any, None),
        ] {
            let statement = json!({
                "Effect": effect, "Principal": { "Service": CLOUDTRAIL }, "Action": action, "Resource": resource,
                "Condition": condition,
            });
            let document: Document =
                json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string().parse().unwrap();
            let [statement] = document.statements() else { unreachable!() };
            let found = delivery_by_everyone(statement, &document);
            let actions = found.map(|it| it.actions.into_iter().collect::<Vec<_>>());
            assert_eq!(
                actions,
                expected.map(|action| vec![action.to_owned()]),
                "{effect} {action} on {resource}"
            );
        }
    }

    #[test]
    fn an_instance_of_a_pattern_of_objects_is_a_log_file_of_a_stranger() {
        let file = format!("{STRANGER}/CloudTrail/us-east-1/2026/01/01/log.json.gz");
        for (pattern, expected) in [
            ("arn:aws:s3:::logs/AWSLogs/*", format!("arn:aws:s3:::logs/AWSLogs/{file}")),
            ("arn:aws:s3:::*/AWSLogs/*/CloudTrail/*", format!("arn:aws:s3:::x/AWSLogs/{file}")),
            ("arn:aws:s3:::logs/*", format!("arn:aws:s3:::logs/AWSLogs/{file}")),
            ("arn:aws:s3:::logs/a/*/*", format!("arn:aws:s3:::logs/a/x/AWSLogs/{file}")),
            (
                "arn:aws:s3:::logs/AWSLogs/${aws:SourceAccount}/*",
                format!("arn:aws:s3:::logs/AWSLogs/{STRANGER}/log.json.gz"),
            ),
            ("arn:aws:s3:::logs/a", "arn:aws:s3:::logs/a".to_owned()),
        ] {
            assert_eq!(instance(pattern, true), expected, "{pattern}");
        }
        assert_eq!(instance("arn:aws:kms:*:1:key/*", false), "arn:aws:kms:x:1:key/x");
    }
}
