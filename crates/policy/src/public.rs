//! Finds the statements of a bucket policy that S3 counts as public.
//!
//! S3 counts a policy as public unless each statement grants access only to fixed values: to named
//! principals, or under a condition on one of a few keys. This module must not judge whether
//! anybody could use a statement, because Block Public Access does not judge this either. If S3
//! documents no answer, the answer is an [`Ambiguity`].
//!
//! See "The meaning of public" in "Blocking public access to your Amazon S3 storage" in the S3 user
//! guide.

use crate::canonical::lowercase;
use crate::equivalent::reads_variables;
use crate::evaluate::condition::{Network, Operator};
use crate::names::is_account_id;
use crate::pattern::{Syntax, includes, pieces};
use crate::{Condition, Document, Effect, Principal, Statement, StatementRef};

/// A statement that S3 counts, or may count, as public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// The statement.
    pub statement: StatementRef,
    /// The reason why it is uncertain that S3 counts the statement as public; `None` if it is
    /// certain.
    pub doubt: Option<Ambiguity>,
}

/// A property that decides whether a statement is public, and whose effect S3 does not document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ambiguity {
    /// The statement names a principal of a kind that the documentation does not mention.
    #[error("S3 does not document whether the principal `{id}` counts as a fixed value")]
    Principal {
        /// The principal, as the statement names it.
        id: String,
    },
    /// The condition is on a key that the documentation does not list.
    #[error("S3 does not document whether a condition on `{key}` makes a statement non-public")]
    Key {
        /// The condition key.
        key: String,
    },
    /// The condition also holds for requests without the key.
    #[error("S3 does not document whether `{operator}` on `{key}` makes a statement non-public")]
    Operator {
        /// The condition operator.
        operator: String,
        /// The condition key.
        key: String,
    },
    /// The value has wildcards, but only within one account or role.
    #[error("S3 does not document whether `{value}` for `{key}` counts as a fixed value")]
    Value {
        /// The condition key.
        key: String,
        /// The value.
        value: String,
    },
    /// Another statement denies the same access to everybody except fixed values.
    #[error("{deny} denies the same to most callers, and S3 does not document whether this statement counts")]
    Deny {
        /// The other statement.
        deny: StatementRef,
    },
}

/// The statements of a bucket policy that S3 counts, or may count, as public, in document order.
pub fn exposed(document: &Document) -> Vec<Exposed> {
    let variables = reads_variables(document);
    let statements = || {
        document.statements().iter().enumerate().map(|(index, statement)| {
            (StatementRef { index, sid: statement.sid().map(str::to_owned) }, statement)
        })
    };
    let narrowing = |allow: &Statement| {
        let mut denies = statements().filter(|(_, deny)| narrows(deny, allow, variables));
        denies.next().map(|(deny, _)| Ambiguity::Deny { deny })
    };
    statements()
        .filter(|(_, statement)| statement.effect() == Effect::Allow)
        .filter_map(|(reference, statement)| match reach(statement, variables) {
            Reach::Fixed => None,
            Reach::Unclear(doubt) => Some(Exposed { statement: reference, doubt: Some(doubt) }),
            Reach::Anybody => Some(Exposed { statement: reference, doubt: narrowing(statement) }),
        })
        .collect()
}

/// Condition keys that S3 lists: fixed values of one of them make a statement non-public.
const LISTED: &[&str] = &[
    SOURCE_IP,
    "aws:sourcearn",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:sourceowner",
    "aws:sourceaccount",
    "aws:principalorgid",
    USER_ID,
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    ACCESS_POINT_ARN,
    "s3:dataaccesspointaccount",
];

/// Condition keys that identify the caller, and that S3 does not list.
const UNLISTED: &[&str] = &[
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourcevpcarn",
    "aws:username",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
];

const SOURCE_IP: &str = "aws:sourceip";
const USER_ID: &str = "aws:userid";
const ACCESS_POINT_ARN: &str = "s3:dataaccesspointarn";

/// The principals that a statement, or a part of it, reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reach {
    /// Only fixed values.
    Fixed,
    /// Only fixed values, or anybody: S3 does not document which.
    Unclear(Ambiguity),
    /// Anybody, according to S3.
    Anybody,
}

impl Reach {
    /// The wider of two reaches, for a list of alternatives.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Anybody, _) | (_, Self::Anybody) => Self::Anybody,
            (Self::Unclear(doubt), _) | (_, Self::Unclear(doubt)) => Self::Unclear(doubt),
            (Self::Fixed, Self::Fixed) => Self::Fixed,
        }
    }

    /// The narrower of two reaches, for parts that must all match.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fixed, _) | (_, Self::Fixed) => Self::Fixed,
            (Self::Unclear(doubt), _) | (_, Self::Unclear(doubt)) => Self::Unclear(doubt),
            (Self::Anybody, Self::Anybody) => Self::Anybody,
        }
    }
}

fn reach(statement: &Statement, variables: bool) -> Reach {
    let conditions = statement.conditions();
    let conditions = conditions.iter().map(|condition| condition_reach(condition, variables));
    conditions.fold(principals_reach(statement), Reach::and)
}

fn principals_reach(statement: &Statement) -> Reach {
    let principals = statement.principals();
    // An Allow with `NotPrincipal` allows every principal that the element does not name. An Allow
    // without a principal is not valid.
    if statement.has("NotPrincipal") || principals.is_empty() {
        return Reach::Anybody;
    }
    principals.into_iter().map(principal_reach).fold(Reach::Fixed, Reach::or)
}

fn principal_reach(Principal { kind, id }: Principal<'_>) -> Reach {
    match kind {
        "AWS" | "Service" | "CanonicalUser" if !id.contains('*') => Reach::Fixed,
        // A provider in an account. The documentation counts a web identity provider as public.
        "Federated" if id.starts_with("arn:") => Reach::Unclear(Ambiguity::Principal { id: id.to_owned() }),
        _ => Reach::Anybody,
    }
}

fn condition_reach(condition: &Condition<'_>, variables: bool) -> Reach {
    let key = lowercase(condition.key);
    let is_listed = LISTED.contains(&&*key);
    let Some(operator) = Operator::parse(condition.operator) else { return Reach::Anybody };
    if operator.is_negated || operator.is_null() || !(is_listed || UNLISTED.contains(&&*key)) {
        return Reach::Anybody;
    }
    let values =
        condition.values.iter().map(|value| value_reach(condition.key, &key, operator, value, variables));
    // The values of one key are alternatives.
    match values.fold(Reach::Fixed, Reach::or) {
        Reach::Fixed if operator.may_lack_the_key() => Reach::Unclear(Ambiguity::Operator {
            operator: condition.operator.to_owned(),
            key: condition.key.to_owned(),
        }),
        Reach::Fixed if !is_listed => Reach::Unclear(Ambiguity::Key { key: condition.key.to_owned() }),
        reach => reach,
    }
}

/// Returns the reach of one value of a condition. `key` is the key in its original spelling, `name`
/// the key in lower case.
fn value_reach(key: &str, name: &str, operator: Operator, value: &str, variables: bool) -> Reach {
    if name == SOURCE_IP {
        return if Network::parse(value).is_some_and(|it| is_narrow(&it)) {
            Reach::Fixed
        } else {
            Reach::Anybody
        };
    }
    if variables && value.contains("${") {
        return Reach::Anybody;
    }
    if !(operator.has_wildcards() && value.contains(['*', '?'])) {
        return Reach::Fixed;
    }
    let account = value.split(':').nth(4).unwrap_or_default();
    let is_in_account = is_account_id(account);
    let is_in_role = name == USER_ID
        && value
            .strip_suffix(":*")
            .is_some_and(|role| role.starts_with("AROA") && !role.contains(['*', '?']));
    match name {
        // The name of the access point can be a wildcard.
        ACCESS_POINT_ARN if is_in_account => Reach::Fixed,
        _ if is_in_account || is_in_role => {
            Reach::Unclear(Ambiguity::Value { key: key.to_owned(), value: value.to_owned() })
        }
        _ => Reach::Anybody,
    }
}

/// Returns whether S3 counts a range of addresses as a fixed value: the prefix has at least 8 bits
/// for IPv4, and at least 32 bits for IPv6. The private ranges of RFC 1918, which S3 exempts, are
/// not broader than /8.
fn is_narrow(network: &Network) -> bool {
    network.bits >= if network.address.is_ipv4() { 8 } else { 32 }
}

/// Returns whether a statement denies everything that `allow` allows to everybody except fixed
/// values.
fn narrows(deny: &Statement, allow: &Statement, variables: bool) -> bool {
    let excepts = |condition: &Condition<'_>| {
        let key = lowercase(condition.key);
        let is_known = LISTED.contains(&&*key) || UNLISTED.contains(&&*key);
        let operator = Operator::parse(condition.operator).filter(|it| it.is_negated && is_known);
        operator.is_some_and(|operator| {
            let mut values = condition.values.iter();
            values.all(|value| value_reach(condition.key, &key, operator, value, variables) != Reach::Anybody)
        })
    };
    deny.effect() == Effect::Deny
        && (deny.has("NotPrincipal")
            || (principals_reach(deny) == Reach::Anybody && deny.conditions().iter().any(excepts)))
        && are_within(&allow.actions(), &deny.actions())
        && are_within(&allow.resources(), &deny.resources())
}

/// Returns whether each pattern is within one of the wider patterns, regardless of letter case. A
/// wrong yes only causes a doubt.
fn are_within(narrow: &[&str], wide: &[&str]) -> bool {
    let is_within = |narrow: &&str| {
        let narrow = lowercase(narrow);
        wide.iter().any(|wide| {
            includes(&pieces(&lowercase(wide), Syntax::WILDCARDS), &pieces(&narrow, Syntax::WILDCARDS))
        })
    };
    !narrow.is_empty() && narrow.iter().all(is_within)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq)]
    enum Expected {
        Private,
        Unclear,
        Public,
    }
    use Expected::{Private, Public, Unclear};

    fn expected(statements: &[Value]) -> Expected {
        let text = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let found = exposed(&text.parse().unwrap());
        match found.first() {
            None => Private,
            Some(Exposed { doubt: Some(_), .. }) => Unclear,
            Some(Exposed { doubt: None, .. }) => Public,
        }
    }

    fn allow(principal: &Value, conditions: &Value) -> Value {
        json!({ "Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::logs/*", "Condition": conditions })
    }

    #[test]
    fn named_principals_are_fixed_and_everybody_is_not() {
        for (principal, is) in [
            (json!({ "AWS": "111111111111" }), Private),
            (json!({ "AWS": ["arn:aws:iam::111111111111:role/A", "AIDAEXAMPLEEXAMPLE12"] }), Private),
            (json!({ "Service": "cloudtrail.amazonaws.com" }), Private),
            (
                json!({ "CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" }),
                Private,
            ),
            (json!("*"), Public),
            (json!({ "AWS": "*" }), Public),
            (json!({ "AWS": ["111111111111", "*"] }), Public),
            // The first example of the documentation.
            (json!({ "Federated": "graph.facebook.com" }), Public),
            (json!({ "Federated": "arn:aws:iam::111111111111:saml-provider/Okta" }), Unclear),
        ] {
            assert_eq!(expected(&[allow(&principal, &json!({}))]), is, "{principal}");
        }
        let everybody_else = json!({ "Effect": "Allow", "NotPrincipal": { "AWS": "111111111111" },
            "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*" });
        assert_eq!(expected(&[everybody_else]), Public);
    }

    #[test]
    fn fixed_values_of_listed_keys_make_a_statement_non_public() {
        for (conditions, is) in [
            (json!({ "StringEquals": { "aws:SourceVpc": "vpc-91237329" } }), Private),
            (json!({ "StringLike": { "aws:SourceVpc": "vpc-*" } }), Public),
            (json!({ "StringEquals": { "AWS:sourcevpce": ["vpce-1", "vpce-2"] } }), Private),
            (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-exampleorgid" } }), Private),
            (json!({ "StringLike": { "aws:PrincipalOrgID": "o-*" } }), Public),
            (json!({ "StringEquals": { "aws:SourceAccount": "111111111111" } }), Private),
            (json!({ "StringEquals": { "aws:SourceAccount": "${aws:PrincipalAccount}" } }), Public),
            (json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:s3:::bucket" } }), Private),
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::*" } }), Public),
            (json!({ "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:111111111111:*" } }), Unclear),
            (json!({ "StringEquals": { "aws:userid": "AIDAEXAMPLEEXAMPLE12" } }), Private),
            (json!({ "StringLike": { "aws:userid": "AROAEXAMPLEEXAMPLE12:*" } }), Unclear),
            (json!({ "StringLike": { "aws:userid": "*" } }), Public),
            (
                json!({ "ArnLike": { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:111111111111:accesspoint/*" } }),
                Private,
            ),
            (
                json!({ "ArnLike": { "s3:DataAccessPointArn": "arn:aws:s3:us-west-2:*:accesspoint/a" } }),
                Public,
            ),
            (json!({ "StringEquals": { "s3:DataAccessPointAccount": "111111111111" } }), Private),
            // Keys that do not identify the caller, or that S3 does not list.
            (json!({ "StringLike": { "aws:Referer": "https://example.com/*" } }), Public),
            (json!({ "Bool": { "aws:SecureTransport": "true" } }), Public),
            (json!({ "StringEquals": { "aws:PrincipalAccount": "111111111111" } }), Unclear),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::111111111111:role/*" } }), Unclear),
            (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/reader" } }), Public),
            // Conditions that hold without the key, or for all values with exceptions.
            (json!({ "StringEqualsIfExists": { "aws:SourceVpc": "vpc-1" } }), Unclear),
            (json!({ "ForAllValues:StringEquals": { "aws:SourceVpc": "vpc-1" } }), Unclear),
            (json!({ "StringNotEquals": { "aws:SourceVpc": "vpc-1" } }), Public),
            (json!({ "Null": { "aws:SourceVpc": "false" } }), Public),
            // One condition that limits the statement is sufficient.
            (
                json!({ "Bool": { "aws:SecureTransport": "true" }, "StringEquals": { "aws:SourceVpc": "vpc-1" } }),
                Private,
            ),
        ] {
            assert_eq!(expected(&[allow(&json!("*"), &conditions)]), is, "{conditions}");
        }
    }

    #[test]
    fn an_address_range_is_fixed_up_to_a_maximum_size() {
        for (values, is) in [
            (json!("203.0.113.7"), Private),
            (json!(["203.0.113.0/24", "10.0.0.0/8"]), Private),
            (json!(["203.0.113.0/24", "0.0.0.0/0"]), Public),
            (json!("0.0.0.0/1"), Public),
            (json!("8.0.0.0/7"), Public),
            (json!("2001:db8::/32"), Private),
            (json!("2001:d00::/24"), Public),
            (json!("no address"), Public),
        ] {
            let conditions = json!({ "IpAddress": { "aws:SourceIp": values } });
            assert_eq!(expected(&[allow(&json!("*"), &conditions)]), is, "{conditions}");
        }
    }

    #[test]
    fn only_an_allow_can_be_public_and_a_deny_can_narrow_it() {
        let public = allow(&json!("*"), &json!({}));
        let deny = |action: &str, conditions: Value| {
            json!({ "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "arn:aws:s3:::logs/*",
                "Condition": conditions })
        };
        let outside = json!({ "StringNotEquals": { "aws:SourceVpce": "vpce-1" } });
        let plain = json!({ "Bool": { "aws:SecureTransport": "false" } });
        assert_eq!(expected(&[deny("s3:*", json!({}))]), Private);
        assert_eq!(expected(&[public.clone(), deny("s3:*", plain)]), Public);
        assert_eq!(expected(&[public.clone(), deny("S3:Get*", outside.clone())]), Unclear);
        assert_eq!(expected(&[public, deny("s3:PutObject", outside)]), Public);
    }

    #[test]
    fn a_dollar_is_a_variable_only_in_documents_that_have_variables() {
        let statement = allow(&json!("*"), &json!({ "StringEquals": { "aws:SourceAccount": "${a}" } }));
        let text = json!({ "Version": "2008-10-17", "Statement": [statement] }).to_string();
        assert_eq!(exposed(&text.parse().unwrap()), []);
    }
}
