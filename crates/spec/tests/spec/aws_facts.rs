//! Tests that a spec is valid if AWS documents that it accepts the values, and invalid otherwise.

use std::fmt::Write;

use reconcile_spec::parse;
use serde_json::Value;

use crate::prod_with;

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// Asserts for each row that its spec is valid exactly if AWS accepts the request and the request
/// has an effect.
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
        let selector = format!("    advanced_event_selectors: [{}]\n", row["selector"]);
        prod_with("    data_events: { s3: all, lambda: all }\n", &selector)
    });
}

#[test]
fn statements_are_valid_if_s3_or_kms_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/statements.json"));
    check(&rows, |row| {
        let at = match row["policy"].as_str().unwrap() {
            "bucket" => "  region: us-east-1\n",
            "key" => "  alias: secprod-cloudtrail\n",
            other => panic!("{other}"),
        };
        prod_with(at, &format!("{at}  policy: {{ extra_statements: [{}] }}\n", row["statement"]))
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
        let at = "  region: us-east-1\n";
        prod_with(at, &format!("{at}  lifecycle: {{ {} }}\n", keys.join(", ")))
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
        let at = "  alias: secprod-cloudtrail\n";
        prod_with(at, &format!("{at}  grants: [{{ name: g, {keys}operations: [Decrypt] }}]\n"))
    });
}

#[test]
fn tags_are_valid_if_every_service_accepts_them() {
    let rows = rows(include_str!("../../../../tests/aws_facts/tags.json"));
    check(&rows, |row| format!("{}tags: {}\n", prod_with("", ""), row["tags"]));
}

/// A name that this version does not know is valid once the spec recognizes it.
#[test]
fn newer_names_are_valid_if_the_spec_recognizes_them() {
    let statement = "policy: { extra_statements: [{ Effect: Allow, Principal: { AWS: \"444455556666\" }, Action: \"s3:GetFutureThing\", Resource: \"arn:aws:s3:::secprod-multiaccount-logs/*\", Condition: { StringEquals: { \"s3:x-amz-future\": a } } }] }";
    let selector = "advanced_event_selectors: [{ FieldSelectors: [{ Field: eventCategory, Equals: [Data] }, { Field: resources.type, Equals: [\"AWS::S3::Objekt\"] }] }]";
    let text = prod_with("us-east-1\n", &format!("us-east-9\n  {statement}\n")).replacen(
        "data_events: { s3: all, lambda: all }",
        selector,
        1,
    );
    let problems = parse("spec.yaml", text.as_bytes()).unwrap_err();
    assert_eq!(problems.iter().count(), 4, "{problems}");
    let text =
        format!("{text}recognize: [us-east-9, s3:GetFutureThing, s3:x-amz-future, \"AWS::S3::Objekt\"]\n");
    parse("spec.yaml", text.as_bytes()).unwrap();
}
