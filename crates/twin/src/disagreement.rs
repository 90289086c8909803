//! Makes the twin evaluate policies differently from the product.
//!
//! The twin uses the evaluator of the product, so the two always agree. AWS can disagree: a
//! condition key can be missing from the requests of a service, or a variable can have no value.
//! With a disagreement, a test or a user of the sandbox can observe the consequences.

use std::collections::BTreeSet;

use reconcile_policy::Request;
use serde::{Deserialize, Serialize};

use crate::policy::Policy;

/// The condition keys and variables that requests of CloudTrail lack when the twin checks a trail.
/// Key names are case-insensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disagreement {
    /// Condition keys without a value, such as `aws:SourceOrgID`. A variable with the same name has
    /// no value either.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown_keys: BTreeSet<String>,
    /// Policy variables without a value, such as `aws:SourceAccount`. The condition key with the
    /// same name keeps its value.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unresolved_variables: BTreeSet<String>,
}

impl Disagreement {
    /// Returns whether the twin evaluates policies in the same way as the product.
    pub fn is_none(&self) -> bool {
        self.unknown_keys.is_empty() && self.unresolved_variables.is_empty()
    }

    /// Returns whether the policy allows the request under this disagreement.
    pub(crate) fn allows(&self, policy: &Policy, request: Request) -> bool {
        if self.is_none() {
            return policy.allows(request);
        }
        let request = self.unknown_keys.iter().fold(request, |request, key| request.without(key.clone()));
        let text = policy.document.to_string();
        let text = self.unresolved_variables.iter().fold(text, |text, key| unresolved(&text, key));
        Policy::parse(&text).is_ok_and(|policy| policy.allows(request))
    }
}

/// Replaces each `${key}` in the text by a variable that no request has.
fn unresolved(text: &str, key: &str) -> String {
    let variable = format!("${{{}}}", key.to_ascii_lowercase());
    let lowercase = text.to_ascii_lowercase();
    let mut result = String::with_capacity(text.len());
    let mut end = 0;
    for (start, _) in lowercase.match_indices(&variable) {
        result.push_str(text.get(end..start).unwrap_or_default());
        result.push_str("${twin:unresolved}");
        end = start + variable.len();
    }
    result.push_str(text.get(end..).unwrap_or_default());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(resource: &str, condition: &str) -> Policy {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"*",
                "Resource":"{resource}","Condition":{{{condition}}}}}]}}"#
        );
        Policy::parse(&text).unwrap()
    }

    fn set(key: &str) -> BTreeSet<String> {
        BTreeSet::from([key.to_owned()])
    }

    #[test]
    fn an_unknown_key_or_variable_allows_nothing() {
        let agreement = Disagreement::default();
        let without_key = Disagreement { unknown_keys: set("AWS:sourceaccount"), ..Disagreement::default() };
        let without_variable =
            Disagreement { unresolved_variables: set("aws:SourceAccount"), ..Disagreement::default() };
        let request = Request::by_service("cloudtrail.amazonaws.com", "s3:PutObject", "arn:aws:s3:::b/1/x")
            .with("aws:SourceAccount", "1");
        let plain = policy("arn:aws:s3:::b/1/*", "");
        let key = policy("*", r#""StringEquals":{"aws:SourceAccount":"1"}"#);
        let variable = policy("arn:aws:s3:::b/${AWS:SourceAccount}/*", "");
        for (twin, expected) in [
            (agreement, [true, true, true]),
            (without_key, [true, false, false]),
            (without_variable, [true, true, false]),
        ] {
            let allowed = [&plain, &key, &variable].map(|policy| twin.allows(policy, request.clone()));
            assert_eq!(allowed, expected, "{twin:?}");
        }
    }
}
