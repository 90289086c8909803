//! The policy of the key.

use reconcile_policy::{Intent, KeyIntent, Partition, Request, evaluate, merge};
use serde_json::{Value, json};

use super::{OURS, adoption, document, ownership, sids, told, trail};

#[test]
fn the_key_policy_is_adopted_like_the_bucket_policy() {
    let use_of = |accounts: &[&str]| -> Value {
        let contexts: Vec<String> =
            accounts.iter().map(|id| format!("arn:aws:cloudtrail:*:{id}:trail/*")).collect();
        json!({ "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": contexts } })
    };
    let statement = |sid: &str, action: &str, condition: Value| {
        let mut statement = json!({
            "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": action, "Resource": "*",
        });
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        statement
    };
    let root = json!({
        "Sid": "Enable IAM User Permissions", "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111111111111:root" }, "Action": "kms:*", "Resource": "*",
    });
    let intent = KeyIntent {
        partition: Partition::Aws,
        administrators: vec!["arn:aws:iam::111111111111:root".parse().unwrap()],
        trails: OURS.map(trail).into(),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        topics: Vec::new(),
        log_groups: Vec::new(),
        organization: None,
        readers: Vec::new(),
        extra: Vec::new(),
    };
    for (others, left) in [
        (vec![], vec!["Enable IAM User Permissions"]),
        (
            vec!["999999999999"],
            vec![
                "Enable IAM User Permissions",
                "Allow CloudTrail to encrypt logs",
                "Allow CloudTrail to describe key",
            ],
        ),
    ] {
        let accounts: Vec<&str> = ["111111111111"].into_iter().chain(others).collect();
        let live = document(json!([
            root,
            statement("Allow CloudTrail to encrypt logs", "kms:GenerateDataKey*", use_of(&accounts)),
            statement("Allow CloudTrail to describe key", "kms:DescribeKey", Value::Null),
        ]));
        let merged = merge(Some(&live), &intent.statements(&ownership()), &ownership())
            .adopt(&adoption(), &ownership());
        let foreign: Vec<&str> =
            sids(&merged.contracted).into_iter().filter(|sid| !sid.starts_with("Sec")).collect();
        assert_eq!(foreign, left);
        let encrypt = |account: &str| {
            Request::by_service(
                "cloudtrail.amazonaws.com",
                "kms:GenerateDataKey",
                "arn:aws:kms:us-east-1:1:key/k",
            )
            .with("aws:SourceArn", trail(account).as_str())
            .with("kms:EncryptionContext:aws:cloudtrail:arn", trail(account).as_str())
        };
        for account in accounts {
            for document in [&live, &merged.expanded, &merged.contracted] {
                assert!(evaluate(document, &encrypt(account)).is_allowed(), "{account}: {document}");
            }
        }
        // A trail that no statement names is still not allowed to encrypt.
        assert!(!evaluate(&merged.contracted, &encrypt("777777777777")).is_allowed());
    }
}

#[test]
fn a_statement_for_every_trail_belongs_to_every_account() {
    let live = document(json!([{
        "Sid": "Everybody", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "kms:GenerateDataKey*", "Resource": "*",
    }]));
    let merged = merge(Some(&live), &[], &ownership()).adopt(&adoption(), &ownership());
    let fates: Vec<_> = merged.adopted.iter().map(|adopted| told(adopted).1).collect();
    assert_eq!(fates, ["kept for everyone"]);
    assert_eq!(sids(&merged.contracted), ["Everybody"]);
}
