//! Turns condition keys that are not known into what would settle them, for people.

use super::Scope;
use crate::address::Address;
use crate::refusal::proof_setting;

/// A message of what is not known, on what it depends, and what would settle it.
pub(super) fn told(what: &str, depends: &str, settled: impl Iterator<Item = String>) -> String {
    let mut hints: Vec<String> = Vec::new();
    for hint in settled {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    format!("it is not known {what}: {depends}; {}", hints.join("; "))
}

/// What would settle a condition key that is not known, in a policy.
pub(super) fn settle(scope: &Scope<'_>, policy: &Address, key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    let is_of = |names: &[&str]| names.contains(&lower.as_str());
    let accept = proof_setting(policy.kind)
        .map(|setting| format!(", or accept it with `{setting}: warn`"))
        .unwrap_or_default();
    if is_of(&["aws:sourceorgid", "aws:resourceorgid", "aws:principalorgid"])
        || (scope.observed.organization.is_none()
            && is_of(&["aws:sourceorgpaths", "aws:resourceorgpaths", "aws:principalorgpaths"]))
    {
        return match scope.observed.organization {
            None => format!("declare `organization` in the spec to know `{key}`{accept}"),
            Some(_) => format!(
                "an account is not in the organization of the spec, so that `{key}` is not known{accept}"
            ),
        };
    }
    if is_of(&["aws:sourceorgpaths", "aws:resourceorgpaths", "aws:principalorgpaths"]) {
        return format!(
            "organizational units are read only where `organization.include.organizational_units` or `organization.exclude` \
             names one, so that `{key}` is not known{accept}"
        );
    }
    if is_of(&["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"]) {
        return format!(
            "AWS documents SSE-S3 and SSE-KMS for digest files: let the statement pass `AES256` beside `aws:kms`{accept}"
        );
    }
    if is_of(&["aws:currenttime", "aws:epochtime"]) {
        return format!("the statement depends on the time{accept}");
    }
    format!("AWS does not document `{key}` of these requests: exempt them in the statement{accept}")
}
