//! Checks the `Condition` element.
//!
//! See "IAM JSON policy elements: Condition" in the IAM user guide.

use super::{Context, PolicyTarget};
use crate::facts::{condition_operators, s3};
use crate::problems::{Problems, nearest};
use crate::raw::{Content, Located, Node};
use crate::resolve::recognized;

pub(super) fn check(condition: &Node, context: &Context<'_>, problems: &mut Problems) {
    let Content::Map(operators) = &condition.content else {
        let message = format!("expected a map of operators as `Condition`, found {condition}");
        problems.add(
            condition.place,
            message,
            "write `Condition: { StringEquals: { \"aws:SourceAccount\": … } }`",
        );
        return;
    };
    for (operator, keys) in operators {
        if !condition_operators::is_known(&operator.value) {
            let similar = condition_operators::nearest(&operator.value);
            problems.add(
                operator.place,
                format!("unknown condition operator `{}`", operator.value),
                similar.map_or("use an operator such as `StringEquals`".to_owned(), |it| {
                    format!("did you mean `{it}`?")
                }),
            );
        }
        let Content::Map(keys) = &keys.content else {
            let message =
                format!("expected a map of condition keys under `{}`, found {keys}", operator.value);
            problems.add(keys.place, message, "");
            continue;
        };
        for (key, values) in keys {
            check_key(key, context, problems);
            check_values(key, values, problems);
        }
    }
}

/// Checks a condition key. S3 rejects a policy with an unknown condition key of S3.
fn check_key(key: &Located<String>, context: &Context<'_>, problems: &mut Problems) {
    let name = key.value.to_ascii_lowercase();
    if !matches!(context.target, PolicyTarget::Bucket { .. })
        || !name.starts_with("s3:")
        || context.recognized.has(&name)
    {
        return;
    }
    let is_known = |known: &&str| {
        let known = known.to_ascii_lowercase();
        if known.ends_with('/') { name.starts_with(&known) } else { known == name }
    };
    if !s3::CONDITION_KEYS.iter().any(is_known) {
        let message = format!("`{}` is not a condition key that this version of reconcile knows", key.value);
        let similar = nearest(&key.value, s3::CONDITION_KEYS.iter().copied());
        problems.add(key.place, message, recognized::hint(similar));
    }
}

fn check_values(key: &Located<String>, values: &Node, problems: &mut Problems) {
    if values.members().is_empty() {
        problems.add(
            values.place,
            format!("the condition key `{}` has no values", key.value),
            "add at least one value",
        );
    }
    for value in values.members() {
        if matches!(value.content, Content::Map(_) | Content::List(_) | Content::Null) {
            problems.add(value.place, format!("expected a value of `{}`, found {value}", key.value), "");
        }
    }
}
