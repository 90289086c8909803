//! Tests the decision on requests case by case. Each case names the AWS page that documents the
//! decision.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{Decision, Document, Doubt, Effect, Known, Mismatch, Request, evaluate};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Case {
    page: String,
    name: String,
    decision: String,
    #[serde(default = "Version::newest")]
    version: Version,
    statements: Vec<Map<String, Value>>,
    #[serde(default)]
    context: Map<String, Value>,
    by: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    /// Keys about which nothing is known.
    #[serde(default)]
    unknown: Vec<String>,
    /// Whether the request has the usual keys of its kind in addition to those of `context`.
    #[serde(default)]
    usual: bool,
}

/// The `Version` of a document, if it has one.
#[derive(Deserialize)]
#[serde(transparent)]
struct Version(Option<String>);

impl Version {
    fn newest() -> Self {
        Self(Some("2012-10-17".to_owned()))
    }
}

/// Applies the changes of a case to the default statement; null removes an element.
fn statement(changes: Map<String, Value>) -> Value {
    let mut statement =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*" });
    for (element, value) in changes {
        let elements = statement.as_object_mut().unwrap();
        if value.is_null() {
            elements.remove(&element);
        } else {
            elements.insert(element, value);
        }
    }
    statement
}

fn document(version: Option<&str>, statements: &[Value]) -> Document {
    let mut document = json!({ "Statement": statements });
    if let Some(version) = version {
        document["Version"] = json!(version);
    }
    document.to_string().parse().unwrap()
}

fn request(case: &Case) -> Request {
    let action = case.action.as_deref().unwrap_or("s3:GetObject");
    let resource = case.resource.as_deref().unwrap_or("arn:aws:s3:::logs/a/b");
    let by = case.by.as_deref().unwrap_or("arn:aws:iam::111111111111:role/Auditor");
    let request = match by {
        "anybody" => Request::by_anybody(action, resource),
        service if service.ends_with(".amazonaws.com") => Request::by_service(service, action, resource),
        arn => Request::by_principal(&arn.parse().unwrap(), action, resource),
    };
    let request = case.context.iter().fold(request, |request, (key, value)| match value {
        Value::Array(values) => {
            request.with_each(key.clone(), values.iter().map(|value| value.as_str().unwrap()))
        }
        value => request.with(key.clone(), value.as_str().unwrap()),
    });
    let unknown = case.unknown.iter();
    let request = unknown.fold(request, |request, key| request.with_known(key.clone(), Known::Nothing));
    if case.usual { request } else { request.complete() }
}

#[test]
fn evaluation_follows_the_aws_documentation() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("data/evaluate.json")).unwrap();
    for case in cases {
        let request = request(&case);
        let statements: Vec<Value> = case.statements.into_iter().map(statement).collect();
        let document = document(case.version.0.as_deref(), &statements);
        let decision = match evaluate(&document, &request) {
            Decision::Allowed(_) => "allowed",
            Decision::Denied(_) => "denied",
            Decision::NotAllowed(_) => "not allowed",
            Decision::Unknown(_) => "unknown",
        };
        assert_eq!(decision, case.decision, "{} ({})\n{document}\n{request:?}", case.name, case.page);
    }
}

fn cloudtrail() -> Request {
    Request::by_service("cloudtrail.amazonaws.com", "s3:PutObject", "arn:aws:s3:::logs/AWSLogs/1/x")
        .with("aws:SourceArn", "arn:aws:cloudtrail:us-east-1:111111111111:trail/T")
}

#[test]
fn a_decision_names_the_deciding_statement() {
    let allow = json!({
        "Sid": "Write", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*",
    });
    let other = json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket", "Resource": "*" });
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" });

    let Decision::Allowed(by) = evaluate(&document(None, &[other.clone(), allow.clone()]), &cloudtrail())
    else {
        panic!("it is allowed");
    };
    assert_eq!((by.index, by.sid.as_deref()), (1, Some("Write")));
    assert_eq!(by.to_string(), "statement `Write`");

    let Decision::Denied(by) = evaluate(&document(None, &[allow, other, deny]), &cloudtrail()) else {
        panic!("it is denied");
    };
    assert_eq!((by.index, by.sid.as_deref()), (2, None));
    assert_eq!(by.to_string(), "statement 3 (it has no Sid)");
}

#[test]
fn a_refusal_names_the_nearest_statement() {
    let statement = |sid: &str, changes: Value| {
        let mut statement = json!({
            "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/*",
            "Condition": { "StringEquals": { "aws:SourceArn": "another" } },
        });
        for (element, value) in changes.as_object().unwrap() {
            statement[element] = value.clone();
        }
        statement
    };
    let condition = Mismatch::Condition {
        operator: "StringEquals".to_owned(),
        key: "aws:SourceArn".to_owned(),
        wanted: vec!["another".to_owned()],
        actual: vec!["arn:aws:cloudtrail:us-east-1:111111111111:trail/T".to_owned()],
    };
    let principal = statement("Principal", json!({ "Principal": { "AWS": "111111111111" } }));
    let action = statement("Action", json!({ "Action": "s3:GetBucketAcl" }));
    let resource = statement("Resource", json!({ "Resource": "arn:aws:s3:::logs" }));
    let nearest = statement("Condition", json!({}));
    let mut statements = vec![principal];
    for (next, sid, expected) in [
        (None, "Principal", Mismatch::Principal),
        (Some(action), "Action", Mismatch::Action),
        (Some(resource), "Resource", Mismatch::Resource),
        (Some(nearest), "Condition", condition),
    ] {
        statements.extend(next);
        let Decision::NotAllowed(Some(miss)) = evaluate(&document(None, &statements), &cloudtrail()) else {
            panic!("it is not allowed");
        };
        assert_eq!((miss.statement.sid.as_deref(), miss.mismatch), (Some(sid), expected));
    }
    assert_eq!(evaluate(&document(None, &[]), &cloudtrail()), Decision::NotAllowed(None));
}

#[test]
fn an_unknown_decision_names_its_statements_and_keys() {
    let allow =
        json!({ "Sid": "Write", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
    let deny = |sid: &str, condition: Value| {
        json!({
            "Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": condition,
        })
    };
    let organization = deny(
        "Organization",
        json!({
            "StringNotEquals": { "aws:SourceOrgID": "o-1", "AWS:SourceArn": "another" },
            "Null": { "aws:SourceOrgID": "false" },
            "StringLike": { "aws:ResourceOrgID": "o-*" },
        }),
    );
    let other =
        deny("Other", json!({ "StringEquals": { "aws:SourceArn": "another", "aws:SourceOrgID": "o-1" } }));
    let statements = [allow.clone(), organization, other];
    let Decision::Unknown(doubts) = evaluate(&document(None, &statements), &cloudtrail()) else {
        panic!("it is unknown");
    };
    let [Doubt { statement, effect: Effect::Deny, keys }] = doubts.as_slice() else { panic!("{doubts:?}") };
    assert_eq!((statement.index, statement.sid.as_deref()), (1, Some("Organization")));
    assert_eq!(keys, &["aws:SourceOrgID", "aws:ResourceOrgID"]);
    assert_eq!(
        doubts[0].to_string(),
        "statement `Organization` denies the request: this depends on `aws:SourceOrgID` and `aws:ResourceOrgID`"
    );
    let mut may_allow = allow;
    may_allow["Condition"] = json!({ "StringEquals": { "aws:SourceOrgID": "o-1" } });
    assert_eq!(
        evaluate(&document(None, &[may_allow]), &cloudtrail()).to_string(),
        "it is not known whether statement `Write` allows the request: this depends on `aws:SourceOrgID`"
    );
}

#[test]
fn a_mismatch_lists_at_most_three_values() {
    let values = ["a", "b", "c", "d", "e"].map(str::to_owned);
    for (count, expected) in [
        (0, "nothing"),
        (1, "`a`"),
        (3, "`a` or `b` or `c`"),
        (4, "`a`, `b`, `c` and 1 more"),
        (5, "`a`, `b`, `c` and 2 more"),
    ] {
        let mismatch = Mismatch::Condition {
            operator: "StringEquals".to_owned(),
            key: "aws:SourceArn".to_owned(),
            wanted: values[..count].to_vec(),
            actual: vec!["x".to_owned()],
        };
        let expected =
            format!("its condition `StringEquals` on `aws:SourceArn` requires {expected}, not `x`");
        assert_eq!(mismatch.to_string(), expected);
    }
    let mismatch = Mismatch::Condition {
        operator: "StringEquals".to_owned(),
        key: "aws:SourceArn".to_owned(),
        wanted: values[..1].to_vec(),
        actual: Vec::new(),
    };
    assert_eq!(
        mismatch.to_string(),
        "its condition `StringEquals` on `aws:SourceArn` requires `a`, but the request has no `aws:SourceArn`"
    );
}

/// A negated operator excludes its values, and `Null` tests only whether the request has the key.
#[test]
fn a_condition_that_does_not_hold_is_described_by_its_operator() {
    const ON: &str = "on `aws:SourceArn`";
    for (operator, wanted, actual, expected) in [
        ("ArnLike", "a*", Some("b"), "requires `a*`, not `b`"),
        ("StringNotEquals", "a", Some("a"), "excludes `a`, but the request has `a`"),
        ("ForAllValues:StringNotLikeIfExists", "a*", Some("ab"), "excludes `a*`, but the request has `ab`"),
        (
            "ForAnyValue:StringNotLike",
            "a*",
            None,
            "excludes `a*`, and requires a request that has `aws:SourceArn`",
        ),
        ("Null", "true", Some("a"), "requires a request without `aws:SourceArn`, but the request has `a`"),
        ("Null", "false", None, "requires a request that has `aws:SourceArn`"),
        ("Unheard", "a", Some("b"), "requires `a`, not `b`"),
    ] {
        let mismatch = Mismatch::Condition {
            operator: operator.to_owned(),
            key: "aws:SourceArn".to_owned(),
            wanted: vec![wanted.to_owned()],
            actual: actual.map(str::to_owned).into_iter().collect(),
        };
        assert_eq!(mismatch.to_string(), format!("its condition `{operator}` {ON} {expected}"));
    }
}

#[test]
fn the_target_of_a_request_is_its_action_and_its_resource() {
    let target = ("s3:PutObject".to_owned(), "arn:aws:s3:::logs/AWSLogs/1/x".to_owned());
    assert_eq!(cloudtrail().into_target(), target);
    assert_eq!([Effect::Allow, Effect::Deny].map(|effect| format!("{effect:>5}")), ["Allow", " Deny"]);
}

/// See "IAM JSON policy elements: Version": a variable needs version 2012-10-17.
#[test]
fn a_variable_in_a_resource_is_text_in_the_old_version() {
    let statement = json!({
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": ["arn:aws:s3:::logs/${aws:username}", "arn:aws:s3:::logs/plain"],
    });
    let request = |object: &str| {
        let resource = format!("arn:aws:s3:::logs/{object}");
        Request::by_principal(
            &"arn:aws:iam::111111111111:user/Ann".parse().unwrap(),
            "s3:GetObject",
            &resource,
        )
    };
    for (version, object, expected) in [
        ("2012-10-17", "Ann", true),
        ("2012-10-17", "${aws:username}", false),
        ("2012-10-17", "plain", true),
        ("2008-10-17", "Ann", false),
        ("2008-10-17", "${aws:username}", true),
        ("2008-10-17", "plain", true),
    ] {
        let document = document(Some(version), std::slice::from_ref(&statement));
        assert_eq!(evaluate(&document, &request(object)).is_allowed(), expected, "{version} {object}");
    }
}
