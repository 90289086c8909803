//! Checks the `Principal` element.
//!
//! See "AWS JSON policy elements: Principal" in the IAM user guide.

use reconcile_policy::AccountId;

use super::{Context, PolicyTarget, texts};
use crate::diagnostic::SourceSpan;
use crate::problems::{Problems, suggest};
use crate::raw::{Content, Located, Node};
use crate::resolve::principal::{self, Rejection};

const KINDS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

pub(super) fn check(name: &Located<String>, element: &Node, context: &Context<'_>, problems: &mut Problems) {
    match &element.content {
        Content::Text(text) if text == "*" => {}
        Content::Map(kinds) => {
            for (kind, ids) in kinds {
                check_kind(kind, ids, context, problems);
            }
            if kinds.is_empty() {
                problems.add(
                    element.place,
                    format!("`{}` names no principal", name.value),
                    "add a principal",
                );
            }
        }
        _ => problems.add(
            element.place,
            format!("expected `*` or a map as `{}`, found {element}", name.value),
            "write the principal under `AWS`, `Service` or `Federated`",
        ),
    }
}

fn check_kind(kind: &Located<String>, ids: &Node, context: &Context<'_>, problems: &mut Problems) {
    if !KINDS.contains(&kind.value.as_str()) {
        let message = format!("unknown kind of principal `{}`", kind.value);
        problems.add(kind.place, message, suggest(&kind.value, KINDS));
        return;
    }
    if kind.value == "CanonicalUser" && matches!(context.target, PolicyTarget::Key { .. }) {
        problems.add(
            kind.place,
            "a key policy cannot name a canonical user, which is a principal of S3",
            "name the account by its id under `AWS`",
        );
        return;
    }
    for (id, place) in texts(&kind.value, ids, problems) {
        match kind.value.as_str() {
            "AWS" => check_aws(id, place, context, problems),
            "Service" => check_service(id, place, problems),
            "CanonicalUser" => check_canonical(id, place, problems),
            _ => {}
        }
    }
}

fn check_aws(id: &str, place: SourceSpan, context: &Context<'_>, problems: &mut Problems) {
    let is_unique_id = (id.starts_with("AIDA") || id.starts_with("AROA"))
        && id.len() >= 16
        && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_unique_id {
        problems.add(
            place,
            format!(
                "`{id}` is the id of a user or role that was deleted, and AWS rejects a policy that names it"
            ),
            "name the user or role by its ARN, or remove the principal",
        );
        return;
    }
    // The only principal whose name contains spaces: see "Restricting access to an Amazon S3
    // origin" in the CloudFront guide.
    let origin_access =
        format!("arn:{}:iam::cloudfront:user/CloudFront Origin Access Identity ", context.partition);
    if id == "*" || id.parse::<AccountId>().is_ok() || id.starts_with(&origin_access) {
        return;
    }
    if let Err(Rejection { message, hint }) = principal::check(id, context.partition) {
        problems.add(place, message, hint);
    }
}

fn check_service(id: &str, place: SourceSpan, problems: &mut Problems) {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if id.split('.').count() < 2 || !id.split('.').all(is_part) {
        let message = format!("`{id}` is not the principal of a service");
        problems.add(place, message, "write it as in `cloudtrail.amazonaws.com`");
    }
}

/// Checks a canonical user ID. See "Finding the canonical user ID for your AWS account" in the AWS
/// Account Management guide.
fn check_canonical(id: &str, place: SourceSpan, problems: &mut Problems) {
    if id.len() != 64 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        let message = format!("`{id}` is not a canonical user id");
        problems.add(place, message, "use the 64 hexadecimal digits of the account, or its id under `AWS`");
    }
}
