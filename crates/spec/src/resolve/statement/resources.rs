//! Checks the `Resource` element.
//!
//! S3 rejects a policy that names another bucket, and KMS ignores a statement for another key: see
//! "Policies and permissions in Amazon S3" in the S3 user guide and "Elements in a key policy" in
//! the KMS developer guide.

use reconcile_policy::Arn;

use super::{Context, PolicyTarget, texts};
use crate::diagnostic::SourceSpan;
use crate::facts::Level;
use crate::problems::Problems;
use crate::raw::{Located, Node};

/// Returns the levels of the resources in the element; `None` if a resource has a problem.
pub(super) fn check(
    name: &Located<String>,
    element: &Node,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Vec<Level>> {
    let mut levels = Vec::new();
    let resources = texts(&name.value, element, problems);
    let count = resources.len();
    for (resource, place) in resources {
        levels.extend(match &context.target {
            PolicyTarget::Bucket { name, .. } => check_bucket(resource, name, place, context, problems),
            PolicyTarget::Key { .. } => check_key(resource, place, context, problems),
        });
    }
    (levels.len() == count && count > 0).then_some(levels)
}

fn check_bucket(
    resource: &str,
    bucket: &str,
    place: SourceSpan,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Level> {
    let prefix = format!("arn:{}:s3:::", context.partition);
    let path = resource.strip_prefix(&prefix);
    let (named, level) = match path.and_then(|path| path.split_once('/')) {
        Some((named, _)) => (Some(named), Level::Object),
        None => (path, Level::Resource),
    };
    if named == Some(bucket) {
        return Some(level);
    }
    let message = match named {
        Some(named) if !named.contains(['*', '?']) => {
            format!(
                "the resource is in the bucket `{named}`, but this is the policy of the bucket `{bucket}`"
            )
        }
        _ => format!("`{resource}` does not name the bucket `{bucket}`"),
    };
    problems.add(place, message, format!("use `{prefix}{bucket}` or `{prefix}{bucket}/*`"));
    None
}

fn check_key(
    resource: &str,
    place: SourceSpan,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Level> {
    let PolicyTarget::Key { site, arn: own } = &context.target else { return None };
    if resource == "*" {
        return Some(Level::Resource);
    }
    let is_own = |arn: &Arn| match (own, site) {
        (Some(own), _) => arn == *own,
        (None, Some((account, region))) => {
            arn.service() == "kms"
                && arn.partition() == context.partition.as_str()
                && arn.account() == account.as_str()
                && arn.region() == region.as_str()
                && arn.resource().starts_with("key/")
        }
        // The account or the Region of the key has a problem.
        (None, None) => true,
    };
    if resource.parse::<Arn>().is_ok_and(|arn| is_own(&arn)) {
        return Some(Level::Resource);
    }
    problems.add(
        place,
        format!("`{resource}` is not the key of this policy"),
        "use `\"*\"`, which means the key itself in a key policy",
    );
    None
}
