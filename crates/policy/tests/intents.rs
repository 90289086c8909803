//! The statements that we write, word for word.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{Arn, BucketIntent, Document, KeyIntent, Ownership, Partition, Statement};
use serde_json::json;

fn arns<const N: usize>(texts: [&str; N]) -> Vec<Arn> {
    texts.map(|text| text.parse().unwrap()).into()
}

fn bucket_intent() -> BucketIntent {
    let backup = json!({
        "Sid": "Backup",
        "Effect": "Allow",
        "Principal": { "AWS": "444444444444" },
        "Action": ["s3:GetObject"],
        "Resource": "arn:aws:s3:::secprod-multiaccount-logs/*",
    });
    BucketIntent {
        partition: Partition::Aws,
        bucket: "secprod-multiaccount-logs".to_owned(),
        prefix: Some("central".to_owned()),
        trails: arns([
            "arn:aws:cloudtrail:us-east-1:111111111111:trail/SecurityTrailMaster",
            "arn:aws:cloudtrail:us-east-1:222222222222:trail/SecurityTrail",
            "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Second",
        ]),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        organization: None,
        readers: Vec::new(),
        require_tls: true,
        extra: vec![Statement::from_value(backup).unwrap()],
    }
}

fn key_intent() -> KeyIntent {
    KeyIntent {
        partition: Partition::AwsCn,
        administrators: arns(["arn:aws-cn:iam::111111111111:root"]),
        trails: arns([
            "arn:aws-cn:cloudtrail:cn-north-1:111111111111:trail/SecurityTrailMaster",
            "arn:aws-cn:cloudtrail:cn-north-1:111111111111:trail/Second",
        ]),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        organization: None,
        readers: Vec::new(),
        extra: Vec::new(),
    }
}

/// Compares spelling and order too: it is what AWS and the user get to see.
fn assert_reads(statements: Vec<Statement>, golden: &str) {
    let written = serde_json::to_string_pretty(&Document::new(statements)).unwrap();
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    assert_eq!(written, serde_json::to_string_pretty(&golden).unwrap());
}

#[test]
fn the_bucket_policy_reads_as_cloudtrail_documents_it() {
    let statements = bucket_intent().statements(&Ownership::of("secprod"));
    assert_reads(statements, include_str!("data/bucket-policy.json"));
}

#[test]
fn the_key_policy_reads_as_cloudtrail_documents_it() {
    let statements = key_intent().statements(&Ownership::of("secprod"));
    assert_reads(statements, include_str!("data/key-policy.json"));
}

#[test]
fn a_key_starts_with_the_administration_statement_of_its_final_policy() {
    let ownership = Ownership::of("secprod");
    let intent = key_intent();
    assert_eq!(intent.statements(&ownership).first(), Some(&intent.administration(&ownership)));
}

#[test]
fn what_is_not_needed_is_not_there() {
    let intent = BucketIntent {
        prefix: None,
        trails: arns(["arn:aws:cloudtrail:us-east-1:111111111111:trail/T"]),
        require_tls: false,
        extra: Vec::new(),
        ..bucket_intent()
    };
    let statements = intent.statements(&Ownership::of("secprod"));
    let [_, write] = statements.as_slice() else { panic!("{statements:?}") };
    assert_eq!(write.resources(), ["arn:aws:s3:::secprod-multiaccount-logs/AWSLogs/111111111111/*"]);

    let intent = BucketIntent { trails: Vec::new(), ..intent };
    assert_eq!(intent.statements(&Ownership::of("secprod")), []);
    let intent = KeyIntent { trails: Vec::new(), ..key_intent() };
    assert_eq!(intent.statements(&Ownership::of("secprod")).len(), 1);
}

#[test]
fn every_extra_statement_gets_a_sid_of_its_own() {
    let extra = |sid: Option<&str>| {
        let mut value = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" });
        if let Some(sid) = sid {
            value["Sid"] = json!(sid);
        }
        Statement::from_value(value).unwrap()
    };
    for (sids, expected) in [
        (vec![Some("Backup"), None, None], vec!["SecExtraBackup", "SecExtra2", "SecExtra3"]),
        (vec![Some("Backup"), Some("Backup")], vec!["SecExtraBackup", "SecExtra2"]),
        (vec![None, Some("1")], vec!["SecExtra2", "SecExtra1"]),
        (vec![Some("TrailWrite"), Some("")], vec!["SecExtra1", "SecExtra2"]),
    ] {
        let intent = KeyIntent { extra: sids.into_iter().map(extra).collect(), ..key_intent() };
        let ownership = Ownership::of("sec");
        let statements = intent.statements(&ownership);
        let given: Vec<_> = statements.iter().skip(4).filter_map(Statement::sid).collect();
        assert_eq!(given, expected);
        assert!(given.iter().all(|sid| ownership.owns(sid)));
        assert!(statements.iter().skip(4).all(|statement| statement.is_equivalent(&extra(None))));
    }
}
