//! Tests the policies of the data perimeter examples of AWS
//! (aws-samples/data-perimeter-policy-examples on GitHub) together with managed statements. The
//! policies allow CloudTrail to deliver and do not lock anybody out, as far as the organization is
//! known.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{
    AccountId, Administration, Arn, BucketIntent, Decision, Delivery, Document, Intent, KeyIntent,
    Membership, Owner, Ownership, Partition, PolicyKind, TopicIntent, administration,
};
use serde_json::{Value, json};

const ORGANIZATION: &str = "o-exampleorgid";
const HUB: &str = "111111111111";
const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/1234";
const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:files";

fn is_in(id: &str) -> Membership {
    Membership::In { id: id.to_owned(), path: None }
}

fn trail() -> Arn {
    "arn:aws:cloudtrail:us-east-1:222222222222:trail/T".parse().unwrap()
}

fn delivery(organization: &Membership) -> Delivery {
    Delivery {
        trail: trail(),
        bucket: "arn:aws:s3:::logs".parse().unwrap(),
        prefix: None,
        key: Some(KEY.to_owned().into()),
        bucket_key: true,
        topic: Some(TOPIC.parse().unwrap()),
        topic_key: Some(KEY.parse().unwrap()),
        digests: true,
        organization: organization.clone(),
        organization_trail: false,
        owner: Some(Owner {
            account: HUB.parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            organization: organization.clone(),
        }),
    }
}

/// Returns a statement that denies everybody outside of the organization, as the examples for
/// resources do; `more` are additional exemptions.
fn identity(action: &str, resource: &str, more: &Value) -> Value {
    let mut unless = json!({ "aws:PrincipalOrgID": ORGANIZATION });
    unless.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "Sid": "EnforceIdentityPerimeter", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
        "Condition": {
            "StringNotEqualsIfExists": unless,
            "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
        },
    })
}

/// Returns a statement that denies principals with a tag everything from outside of the known
/// networks.
fn network(action: &str, resource: &str) -> Value {
    json!({
        "Sid": "EnforceNetworkPerimeter", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource,
        "Condition": {
            "NotIpAddressIfExists": { "aws:SourceIp": "203.0.113.0/24" },
            "StringNotEqualsIfExists": {
                "aws:SourceVpc": "vpc-1", "aws:PrincipalTag/network-perimeter-exception": "true",
                "aws:PrincipalAccount": ["333333333333", "444444444444"],
            },
            "BoolIfExists": { "aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false" },
            "ArnNotLikeIfExists": { "aws:PrincipalArn": [
                "arn:aws:iam::111111111111:role/aws-service-role/*", "arn:aws:iam::*:role/aws:ec2-infrastructure",
            ] },
            "StringEquals": { "aws:PrincipalTag/data-perimeter-include": "true" },
        },
    })
}

/// Returns a statement that denies services on behalf of an account outside of the organization: a
/// resource control policy as a statement.
fn confused_deputy(action: &str, resource: &str, more: &Value) -> Value {
    let mut unless =
        json!({ "aws:SourceOrgID": ORGANIZATION, "aws:SourceAccount": ["333333333333", "444444444444"] });
    unless.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "Sid": "EnforceConfusedDeputyProtection", "Effect": "Deny", "Principal": "*", "Action": action,
        "Resource": resource,
        "Condition": {
            "StringNotEqualsIfExists": unless,
            "Null": { "aws:SourceAccount": "false" },
            "Bool": { "aws:PrincipalIsAWSService": "true" },
        },
    })
}

/// Returns the distinct decisions about all hops under the managed statements and these statements.
fn decisions(statements: impl Fn(&str, &str) -> Vec<Value>, organization: &Membership) -> Vec<&'static str> {
    let ownership = Ownership::of("sec");
    let with = |mut document: Document, action: &str, resource: &str| -> Document {
        let mut value = serde_json::to_value(&document).unwrap();
        value["Statement"].as_array_mut().unwrap().extend(statements(action, resource));
        document = value.to_string().parse().unwrap();
        document
    };
    let bucket = BucketIntent { trails: vec![trail()], ..BucketIntent::new(Partition::Aws, "logs") };
    let key = KeyIntent {
        partition: Partition::Aws,
        administrators: vec!["arn:aws:iam::111111111111:root".parse().unwrap()],
        trails: vec![trail()],
        organization_trails: Vec::new(),
        guests: Vec::new(),
        organization: None,
        readers: Vec::new(),
        log_groups: Vec::new(),
        topics: vec![TOPIC.parse().unwrap()],
        extra: Vec::new(),
    };
    let topic = TopicIntent { topic: TOPIC.parse().unwrap(), trails: vec![trail()] };
    let bucket = with(Document::new(bucket.statements(&ownership)), "s3:*", "*");
    let key = with(Document::new(key.statements(&ownership)), "kms:*", "*");
    let topic = with(Document::new(topic.statements(&ownership)), "sns:Publish", TOPIC);
    let proofs = delivery(organization).prove(|kind| match kind {
        PolicyKind::Bucket => Some(&bucket),
        PolicyKind::Key | PolicyKind::TopicKey => Some(&key),
        PolicyKind::Topic => Some(&topic),
    });
    let mut found: Vec<&str> = proofs
        .iter()
        .map(|proof| match proof.decision {
            Decision::Allowed(_) => "yes",
            Decision::Denied(_) | Decision::NotAllowed(_) => "no",
            Decision::Unknown(_) => "unknown",
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn identity_and_network_perimeters_always_allow_delivery() {
    for organization in [Membership::Unknown, is_in(ORGANIZATION), is_in("o-other")] {
        let more = json!({ "aws:PrincipalAccount": ["333333333333"] });
        let found = decisions(
            |action, resource| vec![identity(action, resource, &more), network(action, resource)],
            &organization,
        );
        assert_eq!(found, ["yes"], "{organization:?}");
    }
}

#[test]
fn the_confused_deputy_protection_is_decided_by_the_organization_of_the_trail() {
    let by_tag = json!({ "aws:ResourceTag/dp:exclude:identity": "true" });
    // AWS does not document whether requests for the key of a topic contain the account. If they do
    // not contain it, nothing is denied.
    for (more, organization, expected) in [
        (&json!({}), is_in(ORGANIZATION), &["unknown", "yes"][..]),
        (&json!({}), is_in("o-other"), &["no", "unknown"]),
        (&json!({}), Membership::NotIn { id: ORGANIZATION.to_owned() }, &["no", "unknown"]),
        (&json!({}), Membership::Unknown, &["unknown"]),
        // A tag of the resource can exempt it, but the tags are unknown.
        (&by_tag, is_in(ORGANIZATION), &["unknown", "yes"]),
        (&by_tag, is_in("o-other"), &["unknown"]),
    ] {
        let found =
            decisions(|action, resource| vec![confused_deputy(action, resource, more)], &organization);
        assert_eq!(found, expected, "{more} {organization:?}");
    }
}

#[test]
fn a_key_with_a_perimeter_of_its_own_organization_can_be_administered() {
    let account: AccountId = HUB.parse().unwrap();
    let root = json!({
        "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111111111111:root" },
        "Action": "kms:*", "Resource": "*",
    });
    let excluded = json!({ "aws:ResourceTag/dp:exclude:identity": "true" });
    for (name, perimeter) in [
        ("identity", vec![identity("kms:*", "*", &json!({}))]),
        ("identity and network", vec![identity("kms:*", "*", &json!({})), network("kms:*", "*")]),
        (
            "all",
            vec![
                identity("kms:*", "*", &excluded),
                network("kms:*", "*"),
                confused_deputy("kms:*", "*", &excluded),
            ],
        ),
    ] {
        let statements: Vec<&Value> = std::iter::once(&root).chain(&perimeter).collect();
        let policy: Document =
            json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap();
        let of = |organization: &Membership| administration(&policy, Partition::Aws, &account, organization);
        assert_eq!(of(&is_in(ORGANIZATION)), Administration::Kept, "{name}");
        let Administration::Unknown(doubts) = of(&Membership::Unknown) else {
            panic!("{name}: the organization is not known");
        };
        assert_eq!(doubts[0].statement.sid.as_deref(), Some("EnforceIdentityPerimeter"), "{name}");
        assert!(doubts[0].keys.contains(&"aws:PrincipalOrgID".to_owned()), "{name}: {doubts:?}");
        // A tag of the key can exempt everything, but the tags are unknown.
        let outside = if name == "all" { None } else { Some(Administration::Lost) };
        for organization in [is_in("o-other"), Membership::NotIn { id: ORGANIZATION.to_owned() }] {
            match &outside {
                Some(expected) => assert_eq!(of(&organization), *expected, "{name}"),
                None => assert!(matches!(of(&organization), Administration::Unknown(_)), "{name}"),
            }
        }
    }
}
