//! Tests which documents are parsed and which are rejected, and that parsing loses nothing.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{Condition, Document, Effect, ParseError, Principal, Statement, Warning};
use serde_json::json;

/// A document with everything that a parser can lose: order, whitespace, repeated keys, spellings,
/// and unknown elements.
const ODD: &str = r#"{"Annotation": {"b":1,"a":[ ]},"Version":"2008-10-17","Statement":[{ "Resource" : "*",
  "Effect":"Allow", "Principal":{"AWS":["AROAEXAMPLEEXAMPLEEX1", "*"]}, "Action":"s3:Get\u004fbject",
  "Condition":{"NumericEquals":{"s3:max-keys":1.50e1,"s3:max-keys":[ 7 , "8",true]}}, "Comment" : null
},{"Effect":"Deny","Principal":"*"}],"Id":"\u00fc\/"}"#;

#[test]
fn a_principal_that_is_a_text_is_everybody_or_has_no_kind() {
    for (principal, expected) in [
        (json!("*"), vec![Principal { kind: "AWS", id: "*" }]),
        (json!("111111111111"), vec![Principal { kind: "", id: "111111111111" }]),
        (json!("111111111111"), vec![Principal { kind: "", id: "111111111111" }]),
        (json!({ "AWS": "*" }), vec![Principal { kind: "AWS", id: "*" }]),
        (json!({ "Service": [] }), vec![]),
    ] {
        for element in ["Principal", "NotPrincipal"] {
            let statement = Statement::from_value(json!({ "Effect": "Allow", element: principal })).unwrap();
            let (found, none) = match element {
                "Principal" => (statement.principals(), statement.not_principals()),
                _ => (statement.not_principals(), statement.principals()),
            };
            assert_eq!((found, none), (expected.clone(), vec![]), "{element}: {principal}");
        }
    }
}

#[test]
fn the_elements_of_a_document_are_parsed() {
    let document: Document = ODD.parse().unwrap();
    assert_eq!(document.version(), Some("2008-10-17"));
    assert_eq!(document.id(), Some("ü/"));
    let [first, second] = document.statements() else { panic!("{document}") };
    assert_eq!((first.sid(), first.effect()), (None, Effect::Allow));
    assert_eq!(first.actions(), ["s3:GetObject"]);
    assert_eq!(first.resources(), ["*"]);
    assert_eq!(
        first.principals(),
        [Principal { kind: "AWS", id: "AROAEXAMPLEEXAMPLEEX1" }, Principal { kind: "AWS", id: "*" }]
    );
    assert_eq!(
        first.conditions(),
        [Condition {
            operator: "NumericEquals",
            key: "s3:max-keys",
            values: vec!["7".into(), "8".into(), "true".into()]
        }]
    );
    assert_eq!(second.effect(), Effect::Deny);
    assert!(second.actions().is_empty() && second.resources().is_empty() && second.conditions().is_empty());
}

#[test]
fn printing_a_document_preserves_its_text() {
    let document: Document = ODD.parse().unwrap();
    // No whitespace is written between the elements. The elements themselves are unchanged.
    assert_eq!(document.to_string(), ODD.replacen(r#""Annotation": {"#, r#""Annotation":{"#, 1));
    assert_eq!(document.to_string().parse::<Document>().unwrap(), document);
}

#[test]
fn a_document_serializes_to_its_json_object() {
    let document: Document = ODD.parse().unwrap();
    let value = serde_json::to_value(&document).unwrap();
    assert_eq!(value, serde_json::from_str::<serde_json::Value>(ODD).unwrap());
    assert_eq!(serde_json::from_value::<Document>(value).unwrap(), document);
    for statement in document.statements() {
        let value = serde_json::to_value(statement).unwrap();
        assert_eq!(&serde_json::from_value::<Statement>(value).unwrap(), statement);
    }
    let error = serde_json::from_value::<Document>(json!({ "Statement": 1 })).unwrap_err();
    assert_eq!(error.to_string(), "expected a statement (a JSON object) at `/Statement`");
}

#[test]
fn the_size_is_the_length_of_the_minified_text() {
    for (text, size) in [
        (r#"{"Statement":[]}"#, 16),
        ("{ \"Statement\" : [ ] }", 16),
        (include_str!("data/bucket-policy.json"), 1414),
        (include_str!("data/key-policy.json"), 1359),
    ] {
        let document: Document = text.parse().unwrap();
        assert_eq!(document.size(), size);
        let minified = serde_json::from_str::<serde_json::Value>(text).unwrap().to_string();
        assert_eq!(document.size(), minified.len());
    }
    let spaced: Document = ODD.parse().unwrap();
    assert!(spaced.size() < spaced.to_string().len());
}

#[test]
fn invalid_policies_are_rejected_with_the_position() {
    for (text, message) in [
        ("", "not valid JSON at line 1, column 0: EOF while parsing a value"),
        ("{\n  \"Statement\": [\n    {\n  ]\n}", "not valid JSON at line 4, column 3: key must be a string"),
        (
            "{\"Statement\":[{\"Sid\":\"\\ud800\"}]}",
            "not valid JSON at line 1, column 29: unexpected end of hex escape",
        ),
        ("[]", "expected a JSON object at the top level"),
        ("{}", "expected a statement or a list of statements at `/Statement`"),
        (r#"{"Statement":"x"}"#, "expected a statement (a JSON object) at `/Statement`"),
        (
            r#"{"Statement":[{"Effect":"Allow"},[]]}"#,
            "expected a statement (a JSON object) at `/Statement/1`",
        ),
        (r#"{"Statement":[],"Version":20121017}"#, "expected a string at `/Version`"),
        (r#"{"Id":null,"Statement":[]}"#, "expected a string at `/Id`"),
        (r#"{"Statement":{}}"#, "expected `Allow` or `Deny` at `/Statement/Effect`"),
        (r#"{"Statement":[{"Effect":"allow"}]}"#, "expected `Allow` or `Deny` at `/Statement/0/Effect`"),
        (r#"{"Statement":[{"Effect":"Deny","Sid":1}]}"#, "expected a string at `/Statement/0/Sid`"),
        (
            r#"{"Statement":[{"Effect":"Deny","Action":["a",1]}]}"#,
            "expected a string or a list of strings at `/Statement/0/Action`",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","NotResource":{}}]}"#,
            "expected a string or a list of strings at `/Statement/0/NotResource`",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","Principal":["*"]}]}"#,
            "expected `*` or an object of principals at `/Statement/0/Principal`",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","NotPrincipal":{"a/b":null}}]}"#,
            "expected a string or a list of strings at `/Statement/0/NotPrincipal/a~1b`",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","Condition":[]}]}"#,
            "expected an object of condition operators at `/Statement/0/Condition`",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","Condition":{"Bool":"x"}}]}"#,
            "expected an object of condition keys at `/Statement/0/Condition/Bool`",
        ),
        (
            r#"{"Statement":[{"Effect":"Deny","Condition":{"Bool":{"k":[null]}}}]}"#,
            "expected a string, number or boolean, or a list of them at `/Statement/0/Condition/Bool/k`",
        ),
    ] {
        assert_eq!(text.parse::<Document>().unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let text = format!(r#"{{"Statement":[],"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let ParseError::Syntax { problem, .. } = text.parse::<Document>().unwrap_err() else {
        panic!("no syntax error")
    };
    assert_eq!(problem, "recursion limit exceeded");
}

#[test]
fn statements_from_values_are_validated() {
    let statement = Statement::from_value(json!({ "Effect": "Allow", "Action": "s3:*" })).unwrap();
    assert_eq!(statement.to_string(), r#"{"Effect":"Allow","Action":"s3:*"}"#);
    for (value, message) in [
        (json!([]), "expected a statement (a JSON object) at the top level"),
        (json!({ "Effect": "Allow", "Action": 1 }), "expected a string or a list of strings at `/Action`"),
    ] {
        assert_eq!(Statement::from_value(value).unwrap_err().to_string(), message);
    }
}

#[test]
fn probable_mistakes_are_warnings() {
    let document: Document = ODD.parse().unwrap();
    let messages: Vec<_> =
        document.warnings().iter().map(|warning| format!("{}: {warning}", warning.code())).collect();
    assert_eq!(
        messages,
        [
            "repeated-key: `/Statement/0/Condition/NumericEquals/s3:max-keys` appears more than once; AWS uses \
             only the last value",
            "unresolved-principal: statement 1 (it has no Sid) names `AROAEXAMPLEEXAMPLEEX1`, a user or role that was deleted or \
             that AWS cannot resolve at the moment",
            "no-effect: statement 2 (it has no Sid) has no Action, so it has no effect",
            "no-effect: statement 2 (it has no Sid) has no Resource, so it has no effect",
        ]
    );
}

#[test]
fn ordinary_documents_have_no_warnings() {
    for text in [include_str!("data/bucket-policy.json"), include_str!("data/key-policy.json")] {
        assert_eq!(text.parse::<Document>().unwrap().warnings(), Vec::<Warning>::new());
    }
}

#[test]
fn the_last_of_repeated_elements_counts_and_all_are_kept() {
    let text = concat!(
        r#"{"Version":"2008-10-17","Statement":[{"Effect":"Deny"}],"Version":"2012-10-17","#,
        r#""Statement":[{"Effect":"Deny","Effect":"Allow"}]}"#
    );
    let document: Document = text.parse().unwrap();
    assert_eq!(document.version(), Some("2012-10-17"));
    assert_eq!(document.statements().iter().map(Statement::effect).collect::<Vec<_>>(), [Effect::Allow]);
    assert_eq!(document.to_string(), text);
}

#[test]
fn documents_are_equal_if_every_element_is() {
    let document = |head: &str, statement: &str| -> Document {
        format!(r#"{{{head}"Statement":[{{"Effect":"{statement}","Principal":"*"}}]}}"#).parse().unwrap()
    };
    let one = document(r#""Version":"2012-10-17","#, "Allow");
    for (head, statement, expected) in [
        (r#""Version" : "2012\u002d10-17","#, "Allow", true),
        (r#""Version":"2012-10-17","#, "Deny", false),
        (r#""Version":"2008-10-17","#, "Allow", false),
        (r#""Id":"2012-10-17","#, "Allow", false),
        ("", "Allow", false),
    ] {
        assert_eq!(one == document(head, statement), expected, "{head} {statement}");
    }
}
