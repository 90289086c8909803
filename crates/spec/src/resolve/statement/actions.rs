//! Checks the `Action` element.
//!
//! See "Actions, resources, and condition keys for AWS services" in the Service Authorization
//! Reference.

use reconcile_policy::text_matches;

use super::{Context, PolicyTarget, texts};
use crate::diagnostic::SourceSpan;
use crate::facts::{Level, Service, s3};
use crate::problems::{Problems, nearest};
use crate::raw::{Located, Node};
use crate::resolve::recognized;

/// Checks the names of the actions, and that each applies to a resource of the statement. `levels`
/// contains the levels of these resources, if they are known.
pub(super) fn check(
    name: &Located<String>,
    element: &Node,
    levels: Option<&[Level]>,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    for (action, place) in texts(&name.value, element, problems) {
        let Some(matched) = check_name(action, place, context, problems) else { continue };
        // `NotAction` names actions that the statement does not apply to.
        if name.value == "Action" {
            check_level(action, &matched, levels, place, context, problems);
        }
    }
}

/// Returns the levels of the actions that match a name or a pattern; `None` if the name is unknown
/// or needs no check.
fn check_name(
    action: &str,
    place: SourceSpan,
    context: &Context<'_>,
    problems: &mut Problems,
) -> Option<Vec<Level>> {
    let service = context.target.service();
    if action == "*" || context.recognized.has(action) {
        return None;
    }
    let Some((prefix, name)) = action.split_once(':') else {
        problems.add(
            place,
            format!("`{action}` is not an action"),
            format!("write the service and the action, such as `{}:{action}`", service.prefix),
        );
        return None;
    };
    if !prefix.eq_ignore_ascii_case(service.prefix) {
        problems.add(
            place,
            format!(
                "`{action}` is an action of another service, but this is a {} policy",
                context.target.noun()
            ),
            format!("use actions of `{}`", service.prefix),
        );
        return None;
    }
    let pattern = name.to_ascii_lowercase();
    let matched: Vec<Level> = service
        .actions()
        .filter(|(_, known)| text_matches(&pattern, &known.to_ascii_lowercase()))
        .map(|(level, _)| level)
        .collect();
    if matched.is_empty() {
        let message = format!("`{action}` is not an action that this version of reconcile knows");
        let similar = similar(service, name).map(|it| format!("{}:{it}", service.prefix));
        problems.add(place, message, recognized::hint(similar.as_deref()));
        return None;
    }
    Some(matched)
}

/// Returns the known action that a name was probably meant to be.
fn similar(service: &Service, name: &str) -> Option<&'static str> {
    let operation = s3::OPERATIONS.iter().find(|(operation, _)| *operation == name);
    match operation.filter(|_| service.prefix == s3::S3.prefix) {
        Some((_, action)) => Some(action),
        None => nearest(name, service.actions().map(|(_, known)| known)),
    }
}

fn check_level(
    action: &str,
    matched: &[Level],
    levels: Option<&[Level]>,
    place: SourceSpan,
    context: &Context<'_>,
    problems: &mut Problems,
) {
    if matched.iter().all(|level| *level == Level::Elsewhere) {
        let noun = context.target.noun();
        problems.add(
            place,
            format!("`{action}` does not act on a {noun}, so a {noun} policy cannot allow or deny it"),
            "remove the action, and allow it in a policy of the user or role",
        );
        return;
    }
    let Some(levels) = levels else { return };
    if matched.iter().any(|level| levels.contains(level)) {
        return;
    }
    let (PolicyTarget::Bucket { name, .. }, partition) = (&context.target, context.partition) else { return };
    let (object, missing) = match matched.contains(&Level::Object) {
        true => ("objects", format!("arn:{partition}:s3:::{name}/*")),
        false => ("the bucket", format!("arn:{partition}:s3:::{name}")),
    };
    problems.add(
        place,
        format!("`{action}` acts on {object}, and `Resource` does not name {object}"),
        format!("add `{missing}` to `Resource`"),
    );
}

impl PolicyTarget<'_> {
    fn noun(&self) -> &'static str {
        match self {
            Self::Bucket { .. } => "bucket",
            Self::Key { .. } => "key",
        }
    }
}
