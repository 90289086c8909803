//! Checks that a decision on an incomplete request holds for every possible completion of the
//! request.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use reconcile_policy::{Decision, Document, Known, Request, evaluate};
use serde_json::{Value, json};

/// Condition keys with text values.
const KEYS: [&str; 3] = ["aws:SourceOrgID", "aws:TagKeys", "aws:SourceArn"];
/// A key whose values are addresses, and one whose values are times.
const ADDRESS: &str = "aws:SourceIp";
const TIME: &str = "aws:EpochTime";
/// The values of statements and requests.
const VALUES: [&str; 6] = ["o-1", "o-2", "true", "5", "arn:aws:s3:::a", "o-*"];
const START: &str = "2026-01-01T00:00:00Z";

fn condition() -> impl Strategy<Value = (String, String, Value)> {
    let base = vec![
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
        "ArnLike",
        "ArnNotLike",
        "NumericLessThan",
        "NumericNotEquals",
        "Bool",
        "Null",
        "Nonsense",
    ];
    let values = vec![
        "o-1",
        "o-*",
        "*",
        "true",
        "false",
        "5",
        "7",
        "arn:aws:s3:::a",
        "${aws:SourceOrgID}",
        "${aws:SourceArn, 'o-1'}",
    ];
    let of_texts = (
        select(vec!["", "ForAllValues:", "ForAnyValue:"]),
        select(base),
        select(vec!["", "IfExists"]),
        select(KEYS.to_vec()),
        subsequence(values, 0..=2),
    )
        .prop_map(|(set, operator, exists, key, values)| {
            (format!("{set}{operator}{exists}"), key.to_owned(), json!(values))
        });
    let of_addresses = (
        select(vec!["IpAddress", "NotIpAddress", "NotIpAddressIfExists", "IpAddressIfExists"]),
        subsequence(vec!["203.0.113.0/24", "10.0.0.0/8", "52.0.0.0/8", "0.0.0.0/0", "2001:db8::/32"], 1..=2),
    )
        .prop_map(|(operator, values)| (operator.to_owned(), ADDRESS.to_owned(), json!(values)));
    let of_times = (
        select(vec![
            "DateLessThan",
            "DateLessThanEquals",
            "DateEquals",
            "DateNotEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
            "NumericGreaterThan",
        ]),
        select(vec!["2020-01-01", START, "2030-01-01", "1577836800"]),
    )
        .prop_map(|(operator, value)| (operator.to_owned(), TIME.to_owned(), json!(value)));
    prop_oneof![4 => of_texts, 1 => of_addresses, 1 => of_times]
}

fn statement() -> impl Strategy<Value = Value> {
    let resources =
        vec!["*", "arn:aws:s3:::logs/o-1", "arn:aws:s3:::logs/${aws:SourceOrgID}", "arn:aws:s3:::other"];
    (
        any::<bool>(),
        select(vec!["Resource", "NotResource"]),
        subsequence(resources, 1..=2),
        prop::collection::vec(condition(), 0..3),
    )
        .prop_map(|(is_allow, element, resources, conditions)| {
            let mut statement = json!({
                "Effect": if is_allow { "Allow" } else { "Deny" }, "Principal": "*", "Action": "*",
                element: resources, "Condition": {},
            });
            for (operator, key, values) in conditions {
                statement["Condition"][operator][key] = values;
            }
            statement
        })
}

/// Generates known facts about a key of texts.
fn known() -> impl Strategy<Value = Known> {
    let values =
        || subsequence(VALUES.to_vec(), 1..=2).prop_map(|it| it.into_iter().map(str::to_owned).collect());
    prop_oneof![
        3 => Just(Known::Nothing),
        1 => Just(Known::Absent),
        1 => select(vec!["o-*", "arn:aws:s3:::*", "?-1"]).prop_map(|it| Known::Like(it.to_owned())),
        1 => values().prop_map(Known::NoneOf),
        1 => values().prop_map(Known::Values),
        1 => prop_oneof![Just(Vec::new()), values()].prop_map(Known::AtLeast),
        1 => prop::collection::vec(prop_oneof![Just(Vec::new()), values()], 1..3).prop_map(Known::OneOf),
    ]
}

/// Returns every possible list of values of a key, given the known facts.
fn completions(known: &Known) -> Vec<Vec<String>> {
    let one = |value: &str| vec![value.to_owned()];
    match known {
        Known::Values(values) => vec![values.clone()],
        Known::Absent => vec![Vec::new()],
        Known::AtLeast(values) => {
            let more = VALUES.iter().map(|value| values.iter().cloned().chain(one(value)).collect());
            more.chain([values.clone()]).filter(|values: &Vec<String>| !values.is_empty()).collect()
        }
        Known::Like(pattern) => {
            let texts = VALUES.iter().chain(&["o-", "p-1", "arn:aws:s3:::b:c"]);
            let start = pattern.trim_end_matches('*');
            let is_like = |text: &&&str| text.starts_with(start) || (start == "?-1" && text.ends_with("-1"));
            texts.filter(is_like).map(|text| one(text)).collect()
        }
        Known::NoneOf(values) => {
            let others = VALUES.iter().filter(|value| !values.iter().any(|it| it == *value));
            others.map(|value| one(value)).chain([Vec::new(), one("x")]).collect()
        }
        Known::OneOf(alternatives) => alternatives.clone(),
        Known::NotBefore(_) => ["1767225600", "1874966400", "1893456000", "2208988800"].map(one).to_vec(),
        Known::AddressOfAws => [Vec::new(), one("52.94.1.1"), one("3.5.0.1"), one("2600:1f00::1")].to_vec(),
        Known::Nothing => {
            let pairs = [Vec::new(), vec!["o-1".to_owned(), "x".to_owned()]];
            VALUES.iter().map(|value| one(value)).chain(pairs).collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_decision_holds_for_every_completion(
        statements in prop::collection::vec(statement(), 1..4),
        knowledge in prop::array::uniform3(known()),
    ) {
        let document: Document =
            json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap();
        let request = Request::by_anybody("s3:PutObject", "arn:aws:s3:::logs/o-1");
        let time = Known::NotBefore(START.parse().unwrap());
        let all: Vec<(&'static str, Known)> =
            KEYS.into_iter().zip(knowledge).chain([(ADDRESS, Known::AddressOfAws), (TIME, time)]).collect();
        let known = all.iter().fold(request.clone(), |it, (key, known)| it.with_known(*key, known.clone()));
        let decision = evaluate(&document, &known);

        let mut requests = vec![request.complete()];
        for (key, known) in &all {
            let mut each = completions(known);
            if !document.to_string().contains(key) {
                each.truncate(1);
            }
            requests = requests
                .iter()
                .flat_map(|request| each.iter().map(move |values| request.clone().with_each(*key, values.iter().map(String::as_str))))
                .collect();
        }
        for request in requests {
            let certain = evaluate(&document, &request);
            let is_sound = match &decision {
                Decision::Allowed(_) => certain.is_allowed(),
                Decision::Denied(_) => matches!(certain, Decision::Denied(_)),
                Decision::NotAllowed(_) => certain.is_refused(),
                Decision::Unknown(doubts) => !doubts.is_empty(),
            };
            prop_assert!(is_sound, "{decision}, but {certain}\n{document}\n{request:?}");
            prop_assert!(!matches!(certain, Decision::Unknown(_)), "{certain}\n{document}\n{request:?}");
        }
    }
}
