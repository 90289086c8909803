//! Turns a statement into its canonical form, which is equal for all spellings of the statement.
//!
//! Spellings that AWS distinguishes must stay different, and so must spellings for which AWS does
//! not document whether they are equal.

mod atoms;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

pub(crate) use atoms::atoms;

use crate::names::is_account_id;
use crate::{Condition, Effect, Principal, Statement};

/// A statement without its Sid and its spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Canonical<'a> {
    pub(crate) effect: Effect,
    pub(crate) principal: Option<BTreeSet<(&'a str, &'a str)>>,
    pub(crate) action: Option<BTreeSet<Cow<'a, str>>>,
    pub(crate) resource: Option<BTreeSet<&'a str>>,
    pub(crate) rest: Rest<'a>,
}

/// The elements of a statement that are never split: every atom of the statement has all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Rest<'a> {
    pub(crate) not_principal: Option<BTreeSet<(&'a str, &'a str)>>,
    pub(crate) not_action: Option<BTreeSet<Cow<'a, str>>>,
    pub(crate) not_resource: Option<BTreeSet<&'a str>>,
    /// A set, not a map: if one key has two spellings under one operator, there are two conditions.
    pub(crate) conditions: BTreeSet<CanonicalCondition<'a>>,
    /// Elements that this crate does not know. Only the order of their object keys is normalized.
    pub(crate) unknown: BTreeMap<&'a str, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct CanonicalCondition<'a> {
    pub(crate) operator: Cow<'a, str>,
    pub(crate) key: Cow<'a, str>,
    pub(crate) values: BTreeSet<Cow<'a, str>>,
}

impl<'a> Canonical<'a> {
    pub(crate) fn of(statement: &'a Statement) -> Self {
        let element = |name: &str| statement.has(name);
        Self {
            effect: statement.effect(),
            principal: element("Principal").then(|| principals(statement.principals())),
            action: element("Action").then(|| actions(statement.actions())),
            resource: element("Resource").then(|| statement.resources().into_iter().collect()),
            rest: Rest {
                not_principal: element("NotPrincipal").then(|| principals(statement.not_principals())),
                not_action: element("NotAction").then(|| actions(statement.not_actions())),
                not_resource: element("NotResource").then(|| statement.not_resources().into_iter().collect()),
                conditions: statement.conditions().into_iter().map(CanonicalCondition::of).collect(),
                unknown: statement
                    .unknown_elements()
                    .map(|(name, value)| (name, sorted_text(value)))
                    .collect(),
            },
        }
    }
}

impl<'a> CanonicalCondition<'a> {
    fn of(condition: Condition<'a>) -> Self {
        Self {
            operator: canonical_operator(condition.operator),
            key: lowercase(condition.key),
            values: condition.values.into_iter().collect(),
        }
    }
}

/// The JSON text of a value with its object keys in sorted order.
pub(crate) fn sorted_text(value: &Value) -> String {
    let mut value = value.clone();
    value.sort_all_objects();
    value.to_string()
}

fn principals(principals: Vec<Principal<'_>>) -> BTreeSet<(&str, &str)> {
    principals.into_iter().map(|principal| (principal.kind, canonical_principal_id(principal))).collect()
}

/// Returns the account id of a principal that is the root ARN of an account, and every other id
/// unchanged. AWS can replace one form with the other when it saves a policy.
///
/// The partition is dropped: a policy can name only principals of its own partition. See "AWS JSON
/// policy elements: Principal".
pub(crate) fn canonical_principal_id(principal: Principal<'_>) -> &str {
    let account = || {
        let (_partition, rest) = principal.id.strip_prefix("arn:")?.split_once(":iam::")?;
        rest.strip_suffix(":root").filter(|id| is_account_id(id))
    };
    if matches!(principal.kind, "AWS" | "") { account().unwrap_or(principal.id) } else { principal.id }
}

/// Returns the actions in lower case: the prefix and the name of an action are not case-sensitive.
/// See "IAM JSON policy elements: Action".
fn actions(actions: Vec<&str>) -> BTreeSet<Cow<'_, str>> {
    actions.into_iter().map(lowercase).collect()
}

/// Returns the canonical name of a condition operator. `ArnEquals` and `ArnLike` behave
/// identically; every other operator is unchanged.
///
/// See "IAM JSON policy elements: Condition operators".
pub(crate) fn canonical_operator(operator: &str) -> Cow<'_, str> {
    if operator.contains("Arn") {
        Cow::Owned(operator.replace("ArnEquals", "ArnLike").replace("ArnNotEquals", "ArnNotLike"))
    } else {
        Cow::Borrowed(operator)
    }
}

/// Returns a name in lower case. Names of condition keys and of actions are not case-sensitive. See
/// "IAM JSON policy elements: Condition".
pub(crate) fn lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Returns one text for a set of statements, including their Sids. Two texts are equal exactly if
/// the sets are equal, regardless of spelling and order. The text is meant for fingerprints and is
/// not a policy.
pub fn canonical_text<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> String {
    let set: BTreeSet<_> =
        statements.into_iter().map(|statement| (statement.sid(), Canonical::of(statement))).collect();
    json!(set).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_value_are_sorted_and_its_lists_are_not() {
        for (value, expected) in [
            (serde_json::json!({ "b": 1, "a": [{ "d": 2, "c": 3 }, 1] }), r#"{"a":[{"c":3,"d":2},1],"b":1}"#),
            (serde_json::json!(["b", "a"]), r#"["b","a"]"#),
            (serde_json::json!(null), "null"),
        ] {
            assert_eq!(sorted_text(&value), expected);
        }
    }
}
