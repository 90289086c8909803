//! Tests both steps of a merge for each kind of live statement.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{Document, Merged, Ownership, Statement, merge};
use serde_json::{Value, json};

fn statement(sid: &str, effect: &str, resources: &[&str], sources: &[&str]) -> Value {
    let list = |members: &[&str]| if let [only] = members { json!(only) } else { json!(members) };
    json!({
        "Sid": sid,
        "Effect": effect,
        "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:PutObject",
        "Resource": list(resources),
        "Condition": { "StringEquals": { "aws:SourceArn": list(sources) } },
    })
}

fn allow(sid: &str, resources: &[&str], sources: &[&str]) -> Value {
    statement(sid, "Allow", resources, sources)
}

fn deny(resources: &[&str]) -> Value {
    statement("SecDenyInsecureTransport", "Deny", resources, &["t"])
}

fn write(resources: &[&str], sources: &[&str]) -> Value {
    allow("SecTrailWrite", resources, sources)
}

fn one() -> Value {
    write(&["r1"], &["t1"])
}

fn two() -> Value {
    write(&["r1", "r2"], &["t1", "t2"])
}

fn extra(resource: &str, source: &str) -> Value {
    allow("SecExtraOne", &[resource], &[source])
}

fn foreign() -> Value {
    allow("Foreign", &["r1"], &["t1"])
}

fn with(mut statement: Value, element: &str, value: Value) -> Value {
    statement[element] = value;
    statement
}

fn with_condition(condition: Value) -> Value {
    with(one(), "Condition", condition)
}

fn renamed(statement: Value, sid: &str) -> Value {
    with(statement, "Sid", json!(sid))
}

fn document(statements: &[Value]) -> Document {
    json!({ "Version": "2008-10-17", "Id": "x", "Statement": statements }).to_string().parse().unwrap()
}

fn run(live: Option<&[Value]>, desired: &[Value]) -> Merged {
    let desired: Vec<_> =
        desired.iter().cloned().map(|value| Statement::from_value(value).unwrap()).collect();
    merge(live.map(document).as_ref(), &desired, &Ownership::of("sec"))
}

fn values(document: &Document) -> Vec<Value> {
    document.statements().iter().map(|statement| serde_json::to_value(statement).unwrap()).collect()
}

struct Case {
    name: &'static str,
    live: Vec<Value>,
    desired: Vec<Value>,
    /// The statements of the expanded document; `None` if the live document is sufficient.
    expand: Option<Vec<Value>>,
    /// The statements of the contracted document; `None` if the expanded document is sufficient.
    contract: Option<Vec<Value>>,
}

fn foreign_cases() -> Vec<Case> {
    let nameless =
        || json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "r1" });
    vec![
        Case {
            name: "foreign statements stay, ours goes to the end",
            live: vec![foreign(), nameless()],
            desired: vec![one()],
            expand: Some(vec![foreign(), nameless(), one()]),
            contract: None,
        },
        Case {
            name: "a statement of an installation whose name begins like ours is foreign",
            live: vec![renamed(one(), "SecprodTrailWrite")],
            desired: vec![],
            expand: None,
            contract: None,
        },
    ]
}

fn union_cases() -> Vec<Case> {
    vec![
        Case {
            name: "what means the same is left as it is written",
            live: vec![write(&["r2", "r1", "r2"], &["t2", "t1"]), foreign()],
            desired: vec![two()],
            expand: None,
            contract: None,
        },
        Case {
            name: "more than before needs one write",
            live: vec![one(), foreign()],
            desired: vec![two()],
            expand: Some(vec![two(), foreign()]),
            contract: None,
        },
        Case {
            name: "less than before is taken away at the end only",
            live: vec![two(), foreign()],
            desired: vec![one()],
            expand: None,
            contract: Some(vec![one(), foreign()]),
        },
        Case {
            name: "other than before passes through both, live members first",
            live: vec![foreign(), two()],
            desired: vec![write(&["r3", "r1"], &["t3", "t1"])],
            expand: Some(vec![foreign(), write(&["r1", "r2", "r3"], &["t1", "t2", "t3"])]),
            contract: Some(vec![foreign(), write(&["r3", "r1"], &["t3", "t1"])]),
        },
        Case {
            name: "another spelling of operator and key is no obstacle to a union",
            live: vec![with_condition(json!({ "ArnEquals": { "AWS:SourceArn": "t1" } }))],
            desired: vec![with_condition(json!({ "ArnLike": { "aws:sourcearn": ["t2"] } }))],
            expand: Some(vec![with_condition(json!({ "ArnEquals": { "AWS:SourceArn": ["t1", "t2"] } }))]),
            contract: Some(vec![with_condition(json!({ "ArnLike": { "aws:sourcearn": ["t2"] } }))]),
        },
    ]
}

fn side_by_side_cases() -> Vec<Case> {
    let previous = |statement| renamed(statement, "SecTrailWritePrevious");
    let tagging = || with(one(), "Action", json!("s3:PutObjectTagging"));
    let negated = |source| with_condition(json!({ "StringNotEquals": { "aws:SourceArn": source } }));
    let spelled_twice = |source| with_condition(json!({ "StringEquals": { "k": "t1", "K": source } }));
    vec![
        Case {
            name: "a condition more: both stand side by side until the end",
            live: vec![with_condition(json!({})), foreign()],
            desired: vec![one()],
            expand: Some(vec![one(), previous(with_condition(json!({}))), foreign()]),
            contract: Some(vec![one(), foreign()]),
        },
        Case {
            name: "a second change before the first one ended",
            live: vec![one(), previous(two())],
            desired: vec![tagging()],
            expand: Some(vec![tagging(), renamed(one(), "SecTrailWritePrevious2"), previous(two())]),
            contract: Some(vec![tagging()]),
        },
        Case {
            name: "values under a negated operator are never united",
            live: vec![negated("t1")],
            desired: vec![negated("t2")],
            expand: Some(vec![negated("t2"), previous(negated("t1"))]),
            contract: Some(vec![negated("t2")]),
        },
        Case {
            name: "a key spelled twice is never united",
            live: vec![spelled_twice("t2")],
            desired: vec![spelled_twice("t3")],
            expand: Some(vec![spelled_twice("t3"), previous(spelled_twice("t2"))]),
            contract: Some(vec![spelled_twice("t3")]),
        },
    ]
}

fn extra_cases() -> Vec<Case> {
    let previous = |statement| renamed(statement, "SecExtraOnePrevious");
    let denied = || with(extra("r1", "t1"), "Effect", json!("Deny"));
    vec![
        Case {
            name: "a user's statement is united where a single list differs",
            live: vec![extra("r1", "t1")],
            desired: vec![extra("r2", "t1")],
            expand: Some(vec![allow("SecExtraOne", &["r1", "r2"], &["t1"])]),
            contract: Some(vec![extra("r2", "t1")]),
        },
        Case {
            name: "a user's statement is not blended into what neither form says",
            live: vec![extra("r1", "t1")],
            desired: vec![extra("r2", "t2")],
            expand: Some(vec![extra("r2", "t2"), previous(extra("r1", "t1"))]),
            contract: Some(vec![extra("r2", "t2")]),
        },
        Case {
            name: "an Allow that becomes a Deny is kept beside it until the end",
            live: vec![extra("r1", "t1")],
            desired: vec![denied()],
            expand: Some(vec![denied(), previous(extra("r1", "t1"))]),
            contract: Some(vec![denied()]),
        },
    ]
}

fn removal_cases() -> Vec<Case> {
    let acl_check = || allow("SecTrailAclCheck", &["r"], &["t"]);
    vec![
        Case {
            name: "our Allow that is not desired any more goes at the end",
            live: vec![acl_check(), foreign()],
            desired: vec![one()],
            expand: Some(vec![acl_check(), foreign(), one()]),
            contract: Some(vec![foreign(), one()]),
        },
        Case {
            name: "our Deny that is not desired any more goes at the end",
            live: vec![deny(&["r"]), foreign()],
            desired: vec![],
            expand: None,
            contract: Some(vec![foreign()]),
        },
        Case {
            name: "our Deny changes at once",
            live: vec![deny(&["r1"])],
            desired: vec![deny(&["r2"])],
            expand: Some(vec![deny(&["r2"])]),
            contract: None,
        },
        Case {
            name: "a Sid of ours a second time is not desired",
            live: vec![one(), foreign(), one()],
            desired: vec![one()],
            expand: None,
            contract: Some(vec![one(), foreign()]),
        },
        Case {
            name: "nothing is left",
            live: vec![one()],
            desired: vec![],
            expand: None,
            contract: Some(vec![]),
        },
    ]
}

#[test]
fn each_kind_of_live_statement_is_merged_as_documented() {
    let cases = [foreign_cases(), union_cases(), side_by_side_cases(), extra_cases(), removal_cases()];
    for Case { name, live, desired, expand, contract } in cases.into_iter().flatten() {
        let merged = run(Some(&live), &desired);
        assert_eq!(merged.expand().map(values), expand, "{name}: expand");
        assert_eq!(merged.contract().map(values), contract, "{name}: contract");

        let expanded = expand.unwrap_or(live);
        assert_eq!(values(&merged.expanded), expanded, "{name}: expanded");
        assert_eq!(values(&merged.contracted), contract.unwrap_or(expanded), "{name}: contracted");
        for document in [&merged.expanded, &merged.contracted] {
            assert_eq!((document.version(), document.id()), (Some("2008-10-17"), Some("x")), "{name}");
        }
    }
}

#[test]
fn without_a_policy_the_document_has_the_desired_statements() {
    let merged = run(None, &[one()]);
    assert_eq!(merged.expand().map(values), Some(vec![one()]));
    assert_eq!(merged.contract(), None);
    assert_eq!((merged.expanded.version(), merged.expanded.id()), (Some("2012-10-17"), None));

    let nothing = run(None, &[]);
    assert_eq!((nothing.expand(), nothing.contract()), (None, None));
}

#[test]
fn foreign_text_is_preserved_byte_for_byte() {
    let live: Document = concat!(
        r#"{"Statement":[{ "Sid":"A b/c" ,"Effect":"Allow","Principal":{"AWS" : [ "1" ]},"#,
        "\n\t",
        r#""Action":"S3:get\u004fbject","Resource":"*","Odd":1.0e0,"Odd":{}}"#,
        r#", {"Sid":"SecTrailWrite","Effect":"Allow" }],"More":[ 1 ]}"#
    )
    .parse()
    .unwrap();
    let desired = Statement::from_value(one()).unwrap();
    let merged = merge(Some(&live), std::slice::from_ref(&desired), &Ownership::of("sec"));
    let [foreign, _] = live.statements() else { panic!("{live}") };
    assert_eq!(
        merged.contracted.to_string(),
        format!("{{\"Statement\":[{foreign},{desired}],\"More\":[ 1 ]}}")
    );
    assert!(merged.expanded.to_string().starts_with(&format!("{{\"Statement\":[{foreign},{desired},")));
}
