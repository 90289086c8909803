//! Tests the policies of the delivery role, and documents without a principal or a resource.

#![allow(clippy::unwrap_used)]

use reconcile_policy::{Document, LogRoleIntent, Partition, covers, differences, equivalent};
use serde_json::{Value, json};

fn intent(organization: Option<&str>) -> LogRoleIntent {
    LogRoleIntent {
        partition: Partition::AwsUsGov,
        account: "111111111111".parse().unwrap(),
        region: "us-gov-west-1".parse().unwrap(),
        log_group: "trails/security".to_owned(),
        organization: organization.map(str::to_owned),
    }
}

const OWN: &str = "arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:trails/security:log-stream:111111111111_CloudTrail_us-gov-west-1*";
const ORGANIZATION: &str =
    "arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:trails/security:log-stream:o-exampleorgid_*";

fn permissions(resources: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": resources,
    }] })
}

fn trust(statement: &Value) -> Document {
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string().parse().unwrap()
}

#[test]
fn the_role_policies_follow_the_cloudtrail_documentation() {
    let expected = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "sts:AssumeRole",
    }] });
    assert_eq!(LogRoleIntent::trust().to_string(), expected.to_string());
    assert_eq!(intent(None).permissions().to_string(), permissions(&json!(OWN)).to_string());
    let both = permissions(&json!([OWN, ORGANIZATION]));
    assert_eq!(intent(Some("o-exampleorgid")).permissions().to_string(), both.to_string());
}

#[test]
fn role_policies_are_parsed_and_printed_unchanged() {
    for document in [LogRoleIntent::trust(), intent(None).permissions()] {
        let pretty = serde_json::to_string_pretty(&document).unwrap();
        let again: Document = pretty.parse().unwrap();
        assert_eq!(again, document);
        assert!(equivalent(&again, &document) && covers(&again, &document) && covers(&document, &again));
        assert_eq!(differences(Some(&document), Some(&again)), []);
        assert_eq!(document.warnings(), []);
    }
}

#[test]
fn permissions_policies_are_compared_without_a_principal() {
    let (narrow, wide) = (intent(None).permissions(), intent(Some("o-exampleorgid")).permissions());
    assert!(covers(&wide, &narrow) && !covers(&narrow, &wide) && !equivalent(&wide, &narrow));
    let with = |changes: Value| -> Document {
        let mut document = permissions(&json!(OWN));
        for (element, value) in changes.as_object().unwrap() {
            document["Statement"][0][element] = value.clone();
        }
        document.to_string().parse().unwrap()
    };
    for (name, live, expected) in [
        ("everything in the log group", with(json!({ "Resource": format!("{}*", &OWN[..70]) })), true),
        ("all of Logs", with(json!({ "Action": "logs:*", "Resource": "*" })), true),
        ("another log group", with(json!({ "Resource": OWN.replace("security", "other") })), false),
        ("one action", with(json!({ "Action": "logs:PutLogEvents" })), false),
        (
            "for a condition",
            with(json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } })),
            false,
        ),
        ("the policy of a resource", with(json!({ "Principal": "*" })), false),
        ("nothing", Document::new(Vec::new()), false),
    ] {
        assert_eq!(covers(&live, &narrow), expected, "{name}");
        assert!(!equivalent(&live, &narrow), "{name}");
    }
    let deny = |action: &str| -> Document {
        let mut document = permissions(&json!(OWN));
        let deny = json!({ "Effect": "Deny", "Action": action, "Resource": "*" });
        document["Statement"].as_array_mut().unwrap().push(deny);
        document.to_string().parse().unwrap()
    };
    assert!(!covers(&deny("logs:Put*"), &narrow), "a Deny of it");
    assert!(covers(&deny("s3:*"), &narrow), "a Deny of something else");
}

#[test]
fn trust_policies_are_compared_without_a_resource() {
    let ours = LogRoleIntent::trust();
    let statement =
        |principal: Value| json!({ "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" });
    let cloudtrail = statement(json!({ "Service": ["cloudtrail.amazonaws.com"] }));
    assert!(equivalent(&ours, &trust(&cloudtrail)));
    let both = trust(&statement(json!({ "Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"] })));
    assert!(covers(&both, &ours) && !covers(&ours, &both) && !equivalent(&both, &ours));
    let other = trust(&statement(json!({ "Service": "config.amazonaws.com" })));
    assert!(!covers(&other, &ours) && !covers(&ours, &other));
    let mut conditional = cloudtrail;
    conditional["Condition"] = json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } });
    assert!(!covers(&trust(&conditional), &ours) && covers(&ours, &trust(&conditional)));
}
