//! Compares patterns of metric filters by their meaning.
//!
//! See "Filter pattern syntax for metric filters" in the CloudWatch Logs user guide. White space,
//! quotation marks around a value, parentheses that change nothing, and the order of alternatives
//! do not matter.

use std::collections::BTreeSet;

/// The maximum nesting of a pattern.
const DEPTH: usize = 20;

/// A pattern for JSON events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Node {
    Term(String),
    All(BTreeSet<Node>),
    Any(BTreeSet<Node>),
}

/// The relation between a pattern and a wanted pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::compliance) enum Relation {
    /// The patterns have the same meaning.
    Same,
    /// One pattern has terms that the other pattern lacks, or joins the terms differently.
    Similar,
    /// The patterns match different events.
    Other,
}

/// Returns the relation between a pattern and a wanted pattern.
pub(in crate::compliance) fn relation(pattern: &str, wanted: &str) -> Relation {
    let (Some(pattern), Some(wanted)) = (parse(pattern), parse(wanted)) else { return Relation::Other };
    if pattern == wanted {
        return Relation::Same;
    }
    let (has, wants) = (terms(&pattern), terms(&wanted));
    match has.is_superset(&wants) || (has.is_subset(&wants) && has.len() * 2 >= wants.len()) {
        true => Relation::Similar,
        false => Relation::Other,
    }
}

fn terms(node: &Node) -> BTreeSet<&str> {
    match node {
        Node::Term(term) => BTreeSet::from([term.as_str()]),
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().flat_map(terms).collect(),
    }
}

/// Parses a pattern for JSON events. Returns `None` for other patterns.
fn parse(pattern: &str) -> Option<Node> {
    let text = pattern.trim().strip_prefix('{')?.strip_suffix('}')?;
    any(text, DEPTH)
}

fn any(text: &str, depth: usize) -> Option<Node> {
    let nodes = split(text, "||")?.into_iter().map(|part| all(part, depth));
    Some(join(nodes.collect::<Option<Vec<_>>>()?, Node::Any))
}

fn all(text: &str, depth: usize) -> Option<Node> {
    let nodes = split(text, "&&")?.into_iter().map(|part| term(part, depth));
    Some(join(nodes.collect::<Option<Vec<_>>>()?, Node::All))
}

fn term(text: &str, depth: usize) -> Option<Node> {
    let depth = depth.checked_sub(1)?;
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        return any(inner, depth);
    }
    (!text.is_empty()).then(|| Node::Term(compact(text)))
}

/// Joins nodes. Merges nodes of the same kind into one level.
fn join(nodes: Vec<Node>, kind: fn(BTreeSet<Node>) -> Node) -> Node {
    let mut joined = BTreeSet::new();
    for node in nodes {
        match (node, kind(BTreeSet::new())) {
            (Node::All(inner), Node::All(_)) | (Node::Any(inner), Node::Any(_)) => joined.extend(inner),
            (node, _) => _ = joined.insert(node),
        }
    }
    match (joined.len(), joined.pop_first()) {
        (1, Some(one)) => one,
        (_, first) => {
            joined.extend(first);
            kind(joined)
        }
    }
}

/// Splits a text at an operator outside of parentheses and quotation marks. Returns `None` if
/// parentheses or quotation marks are not balanced.
fn split<'t>(text: &'t str, operator: &str) -> Option<Vec<&'t str>> {
    let (mut parts, mut start, mut open, mut is_quoted) = (Vec::new(), 0, 0_u32, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => open = open.checked_add(1)?,
            ')' if !is_quoted => open = open.checked_sub(1)?,
            _ if !is_quoted && open == 0 && at >= start && text.get(at..)?.starts_with(operator) => {
                parts.push(text.get(start..at)?);
                start = at.checked_add(operator.len())?;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (open == 0 && !is_quoted).then_some(parts)
}

/// A comparison without white space around its operator and without quotation marks.
fn compact(text: &str) -> String {
    let Some(at) = text.find(['=', '<', '>', '!']) else {
        // `$.a NOT EXISTS` and `$.a IS NULL`.
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    };
    let (field, rest) = text.split_at(at);
    let value = rest.trim_start_matches(['=', '<', '>', '!']);
    let operator = rest.strip_suffix(value).unwrap_or(rest);
    format!("{}{operator}{}", field.trim(), value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use reconcile_spec::CIS_ALARMS;

    use super::*;

    #[test]
    fn spelling_does_not_change_the_meaning_of_a_pattern() {
        const ROOT: &str = r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;
        const KEYS: &str = "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}";
        let cases = [
            (
                ROOT,
                "{ ($.userIdentity.invokedBy NOT  EXISTS) && ($.eventType != AwsServiceEvent) && ($.userIdentity.type = \"Root\") }",
                Relation::Same,
            ),
            (
                KEYS,
                "{ ($.eventSource = \"kms.amazonaws.com\") && ($.eventName=ScheduleKeyDeletion || $.eventName=DisableKey) }",
                Relation::Same,
            ),
            // Without parentheses, the operators bind differently.
            (
                KEYS,
                "{ $.eventSource = kms.amazonaws.com && $.eventName=DisableKey || $.eventName=ScheduleKeyDeletion }",
                Relation::Similar,
            ),
            (KEYS, "{ ($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion) }", Relation::Similar),
            (
                ROOT,
                "{ $.userIdentity.type = Root && $.userIdentity.invokedBy NOT EXISTS && $.eventType = AwsServiceEvent }",
                Relation::Other,
            ),
            (KEYS, "{ $.eventSource = kms.amazonaws.com }", Relation::Other),
            (KEYS, "DisableKey", Relation::Other),
            (KEYS, "{ ($.a = b }", Relation::Other),
            (KEYS, "", Relation::Other),
        ];
        for (wanted, pattern, expected) in cases {
            assert_eq!(relation(pattern, wanted), expected, "{pattern}");
        }
    }

    #[test]
    fn no_pattern_of_the_benchmark_is_that_of_another_control() {
        for (a, one) in CIS_ALARMS.iter().enumerate() {
            for (b, other) in CIS_ALARMS.iter().enumerate() {
                let expected = if a == b { Relation::Same } else { Relation::Other };
                assert_eq!(relation(one.pattern, other.pattern), expected, "{} {}", one.id, other.id);
            }
        }
    }

    #[test]
    fn a_pattern_that_is_nested_too_deep_is_another_one() {
        let deep = format!("{{{}$.a = b{}}}", "(".repeat(1000), ")".repeat(1000));
        assert_eq!(relation(&deep, "{ $.a = b }"), Relation::Other);
    }
}
