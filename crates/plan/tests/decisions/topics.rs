//! Tests the proof for a foreign topic that the spec names by its ARN.

use std::fmt::Write;

use reconcile_operations::Operation;
use reconcile_plan::observed::{Observed, StoredPolicy, TopicAttributes, UsedKey};
use reconcile_plan::view::AtRest;
use reconcile_policy::Document;
use reconcile_samples::EditSpec;

use super::made::{compared, described, made, spec, unread};

const TOPIC: &str = "arn:aws:sns:eu-west-1:333333333333:search-log-files";
const THEIR_ALIAS: &str = "arn:aws:kms:eu-west-1:333333333333:alias/theirs";

const PUBLISH: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Publish","Effect":"Allow",
    "Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"SNS:Publish",
    "Resource":"arn:aws:sns:eu-west-1:333333333333:search-log-files"}]}"#;

fn topic(policy: &str) -> TopicAttributes {
    TopicAttributes {
        policy: StoredPolicy::parse("the topic", policy.to_owned()).unwrap(),
        encryption: AtRest::Off,
        subscribers: Some(1),
        pending: 0,
    }
}

type Edit = fn(&mut Observed);

fn live(live: &mut Observed, topic: TopicAttributes) {
    live.existing_topics.insert(TOPIC.parse().unwrap(), Ok(Some(topic)));
}

fn key(live: &mut Observed, key: UsedKey) {
    live.used_keys.insert(TOPIC.parse().unwrap(), key);
}

const CASES: &[(&str, Edit)] = &[
    ("the policy allows CloudTrail to publish", |observed| live(observed, topic(PUBLISH))),
    ("the policy allows nothing", |observed| {
        live(observed, topic(r#"{"Version":"2012-10-17","Statement":[]}"#));
    }),
    ("the topic does not exist", |observed| {
        observed.existing_topics.insert(TOPIC.parse().unwrap(), Ok(None));
    }),
    ("the topic cannot be read", |observed| {
        let error = unread(Operation::GetTopicAttributes);
        observed.existing_topics.insert(TOPIC.parse().unwrap(), Err(error));
    }),
    ("the AWS managed key encrypts the topic", |observed| {
        live(observed, topic(PUBLISH));
        key(observed, UsedKey::ManagedByAws);
    }),
    ("a disabled key encrypts the topic", |observed| {
        live(observed, topic(PUBLISH));
        let (name, state) =
            ("arn:aws:kms:eu-west-1:333333333333:key/1".parse().unwrap(), "disabled".to_owned());
        key(observed, UsedKey::Unusable { name, state });
    }),
    ("a key that cannot be read encrypts the topic", |observed| {
        live(observed, topic(PUBLISH));
        let (name, error) = (THEIR_ALIAS.parse().unwrap(), Some(unread(Operation::DescribeKey)));
        key(observed, UsedKey::Hidden { name, error });
    }),
    ("a key of an account that is not in the spec encrypts the topic", |observed| {
        live(observed, topic(PUBLISH));
        key(observed, UsedKey::Hidden { name: THEIR_ALIAS.parse().unwrap(), error: None });
    }),
    ("a foreign key without permissions encrypts the topic", |observed| {
        live(observed, topic(PUBLISH));
        let arn = "arn:aws:kms:eu-west-1:333333333333:key/1".parse().unwrap();
        key(observed, UsedKey::Other { arn, policy: Document::new(Vec::new()) });
    }),
    ("the key of the spec encrypts the topic", |observed| {
        live(observed, topic(PUBLISH));
        key(observed, UsedKey::Own);
    }),
    ("everybody can subscribe", |observed| {
        let open = PUBLISH
            .replace("\"Service\":\"cloudtrail.amazonaws.com\"", "\"AWS\":\"*\"")
            .replace("Publish", "Subscribe");
        live(observed, topic(&open));
    }),
];

fn outcome(text: &str, edit: Edit) -> String {
    let spec = spec(text);
    let mut observed = made(&spec);
    edit(&mut observed);
    described(&compared(&spec, &observed))
}

#[test]
fn a_topic_of_others_is_proven_or_the_trail_is_refused() {
    let text = include_str!("../../../../specs/destinations.yaml");
    let mut all = String::new();
    for (name, edit) in CASES {
        writeln!(all, "{name}\n{}", outcome(text, *edit)).unwrap();
    }
    let accepted = text.with("trails.1.sns_topic.proof", "warn");
    writeln!(
        all,
        "the topic does not exist, accepted\n{}",
        outcome(&accepted, |observed| {
            observed.existing_topics.insert(TOPIC.parse().unwrap(), Ok(None));
        })
    )
    .unwrap();
    insta::assert_snapshot!(all);
}
