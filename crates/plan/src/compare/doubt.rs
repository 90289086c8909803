//! Describes how to determine unknown condition keys.

use super::CompareContext;

/// Returns a message with the unknown fact, the condition keys on which it depends, and the steps
/// that would determine it.
pub(super) fn describe(what: &str, depends: &str, settled: impl Iterator<Item = String>) -> String {
    let mut hints: Vec<String> = Vec::new();
    for hint in settled {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    format!("it is not known {what}: {depends}; {}", hints.join("; "))
}

/// Returns the step that would determine the value of an unknown condition key.
pub(super) fn how_to_settle(context: &CompareContext<'_>, key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    let is_of = |names: &[&str]| names.contains(&lower.as_str());
    if is_of(&["aws:sourceorgid", "aws:resourceorgid", "aws:principalorgid"])
        || (context.observed.organization.is_none()
            && is_of(&["aws:sourceorgpaths", "aws:resourceorgpaths", "aws:principalorgpaths"]))
    {
        return match context.observed.organization {
            None => format!("declare `organization` in the spec to know `{key}`"),
            Some(_) => {
                format!("`{key}` is not known, because an account is not in the organization of the spec")
            }
        };
    }
    if is_of(&["aws:sourceorgpaths", "aws:resourceorgpaths", "aws:principalorgpaths"]) {
        return format!(
            "name an organizational unit under `organization.include` or `organization.exclude` to know `{key}`: only then \
             units are read"
        );
    }
    if is_of(&["s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"]) {
        return "AWS documents both SSE-S3 and SSE-KMS for digest files: let the statement accept `AES256` beside `aws:kms`"
            .to_owned();
    }
    if is_of(&["aws:currenttime", "aws:epochtime"]) {
        return "the statement depends on the time".to_owned();
    }
    format!("AWS does not document `{key}` for these requests: exempt CloudTrail in the statement")
}
