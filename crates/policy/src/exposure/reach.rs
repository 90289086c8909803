//! Turns the resources of a statement into which log files, or whether the bucket, key or topic, they are.

use crate::Statement;
use crate::pattern::{Piece, Syntax, are_disjoint, includes, pieces};

/// Whether the statement is of the resource of this ARN. A variable may stand for anything.
pub(super) fn is_of(statement: &Statement, arn: &str, variables: bool) -> bool {
    let arn = pieces(arn, Syntax { wildcards: false, variables: false });
    let may_match = |pattern: &&str| !are_disjoint(&wild(pattern, variables), &arn);
    let is_certain = |pattern: &&str| includes(&wild(pattern, variables), &arn);
    if statement.has("NotResource") {
        !statement.not_resources().iter().any(is_certain)
    } else {
        statement
            .resources()
            .iter()
            .any(|it| includes(&wild(it, variables), &arn) || (it.contains("${") && may_match(it)))
    }
}

/// Which log files the statement is of: `None` if of none, `Some(None)` if of all, and otherwise patterns of their keys.
pub(super) fn files(statement: &Statement, logs: &[String], variables: bool) -> Option<Option<Vec<String>>> {
    let logs: Vec<Vec<Piece<'_>>> = logs.iter().map(|it| pieces(it, Syntax::WILDCARDS)).collect();
    let is_every = |pattern: &&str| logs.iter().all(|logs| includes(&wild(pattern, variables), logs));
    let is_some = |pattern: &&str| logs.iter().any(|logs| !are_disjoint(&wild(pattern, variables), logs));
    if statement.has("NotResource") {
        let excluded = statement.not_resources();
        if excluded.iter().any(is_every) {
            return None;
        }
        let but: Vec<&str> = excluded.into_iter().filter(|it| is_some(it)).collect();
        // What a short list leaves out is nearly everything.
        return Some(
            (!but.is_empty()).then(|| but.iter().map(|it| format!("all but {}", key(it))).collect()),
        );
    }
    let resources = statement.resources();
    if resources.iter().any(is_every) {
        return Some(None);
    }
    let some: Vec<String> = resources.iter().filter(|it| is_some(it)).map(|it| key(it).to_owned()).collect();
    (!some.is_empty()).then_some(Some(some))
}

fn wild(pattern: &str, variables: bool) -> Vec<Piece<'_>> {
    pieces(pattern, Syntax { wildcards: true, variables })
}

/// The key of an object's ARN, or all of it where it names no bucket.
fn key(arn: &str) -> &str {
    arn.split_once(":::").and_then(|(_, path)| path.split_once('/')).map_or(arn, |(_, key)| key)
}
