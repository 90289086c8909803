//! Tests who can deliver, read and administer under which policies, and the explanations of
//! refusals.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

use reconcile_policy::{
    AccountId, Administration, Arn, BucketIntent, Decision, Delivery, DenyDecision, Document, Intent,
    KeyIntent, Logs, Membership, OrganizationTrail, Owner, Ownership, Partition, PolicyKind, Proof, Reader,
    Request, TopicIntent, administration, denies_caller, evaluate,
};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:trails";
const ORGANIZATION: &str = "o-exampleorgid";
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
    bucket_policy_of(&[], others)
}

fn bucket_policy_of(organizations: &[(&Arn, &str)], others: &[Value]) -> Document {
    let organization_trails = organizations
        .iter()
        .map(|(trail, organization)| OrganizationTrail {
            trail: (*trail).clone(),
            organization: (*organization).to_owned(),
        })
        .collect();
    let intent = BucketIntent {
        prefix: Some("central".to_owned()),
        trails: trails(),
        organization_trails,
        readers: readers(),
        ..BucketIntent::new(Partition::Aws, "logs")
    };
    with(intent.statements(&Ownership::of("sec")), others)
}

fn key_intent() -> KeyIntent {
    KeyIntent {
        partition: Partition::Aws,
        administrators: vec!["arn:aws:iam::111111111111:root".parse().unwrap()],
        trails: trails(),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        topics: Vec::new(),
        log_groups: Vec::new(),
        organization: None,
        readers: readers(),
        extra: Vec::new(),
    }
}

fn key_policy(others: &[Value]) -> Document {
    with(key_intent().statements(&Ownership::of("sec")), others)
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
        key: Some(KEY.to_owned().into()),
        bucket_key: true,
        topic: None,
        topic_key: None,
        digests: true,
        organization: Membership::Unknown,
        organization_trail: false,
        owner: Some(Owner {
            account: "111111111111".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            organization: Membership::Unknown,
        }),
    }
}

fn obstacles(bucket: &Document, key: &Document) -> Vec<(&'static str, String)> {
    let policy_of = |kind| match kind {
        PolicyKind::Bucket => Some(bucket),
        PolicyKind::Key => Some(key),
        PolicyKind::Topic | PolicyKind::TopicKey => None,
    };
    let proofs = delivery().prove(policy_of);
    let failed = proofs.into_iter().filter(|proof: &Proof| proof.decision.is_refused());
    failed.map(|proof| (proof.hop.code(), proof.decision.to_string())).collect()
}

#[test]
fn managed_statements_allow_delivery() {
    assert_eq!(obstacles(&bucket_policy(&[]), &key_policy(&[])), []);
    let without = Document::new(Vec::new());
    let hops: Vec<_> = obstacles(&without, &without).into_iter().map(|(hop, _)| hop).collect();
    let all = ["look-at-bucket", "write-logs", "write-digests", "look-at-key", "make-data-key", "decrypt"];
    assert_eq!(hops, all);
    assert_eq!(delivery().prove(|_| None).len(), all.len());
}

fn topic_policy(trails: Vec<Arn>) -> Document {
    let intent = TopicIntent { topic: TOPIC.parse().unwrap(), trails };
    Document::new(intent.statements(&Ownership::of("sec")))
}

#[test]
fn a_trail_with_notifications_needs_the_topic_policy() {
    let delivery = Delivery { topic: Some(TOPIC.parse().unwrap()), ..delivery() };
    let (hop, request) = delivery.requests().pop().unwrap();
    assert_eq!((hop.code(), hop.to_string()), ("notify", "publish to the topic".to_owned()));
    assert_eq!(hop.policy().to_string(), "topic");
    assert_eq!((request.action(), request.resource()), ("sns:Publish", TOPIC));
    // The Region of the topic, not that of the bucket and the key.
    assert_eq!(request.values("aws:RequestedRegion"), ["eu-west-1"]);
    let (bucket, key) = (bucket_policy(&[]), key_policy(&[]));
    let [first, second] = <[Arn; 2]>::try_from(trails()).unwrap();
    for (topic, expected) in [
        (Some(topic_policy(vec![first.clone(), second])), &[][..]),
        (Some(topic_policy(vec![first])), &["notify"]),
        (Some(topic_policy(Vec::new())), &["notify"]),
        // Only the document of the bucket would allow the request.
        (None, &["notify"]),
    ] {
        let policy_of = |kind| match kind {
            PolicyKind::Bucket => Some(&bucket),
            PolicyKind::Key => Some(&key),
            PolicyKind::Topic => topic.as_ref(),
            PolicyKind::TopicKey => None,
        };
        let proofs = delivery.prove(policy_of).into_iter();
        let failed: Vec<_> = proofs.filter(|it| !it.decision.is_allowed()).map(|it| it.hop.code()).collect();
        assert_eq!(failed, expected);
    }
}

#[test]
fn an_encrypted_topic_needs_the_policy_of_its_key() {
    let topic: Arn = TOPIC.parse().unwrap();
    let theirs = "arn:aws:kms:eu-west-1:999999999999:key/theirs".parse().unwrap();
    let delivery = Delivery { topic: Some(topic.clone()), topic_key: Some(theirs), ..delivery() };
    let codes: Vec<&str> = delivery.requests().iter().rev().take(2).map(|(hop, _)| hop.code()).collect();
    assert_eq!(codes, ["decrypt-for-topic", "make-topic-data-key"]);
    let (_, request) = delivery.requests().pop().unwrap();
    assert_eq!(request.values("aws:ResourceAccount"), ["999999999999"]);
    assert_eq!(request.values("aws:RequestedRegion"), ["eu-west-1"]);

    let service = |condition: Value| -> Document {
        let mut statement = json!({
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*",
        });
        if !condition.is_null() {
            statement["Condition"] = condition;
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string().parse().unwrap()
    };
    let ours = KeyIntent { topics: vec![topic], ..key_intent() };
    let managed_by_aws: Document = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
        "Resource": "*",
        "Condition": { "StringEquals": {
            "kms:CallerAccount": "111111111111", "kms:ViaService": "sns.eu-west-1.amazonaws.com",
        } },
    }] })
    .to_string()
    .parse()
    .unwrap();
    for (name, policy, expected) in [
        ("the statement of AWS's page", service(Value::Null), "yes"),
        ("our own statement", Document::new(ours.statements(&Ownership::of("sec"))), "yes"),
        ("our own policy for another topic", key_policy(&[]), "no"),
        (
            "another topic",
            service(
                json!({ "StringEquals": { "kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:eu-west-1:111111111111:x" } }),
            ),
            "no",
        ),
        (
            "the account of the trail as source, which AWS does not document",
            service(json!({ "StringEquals": { "aws:SourceAccount": "222222222222" } })),
            "unknown",
        ),
        (
            "another account as source",
            service(json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } })),
            "no",
        ),
        ("the key that AWS manages for SNS", managed_by_aws, "no"),
    ] {
        let proofs = delivery.prove(|kind| (kind == PolicyKind::TopicKey).then_some(&policy));
        let of_key: Vec<_> = proofs.iter().filter(|it| it.hop.policy() == PolicyKind::TopicKey).collect();
        assert_eq!(of_key.len(), 2);
        for proof in of_key {
            let found = match &proof.decision {
                Decision::Allowed(_) => "yes",
                Decision::Unknown(_) => "unknown",
                Decision::Denied(_) | Decision::NotAllowed(_) => "no",
            };
            assert_eq!(found, expected, "{name}: {proof:?}");
        }
    }
}

#[test]
fn a_trail_of_an_organization_needs_the_prefix_of_the_organization() {
    let delivery = |organization: Option<&str>, organization_trail| Delivery {
        organization: organization
            .map_or(Membership::Unknown, |id| Membership::In { id: id.to_owned(), path: None }),
        organization_trail,
        ..delivery()
    };
    let codes = |delivery: &Delivery| -> Vec<&str> {
        delivery.requests().iter().map(|(hop, _)| hop.code()).take(3).collect()
    };
    let usual = ["look-at-bucket", "write-logs", "write-digests"];
    assert_eq!(codes(&delivery(Some(ORGANIZATION), false)), usual);
    assert_eq!(codes(&delivery(None, true)), usual);
    let of_organization = delivery(Some(ORGANIZATION), true);
    assert_eq!(codes(&of_organization), ["look-at-bucket", "write-logs", "write-organization-logs"]);
    let (hop, request) = of_organization.requests().remove(2);
    assert_eq!(hop.to_string(), "write log files of the organization");
    let folder = "arn:aws:s3:::logs/central/AWSLogs/o-exampleorgid/222222222222/CloudTrail/us-east-1/";
    assert!(request.resource().starts_with(folder), "{}", request.resource());

    let key = key_policy(&[]);
    let [other, own] = <[Arn; 2]>::try_from(trails()).unwrap();
    for (organizations, expected) in [
        (vec![(&own, ORGANIZATION)], &[][..]),
        (vec![(&own, "o-other")], &["write-organization-logs"]),
        (vec![(&other, ORGANIZATION)], &["write-organization-logs"]),
        (vec![], &["write-organization-logs"]),
    ] {
        let bucket = bucket_policy_of(&organizations, &[]);
        let policy_of = |kind| match kind {
            PolicyKind::Bucket => Some(&bucket),
            PolicyKind::Key => Some(&key),
            PolicyKind::Topic | PolicyKind::TopicKey => None,
        };
        let proofs = of_organization.prove(policy_of).into_iter();
        let failed: Vec<_> = proofs.filter(|it| !it.decision.is_allowed()).map(|it| it.hop.code()).collect();
        assert_eq!(failed, expected, "{organizations:?}");
    }
}

#[test]
fn readers_read_only_their_files_of_an_organization_trail() {
    let management = &trails()[0];
    let bucket = bucket_policy_of(&[(management, ORGANIZATION)], &[]);
    let intent = KeyIntent { organization_trails: vec![management.clone()], ..key_intent() };
    let key = with(intent.statements(&Ownership::of("sec")), &[]);
    let security: Arn = "arn:aws:iam::333333333333:role/Security".parse().unwrap();
    let member: Arn = "arn:aws:iam::222222222222:role/Any".parse().unwrap();
    let stranger: Arn = "arn:aws:iam::999999999999:role/Any".parse().unwrap();
    for (who, own, other, decrypts) in
        [(&security, true, true, true), (&member, true, false, true), (&stranger, false, false, false)]
    {
        for (owner, expected) in [
            ("o-exampleorgid/222222222222", own),
            ("o-exampleorgid/111111111111", other),
            ("o-other/222222222222", other),
        ] {
            let object = format!("arn:aws:s3:::logs/central/AWSLogs/{owner}/CloudTrail/x");
            let read = Request::by_principal(who, "s3:GetObject", &object);
            assert_eq!(evaluate(&bucket, &read).is_allowed(), expected, "{who} reads {owner}");
            let list = Request::by_principal(who, "s3:ListBucket", "arn:aws:s3:::logs")
                .with("s3:prefix", &format!("central/AWSLogs/{owner}/"));
            assert_eq!(evaluate(&bucket, &list).is_allowed(), expected, "{who} lists {owner}");
        }
        let decrypt = |trail: &str| {
            Request::by_principal(who, "kms:Decrypt", KEY)
                .with("kms:EncryptionContext:aws:cloudtrail:arn", trail)
        };
        assert_eq!(evaluate(&key, &decrypt(management.as_str())).is_allowed(), decrypts, "{who}");
        // Another trail of the management account is not the trail of the organization.
        let another = decrypt("arn:aws:cloudtrail:us-east-1:111111111111:trail/Another");
        assert_eq!(evaluate(&key, &another).is_allowed(), other, "{who}");
        assert_eq!(evaluate(&key_policy(&[]), &decrypt(management.as_str())).is_allowed(), other, "{who}");
    }
}

#[test]
fn a_foreign_deny_blocks_cloudtrail_only_if_it_applies() {
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
        (
            "requests for another account's bucket",
            condition(json!({ "StringNotEquals": { "aws:ResourceAccount": "111111111111" } })),
            false,
        ),
        (
            "requests for this account's bucket",
            condition(json!({ "StringEquals": { "s3:ResourceAccount": "111111111111" } })),
            true,
        ),
        (
            "requests that are not signed in the header",
            condition(json!({ "StringNotEquals": { "s3:authType": "REST-HEADER" } })),
            false,
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

/// Returns the hops for which the decision of the bucket policy is unknown, each with the deciding
/// keys.
fn doubts(delivery: &Delivery, bucket: &Document) -> Vec<(&'static str, Vec<String>)> {
    let proofs = delivery.prove(|kind| (kind == PolicyKind::Bucket).then_some(bucket)).into_iter();
    let doubts = proofs.filter_map(|proof| match proof.decision {
        Decision::Unknown(doubts) => {
            Some((proof.hop.code(), doubts.into_iter().flat_map(|it| it.keys).collect()))
        }
        _ => None,
    });
    doubts.collect()
}

#[test]
fn conditions_on_the_organization_are_unknown_only_if_the_organization_is() {
    // AWS publishes this statement as a resource control policy:
    // aws-samples/data-perimeter-policy-examples.
    let confused_deputy = json!({
        "Sid": "EnforceConfusedDeputyProtection", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
        "Condition": {
            "StringNotEqualsIfExists": { "aws:SourceOrgID": ORGANIZATION },
            "Null": { "aws:SourceAccount": "false" },
            "Bool": { "aws:PrincipalIsAWSService": "true" },
        },
    });
    let in_unit = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": { "ForAllValues:StringNotLike": { "aws:SourceOrgPaths": "o-exampleorgid/r-ab12/ou-ab12-1/*" } },
    });
    let in_organization = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": { "ForAllValues:StringNotLike": { "aws:SourceOrgPaths": "o-exampleorgid/*" } },
    });
    let of_resource = json!({
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:ResourceOrgID": ORGANIZATION } },
    });
    let is_in =
        |id: &str, path: Option<&str>| Membership::In { id: id.to_owned(), path: path.map(str::to_owned) };
    let not_in = |id: &str| Membership::NotIn { id: id.to_owned() };
    for (name, statement, organization, expected) in [
        ("not declared", &confused_deputy, Membership::Unknown, "unknown"),
        ("the same", &confused_deputy, is_in(ORGANIZATION, None), "allowed"),
        ("another", &confused_deputy, is_in("o-other", None), "refused"),
        ("none of it", &confused_deputy, not_in(ORGANIZATION), "refused"),
        ("none of another", &confused_deputy, not_in("o-other"), "unknown"),
        ("no path", &in_unit, is_in(ORGANIZATION, None), "unknown"),
        (
            "a path",
            &in_unit,
            is_in(ORGANIZATION, Some("o-exampleorgid/r-ab12/ou-ab12-1/ou-ab12-2/")),
            "allowed",
        ),
        ("another path", &in_unit, is_in(ORGANIZATION, Some("o-exampleorgid/r-ab12/ou-ab12-3/")), "refused"),
        ("no path is needed", &in_organization, is_in(ORGANIZATION, None), "allowed"),
        ("the path of another", &in_organization, is_in("o-other", None), "refused"),
        ("not declared, for a path", &in_organization, Membership::Unknown, "unknown"),
        ("the owner's", &of_resource, is_in(ORGANIZATION, None), "allowed"),
        ("not the owner's", &of_resource, is_in("o-other", None), "refused"),
        ("the owner's is not declared", &of_resource, Membership::Unknown, "unknown"),
    ] {
        let owner = delivery().owner.map(|owner| Owner { organization: organization.clone(), ..owner });
        let delivery = Delivery { organization, owner, ..delivery() };
        let bucket = bucket_policy(std::slice::from_ref(statement));
        let proofs = delivery.prove(|kind| (kind == PolicyKind::Bucket).then_some(&bucket));
        for proof in proofs.iter().filter(|it| it.hop.policy() == PolicyKind::Bucket) {
            let decision = match &proof.decision {
                Decision::Allowed(_) => "allowed",
                Decision::Denied(_) | Decision::NotAllowed(_) => "refused",
                Decision::Unknown(_) => "unknown",
            };
            assert_eq!(decision, expected, "{name}: {} {}", proof.hop, proof.decision);
        }
    }
}

#[test]
fn digest_files_have_one_of_two_encryptions() {
    let deny = |condition: Value| {
        bucket_policy(&[json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*",
            "Condition": condition,
        })])
    };
    let key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let header = "s3:x-amz-server-side-encryption";
    let with_key = delivery();
    let without_key = Delivery { key: None, ..delivery() };
    let digests = |key: &str| vec![("write-digests", vec![key.to_owned()])];
    for (delivery, condition, expected) in [
        (&with_key, json!({ "StringNotEquals": { header: ["aws:kms", "AES256"] } }), vec![]),
        (&with_key, json!({ "Null": { header: "true" } }), vec![]),
        (&with_key, json!({ "StringNotEquals": { header: "aws:kms" } }), digests(header)),
        (&with_key, json!({ "StringNotEquals": { key: KEY } }), digests(key)),
        (&with_key, json!({ "StringNotEquals": { key: KEY }, "Null": { key: "false" } }), vec![]),
        (&without_key, json!({ "StringNotEquals": { header: ["aws:kms", "AES256"] } }), vec![]),
        (&without_key, json!({ "StringEquals": { header: "aws:kms" } }), vec![]),
        (&without_key, json!({ "Null": { header: "true" } }), vec![]),
    ] {
        let bucket = deny(condition.clone());
        assert_eq!(doubts(delivery, &bucket), expected, "{condition}");
        let proofs = delivery.prove(|kind| (kind == PolicyKind::Bucket).then_some(&bucket));
        let refused =
            proofs.iter().any(|it| it.hop.policy() == PolicyKind::Bucket && it.decision.is_refused());
        assert!(!refused, "{condition}");
    }
}

#[test]
fn a_refusal_names_the_missing_permission() {
    let mut policy = serde_json::to_value(bucket_policy(&[])).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let write = statements.iter_mut().find(|it| it["Sid"] == "SecTrailWrite").unwrap();
    write["Condition"]["StringEquals"]["aws:SourceArn"] = json!(trails()[0]);
    let found = obstacles(&policy.to_string().parse().unwrap(), &key_policy(&[]));
    let expected = "no statement allows it; statement `SecTrailWrite` is the closest match, but its condition \
        `StringEquals` on `aws:SourceArn` requires `arn:aws:cloudtrail:us-east-1:111111111111:trail/T`, \
        not `arn:aws:cloudtrail:us-east-1:222222222222:trail/T`";
    assert_eq!(found[0], ("write-logs", expected.to_owned()));
    assert_eq!(found.len(), 2);
}

#[test]
fn readers_read_only_their_log_files() {
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
        // The reader cannot list the whole bucket, decrypt other data, or read objects that are not
        // log files.
        assert!(!evaluate(&bucket, &by("s3:ListBucket", "arn:aws:s3:::logs")).is_allowed(), "{who}");
        assert!(!evaluate(&bucket, &by("s3:GetObject", "arn:aws:s3:::logs/other")).is_allowed(), "{who}");
        assert!(!evaluate(&bucket, &by("s3:PutObject", &object("222222222222"))).is_allowed(), "{who}");
        assert!(!evaluate(&key, &by("kms:Decrypt", KEY)).is_allowed(), "{who}");
    }
}

#[test]
fn a_key_policy_without_an_administrator_is_detected() {
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
        let found = administration(&policy, Partition::Aws, &account, &Membership::Unknown);
        assert_eq!(found == Administration::Kept, expected, "{name}");
    }
}

#[test]
fn conditions_that_a_caller_can_meet_do_not_lock_out() {
    let account: AccountId = "111111111111".parse().unwrap();
    let allow = json!({ "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": "kms:*", "Resource": "*" });
    let deny = |element: &str, value: Value| {
        let mut deny = json!({ "Effect": "Deny", "Action": "kms:Put*", "Resource": "*" });
        deny[element] = value;
        if element == "Condition" {
            deny["Principal"] = json!("*");
        }
        deny
    };
    let on = |condition: Value| deny("Condition", condition);
    let role = "arn:aws:iam::111111111111:role/KeyAdmin";
    for (name, statement, expected) in [
        (
            "a role by its ARN",
            on(json!({ "ArnNotLike": { "aws:PrincipalArn": role } })),
            Administration::Kept,
        ),
        ("all but a role", deny("NotPrincipal", json!({ "AWS": role })), Administration::Kept),
        (
            "without MFA",
            on(json!({ "BoolIfExists": { "aws:MultiFactorAuthPresent": "false" } })),
            Administration::Kept,
        ),
        (
            "from elsewhere",
            on(json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } })),
            Administration::Kept,
        ),
        ("through a service", on(json!({ "Null": { "kms:ViaService": "false" } })), Administration::Kept),
        (
            "a role of another account",
            on(json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::222222222222:role/KeyAdmin" } })),
            Administration::Lost,
        ),
        (
            "another account",
            on(json!({ "StringNotEquals": { "aws:PrincipalAccount": "222222222222" } })),
            Administration::Lost,
        ),
        ("directly", on(json!({ "Null": { "kms:ViaService": "true" } })), Administration::Lost),
    ] {
        let policy: Document =
            json!({ "Version": "2012-10-17", "Statement": [allow, statement] }).to_string().parse().unwrap();
        let found = administration(&policy, Partition::Aws, &account, &Membership::Unknown);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_bucket_policy_that_locks_out_the_caller_is_detected() {
    let owner = delivery().owner.unwrap();
    let bucket: Arn = "arn:aws:s3:::logs".parse().unwrap();
    let deny = |condition: Value| -> Document {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "Protect", "Effect": "Deny", "Principal": "*",
            "Action": ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
            "Resource": "arn:aws:s3:::logs", "Condition": condition,
        }] })
        .to_string()
        .parse()
        .unwrap()
    };
    let except = |role: &str| deny(json!({ "ArnNotLike": { "aws:PrincipalArn": role } }));
    let role = "arn:aws:iam::111111111111:role/Reconcile";
    let session = "arn:aws:sts::111111111111:assumed-role/Reconcile/x";
    for (caller, policy, expected) in [
        (role, except(role), "no"),
        (role, except("arn:aws:iam::111111111111:role/Other"), "yes"),
        (session, except("arn:aws:iam::*:role/Other"), "yes"),
        (session, except("arn:aws:iam::*:role/*/Reconcile"), "unknown"),
        (session, except("arn:aws:iam::*:role/*Reconcile"), "no"),
        ("arn:aws:iam::111111111111:user/alice", except("arn:aws:iam::*:role/*"), "yes"),
        ("arn:aws:iam::111111111111:root", except("arn:aws:iam::*:role/*"), "no"),
        (role, deny(json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } })), "unknown"),
        (role, deny(json!({ "StringNotEquals": { "s3:authType": "REST-HEADER" } })), "no"),
    ] {
        let caller = caller.parse().unwrap();
        let found = match denies_caller(&policy, &caller, "s3:PutBucketPolicy", &bucket, &owner) {
            DenyDecision::None => "no",
            DenyDecision::By(_) => "yes",
            DenyDecision::Unknown(_) => "unknown",
        };
        assert_eq!(found, expected, "{caller} {policy}");
        assert_eq!(
            denies_caller(&policy, &caller, "s3:GetBucketPolicy", &bucket, &owner),
            DenyDecision::None,
            "{caller} {policy}"
        );
    }
}

#[test]
fn every_policy_has_the_documented_limit() {
    for (kind, limit) in [
        (PolicyKind::Bucket, 20_480),
        (PolicyKind::Key, 32_768),
        (PolicyKind::Topic, 30_720),
        (PolicyKind::TopicKey, 32_768),
    ] {
        assert_eq!(kind.limit(), limit, "{kind}");
    }
}
