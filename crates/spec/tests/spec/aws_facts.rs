//! Tests that a spec is valid if AWS documents that it accepts the values, and invalid otherwise.

use std::fmt::Write;

use reconcile_samples::{EditSpec, PROD};
use reconcile_spec::parse;
use serde_json::Value;

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// Asserts for each row that its spec is valid if and only if AWS accepts the request and the
/// request has an effect.
#[track_caller]
fn check(rows: &[Value], spec: impl Fn(&Value) -> String) {
    let mut wrong = String::new();
    for row in rows {
        assert!(!row["source"].as_str().unwrap().is_empty(), "{row}");
        let told =
            parse("spec.yaml", spec(row).as_bytes()).map(|_| ()).map_err(|problems| problems.to_string());
        // The spec rejects values that AWS saves but that have no effect.
        let is_valid = row["accepted"] == true && row["effective"] != false;
        if told.is_ok() != is_valid {
            let _ = writeln!(wrong, "{}: {told:?}", row["rule"]);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn selectors_are_valid_if_cloudtrail_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/selectors.json"));
    check(&rows, |row| {
        let selectors = format!("[{}]", row["selector"]);
        PROD.without("trails.0.data_events").with("trails.0.advanced_event_selectors", &selectors)
    });
}

#[test]
fn statements_are_valid_if_s3_or_kms_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/statements.json"));
    check(&rows, |row| {
        let policy = format!("{}.policy", row["policy"].as_str().unwrap());
        PROD.with(&policy, &format!("{{ extra_statements: [{}] }}", row["statement"]))
    });
}

#[test]
fn lifecycles_are_valid_if_s3_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/lifecycles.json"));
    check(&rows, |row| {
        let rule = &row["lifecycle_rule"];
        let mut keys = Vec::new();
        if let Some(transitions) = rule["Transitions"].as_array() {
            let one =
                |it: &Value| format!("{{ days: {}, storage_class: {} }}", it["Days"], it["StorageClass"]);
            keys.push(format!(
                "transitions: [{}]",
                transitions.iter().map(one).collect::<Vec<_>>().join(", ")
            ));
        }
        for (key, value) in [
            ("expire_days", &rule["Expiration"]["Days"]),
            ("noncurrent_expire_days", &rule["NoncurrentVersionExpiration"]["NoncurrentDays"]),
            (
                "abort_incomplete_multipart_days",
                &rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"],
            ),
        ] {
            if !value.is_null() {
                keys.push(format!("{key}: {value}"));
            }
        }
        PROD.with("bucket.lifecycle", &format!("{{ {} }}", keys.join(", ")))
    });
}

#[test]
fn grants_are_valid_if_kms_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/grants.json"));
    check(&rows, |row| {
        let grant = &row["grant"];
        let keys = [
            ("grantee", &grant["GranteePrincipal"]),
            ("grantee_service", &grant["GranteeServicePrincipal"]),
            ("retiring_principal", &grant["RetiringPrincipal"]),
            ("source_arn", &grant["Constraints"]["SourceArn"]),
        ];
        let keys: String = keys
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| format!("{key}: {value}, "))
            .collect();
        PROD.with("key.grants", &format!("[{{ name: g, {keys}operations: [Decrypt] }}]"))
    });
}

#[test]
fn tags_are_valid_if_every_service_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/tags.json"));
    check(&rows, |row| PROD.with("tags", &row["tags"].to_string()));
}

/// A name that this version does not know is valid once the spec recognizes it.
#[test]
fn newer_names_are_valid_if_the_spec_recognizes_them() {
    let policy = "{ extra_statements: [{ Effect: Allow, Principal: { AWS: \"444455556666\" }, \
        Action: \"s3:GetFutureThing\", Resource: \"arn:aws:s3:::secprod-multiaccount-logs/*\", \
        Condition: { StringEquals: { \"s3:x-amz-future\": a } } }] }";
    let selectors = "[{ FieldSelectors: [{ Field: eventCategory, Equals: [Data] }, \
        { Field: resources.type, Equals: [\"AWS::S3::Objekt\"] }] }]";
    let text = PROD
        .with("bucket.region", "us-east-9")
        .with("bucket.policy", policy)
        .without("trails.0.data_events")
        .with("trails.0.advanced_event_selectors", selectors);
    let problems = parse("spec.yaml", text.as_bytes()).unwrap_err();
    assert_eq!(problems.iter().count(), 4, "{problems}");
    let text = text
        .with("recognize", "[us-east-9, \"s3:GetFutureThing\", \"s3:x-amz-future\", \"AWS::S3::Objekt\"]");
    parse("spec.yaml", text.as_bytes()).unwrap();
}
