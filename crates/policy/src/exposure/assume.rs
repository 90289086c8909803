//! Turns a request into the request of an outsider: everything that the caller of an action can
//! choose is chosen so that the statement allows the request and no Deny applies.

use super::capability::{Capability, RiskyAction};
use super::{Asset, AssetKind, Insiders, is_like, who};
use crate::canonical::lowercase;
use crate::evaluate::condition::Operator;
use crate::{Condition, Known, Request, Statement};

/// The condition keys whose values a caller can choose. `/` and `-` at the end of a key stand for
/// any suffix.
///
/// An outside account also chooses the tags and the authentication of its own principals, so
/// conditions on `aws:PrincipalTag` and `aws:MultiFactorAuthPresent` exclude nobody. `aws:Referer`
/// and `aws:UserAgent` are headers: "AWS global condition context keys" in the IAM user guide says
/// that they "should not be used to prevent unauthorized parties".
const CHOSEN: &[&str] = &[
    "s3:x-amz-",
    "s3:requestobjecttag/",
    "s3:object-lock-",
    "s3:prefix",
    "s3:delimiter",
    "s3:max-keys",
    "s3:versionid",
    "s3:authtype",
    "s3:signatureversion",
    "s3:signatureage",
    "s3:tlsversion",
    "s3:if-match",
    "s3:if-none-match",
    "aws:useragent",
    "aws:referer",
    "aws:requesttag/",
    "aws:tagkeys",
    "aws:requestedregion",
    "aws:principaltag/",
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:username",
    "aws:sourceidentity",
    "kms:encryptioncontextkeys",
    "kms:encryptionalgorithm",
    "kms:requestalias",
    "kms:granteeprincipal",
    "kms:grantoperations",
    "kms:grantconstrainttype",
    "kms:retiringprincipal",
    "sns:protocol",
];

const CONTEXT: &str = "kms:encryptioncontext:";

/// Adds the known facts about every request for a log file, and the choices of the caller.
pub(super) fn assume(
    request: Request,
    allow: &Statement,
    denies: &[&Statement],
    asset: &Asset,
    insiders: &Insiders,
    action: &RiskyAction,
) -> Request {
    let is_service = request.values("aws:PrincipalIsAWSService").first().is_some_and(|it| it == "true");
    let mut request = facts(request, asset, insiders);
    let conditions = allow.conditions();
    let mut chosen: Vec<String> = Vec::new();
    for condition in &conditions {
        let key = lowercase(condition.key);
        if chosen.iter().any(|it| **it == *key) {
            continue;
        }
        let known = match () {
            () if key.starts_with(CONTEXT) => context(condition, &key, asset, insiders, action),
            () if key == "kms:viaservice" => via_service(condition),
            () if is_chosen(&key) || (is_service && who::is_source(&key)) => satisfied(condition),
            () => continue,
        };
        if let Some(known) = known {
            request = request.with_known(key.clone().into_owned(), known);
            chosen.push(key.into_owned());
        }
    }
    for condition in denies.iter().flat_map(|deny| deny.conditions()) {
        let key = lowercase(condition.key);
        if is_chosen(&key)
            && !chosen.iter().any(|it| **it == *key)
            && let Some(known) = avoided(&condition)
        {
            request = request.with_known(key.clone().into_owned(), known);
            chosen.push(key.into_owned());
        }
    }
    request
}

fn is_chosen(key: &str) -> bool {
    CHOSEN.iter().any(|it| match it.strip_suffix('/') {
        Some(family) => key.strip_prefix(family).is_some_and(|rest| rest.starts_with('/')),
        None if it.ends_with('-') => key.starts_with(it),
        None => key == *it,
    })
}

/// Adds the facts that hold for every such request, regardless of the caller.
fn facts(request: Request, asset: &Asset, insiders: &Insiders) -> Request {
    let request =
        request.with("aws:ResourceAccount", &asset.account).with("s3:ResourceAccount", &asset.account);
    let request = match &insiders.organization {
        Some(organization) => request.with("aws:ResourceOrgID", organization),
        None => request,
    };
    match asset.kind {
        // The newest version, so that no Deny of older versions matches.
        AssetKind::Bucket => request.with("s3:TlsVersion", "1.3"),
        // CloudTrail accepts only symmetric encryption keys.
        AssetKind::Key => {
            request.with("kms:KeySpec", "SYMMETRIC_DEFAULT").with("kms:KeyUsage", "ENCRYPT_DECRYPT")
        }
        AssetKind::Topic | AssetKind::LogGroup => request,
    }
}

/// Returns facts about the key that satisfy a condition, if such facts can be found: the first
/// value of the condition, any value, or the absence of the key.
fn satisfied(condition: &Condition<'_>) -> Option<Known> {
    let operator = Operator::parse(condition.operator)?;
    let first = condition.values.first()?;
    Some(match () {
        () if operator.is_null() && first.eq_ignore_ascii_case("true") => Known::Absent,
        () if operator.is_null() => Known::AtLeast(Vec::new()),
        () if operator.is_negated => Known::Absent,
        () if first.contains("${") => return None,
        () if operator.has_wildcards() && first.contains(['*', '?']) => Known::Like(first.to_string()),
        () => Known::Values(vec![first.to_string()]),
    })
}

/// Returns facts about the key that do not satisfy a condition, if such facts can be found.
fn avoided(condition: &Condition<'_>) -> Option<Known> {
    /// A text that no policy uses as a value.
    const OTHER: &str = "-";

    let operator = Operator::parse(condition.operator)?;
    let first = condition.values.first()?;
    Some(match () {
        () if operator.is_null() && first.eq_ignore_ascii_case("true") => Known::AtLeast(Vec::new()),
        () if operator.is_null() => Known::Absent,
        () if operator.is_negated && first.contains("${") => return None,
        () if operator.is_negated && operator.has_wildcards() => Known::Like(first.to_string()),
        () if operator.is_negated => Known::Values(vec![first.to_string()]),
        () if !operator.may_lack_the_key() => Known::Absent,
        () if first.eq_ignore_ascii_case("true") => Known::Values(vec!["false".to_owned()]),
        () if first.eq_ignore_ascii_case("false") => Known::Values(vec!["true".to_owned()]),
        () => Known::Values(vec![OTHER.to_owned()]),
    })
}

/// Adds the encryption context with which a log file is decrypted: the trail, and the object or
/// (with an S3 bucket key) the bucket. A caller cannot choose another context. However, the creator
/// of a grant chooses the constraints of the grant.
///
/// See "Encrypting CloudTrail log files, digest files, and event data stores with AWS KMS keys" in
/// the CloudTrail user guide, and "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys" in the
/// S3 user guide.
fn context(
    condition: &Condition<'_>,
    key: &str,
    asset: &Asset,
    insiders: &Insiders,
    action: &RiskyAction,
) -> Option<Known> {
    let operator = Operator::parse(condition.operator)?;
    if action.capability != Capability::Decrypt || operator.is_negated || operator.is_null() {
        return satisfied(condition);
    }
    let name = key.strip_prefix(CONTEXT).unwrap_or_default();
    let is_of_logs = |value: &&std::borrow::Cow<'_, str>| is_context_of_logs(name, value, asset, insiders);
    let Some(value) = condition.values.iter().find(is_of_logs) else {
        return Some(Known::Absent);
    };
    satisfied(&Condition { values: vec![value.clone()], ..condition.clone() })
}

/// Returns whether log files are encrypted with this pair of an encryption context. The value can
/// be a pattern.
pub(super) fn is_context_of_logs(name: &str, value: &str, asset: &Asset, insiders: &Insiders) -> bool {
    match name {
        "aws:cloudtrail:arn" => {
            let account = value.split(':').nth(4).unwrap_or("*");
            account.contains(['*', '?', '$']) || insiders.has(account)
        }
        "aws:s3:arn" => {
            let is_object = |logs: &String| is_like(value, &logs.replace('*', "x")) || is_like(logs, value);
            is_like(value, &asset.bucket) || asset.logs.iter().any(is_object)
        }
        _ => false,
    }
}

/// Returns a value of the service that calls KMS, if one can satisfy a condition: log files are
/// decrypted only through S3.
fn via_service(condition: &Condition<'_>) -> Option<Known> {
    let operator = Operator::parse(condition.operator)?;
    if operator.is_negated || operator.is_null() {
        return satisfied(condition);
    }
    match condition.values.iter().find(|value| value.starts_with("s3.") || value.starts_with('*')) {
        Some(value) => satisfied(&Condition { values: vec![value.clone()], ..condition.clone() }),
        None => Some(Known::Absent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_satisfied_or_avoided_by_a_value_or_by_the_absence_of_the_key() {
        let values = |value: &str| Some(Known::Values(vec![value.to_owned()]));
        let like = |pattern: &str| Some(Known::Like(pattern.to_owned()));
        let any = || Some(Known::AtLeast(Vec::new()));
        for (operator, value, to_satisfy, to_avoid) in [
            ("StringEquals", "a*", values("a*"), Some(Known::Absent)),
            ("StringLike", "a", values("a"), Some(Known::Absent)),
            ("StringLike", "a*", like("a*"), Some(Known::Absent)),
            ("StringLike", "a${b}*", None, Some(Known::Absent)),
            ("StringNotEquals", "a*", Some(Known::Absent), values("a*")),
            ("StringNotLike", "a*", Some(Known::Absent), like("a*")),
            ("StringNotLike", "${a}", Some(Known::Absent), None),
            ("StringEqualsIfExists", "a", values("a"), values("-")),
            ("BoolIfExists", "true", values("true"), values("false")),
            ("BoolIfExists", "false", values("false"), values("true")),
            ("Null", "True", Some(Known::Absent), any()),
            ("Null", "false", any(), Some(Known::Absent)),
            ("Unknown", "a", None, None),
        ] {
            let condition = Condition { operator, key: "aws:x", values: vec![value.into()] };
            assert_eq!(satisfied(&condition), to_satisfy, "{operator} {value}");
            assert_eq!(avoided(&condition), to_avoid, "{operator} {value}");
        }
    }
}
