//! A simple second implementation of the access that managed Allow statements grant.
//!
//! The model only supports the generated statements: exact actions and resources, and one condition
//! key.

use reconcile_policy::{Document, Effect, Ownership, Statement};

#[derive(Debug)]
pub(crate) struct Request {
    principal: (&'static str, &'static str),
    action: &'static str,
    resource: &'static str,
    source: &'static str,
}

impl Request {
    /// Returns one request for each combination of the generated values, and of one value that is
    /// never generated.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for principal in [
            ("AWS", "arn:aws:iam::123456789012:role/r"),
            ("AWS", "123456789012"),
            ("AWS", "anybody"),
            ("Service", "cloudtrail.amazonaws.com"),
        ] {
            for action in ["s3:putobject", "s3:getobject", "kms:decrypt"] {
                for resource in ["arn:aws:s3:::logs/a/*", "arn:aws:s3:::logs/b/*", "arn:aws:s3:::logs/c/*"] {
                    for source in ["111111111111", "222222222222", "333333333333", "444444444444"] {
                        all.push(Self { principal, action, resource, source });
                    }
                }
            }
        }
        all
    }
}

/// Returns whether an Allow statement of the installation `sec` allows the request. Denials are
/// ignored, because the merge neither grants nor hides what they deny.
pub(crate) fn allowed_by_ours(document: &Document, request: &Request) -> bool {
    let ownership = Ownership::of("sec");
    document.statements().iter().any(|statement| {
        statement.effect() == Effect::Allow
            && statement.sid().is_some_and(|sid| ownership.owns(sid))
            && matches(statement, request)
    })
}

fn matches(statement: &Statement, request: &Request) -> bool {
    let is_principal = statement.principals().iter().any(|principal| {
        let id = principal.id.trim_start_matches("arn:aws:iam::").trim_end_matches(":root");
        let wanted = request.principal.1.trim_start_matches("arn:aws:iam::");
        principal.kind == request.principal.0 && (id == wanted || (principal.kind == "AWS" && id == "*"))
    });
    let is_met = statement.conditions().iter().all(|condition| {
        let is_among = condition.values.iter().any(|value| value == request.source);
        match condition.operator {
            "StringEquals" => is_among,
            "StringNotEquals" => !is_among,
            other => panic!("the generator knows no {other}"),
        }
    });
    is_principal
        && statement.actions().iter().any(|action| action.eq_ignore_ascii_case(request.action))
        && statement.resources().contains(&request.resource)
        && is_met
}
