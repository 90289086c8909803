//! Tests the reported differences between two documents.

#![allow(clippy::unwrap_used)]

use reconcile_policy::{Difference, Document, Op, differences};
use serde_json::{Value, json};

fn statement() -> Value {
    json!({
        "Sid": "SecTrailWrite",
        "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com", "AWS": ["1"] },
        "Action": ["s3:PutObject"],
        "Resource": ["r1", "r2"],
        "Condition": { "StringEquals": { "aws:SourceArn": ["t1", "t2"] } },
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut statement = statement();
    *statement.pointer_mut(pointer).unwrap() = value;
    statement
}

fn document(statements: &[Value]) -> Document {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
}

fn add(path: &str, value: Value) -> Difference {
    Difference { op: Op::Add, path: path.to_owned(), value }
}

fn remove(path: &str, value: Value) -> Difference {
    Difference { op: Op::Remove, path: path.to_owned(), value }
}

#[test]
fn changes_inside_a_statement_are_reported_value_by_value() {
    let path = |rest: &str| format!("/Statement/SecTrailWrite{rest}");
    let mut annotated = statement();
    annotated["Note/"] = json!({ "x": 1 });
    for (after, expected) in [
        (statement(), vec![]),
        (with("/Resource", json!(["r2", "r1", "r1"])), vec![]),
        (with("/Action", json!("S3:putobject")), vec![]),
        (with("/Condition", json!({ "StringEquals": { "AWS:sourcearn": ["t2", "t1"] } })), vec![]),
        (
            with("/Resource", json!(["r2", "r3"])),
            vec![remove(&path("/Resource"), json!("r1")), add(&path("/Resource"), json!("r3"))],
        ),
        (
            with("/Effect", json!("Deny")),
            vec![remove(&path("/Effect"), json!("Allow")), add(&path("/Effect"), json!("Deny"))],
        ),
        (with("/Principal/AWS", json!(["1", "2"])), vec![add(&path("/Principal/AWS"), json!("2"))]),
        (
            with("/Principal", json!("*")),
            vec![
                remove(&path("/Principal/Service"), json!("cloudtrail.amazonaws.com")),
                remove(&path("/Principal/AWS"), json!("1")),
                add(&path("/Principal/AWS"), json!("*")),
            ],
        ),
        (
            with("/Condition/StringEquals/aws:SourceArn", json!("t1")),
            vec![remove(&path("/Condition/StringEquals/aws:SourceArn"), json!("t2"))],
        ),
        (
            with(
                "/Condition",
                json!({ "StringEquals": { "aws:SourceArn": ["t1", "t2"] }, "Bool": { "a/b": true } }),
            ),
            vec![add(&path("/Condition/Bool/a~1b"), json!("true"))],
        ),
        (annotated, vec![add(&path("/Note~1"), json!({ "x": 1 }))]),
        (
            with("/Condition/StringEquals", json!({ "aws:SourceArn": ["t1", "t2"], "k": [] })),
            vec![
                remove(&path(""), statement()),
                add(
                    &path(""),
                    with("/Condition/StringEquals", json!({ "aws:SourceArn": ["t1", "t2"], "k": [] })),
                ),
            ],
        ),
    ] {
        let found =
            differences(Some(&document(&[statement()])), Some(&document(std::slice::from_ref(&after))));
        assert_eq!(found, expected, "{after}");
    }
}

#[test]
fn added_and_removed_statements_are_reported_whole() {
    let named = |sid: &str| with("/Sid", json!(sid));
    let nameless =
        |action: &str| json!({ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*" });
    for (before, after, expected) in [
        (vec![], vec![named("a~/b")], vec![add("/Statement/a~0~1b", named("a~/b"))]),
        (vec![named("A"), named("B")], vec![named("B"), named("A")], vec![]),
        (
            vec![named("A")],
            vec![named("B")],
            vec![remove("/Statement/A", named("A")), add("/Statement/B", named("B"))],
        ),
        (
            vec![nameless("x"), nameless("y")],
            vec![named("A"), nameless("Y"), nameless("z")],
            vec![
                remove("/Statement/0", nameless("x")),
                add("/Statement/A", named("A")),
                add("/Statement/2", nameless("z")),
            ],
        ),
        // Of two statements with the same Sid, the unchanged one is not reported.
        (
            vec![with("/Resource", json!("r9")), statement()],
            vec![statement()],
            vec![remove("/Statement/SecTrailWrite", with("/Resource", json!("r9")))],
        ),
    ] {
        assert_eq!(differences(Some(&document(&before)), Some(&document(&after))), expected);
    }
}

#[test]
fn added_and_removed_documents_are_reported() {
    let some = document(&[statement()]);
    let path = "/Statement/SecTrailWrite";
    assert_eq!(differences(None, None), []);
    assert_eq!(differences(None, Some(&some)), [add(path, statement())]);
    assert_eq!(differences(Some(&some), None), [remove(path, statement())]);

    let older: Document = json!({ "Statement": [statement()] }).to_string().parse().unwrap();
    assert_eq!(
        differences(Some(&older), Some(&some)),
        [remove("/Version", json!("2008-10-17")), add("/Version", json!("2012-10-17"))]
    );
}

#[test]
fn a_difference_serializes_to_json() {
    let difference = add("/Statement/A", json!("x"));
    let text = serde_json::to_string(&difference).unwrap();
    assert_eq!(text, r#"{"op":"add","path":"/Statement/A","value":"x"}"#);
    assert_eq!(serde_json::from_str::<Difference>(&text).unwrap(), difference);
}
