//! A small evaluator of resource policies: enough to say what CloudTrail and KMS say.
//!
//! Kept apart from the product's own policy code on purpose, as a second opinion. Where it does not know an
//! operator it is strict: an Allow does not apply, a Deny does.
//! See "Policy evaluation logic" and "IAM JSON policy elements: Condition operators" in the IAM user guide.

mod condition;
mod pattern;

use serde_json::Value;

use pattern::matches;

/// A policy document.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) statements: Vec<Value>,
}

/// What is asked of a policy.
#[derive(Debug)]
pub(crate) struct Request {
    principal: (&'static str, String),
    action: String,
    resource: String,
    /// Names in lower case.
    context: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn by_service(service: &str, action: &str, resource: &str) -> Self {
        Self::new(("Service", service.to_owned()), action, resource)
    }

    pub(crate) fn by_principal(arn: &str, action: &str, resource: &str) -> Self {
        Self::new(("AWS", arn.to_owned()), action, resource)
    }

    fn new(principal: (&'static str, String), action: &str, resource: &str) -> Self {
        let context = vec![("aws:securetransport".to_owned(), "true".to_owned())];
        Self { principal, action: action.to_owned(), resource: resource.to_owned(), context }
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.context.push((key.to_ascii_lowercase(), value.to_owned()));
        self
    }

    fn value(&self, key: &str) -> Option<&str> {
        let key = key.to_ascii_lowercase();
        self.context.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }
}

impl Policy {
    /// Reads a document; what is wrong with it, as a sentence, otherwise.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let document: Value =
            serde_json::from_str(text).map_err(|error| format!("Policies must be valid JSON: {error}"))?;
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements.clone(),
            Some(statement @ Value::Object(_)) => vec![statement.clone()],
            _ => return Err("Missing required field Statement".to_owned()),
        };
        for statement in &statements {
            if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
                return Err("Invalid effect".to_owned());
            }
            if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
                return Err("Missing required field Principal".to_owned());
            }
        }
        Ok(Self { statements })
    }

    /// Whether the request is allowed: some statement allows it and none denies it.
    pub(crate) fn allows(&self, request: &Request) -> bool {
        let applies = |effect: &'static str| {
            self.statements
                .iter()
                .filter(move |statement| statement["Effect"] == effect)
                .any(|statement| applies(statement, request, effect == "Deny"))
        };
        applies("Allow") && !applies("Deny")
    }

    /// Whether some statement without conditions allows the action to a principal of the account.
    pub(crate) fn names_account(&self, account: &str, action: &str) -> bool {
        self.statements.iter().any(|statement| {
            let principals = members(&statement["Principal"]["AWS"]);
            statement["Effect"] == "Allow"
                && statement.get("Condition").is_none()
                && element(statement, "Action", |pattern| matches_action(pattern, action))
                && principals
                    .iter()
                    .any(|id| id == "*" || id == account || id.split(':').nth(4) == Some(account))
        })
    }
}

fn applies(statement: &Value, request: &Request, is_deny: bool) -> bool {
    element(statement, "Action", |pattern| matches_action(pattern, &request.action))
        && element(statement, "Resource", |pattern| matches(pattern, &request.resource))
        && is_principal(statement, request)
        && condition::holds(&statement["Condition"], request, is_deny)
}

/// Whether a member of the element matches, or none of its `Not…` form does.
fn element(statement: &Value, name: &str, is_match: impl Fn(&str) -> bool) -> bool {
    let any = |value: &Value| members(value).iter().any(|member| is_match(member));
    match (statement.get(name), statement.get(format!("Not{name}"))) {
        (Some(value), _) => any(value),
        (None, Some(value)) => !any(value),
        (None, None) => false,
    }
}

fn matches_action(pattern: &str, action: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

fn is_principal(statement: &Value, request: &Request) -> bool {
    let is_in = |principals: &Value| {
        let (kind, id) = &request.principal;
        let account = id.split(':').nth(4);
        // A service is not meant by `"*"` of `AWS`, but it is by a bare `"*"`.
        *principals == "*"
            || members(&principals[*kind]).iter().any(|named| {
                named == id || (*kind == "AWS" && (named == "*" || Some(named.as_str()) == account))
            })
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principals), _) => is_in(principals),
        (None, Some(principals)) => !is_in(principals),
        (None, None) => false,
    }
}

/// One text, or a list of them; numbers and booleans as they are written.
fn members(value: &Value) -> Vec<String> {
    match value {
        Value::Array(members) => members.iter().flat_map(self::members).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null | Value::Object(_) => Vec::new(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allows(statements: &Value) -> bool {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let request =
            Request::by_service("cloudtrail.amazonaws.com", "s3:PutObject", "arn:aws:s3:::b/AWSLogs/1/x")
                .with("aws:SourceArn", "arn:aws:cloudtrail:us-east-1:1:trail/T")
                .with("s3:x-amz-acl", "bucket-owner-full-control");
        Policy::parse(&text).unwrap().allows(&request)
    }

    #[test]
    fn decides_as_iam_does() {
        let allow = json!({
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "S3:putobject", "Resource": "arn:aws:s3:::b/AWSLogs/*",
        });
        let with = |name: &str, value: Value| {
            let mut statement = allow.clone();
            statement[name] = value;
            statement
        };
        let deny = |condition: Value| json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition });
        for (name, statements, expected) in [
            ("plain", json!([allow]), true),
            ("a single statement", allow.clone(), true),
            ("another action", json!([with("Action", json!("s3:GetObject"))]), false),
            ("another resource", json!([with("Resource", json!("arn:aws:s3:::b/awslogs/*"))]), false),
            (
                "another service",
                json!([with("Principal", json!({ "Service": "config.amazonaws.com" }))]),
                false,
            ),
            ("everybody", json!([with("Principal", json!("*"))]), true),
            ("every AWS principal is no service", json!([with("Principal", json!({ "AWS": "*" }))]), false),
            (
                "a condition that holds",
                json!([with(
                    "Condition",
                    json!({ "StringEquals": { "aws:sourcearn": [
                    "x", "arn:aws:cloudtrail:us-east-1:1:trail/T"] } })
                )]),
                true,
            ),
            (
                "a condition that does not",
                json!([with("Condition", json!({ "StringEquals": { "aws:SourceArn": "x" } }))]),
                false,
            ),
            (
                "an operator that is not known",
                json!([with("Condition", json!({ "Guess": { "aws:SourceArn": "x" } }))]),
                false,
            ),
            (
                "denied without TLS",
                json!([allow, deny(json!({ "Bool": { "aws:SecureTransport": "false" } }))]),
                true,
            ),
            (
                "denied with TLS",
                json!([allow, deny(json!({ "Bool": { "aws:SecureTransport": true } }))]),
                false,
            ),
            (
                "denied where a key is missing",
                json!([allow, deny(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } }))]),
                false,
            ),
            (
                "not denied where a key may be missing",
                json!([allow, deny(json!({ "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-1" } }))]),
                false,
            ),
            (
                "denied to all but",
                json!([allow, {
                    "Effect": "Deny", "NotPrincipal": { "Service": "cloudtrail.amazonaws.com" },
                    "NotAction": "s3:GetObject", "Resource": "*",
                }]),
                true,
            ),
        ] {
            assert_eq!(allows(&statements), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in ["", "{}", r#"{"Statement":[]}"#, r#"{"Statement":[{"Effect":"allow","Principal":"*"}]}"#]
        {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }
}
