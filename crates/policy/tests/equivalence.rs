//! Tests case by case whether documents are equivalent.
//!
//! Many cases follow published test suites (awspolicyequivalence, aws-controllers-k8s), with
//! separately written policies. If the answer of `equivalent` differs, the case has a note.

#![allow(clippy::unwrap_used)]

use reconcile_policy::{Document, canonical_text, differences, equivalent};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Group {
    group: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    a: Value,
    b: Value,
    equivalent: bool,
}

/// Parses the document of a case: the text of a document, a document, or a single statement.
fn document(value: &Value) -> Document {
    match value {
        Value::String(text) => text.parse().unwrap(),
        value if value.get("Statement").is_some() => value.to_string().parse().unwrap(),
        statement => {
            json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string().parse().unwrap()
        }
    }
}

fn cases() -> Vec<(String, Document, Document, bool)> {
    let groups: Vec<Group> = serde_json::from_str(include_str!("data/equivalence.json")).unwrap();
    groups
        .into_iter()
        .flat_map(|Group { group, cases }| {
            cases.into_iter().map(move |case| {
                let name = format!("{group}: {}", case.name);
                (name, document(&case.a), document(&case.b), case.equivalent)
            })
        })
        .collect()
}

#[test]
fn documents_differ_exactly_if_aws_distinguishes_them() {
    for (name, a, b, expected) in cases() {
        assert_eq!(equivalent(&a, &b), expected, "{name}");
        assert_eq!(equivalent(&b, &a), expected, "{name}, the other way round");
        assert!(equivalent(&a, &a) && equivalent(&b, &b), "{name}, with itself");
    }
}

#[test]
fn statement_equivalence_agrees_with_document_equivalence() {
    let mut checked = 0;
    for (name, a, b, expected) in cases() {
        if let ([first], [second]) = (a.statements(), b.statements())
            && a.version() == b.version()
        {
            checked += 1;
            assert_eq!(first.is_equivalent(second), expected, "{name}");
            if first.sid() == second.sid() {
                assert_eq!(canonical_text([first]) == canonical_text([second]), expected, "{name}");
                assert_eq!(differences(Some(&a), Some(&b)).is_empty(), expected, "{name}");
            }
        }
    }
    assert!(checked > 50, "only {checked} cases have one statement on each side");
}

/// A case of a published test suite, with a separately written policy.
#[derive(Deserialize)]
struct Published {
    suite: String,
    name: String,
    a: Value,
    b: Value,
    theirs: Verdict,
    /// The answer of `equivalent`, if it differs.
    ours: Option<Verdict>,
    why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Verdict {
    #[serde(rename = "equal")]
    Equal,
    #[serde(rename = "different")]
    Different,
    #[serde(rename = "no policy")]
    NoPolicy,
}

fn verdict(a: &Value, b: &Value) -> Verdict {
    let parse = |value: &Value| -> Option<Document> {
        value.as_str().map_or_else(|| value.to_string(), str::to_owned).parse().ok()
    };
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) if equivalent(&a, &b) => Verdict::Equal,
        (Some(_), Some(_)) => Verdict::Different,
        _ => Verdict::NoPolicy,
    }
}

#[test]
fn answers_to_published_suites_differ_only_with_a_reason() {
    let cases: Vec<Published> = serde_json::from_str(include_str!("data/suites.json")).unwrap();
    for case in &cases {
        let name = format!("{}: {}", case.suite, case.name);
        assert_eq!(verdict(&case.a, &case.b), case.ours.unwrap_or(case.theirs), "{name}");
        assert_eq!(case.ours.is_some(), case.why.is_some(), "{name}");
        assert_ne!(case.ours, Some(case.theirs), "{name}: not otherwise at all");
    }
    let count = |suite: &str| cases.iter().filter(|case| case.suite.ends_with(suite)).count();
    assert!(count("awspolicyequivalence") >= 46 && count("runtime") == 12 && count("iam-controller") == 14);
}
