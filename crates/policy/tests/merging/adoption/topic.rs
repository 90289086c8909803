//! The policy of a topic.

use reconcile_policy::{
    Adoption, Arn, Document, Intent, Keep, Merged, Request, StatementForm, TopicIntent, evaluate, merge,
};
use serde_json::{Value, json};

use super::{OURS, adoption, ownership, sids, told, trail};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:trails";

fn intent() -> TopicIntent {
    TopicIntent { topic: TOPIC.parse().unwrap(), trails: OURS.map(trail).into() }
}

/// Returns the statement of a new topic. AWS writes it into a document of version 2008-10-17 with
/// an id.
fn default_statement() -> Value {
    json!({
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:Publish"], "Resource": TOPIC,
        "Condition": { "StringEquals": { "AWS:SourceOwner": "111111111111" } },
    })
}

fn console(condition: Value) -> Value {
    let mut statement = json!({
        "Sid": "AWSCloudTrailSNSPolicy20131101", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "SNS:Publish", "Resource": TOPIC,
    });
    if !condition.is_null() {
        statement["Condition"] = condition;
    }
    statement
}

fn live(condition: Value) -> Document {
    json!({
        "Version": "2008-10-17", "Id": "__default_policy_ID",
        "Statement": [default_statement(), console(condition)],
    })
    .to_string()
    .parse()
    .unwrap()
}

fn adopt(live: &Document, form: StatementForm, adoption: &Adoption) -> Merged {
    let desired = intent().compile(&ownership(), form).unwrap();
    merge(Some(live), &desired, &ownership()).adopt(adoption, &ownership())
}

fn can_publish(policy: &Document, trail: &Arn) -> bool {
    let request = Request::by_service("cloudtrail.amazonaws.com", "sns:Publish", TOPIC)
        .with("aws:SourceArn", trail.as_str())
        .with("aws:SourceAccount", trail.account());
    evaluate(policy, &request).is_allowed()
}

fn sources(accounts: &[&str]) -> Vec<Arn> {
    accounts.iter().map(|account| trail(account)).collect()
}

#[test]
fn console_statements_for_known_accounts_are_adopted() {
    let of = |operator: &str, key: &str, values: Value| json!({ operator: { key: values } });
    let both = |accounts: &[&str]| {
        json!({
            "ArnLike": { "aws:SourceArn": sources(accounts) },
            "StringEquals": { "aws:SourceAccount": accounts },
        })
    };
    let one = |condition: Value| Some(console(condition));
    for (name, condition, fate, left) in [
        ("a trail", of("StringEquals", "aws:SourceArn", json!(trail(OURS[0]))), "replaced", None),
        ("both trails", of("ArnEquals", "aws:SourceArn", json!(OURS.map(trail))), "replaced", None),
        ("an account", of("StringEquals", "AWS:SourceAccount", json!(OURS[1])), "replaced", None),
        ("accounts and trails", both(&OURS), "replaced", None),
        (
            "another account's trail, too",
            of("StringEquals", "aws:SourceArn", json!(sources(&[OURS[0], "999999999999"]))),
            "narrowed to 999999999999",
            one(of("StringEquals", "aws:SourceArn", json!(trail("999999999999")))),
        ),
        (
            "another account and its trail, too",
            both(&[OURS[0], "999999999999"]),
            "narrowed to 999999999999",
            one(json!({
                "ArnLike": { "aws:SourceArn": trail("999999999999") },
                "StringEquals": { "aws:SourceAccount": "999999999999" },
            })),
        ),
        ("nobody", Value::Null, "kept for everyone", one(Value::Null)),
    ] {
        let live = live(condition);
        let able: Vec<Arn> = sources(&[OURS[0], OURS[1], "999999999999"])
            .into_iter()
            .filter(|it| can_publish(&live, it))
            .collect();
        for form in [StatementForm::Plain, StatementForm::ByAccount] {
            let merged = adopt(&live, form, &adoption());
            let fates: Vec<_> = merged.adopted.iter().map(|adopted| told(adopted).1).collect();
            assert_eq!(fates, [fate], "{name}, {form}");
            let [first, rest @ ..] = merged.contracted.statements() else { panic!("{name}, {form}") };
            assert_eq!(serde_json::to_value(first).unwrap(), default_statement(), "{name}, {form}");
            let console = rest.iter().find(|it| it.sid() == Some("AWSCloudTrailSNSPolicy20131101"));
            assert_eq!(console.map(|it| serde_json::to_value(it).unwrap()), left, "{name}, {form}");
            assert_eq!(merged.contracted.id(), Some("__default_policy_ID"), "{name}, {form}");
            for document in [&merged.expanded, &merged.contracted] {
                assert!(able.iter().all(|trail| can_publish(document, trail)), "{name}, {form}: {document}");
                assert!(
                    OURS.iter().all(|id| can_publish(document, &trail(id))),
                    "{name}, {form}: {document}"
                );
            }
            let again = adopt(&merged.contracted, form, &adoption());
            assert!(again.expand().is_none() && again.contract().is_none(), "{name}, {form}");
        }
    }
}

#[test]
fn the_spec_can_revoke_the_access_of_every_trail() {
    let adoption = Adoption { unlisted_accounts: Keep::Remove, ..adoption() };
    let merged = adopt(&live(Value::Null), StatementForm::Plain, &adoption);
    assert_eq!(told(&merged.adopted[0]).1, "revoked from everyone");
    assert_eq!(sids(&merged.contracted), ["__default_statement_ID", "SecTrailNotify"]);
    assert!(can_publish(&merged.expanded, &trail("999999999999")));
    assert!(!can_publish(&merged.contracted, &trail("999999999999")));
}
