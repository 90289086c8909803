//! Reduces a document to the parts that a request depends on.
//!
//! A policy change keeps a permission if it keeps the parts that allow the request and adds no part
//! that could deny the request, however AWS evaluates the rest of the document. The result is only
//! compared: it is never printed and is not a policy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::condition::{self, Operator, Truth};
use super::{Applies, Misfit, Request, apply, resource_matches};
use crate::canonical::{Canonical, canonical_operator, lowercase};
use crate::equivalent::reads_variables;
use crate::pattern::text_matches;
use crate::{Condition, Document, Effect, Statement};

/// The parts of a document that a request depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Justification {
    /// Every statement that allows the request, reduced to the first matching member of each list.
    /// If no statement certainly allows the request, every statement that may allow it.
    allows: BTreeSet<String>,
    /// Every Deny that does not apply because of its conditions alone, or for which it is unknown
    /// whether it applies.
    denies: BTreeSet<String>,
}

impl Justification {
    /// Returns whether all parts that allowed the request `before` still exist, and no new part can
    /// deny the request.
    pub fn keeps(&self, before: &Self) -> bool {
        before.allows.is_subset(&self.allows) && self.denies.is_subset(&before.denies)
    }
}

/// Returns the parts of the document that the request depends on; `None` if the document certainly
/// does not allow the request.
pub fn justification(document: &Document, request: &Request) -> Option<Justification> {
    let variables = reads_variables(document);
    let (mut allows, mut doubtful, mut denies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for statement in document.statements() {
        match (statement.effect(), apply(statement, request, variables)) {
            (Effect::Deny, Applies::Yes) => return None,
            (Effect::Deny, Applies::Perhaps(_) | Applies::No(_, Misfit::Condition(_))) => {
                denies.insert(text(json!([Canonical::of(statement)]), variables));
            }
            (Effect::Allow, Applies::Yes) => {
                allows.insert(text(reduced(statement, request, variables), variables));
            }
            (Effect::Allow, Applies::Perhaps(_)) => {
                doubtful.insert(text(reduced(statement, request, variables), variables));
            }
            _ => {}
        }
    }
    let allows = if allows.is_empty() { doubtful } else { allows };
    (!allows.is_empty()).then_some(Justification { allows, denies })
}

/// Returns the parts as text. If `${…}` is not a variable in the document, its text must differ
/// from the text of a variable.
fn text(mut parts: Value, variables: bool) -> String {
    let has_variable = variables && parts.to_string().contains("${");
    if let Some(parts) = parts.as_array_mut().filter(|_| has_variable) {
        parts.push(json!("variables"));
    }
    parts.to_string()
}

/// Returns the statement with the first matching member of each list. A list that excludes is kept
/// whole.
fn reduced(statement: &Statement, request: &Request, variables: bool) -> Value {
    let principals = statement.principals();
    let principal = principals.iter().find(|it| request.is_by(**it)).map(|it| (it.kind, it.id));
    let action = lowercase(request.action());
    let actions = statement.actions();
    let action = actions.iter().map(|it| lowercase(it)).find(|pattern| text_matches(pattern, &action));
    let resources = statement.resources();
    let resource =
        resources.iter().find(|pattern| resource_matches(pattern, request, variables) == Truth::True);
    let resources = resource.map_or(resources.clone(), |resource| vec![*resource]);
    let not_principals: BTreeSet<_> = statement.not_principals().iter().map(|it| (it.kind, it.id)).collect();
    let conditions: BTreeSet<String> = statement
        .conditions()
        .iter()
        .map(|it| reduced_condition(it, request, variables).to_string())
        .collect();
    json!([
        principal,
        not_principals,
        action,
        statement.not_actions(),
        resources,
        statement.not_resources(),
        conditions
    ])
}

/// Returns the condition with a single value that satisfies it, if there is one.
fn reduced_condition(condition: &Condition<'_>, request: &Request, variables: bool) -> Value {
    let holds = |values| {
        let alone = [Condition { values, ..condition.clone() }];
        condition::holds(&alone, 0, request, variables) == Truth::True
    };
    let is_negated = Operator::parse(condition.operator).is_none_or(|it| it.is_negated);
    let enough = condition.values.iter().find(|value| !is_negated && holds(vec![(*value).clone()]));
    let values: BTreeSet<_> = match enough {
        Some(value) => BTreeSet::from([value]),
        None => condition.values.iter().collect(),
    };
    json!([canonical_operator(condition.operator), lowercase(condition.key), values])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111111111111:trail/T";

    fn request() -> Request {
        Request::by_service(
            "cloudtrail.amazonaws.com",
            "s3:PutObject",
            "arn:aws:s3:::logs/AWSLogs/111111111111/CloudTrail/x",
        )
        .with("aws:SourceArn", TRAIL)
        .with("aws:SourceAccount", "111111111111")
    }

    fn document(statements: &Value) -> Document {
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap()
    }

    fn allow(sid: &str, resources: &Value, condition: &Value) -> Value {
        json!({
            "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "s3:PutObject", "Resource": resources, "Condition": condition,
        })
    }

    fn plain(accounts: &[&str]) -> Value {
        let resources: Vec<String> =
            accounts.iter().map(|id| format!("arn:aws:s3:::logs/AWSLogs/{id}/*")).collect();
        let trails: Vec<String> =
            accounts.iter().map(|id| format!("arn:aws:cloudtrail:us-east-1:{id}:trail/T")).collect();
        allow("TrailWrite", &json!(resources), &json!({ "StringEquals": { "aws:SourceArn": trails } }))
    }

    fn deny(condition: &Value) -> Value {
        json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*",
            "Condition": condition,
        })
    }

    #[test]
    fn the_way_is_kept_only_if_the_request_stays_allowed() {
        let one = plain(&["111111111111"]);
        let by_account = allow(
            "TrailWrite",
            &json!("arn:aws:s3:::logs/AWSLogs/${aws:SourceAccount}/*"),
            &json!({ "StringEquals": { "aws:SourceAccount": ["111111111111", "222222222222"] } }),
        );
        let tls = deny(&json!({ "Bool": { "aws:SecureTransport": "false" } }));
        let elsewhere = json!({
            "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs/other/*",
        });
        let cases: [(&str, Value, Value, bool); 12] = [
            ("the same", json!([one]), json!([one]), true),
            ("another account joins", json!([one]), json!([plain(&["111111111111", "222222222222"])]), true),
            (
                "another account joins in front",
                json!([one]),
                json!([plain(&["222222222222", "111111111111"])]),
                true,
            ),
            (
                "another Sid",
                json!([one]),
                json!([{
                    "Sid": "Other", "Effect": "Allow", "Principal": { "Service": ["cloudtrail.amazonaws.com"] },
                    "Action": ["s3:putobject"], "Resource": one["Resource"], "Condition": one["Condition"],
                }]),
                true,
            ),
            ("a statement behind it", json!([one]), json!([one, by_account]), true),
            ("a statement in front of it", json!([one]), json!([by_account, one]), true),
            ("a short form takes its place", json!([one, by_account]), json!([by_account]), false),
            (
                "a statement that allowed it as well is gone",
                json!([by_account, one]),
                json!([by_account]),
                false,
            ),
            ("a Deny is gone", json!([one, tls]), json!([one]), true),
            ("a Deny that its condition keeps away", json!([one]), json!([one, tls]), false),
            ("a Deny of something else", json!([one]), json!([one, elsewhere]), true),
            (
                "a Deny that excludes somebody more",
                json!([one, deny(&json!({ "StringNotEquals": { "aws:SourceAccount": "111111111111" } }))]),
                json!([
                    one,
                    deny(&json!({ "StringNotEquals": { "aws:SourceAccount": ["111111111111", "2"] } }))
                ]),
                false,
            ),
        ];
        for (name, before, after, is_kept) in cases {
            let before = justification(&document(&before), &request());
            let (before, after) = (before.unwrap(), justification(&document(&after), &request()).unwrap());
            assert_eq!(after.keeps(&before), is_kept, "{name}");
        }
    }

    #[test]
    fn a_way_that_depends_on_an_unknown_key_can_change() {
        let of = |organization: &str| {
            let condition = json!({ "StringEquals": { "aws:SourceOrgID": organization } });
            document(&json!([allow("Any", &json!("*"), &condition)]))
        };
        let (one, other) =
            (justification(&of("o-1"), &request()).unwrap(), justification(&of("o-2"), &request()).unwrap());
        assert!(one.keeps(&one) && !one.keeps(&other));
    }

    #[test]
    fn there_is_no_way_if_the_document_does_not_allow_the_request() {
        assert_eq!(justification(&document(&json!([plain(&["222222222222"])])), &request()), None);
    }

    #[test]
    fn a_variable_differs_from_its_literal_text() {
        let conditions = json!({ "StringNotEquals": { "aws:SourceArn": "${aws:SourceAccount}" } });
        let statements = json!([allow("Any", &json!("*"), &conditions)]);
        let old: Document =
            json!({ "Version": "2008-10-17", "Statement": statements }).to_string().parse().unwrap();
        let (old, new) = (
            justification(&old, &request()).unwrap(),
            justification(&document(&statements), &request()).unwrap(),
        );
        assert!(!new.keeps(&old) && !old.keeps(&new));
    }
}
