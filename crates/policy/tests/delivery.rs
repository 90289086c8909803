//! Who can deliver, read and administer under which policies, and what is said of who cannot.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

use reconcile_policy::{
    AccountId, Arn, BucketIntent, Delivery, Document, KeyIntent, Logs, Ownership, Partition, PolicyKind,
    Proof, Reader, Request, can_be_administered, evaluate,
};
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/1234";

fn trails() -> Vec<Arn> {
    let trail = |account| format!("arn:aws:cloudtrail:us-east-1:{account}:trail/T").parse().unwrap();
    vec![trail("111111111111"), trail("222222222222")]
}

fn readers() -> Vec<Reader> {
    let reader = |mark: &str, principal: &str, logs| Reader {
        mark: mark.to_owned(),
        principal: principal.parse().unwrap(),
        logs,
    };
    vec![
        reader("00000001", "arn:aws:iam::333333333333:role/Security", Logs::All),
        reader("00000002", "arn:aws:iam::222222222222:root", Logs::Of(vec!["222222222222".parse().unwrap()])),
    ]
}

fn bucket_policy(others: &[Value]) -> Document {
    let intent = BucketIntent {
        partition: Partition::Aws,
        bucket: "logs".to_owned(),
        prefix: Some("central".to_owned()),
        trails: trails(),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        organization: None,
        readers: readers(),
        require_tls: true,
        extra: Vec::new(),
    };
    with(intent.statements(&Ownership::of("sec")), others)
}

fn key_policy(others: &[Value]) -> Document {
    let intent = KeyIntent {
        partition: Partition::Aws,
        administrators: vec!["arn:aws:iam::111111111111:root".parse().unwrap()],
        trails: trails(),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        organization: None,
        readers: readers(),
        extra: Vec::new(),
    };
    with(intent.statements(&Ownership::of("sec")), others)
}

fn with(ours: Vec<reconcile_policy::Statement>, others: &[Value]) -> Document {
    let mut document = serde_json::to_value(Document::new(ours)).unwrap();
    document["Statement"].as_array_mut().unwrap().extend(others.iter().cloned());
    document.to_string().parse().unwrap()
}

fn delivery() -> Delivery {
    Delivery {
        trail: "arn:aws:cloudtrail:us-east-1:222222222222:trail/T".parse().unwrap(),
        bucket: "arn:aws:s3:::logs".parse().unwrap(),
        prefix: Some("central".to_owned()),
        key: Some(KEY.to_owned()),
        bucket_key: true,
        digests: true,
        organization: None,
        organization_trail: false,
        topic: None,
    }
}

fn obstacles(bucket: &Document, key: &Document) -> Vec<(&'static str, String)> {
    let proofs = delivery().prove(|kind| match kind {
        PolicyKind::Bucket => Some(bucket),
        PolicyKind::Key => Some(key),
        PolicyKind::Topic => None,
    });
    let failed = proofs.into_iter().filter(|proof: &Proof| !proof.decision.is_allowed());
    failed.map(|proof| (proof.hop.code(), proof.decision.to_string())).collect()
}

#[test]
fn what_we_write_delivers() {
    assert_eq!(obstacles(&bucket_policy(&[]), &key_policy(&[])), []);
    let without = Document::new(Vec::new());
    let hops: Vec<_> = obstacles(&without, &without).into_iter().map(|(hop, _)| hop).collect();
    let all = ["look-at-bucket", "write-logs", "write-digests", "look-at-key", "make-data-key", "decrypt"];
    assert_eq!(hops, all);
    assert_eq!(delivery().prove(|_| None).len(), all.len());
}

#[test]
fn a_foreign_deny_blocks_cloudtrail_or_does_not() {
    let deny = |changes: Value| {
        let mut deny = json!({
            "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::logs/*",
        });
        for (element, value) in changes.as_object().unwrap() {
            if value.is_null() {
                deny.as_object_mut().unwrap().remove(element);
            } else {
                deny[element] = value.clone();
            }
        }
        deny
    };
    let condition = |condition: Value| deny(json!({ "Condition": condition }));
    for (name, statement, blocks) in [
        (
            "unencrypted uploads",
            condition(json!({ "Null": { "s3:x-amz-server-side-encryption": "true" } })),
            false,
        ),
        (
            "uploads that are not encrypted with KMS",
            condition(json!({ "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } })),
            false,
        ),
        (
            "uploads that are not encrypted by S3",
            condition(json!({ "StringNotEquals": { "s3:x-amz-server-side-encryption": "AES256" } })),
            true,
        ),
        (
            "uploads with another key",
            condition(
                json!({ "StringNotEquals": { "s3:x-amz-server-side-encryption-aws-kms-key-id": "other" } }),
            ),
            true,
        ),
        ("requests without TLS", condition(json!({ "Bool": { "aws:SecureTransport": "false" } })), false),
        ("old versions of TLS", condition(json!({ "NumericLessThan": { "s3:TlsVersion": "1.2" } })), false),
        (
            "everybody but a role",
            deny(json!({ "Principal": null, "NotPrincipal": { "AWS": "arn:aws:iam::111111111111:role/A" } })),
            true,
        ),
        (
            "everybody but CloudTrail",
            deny(json!({ "Principal": null, "NotPrincipal": { "Service": "cloudtrail.amazonaws.com" } })),
            false,
        ),
        (
            "who is not of the organization",
            condition(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })),
            true,
        ),
        (
            "who is not of the organization, or not known to be",
            condition(json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } })),
            true,
        ),
        (
            "who is not of the organization, but for services",
            condition(json!({
                "StringNotEquals": { "aws:PrincipalOrgID": "o-1" },
                "Bool": { "aws:PrincipalIsAWSService": "false" },
            })),
            false,
        ),
        ("other addresses", condition(json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } })), true),
        (
            "other accounts' trails",
            condition(json!({ "StringNotEquals": { "aws:SourceAccount": "111111111111" } })),
            true,
        ),
        (
            "other prefixes",
            deny(json!({ "NotResource": "arn:aws:s3:::logs/central/*", "Resource": null })),
            false,
        ),
        (
            "other Regions",
            condition(json!({ "StringNotEquals": { "aws:RequestedRegion": "us-east-1" } })),
            false,
        ),
        (
            "this Region",
            condition(json!({ "StringEquals": { "aws:RequestedRegion": ["us-east-1", "us-east-2"] } })),
            true,
        ),
        ("deleting", deny(json!({ "Action": "s3:Delete*" })), false),
        ("an account", deny(json!({ "Principal": { "AWS": "222222222222" } })), false),
    ] {
        let found = obstacles(&bucket_policy(std::slice::from_ref(&statement)), &key_policy(&[]));
        assert_eq!(!found.is_empty(), blocks, "{name}: {found:?}");
        for (hop, decision) in found {
            assert!(hop.starts_with("write"), "{name}: {hop}");
            assert_eq!(decision, "denied by statement `Theirs`", "{name}");
        }
    }
}

#[test]
fn what_is_missing_is_named() {
    let mut policy = serde_json::to_value(bucket_policy(&[])).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let write = statements.iter_mut().find(|it| it["Sid"] == "SecTrailWrite").unwrap();
    write["Condition"]["StringEquals"]["aws:SourceArn"] = json!(trails()[0]);
    let found = obstacles(&policy.to_string().parse().unwrap(), &key_policy(&[]));
    let expected = "no statement allows it; statement `SecTrailWrite` comes nearest, but its condition `StringEquals` on \
        `aws:SourceArn` wants `arn:aws:cloudtrail:us-east-1:111111111111:trail/T`, \
        not `arn:aws:cloudtrail:us-east-1:222222222222:trail/T`";
    assert_eq!(found[0], ("write-logs", expected.to_owned()));
    assert_eq!(found.len(), 2);
}

#[test]
fn readers_read_what_is_theirs_and_nothing_else() {
    let (bucket, key) = (bucket_policy(&[]), key_policy(&[]));
    let security: Arn = "arn:aws:sts::333333333333:assumed-role/Security/alice".parse().unwrap();
    let member: Arn = "arn:aws:iam::222222222222:role/Any".parse().unwrap();
    let stranger: Arn = "arn:aws:iam::999999999999:role/Any".parse().unwrap();
    let object = |account: &str| format!("arn:aws:s3:::logs/central/AWSLogs/{account}/CloudTrail/x");
    for (who, own, other) in [(&security, true, true), (&member, true, false), (&stranger, false, false)] {
        for (account, expected) in [("222222222222", own), ("111111111111", other)] {
            for action in ["s3:GetObject", "s3:GetObjectVersion"] {
                let request = Request::by_principal(who, action, &object(account));
                assert_eq!(evaluate(&bucket, &request).is_allowed(), expected, "{who} {action} {account}");
            }
            let list = Request::by_principal(who, "s3:ListBucket", "arn:aws:s3:::logs")
                .with("s3:prefix", &format!("central/AWSLogs/{account}/"));
            assert_eq!(evaluate(&bucket, &list).is_allowed(), expected, "{who} lists {account}");
            let decrypt = Request::by_principal(who, "kms:Decrypt", KEY).with(
                "kms:EncryptionContext:aws:cloudtrail:arn",
                &format!("arn:aws:cloudtrail:us-east-1:{account}:trail/T"),
            );
            assert_eq!(evaluate(&key, &decrypt).is_allowed(), expected, "{who} decrypts {account}");
        }
        let by = |action: &str, resource: &str| Request::by_principal(who, action, resource);
        assert_eq!(
            evaluate(&bucket, &by("s3:GetBucketLocation", "arn:aws:s3:::logs")).is_allowed(),
            own,
            "{who}"
        );
        assert_eq!(evaluate(&key, &by("kms:DescribeKey", KEY)).is_allowed(), own, "{who}");
        // Nobody lists the whole bucket, decrypts what is no log file, or reads what is no log.
        assert!(!evaluate(&bucket, &by("s3:ListBucket", "arn:aws:s3:::logs")).is_allowed(), "{who}");
        assert!(!evaluate(&bucket, &by("s3:GetObject", "arn:aws:s3:::logs/other")).is_allowed(), "{who}");
        assert!(!evaluate(&bucket, &by("s3:PutObject", &object("222222222222"))).is_allowed(), "{who}");
        assert!(!evaluate(&key, &by("kms:Decrypt", KEY)).is_allowed(), "{who}");
    }
}

#[test]
fn a_key_policy_has_to_leave_somebody_who_can_change_it() {
    let account: AccountId = "111111111111".parse().unwrap();
    let allow = |principal: Value, action: &str| json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" });
    for (name, statements, expected) in [
        ("ours", serde_json::to_value(key_policy(&[])).unwrap()["Statement"].clone(), true),
        (
            "a role of the account",
            json!([allow(json!({ "AWS": "arn:aws:iam::111111111111:role/A" }), "kms:Put*")]),
            true,
        ),
        (
            "another account",
            json!([allow(json!({ "AWS": "arn:aws:iam::222222222222:root" }), "kms:*")]),
            false,
        ),
        ("a service", json!([allow(json!({ "Service": "cloudtrail.amazonaws.com" }), "kms:*")]), false),
        ("a role that was deleted", json!([allow(json!({ "AWS": "AROAEXAMPLEEXAMPLE12" }), "kms:*")]), false),
        ("reading it only", json!([allow(json!({ "AWS": "111111111111" }), "kms:Get*")]), false),
        (
            "a Deny to all",
            json!([
                allow(json!({ "AWS": "111111111111" }), "kms:*"),
                { "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*" },
            ]),
            false,
        ),
        ("nothing", json!([]), false),
    ] {
        let policy: Document =
            json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap();
        assert_eq!(can_be_administered(&policy, Partition::Aws, &account), expected, "{name}");
    }
}
