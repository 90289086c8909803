//! Tests the adoption of foreign statements. Trails that can deliver before can also deliver in
//! every step.

mod guests;
mod key;
mod laws;
mod organization;
mod topic;
mod uses;

use std::collections::BTreeSet;

use reconcile_policy::{
    Adopted, Adoption, AdoptionResult, Arn, BucketIntent, Delivery, Document, Intent, Keep, Membership,
    Merged, Ownership, Partition, PolicyKind, Sources, Use, merge,
};
use serde_json::{Value, json};

pub(crate) const OURS: [&str; 2] = ["111111111111", "222222222222"];

pub(crate) fn trail(account: &str) -> Arn {
    format!("arn:aws:cloudtrail:us-east-1:{account}:trail/T").parse().unwrap()
}

pub(crate) fn intent() -> BucketIntent {
    BucketIntent { trails: OURS.map(trail).into(), ..BucketIntent::new(Partition::Aws, "logs") }
}

pub(crate) fn ownership() -> Ownership {
    Ownership::of("sec")
}

pub(crate) fn adoption() -> Adoption {
    let ours: BTreeSet<String> = OURS.map(str::to_owned).into();
    Adoption { trails: OURS.map(trail).into(), surveyed: ours.clone(), listed: ours, ..Adoption::default() }
}

pub(crate) fn document(statements: Value) -> Document {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
}

pub(crate) fn adopt(live: &Document, intent: &BucketIntent, adoption: &Adoption) -> Merged {
    merge(Some(live), &intent.statements(&ownership()), &ownership()).adopt(adoption, &ownership())
}

pub(crate) fn can_deliver(policy: &Document, account: &str, prefix: Option<&str>) -> bool {
    let delivery = Delivery {
        trail: trail(account),
        bucket: "arn:aws:s3:::logs".parse().unwrap(),
        prefix: prefix.map(str::to_owned),
        key: None,
        bucket_key: false,
        topic: None,
        topic_key: None,
        digests: true,
        organization: Membership::Unknown,
        organization_trail: false,
        owner: None,
    };
    delivery
        .prove(|kind| (kind == PolicyKind::Bucket).then_some(policy))
        .iter()
        .all(|proof| proof.decision.is_allowed())
}

pub(crate) fn sids(document: &Document) -> Vec<&str> {
    document.statements().iter().map(|statement| statement.sid().unwrap_or("-")).collect()
}

pub(crate) fn acl_check(sid: &str, condition: Value) -> Value {
    let mut statement = json!({
        "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::logs",
    });
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

pub(crate) fn write(sid: &str, resources: Value, sources: Value) -> Value {
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

pub(crate) fn athena() -> Value {
    json!({
        "Sid": "Athena", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::444444444444:role/Athena" },
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*",
    })
}

pub(crate) fn folder(account: &str) -> String {
    format!("arn:aws:s3:::logs/AWSLogs/{account}/*")
}

pub(crate) fn source(sources: &[&str]) -> Value {
    json!({ "StringEquals": { "aws:SourceArn": sources.iter().map(|id| trail(id)).collect::<Vec<_>>() } })
}

struct Case {
    name: &'static str,
    live: Value,
    /// Accounts that can deliver before the merge, and must be able to deliver in every step.
    able: &'static [&'static str],
    /// Sids of the remaining foreign statements.
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
            fates: vec![("Acl", "kept for everyone"), ("Write", "kept for 999999999999")],
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
                ("OrganizationWrite", "kept for o-exampleorgid"),
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
            fates: vec![("Acl", "kept for everyone"), ("Write", "kept for everyone")],
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

pub(crate) fn told(adopted: &Adopted) -> (String, String) {
    let sid = adopted.statement.sid.clone().unwrap_or_else(|| "-".to_owned());
    let fate = match &adopted.fate {
        AdoptionResult::Replaced => "replaced".to_owned(),
        AdoptionResult::Narrowed => format!("narrowed to {}", who(&adopted.stays)),
        AdoptionResult::Kept => format!("kept for {}", who(&adopted.stays)),
        AdoptionResult::Revoked => format!("revoked from {}", who(&adopted.ended)),
        AdoptionResult::Removed => "removed".to_owned(),
        AdoptionResult::PublicRemoved => "removed as public".to_owned(),
        AdoptionResult::DeletedPrincipal { ids } => format!("names {}", ids.join(" ")),
    };
    (sid, fate)
}

/// Returns the sources of uses; for trails, returns their accounts.
pub(crate) fn who(uses: &[Use]) -> String {
    let names = |it: &Use| -> Vec<String> {
        match &it.sources {
            Sources::Trails { arns } => {
                arns.iter().map(|arn| arn.parse::<Arn>().unwrap().account().to_owned()).collect()
            }
            Sources::Others { arns: names }
            | Sources::Accounts { ids: names }
            | Sources::Organizations { ids: names } => names.iter().cloned().collect(),
            Sources::Everyone => vec!["everyone".to_owned()],
        }
    };
    uses.iter().flat_map(names).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

#[test]
fn foreign_statements_are_adopted_without_an_interruption() {
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
        // Until the contraction, the live statements are kept word for word.
        for statement in live.statements() {
            assert!(merged.expanded.to_string().contains(&statement.to_string()), "{name}: {statement}");
        }
        let again = adopt(&merged.contracted, &intent(), &adoption());
        assert!(again.expand().is_none() && again.contract().is_none(), "{name}: {}", again.contracted);
    }
}

#[test]
fn a_narrowed_statement_keeps_its_sid_and_its_conditions() {
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
fn the_spec_can_revoke_the_access_of_unlisted_accounts() {
    let live = document(json!([
        acl_check("Acl", Value::Null),
        write("Write", json!([folder("111111111111"), folder("999999999999")]), Value::Null),
        write("All", json!("arn:aws:s3:::logs/AWSLogs/*"), Value::Null),
        athena(),
    ]));
    let adoption = Adoption { unlisted_accounts: Keep::Remove, ..adoption() };
    let merged = adopt(&live, &intent(), &adoption);
    let fates: Vec<_> = merged.adopted.iter().map(|adopted| told(adopted).1).collect();
    let expected = ["replaced", "revoked from 111111111111 999999999999", "revoked from everyone"];
    assert_eq!(fates, expected);
    assert_eq!(sids(&merged.contracted)[0], "Athena");
    assert!(can_deliver(&merged.expanded, "999999999999", None));
    assert!(!can_deliver(&merged.contracted, "999999999999", None));
}

#[test]
fn the_spec_can_remove_every_foreign_statement() {
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
fn a_statement_with_a_deleted_principal_is_removed_by_the_first_write() {
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
fn statements_that_cannot_be_saved_are_left_out_of_both_writes_if_they_are_foreign() {
    let deleted = |sid: &str| {
        json!({ "Sid": sid, "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEEXAMPLE12" },
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*" })
    };
    let live = document(json!([deleted("Gone"), athena(), deleted("SecExtraGone")]));
    let merged = adopt(&live, &intent(), &adoption());
    let all = |merged: &Merged| [sids(&merged.expanded).join(" "), sids(&merged.contracted).join(" ")];
    assert!(all(&merged).iter().all(|sids| sids.contains("Gone") && sids.contains("Athena")));
    let [expanded, contracted] = all(&merged.drop_unwritable(&ownership()));
    assert!(expanded.starts_with("Athena SecExtraGone "), "{expanded}");
    assert!(contracted.starts_with("Athena ") && !contracted.contains("Gone"), "{contracted}");
}

#[test]
fn a_public_statement_that_s3_rejects_is_removed_by_the_first_write() {
    let public = |sid: &str| {
        json!({ "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::logs/downloads/*" })
    };
    // A statement of another team, and a managed one that an earlier spec contained.
    let live = document(json!([public("Downloads"), athena(), public("SecExtraDownloads")]));
    let remove = Adoption { foreign_statements: Keep::Remove, ..adoption() };
    let fates = |merged: &Merged| merged.adopted.iter().map(|it| told(it).1).collect::<Vec<_>>();

    let merged = adopt(&live, &intent(), &remove);
    assert_eq!(sids(&merged.expanded)[..3], ["Downloads", "Athena", "SecExtraDownloads"]);
    assert_eq!(fates(&merged), ["removed", "removed"]);

    let merged = adopt(&live, &intent(), &Adoption { refuses_public: true, ..remove });
    assert_eq!(sids(&merged.expanded)[..2], ["Athena", "SecTrailAclCheck"]);
    assert_eq!(fates(&merged), ["removed as public", "removed"]);
    assert!(OURS.iter().all(|account| can_deliver(&merged.expanded, account, None)));

    // Another team decides about a statement that is kept.
    let kept = adopt(&live, &intent(), &Adoption { refuses_public: true, ..adoption() });
    assert_eq!(sids(&kept.expanded)[..2], ["Downloads", "Athena"]);
}
