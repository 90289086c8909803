//! What is taken over of policies that others wrote, and that nobody who could deliver ever cannot.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

#[path = "laws/generate.rs"]
#[allow(dead_code)]
mod generate;

use std::collections::BTreeSet;

use generate::{change, statement};
use proptest::prelude::*;
use reconcile_policy::{
    Adopted, Adoption, Arn, BucketIntent, Delivery, Document, Fate, Form, Guest, Keep, KeyIntent, Merged,
    Ownership, Partition, Request, Statement, evaluate, merge,
};
use serde_json::{Value, json};

const OURS: [&str; 2] = ["111111111111", "222222222222"];

fn trail(account: &str) -> Arn {
    format!("arn:aws:cloudtrail:us-east-1:{account}:trail/T").parse().unwrap()
}

fn intent() -> BucketIntent {
    BucketIntent {
        partition: Partition::Aws,
        bucket: "logs".to_owned(),
        prefix: None,
        trails: OURS.map(trail).into(),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        organization: None,
        readers: Vec::new(),
        require_tls: true,
        extra: Vec::new(),
    }
}

fn ownership() -> Ownership {
    Ownership::of("sec")
}

fn adoption() -> Adoption {
    Adoption { accounts: OURS.map(str::to_owned).into(), ..Adoption::default() }
}

fn document(statements: Value) -> Document {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
}

fn adopt(live: &Document, intent: &BucketIntent, adoption: &Adoption) -> Merged {
    merge(Some(live), &intent.statements(&ownership()), &ownership()).adopt(adoption, &ownership())
}

fn can_deliver(policy: &Document, account: &str, prefix: Option<&str>) -> bool {
    let delivery = Delivery {
        trail: trail(account),
        bucket: "arn:aws:s3:::logs".parse().unwrap(),
        prefix: prefix.map(str::to_owned),
        key: None,
        bucket_key: false,
        digests: true,
        organization: None,
        organization_trail: false,
        topic: None,
    };
    delivery.prove(|_| Some(policy)).iter().all(|proof| proof.decision.is_allowed())
}

fn sids(document: &Document) -> Vec<&str> {
    document.statements().iter().map(|statement| statement.sid().unwrap_or("-")).collect()
}

fn acl_check(sid: &str, condition: Value) -> Value {
    let mut statement = json!({
        "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::logs",
    });
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

fn write(sid: &str, resources: Value, sources: Value) -> Value {
    let mut statement = json!({
        "Sid": sid, "Effect": "Allow", "Principal": { "Service": ["cloudtrail.amazonaws.com"] },
        "Action": ["s3:PutObject"], "Resource": resources,
        "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } },
    });
    if !sources.is_null() {
        statement["Condition"]["StringEquals"]["aws:SourceArn"] = sources;
    }
    statement
}

fn athena() -> Value {
    json!({
        "Sid": "Athena", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::444444444444:role/Athena" },
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*",
    })
}

fn folder(account: &str) -> String {
    format!("arn:aws:s3:::logs/AWSLogs/{account}/*")
}

fn source(sources: &[&str]) -> Value {
    json!({ "StringEquals": { "aws:SourceArn": sources.iter().map(|id| trail(id)).collect::<Vec<_>>() } })
}

struct Case {
    name: &'static str,
    live: Value,
    /// Accounts that can deliver before, and have to all the way.
    able: &'static [&'static str],
    /// Sids of what is left of what was there.
    left: &'static [&'static str],
    fates: Vec<(&'static str, &'static str)>,
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "what the console wrote in 2015",
            live: json!([
                acl_check("AWSCloudTrailAclCheck20150319", Value::Null),
                write("AWSCloudTrailWrite20150319", json!(folder("111111111111")), Value::Null),
                athena(),
            ]),
            able: &["111111111111"],
            left: &["Athena"],
            fates: vec![
                ("AWSCloudTrailAclCheck20150319", "replaced"),
                ("AWSCloudTrailWrite20150319", "replaced"),
            ],
        },
        Case {
            name: "the guide for several accounts",
            live: json!([
                acl_check("AWSCloudTrailAclCheck20131101", source(&OURS)),
                write("AWSCloudTrailWrite20131101", json!(OURS.map(folder)), json!(OURS.map(trail))),
            ]),
            able: &OURS,
            left: &[],
            fates: vec![
                ("AWSCloudTrailAclCheck20131101", "replaced"),
                ("AWSCloudTrailWrite20131101", "replaced"),
            ],
        },
        Case {
            name: "an account that the spec does not have",
            live: json!([
                acl_check("Acl", source(&["111111111111", "999999999999"])),
                write(
                    "Write",
                    json!([folder("111111111111"), folder("999999999999")]),
                    json!([trail("111111111111"), trail("999999999999")])
                ),
            ]),
            able: &["111111111111", "999999999999"],
            left: &["Acl", "Write"],
            fates: vec![("Acl", "narrowed to 999999999999"), ("Write", "narrowed to 999999999999")],
        },
        Case {
            name: "only accounts that the spec does not have",
            live: json!([
                acl_check("Acl", Value::Null),
                write("Write", json!(folder("999999999999")), Value::Null),
            ]),
            able: &["999999999999"],
            left: &["Acl", "Write"],
            fates: vec![("Write", "unlisted 999999999999")],
        },
        Case {
            name: "a trail of an organization",
            live: json!([
                acl_check("Acl", source(&["111111111111"])),
                write("Write", json!(folder("111111111111")), json!(trail("111111111111"))),
                write("OrganizationWrite", json!(folder("o-exampleorgid")), json!(trail("111111111111"))),
            ]),
            able: &["111111111111"],
            left: &["OrganizationWrite"],
            fates: vec![
                ("Acl", "replaced"),
                ("Write", "replaced"),
                ("OrganizationWrite", "unlisted o-exampleorgid"),
            ],
        },
        Case {
            name: "a Terraform module with a prefix, all in one statement",
            live: json!([{
                "Sid": "", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
                "Action": ["s3:PutObject", "s3:GetBucketAcl"],
                "Resource": ["arn:aws:s3:::logs/trails/AWSLogs/111111111111/*", "arn:aws:s3:::logs"],
            }]),
            able: &[],
            left: &[],
            fates: vec![("-", "replaced")],
        },
        Case {
            name: "wildcards",
            live: json!([
                acl_check("Acl", Value::Null),
                write("Write", json!("arn:aws:s3:::logs/AWSLogs/*"), Value::Null),
            ]),
            able: &["111111111111", "999999999999"],
            left: &["Acl", "Write"],
            fates: vec![("Write", "unlisted arn:aws:s3:::logs/AWSLogs/*")],
        },
        Case {
            name: "what says more than that CloudTrail may deliver is not looked at",
            live: json!([
                write("Tagged", json!([folder("111111111111")]), Value::Null),
                {
                    "Sid": "Other", "Effect": "Allow",
                    "Principal": { "Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"] },
                    "Action": "s3:PutObject", "Resource": folder("111111111111"),
                },
                {
                    "Sid": "Conditional", "Effect": "Allow",
                    "Principal": { "Service": "cloudtrail.amazonaws.com" },
                    "Action": "s3:PutObject", "Resource": folder("111111111111"),
                    "Condition": { "Bool": { "aws:SecureTransport": "true" } },
                },
                { "Sid": "Deny", "Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "*" },
            ]),
            able: &[],
            left: &["Other", "Conditional", "Deny"],
            fates: vec![("Tagged", "replaced")],
        },
    ]
}

fn told(adopted: &Adopted) -> (String, String) {
    let sid = adopted.statement.sid.clone().unwrap_or_else(|| "-".to_owned());
    let fate = match &adopted.fate {
        Fate::Replaced => "replaced".to_owned(),
        Fate::Narrowed { others } => format!("narrowed to {}", others.join(" ")),
        Fate::Unlisted { others } => format!("unlisted {}", others.join(" ")),
        Fate::UnlistedRemoved { others } => format!("removed with {}", others.join(" ")),
        Fate::Removed => "removed".to_owned(),
        Fate::DeletedPrincipal { ids } => format!("names {}", ids.join(" ")),
    };
    (sid, fate)
}

#[test]
fn what_others_wrote_is_taken_over_without_a_gap() {
    for Case { name, live, able, left, fates } in cases() {
        let live = document(live);
        let merged = adopt(&live, &intent(), &adoption());
        let fates: Vec<_> = fates.into_iter().map(|(sid, fate)| (sid.to_owned(), fate.to_owned())).collect();
        assert_eq!(merged.adopted.iter().map(told).collect::<Vec<_>>(), fates, "{name}");

        let foreign: Vec<&str> =
            sids(&merged.contracted).into_iter().filter(|sid| !sid.starts_with("Sec")).collect();
        assert_eq!(foreign, left, "{name}");
        for account in able {
            assert!(can_deliver(&live, account, None), "{name}: {account} before");
            assert!(can_deliver(&merged.expanded, account, None), "{name}: {account} between");
            assert!(can_deliver(&merged.contracted, account, None), "{name}: {account} after");
        }
        for account in OURS {
            assert!(can_deliver(&merged.expanded, account, None), "{name}: {account} between");
            assert!(can_deliver(&merged.contracted, account, None), "{name}: {account} after");
        }
        // Until the contraction, what is there stays word for word.
        for statement in live.statements() {
            assert!(merged.expanded.to_string().contains(&statement.to_string()), "{name}: {statement}");
        }
        let again = adopt(&merged.contracted, &intent(), &adoption());
        assert!(again.expand().is_none() && again.contract().is_none(), "{name}: {}", again.contracted);
    }
}

#[test]
fn a_narrowed_statement_keeps_its_name_and_its_conditions() {
    let live = document(json!([write(
        "Write",
        json!([folder("111111111111"), folder("999999999999"), folder("222222222222")]),
        json!(["111111111111", "999999999999"].map(trail))
    )]));
    let merged = adopt(&live, &intent(), &adoption());
    let left = serde_json::to_value(&merged.contracted.statements()[0]).unwrap();
    assert_eq!(left, write("Write", json!(folder("999999999999")), json!(trail("999999999999"))));
}

#[test]
fn the_spec_may_end_what_unlisted_accounts_have() {
    let live = document(json!([
        acl_check("Acl", Value::Null),
        write("Write", json!([folder("111111111111"), folder("999999999999")]), Value::Null),
        write("All", json!("arn:aws:s3:::logs/AWSLogs/*"), Value::Null),
        athena(),
    ]));
    let adoption = Adoption { unlisted_accounts: Keep::Remove, ..adoption() };
    let merged = adopt(&live, &intent(), &adoption);
    let fates: Vec<_> = merged.adopted.iter().map(|adopted| told(adopted).1).collect();
    let expected = ["replaced", "removed with 999999999999", "removed with arn:aws:s3:::logs/AWSLogs/*"];
    assert_eq!(fates, expected);
    assert_eq!(sids(&merged.contracted)[0], "Athena");
    assert!(can_deliver(&merged.expanded, "999999999999", None));
    assert!(!can_deliver(&merged.contracted, "999999999999", None));
}

#[test]
fn the_spec_may_end_all_that_is_foreign() {
    let live = document(json!([athena(), acl_check("SecTrailAclCheck", source(&["111111111111"]))]));
    let adoption = Adoption { foreign_statements: Keep::Remove, ..adoption() };
    let merged = adopt(&live, &intent(), &adoption);
    assert_eq!(
        merged.adopted.iter().map(told).collect::<Vec<_>>(),
        [("Athena".to_owned(), "removed".to_owned())]
    );
    assert!(sids(&merged.expanded).contains(&"Athena"));
    assert!(sids(&merged.contracted).iter().all(|sid| sid.starts_with("Sec")));
}

#[test]
fn a_statement_with_a_deleted_principal_goes_before_anything_is_written() {
    let deleted = json!({
        "Sid": "Gone", "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEEXAMPLE12" },
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*",
    });
    let live = document(json!([deleted, athena()]));
    let kept = adopt(&live, &intent(), &adoption());
    assert!(sids(&kept.expanded).contains(&"Gone") && kept.adopted.is_empty());
    let adoption = Adoption { deleted_principals: Keep::Remove, ..adoption() };
    let merged = adopt(&live, &intent(), &adoption);
    let fates: Vec<_> = merged.adopted.iter().map(|adopted| told(adopted).1).collect();
    assert_eq!(fates, ["names AROAEXAMPLEEXAMPLE12"]);
    assert_eq!(sids(&merged.expanded)[0], "Athena");
    assert_eq!(sids(&merged.contracted)[0], "Athena");
}

#[test]
fn a_trail_that_delivers_here_and_is_not_in_the_spec_goes_on_to() {
    let guest = Guest { trail: trail("888888888888"), prefix: Some("old".to_owned()) };
    let live = document(json!([
        acl_check("Acl", Value::Null),
        write("Write", json!("arn:aws:s3:::logs/old/AWSLogs/888888888888/*"), Value::Null),
    ]));
    let intent = BucketIntent { guests: vec![guest], ..intent() };
    let mut adoption = adoption();
    adoption.accounts.insert("888888888888".to_owned());
    for form in [Form::Plain, Form::ByAccount] {
        let desired = intent.compile(&ownership(), form).unwrap();
        let merged = merge(Some(&live), &desired, &ownership()).adopt(&adoption, &ownership());
        assert!(sids(&merged.contracted).iter().all(|sid| sid.starts_with("Sec")), "{form}");
        for document in [&live, &merged.expanded, &merged.contracted] {
            assert!(can_deliver(document, "888888888888", Some("old")), "{form}: {document}");
        }
    }
}

#[test]
fn the_key_policy_is_taken_over_alike() {
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
        // Anybody's trail that nobody named may still not.
        assert!(!evaluate(&merged.contracted, &encrypt("777777777777")).is_allowed());
    }
}

#[test]
fn a_statement_that_lets_every_trail_encrypt_is_not_taken_for_one_of_no_account() {
    let live = document(json!([{
        "Sid": "Everybody", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "kms:GenerateDataKey*", "Resource": "*",
    }]));
    let merged = merge(Some(&live), &[], &ownership()).adopt(&adoption(), &ownership());
    let fates: Vec<_> = merged.adopted.iter().map(|adopted| told(adopted).1).collect();
    assert_eq!(fates, ["unlisted every account"]);
    assert_eq!(sids(&merged.contracted), ["Everybody"]);
}

/// Statements that let CloudTrail deliver, of accounts that are ours and others.
fn delivery_statement() -> impl Strategy<Value = Value> {
    let accounts = || {
        proptest::sample::subsequence(
            vec!["111111111111", "222222222222", "888888888888", "999999999999"],
            1..=4,
        )
    };
    (accounts(), prop::option::of(accounts()), 0..4_usize).prop_map(|(accounts, sources, shape)| {
        let sources = sources.map_or(Value::Null, |it| json!(it.into_iter().map(trail).collect::<Vec<_>>()));
        let folders: Vec<String> = accounts.iter().map(|account| folder(account)).collect();
        match shape {
            0 => acl_check("A", source(&accounts)),
            1 => acl_check("B", Value::Null),
            2 => write("C", json!("arn:aws:s3:::logs/AWSLogs/*"), sources),
            _ => write("D", json!(folders), sources),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn laws_of_adoption(
        (live, desired) in change(),
        more in prop::collection::vec(prop_oneof![delivery_statement(), statement()], 0..5),
        unlisted in prop_oneof![Just(Keep::Keep), Just(Keep::Remove)],
    ) {
        let mut live = live;
        live["Statement"].as_array_mut().unwrap().extend(more);
        let live: Document = live.to_string().parse().unwrap();
        let mut desired: Vec<Statement> =
            desired.into_iter().map(|value| Statement::from_value(value).unwrap()).collect();
        let ours = intent().statements(&ownership());
        desired.retain(|it| ours.iter().all(|our| our.sid() != it.sid()));
        desired.extend(ours);
        let adoption = Adoption { unlisted_accounts: unlisted, ..adoption() };
        let merged = merge(Some(&live), &desired, &ownership()).adopt(&adoption, &ownership());

        // Idempotent.
        let again = merge(Some(&merged.contracted), &desired, &ownership()).adopt(&adoption, &ownership());
        prop_assert!(again.expand().is_none() && again.contract().is_none(), "{}\n{}", merged.contracted, again.contracted);

        // Nothing that is not ours is altered before the contraction.
        for statement in live.statements().iter().filter(|it| !it.sid().is_some_and(|sid| ownership().owns(sid))) {
            prop_assert!(merged.expanded.statements().contains(statement));
        }

        // Who could deliver, and is not shut out in words, can deliver all the way.
        let accounts: BTreeSet<&str> = match unlisted {
            Keep::Keep => ["111111111111", "222222222222", "888888888888", "999999999999"].into(),
            Keep::Remove => OURS.into(),
        };
        let is_denied = live.statements().iter().any(|it| it.effect() == reconcile_policy::Effect::Deny)
            || desired.iter().any(|it| it.effect() == reconcile_policy::Effect::Deny && it.sid() != Some("SecDenyInsecureTransport"));
        let is_foreign = |it: &&Statement| !it.sid().is_some_and(|sid| ownership().owns(sid));
        let foreign: Vec<Value> =
            live.statements().iter().filter(is_foreign).map(|it| serde_json::to_value(it).unwrap()).collect();
        let foreign = document(json!(foreign));
        for account in accounts.into_iter().filter(|_| !is_denied) {
            if can_deliver(&foreign, account, None) {
                prop_assert!(can_deliver(&merged.expanded, account, None), "{account}: {}", merged.expanded);
                prop_assert!(can_deliver(&merged.contracted, account, None), "{account}: {live}\n{}", merged.contracted);
            }
        }
    }
}
