//! Tests the treatment of foreign statements about CloudTrail, and the messages about it.

use std::fmt::Write;

use jiff::Timestamp;
use reconcile_plan::destroy;
use reconcile_plan::observed::Observed;
use reconcile_samples::{EditSpec, every_destination};
use serde_json::{Value, json};

use super::made::{compared, made, planned, spec, to_bucket, to_key, with_policies};

const BUCKET: &str = "arn:aws:s3:::test-logs";
const MEMBER: &str = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Trail";

struct Case {
    name: &'static str,
    spec: fn() -> String,
    edit: fn(&mut Observed),
}

/// A statement that allows CloudTrail to write anywhere below a folder, under a condition.
fn write(folder: &str, condition: &Value) -> Value {
    json!({ "Sid": "Write", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:PutObject", "Resource": format!("{BUCKET}/{folder}"), "Condition": condition })
}

fn key(action: &str, condition: &Value) -> Value {
    json!({ "Sid": "Key", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": action, "Resource": "*", "Condition": condition })
}

fn arn(arn: &str) -> Value {
    json!({ "StringEquals": { "aws:SourceArn": arn } })
}

const ALL: &str = "AWSLogs/222222222222/*";

const CASES: &[Case] = &[
    Case {
        name: "a trail of the spec by its ARN",
        spec: every_destination,
        edit: |live| to_bucket(live, write(ALL, &arn(MEMBER))),
    },
    Case {
        name: "two trails by their ARNs, one of them not in the spec",
        spec: every_destination,
        edit: |live| {
            let other = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Other";
            to_bucket(live, write(ALL, &json!({ "StringEquals": { "aws:SourceArn": [MEMBER, other] } })));
        },
    },
    Case {
        name: "a trail of an account that is not in the spec",
        spec: every_destination,
        edit: |live| {
            let other = "arn:aws:cloudtrail:eu-west-1:999999999999:trail/Other";
            to_bucket(live, write("AWSLogs/999999999999/*", &arn(other)));
        },
    },
    Case {
        name: "a source that is not a trail",
        spec: every_destination,
        edit: |live| {
            let store = "arn:aws:cloudtrail:eu-west-1:222222222222:eventdatastore/1";
            to_bucket(live, write("exports/*", &arn(store)));
        },
    },
    Case {
        name: "an organization",
        spec: every_destination,
        edit: |live| {
            to_bucket(live, write("AWSLogs/*", &json!({ "StringEquals": { "aws:SourceOrgID": "o-1" } })));
        },
    },
    Case {
        name: "two organizations",
        spec: every_destination,
        edit: |live| {
            to_bucket(
                live,
                write("AWSLogs/*", &json!({ "StringEquals": { "aws:SourceOrgID": ["o-1", "o-2"] } })),
            );
        },
    },
    Case {
        name: "two actions, one of them not about deliveries",
        spec: every_destination,
        edit: |live| {
            let mut statement =
                write(ALL, &json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }));
            statement["Action"] = json!(["s3:PutObject", "s3:GetBucketLocation", "s3:GetBucketAcl"]);
            statement["Resource"] = json!([format!("{BUCKET}/{ALL}"), BUCKET]);
            to_bucket(live, statement);
        },
    },
    Case {
        name: "the key without an encryption context",
        spec: every_destination,
        edit: |live| {
            to_key(
                live,
                key(
                    "kms:GenerateDataKey*",
                    &json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }),
                ),
            );
        },
    },
    Case {
        name: "the key for trails of the spec by their ARN",
        spec: every_destination,
        edit: |live| to_key(live, key("kms:DescribeKey", &arn(MEMBER))),
    },
    Case {
        name: "an unlisted account, revoked",
        spec: || with_policies(&every_destination(), "{ unlisted_accounts: remove }"),
        edit: |live| {
            to_bucket(
                live,
                write(
                    "AWSLogs/999999999999/*",
                    &json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }),
                ),
            );
            to_key(
                live,
                key(
                    "kms:GenerateDataKey*",
                    &json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }),
                ),
            );
        },
    },
    Case {
        name: "foreign statements, removed",
        spec: || with_policies(&every_destination(), "{ foreign_statements: remove }"),
        edit: |live| {
            to_bucket(
                live,
                write(
                    "AWSLogs/999999999999/*",
                    &json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } }),
                ),
            );
            to_bucket(
                live,
                json!({ "Sid": "Athena", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:role/Athena" },
                    "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*") }),
            );
        },
    },
    Case {
        name: "statements without an action or a resource",
        spec: every_destination,
        edit: |live| {
            to_bucket(
                live,
                json!({ "Sid": "Empty", "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": [],
                    "Resource": [] }),
            );
        },
    },
    Case {
        name: "a Deny of requests without TLS by others",
        spec: every_destination,
        edit: |live| {
            let policy = live.bucket_policy.as_mut().unwrap();
            *policy = policy.retain(|it| it.sid() != Some("TestDenyInsecureTransport"));
            to_bucket(
                live,
                json!({ "Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                    "Resource": [BUCKET, format!("{BUCKET}/*")],
                    "Condition": { "Bool": { "aws:SecureTransport": "false" } } }),
            );
        },
    },
    Case {
        name: "a Deny of the caller that also concerns reading",
        spec: every_destination,
        edit: |live| {
            live.caller = Some("arn:aws:iam::111111111111:role/Deploy".parse().unwrap());
            to_bucket(
                live,
                json!({ "Sid": "Freeze", "Effect": "Deny", "Principal": "*",
                    "Action": ["s3:PutBucketPolicy", "s3:GetBucketPolicy"], "Resource": BUCKET,
                    "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } } }),
            );
        },
    },
    Case {
        name: "a trail that is granted by statements of another installation",
        spec: every_destination,
        edit: |live| {
            let mut statement = write(ALL, &arn(MEMBER));
            statement["Sid"] = json!("AnotherTrailWrite");
            to_bucket(live, statement);
        },
    },
];

#[test]
fn statements_of_others_are_taken_over_by_what_they_allow() {
    let mut text = String::new();
    for case in CASES {
        let spec = spec(&(case.spec)());
        let usual = compared(&spec, &made(&spec)).plan.warnings;
        let mut observed = made(&spec);
        (case.edit)(&mut observed);
        writeln!(text, "{}\n{}", case.name, planned(&compared(&spec, &observed).plan, &usual)).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_destruction_removes_statements_of_deleted_principals_only_if_the_spec_says_so() {
    let mut text = String::new();
    let removing = "policy: { deleted_principals: remove }";
    for (bucket, text_of_spec) in
        [("", every_destination()), (removing, every_destination().with("bucket", removing))]
    {
        let spec = spec(&text_of_spec);
        let mut observed = made(&spec);
        to_bucket(
            &mut observed,
            json!({ "Sid": "Deleted", "Effect": "Allow", "Principal": { "AWS": "AIDAEXAMPLEEXAMPLE123" },
                "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*") }),
        );
        let mut plan = destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan;
        plan.changes.retain(|change| change.address.kind.is_policy());
        writeln!(text, "`{bucket}`\n{}", planned(&plan, &[])).unwrap();
    }
    insta::assert_snapshot!(text);
}
