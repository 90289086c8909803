//! Matches the patterns of policies: wildcards, and variables with values from a request.
//!
//! This module must not know which element contains a pattern. It only knows whether wildcards and
//! variables are allowed in the element. See "IAM JSON policy elements: Resource" and "IAM policy
//! elements: Variables and tags".

use std::iter;

/// One piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'p> {
    /// This character.
    Char(char),
    /// `?`: any one character.
    One,
    /// `*`: any number of characters.
    Any,
    /// `${…}`: the value of a key of the request, or a default.
    Variable(Variable<'p>),
}

/// A policy variable, such as `${aws:SourceAccount}` or `${aws:PrincipalTag/team, 'nobody'}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Variable<'p> {
    pub(crate) key: &'p str,
    pub(crate) default: Option<&'p str>,
}

/// The characters that are special in a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Whether `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// Whether `${…}` is a variable. Variables exist only in documents of `Version` 2012-10-17.
    pub(crate) variables: bool,
}

impl Syntax {
    /// Wildcards without variables, as in actions.
    pub(crate) const WILDCARDS: Self = Self { wildcards: true, variables: false };
}

/// Splits a pattern into its pieces.
pub(crate) fn pieces(pattern: &str, syntax: Syntax) -> Vec<Piece<'_>> {
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        if syntax.variables
            && let Some((piece, after)) = variable(rest)
        {
            pieces.push(piece);
            rest = after;
            continue;
        }
        pieces.push(match next {
            '*' if syntax.wildcards => Piece::Any,
            '?' if syntax.wildcards => Piece::One,
            other => Piece::Char(other),
        });
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    pieces
}

/// Parses the variable at the start of the text. Returns it with the rest of the text. `${*}`,
/// `${?}` and `${$}` are those characters.
fn variable(text: &str) -> Option<(Piece<'_>, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let piece = match inside {
        "*" => Piece::Char('*'),
        "?" => Piece::Char('?'),
        "$" => Piece::Char('$'),
        _ => {
            let (key, default) = match inside.split_once(',') {
                Some((key, default)) => (key, default.trim().strip_prefix('\'')?.strip_suffix('\'')),
                None => (inside, None),
            };
            Piece::Variable(Variable { key: key.trim(), default })
        }
    };
    Some((piece, after))
}

/// Replaces the variables by their values. Returns `None` if a variable has no value.
pub(crate) fn resolve<'p>(
    pieces: &[Piece<'p>],
    value: impl Fn(&str) -> Option<&'p str>,
) -> Option<Vec<Piece<'p>>> {
    let mut resolved = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Variable(variable) => {
                resolved.extend(value(variable.key).or(variable.default)?.chars().map(Piece::Char));
            }
            other => resolved.push(*other),
        }
    }
    Some(resolved)
}

/// Returns whether a text matches a pattern in which `*` and `?` are wildcards. Matching is
/// case-sensitive.
pub fn text_matches(pattern: &str, text: &str) -> bool {
    // Nearly all patterns differ from nearly all texts before the first wildcard.
    let certain = pattern.find(['*', '?']).unwrap_or(pattern.len());
    match (pattern.split_at_checked(certain), text.split_at_checked(certain)) {
        (Some((start, pattern)), Some((same, rest))) if start == same => {
            (pattern == "*") || matches(&pieces(pattern, Syntax::WILDCARDS), rest)
        }
        _ => false,
    }
}

/// Returns whether the text matches the pattern. Matching is case-sensitive. A remaining variable
/// matches nothing.
pub(crate) fn matches(pattern: &[Piece<'_>], text: &str) -> bool {
    let (mut at, mut rest) = (0, text);
    // The position at which to retry if the rest after the last `*` does not match: one character
    // later.
    let mut retry: Option<(usize, &str)> = None;
    while let Some(next) = rest.chars().next() {
        let behind = |text: &str| text.chars().next().map_or(0, char::len_utf8);
        let fits = match pattern.get(at) {
            Some(Piece::Any) => {
                at += 1;
                retry = Some((at, rest));
                continue;
            }
            Some(Piece::One) => true,
            Some(Piece::Char(expected)) => *expected == next,
            Some(Piece::Variable(_)) | None => false,
        };
        if fits {
            at += 1;
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        } else if let Some((after, from)) = retry {
            let from = from.get(behind(from)..).unwrap_or_default();
            retry = Some((after, from));
            (at, rest) = (after, from);
        } else {
            return false;
        }
    }
    pattern.iter().skip(at).all(|piece| *piece == Piece::Any)
}

/// Returns whether every text that matches `narrow` also matches `wide`, for all values of the
/// variables.
///
/// A yes is always correct; a no can be wrong.
pub(crate) fn includes(wide: &[Piece<'_>], narrow: &[Piece<'_>]) -> bool {
    // reachable[i]: the first i pieces of `wide` include the pieces of `narrow` read so far.
    let mut reachable = vec![false; wide.len() + 1];
    if let Some(first) = reachable.first_mut() {
        *first = true;
    }
    skip_any(wide, &mut reachable);
    for piece in narrow {
        let mut next = vec![false; wide.len() + 1];
        for (index, expected) in wide.iter().enumerate().filter(|(index, _)| is_set(&reachable, *index)) {
            match expected {
                // `*` consumes any piece and remains.
                Piece::Any => set(&mut next, index),
                Piece::One if matches!(piece, Piece::Char(_) | Piece::One) => set(&mut next, index + 1),
                same if same == piece => set(&mut next, index + 1),
                _ => {}
            }
        }
        skip_any(wide, &mut next);
        reachable = next;
    }
    is_set(&reachable, wide.len())
}

/// Marks the pieces after a `*` as reachable, because `*` also matches nothing.
fn skip_any(wide: &[Piece<'_>], reachable: &mut [bool]) {
    for (index, piece) in wide.iter().enumerate() {
        if *piece == Piece::Any && is_set(reachable, index) {
            set(reachable, index + 1);
        }
    }
}

fn is_set(flags: &[bool], index: usize) -> bool {
    flags.get(index).copied().unwrap_or(false)
}

fn set(flags: &mut [bool], index: usize) {
    if let Some(flag) = flags.get_mut(index) {
        *flag = true;
    }
}

/// Returns whether no text matches both patterns, for all values of the variables.
///
/// A yes is always correct; a no can be wrong. The function compares the lengths if one of the
/// patterns has a fixed length, and the characters from both ends up to the first `*` or variable.
pub(crate) fn are_disjoint(a: &[Piece<'_>], b: &[Piece<'_>]) -> bool {
    let differ = |(a, b): (&Piece<'_>, &Piece<'_>)| match (a, b) {
        (Piece::Char(a), Piece::Char(b)) => Some(a != b),
        (Piece::Char(_) | Piece::One, Piece::Char(_) | Piece::One) => Some(false),
        _ => None,
    };
    let is_apart = |pairs: &mut dyn Iterator<Item = (&Piece<'_>, &Piece<'_>)>| {
        pairs.map(differ).take_while(Option::is_some).any(|differs| differs == Some(true))
    };
    let is_one = |piece: &&Piece<'_>| matches!(piece, Piece::Char(_) | Piece::One);
    let least_length = |pattern: &[Piece<'_>]| pattern.iter().filter(is_one).count();
    let is_fixed = |pattern: &[Piece<'_>]| least_length(pattern) == pattern.len();
    let lengths_differ =
        (is_fixed(a) && a.len() < least_length(b)) || (is_fixed(b) && b.len() < least_length(a));
    lengths_differ
        || is_apart(&mut iter::zip(a, b))
        || is_apart(&mut iter::zip(a.iter().rev(), b.iter().rev()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Syntax = Syntax { wildcards: true, variables: true };

    #[test]
    fn wildcards_match_whole_characters() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "aüc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
            ("*ab", "aab", true),
            ("A*", "ab", false),
            ("a${*}", "a*", true),
            ("a${*}", "ab", false),
            ("a${x}", "a", false),
            ("**a", "a", true),
        ] {
            assert_eq!(matches(&pieces(pattern, ALL), text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn inclusion_of_patterns_is_never_wrongly_claimed() {
        for (wide, narrow, expected) in [
            ("*", "", true),
            ("*", "a${x}?*", true),
            ("a*", "ab*", true),
            ("ab*", "a*", false),
            ("a?", "a*", false),
            ("a?", "a?", true),
            ("a?", "ab", true),
            ("a?c", "a${x}c", false),
            ("a${x}c", "a${x}c", true),
            ("a${x}c", "a${y}c", false),
            ("*/AWSLogs/*", "b/AWSLogs/${x}/*", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "axcxb", false),
        ] {
            assert_eq!(includes(&pieces(wide, ALL), &pieces(narrow, ALL)), expected, "{wide} {narrow}");
        }
    }

    #[test]
    fn patterns_are_disjoint_if_their_ends_differ() {
        for (a, b, expected) in [
            ("a*", "b*", true),
            ("*a", "*b", true),
            ("a*", "*b", false),
            ("ab", "a?", false),
            ("ab", "abc", true),
            ("ab", "abc*", true),
            ("a?c*", "ab", true),
            ("ab", "ab*", false),
            ("a${x}", "ab", false),
            ("${x}a", "b", true),
            ("a", "a", false),
        ] {
            assert_eq!(are_disjoint(&pieces(a, ALL), &pieces(b, ALL)), expected, "{a} {b}");
        }
    }

    #[test]
    fn variables_resolve_to_their_value_or_default() {
        let value = |key: &str| (key == "k").then_some("v*");
        for (pattern, text, expected) in [
            ("${k}", Some("v*"), true),
            ("${k}", Some("vx"), false),
            ("${none}", None, false),
            ("${none, 'd'}", Some("d"), true),
            ("${k, 'd'}", Some("d"), false),
            ("${open", Some("${open"), true),
        ] {
            let resolved = resolve(&pieces(pattern, ALL), value);
            assert_eq!(resolved.is_some(), text.is_some(), "{pattern}");
            let is_match = resolved.zip(text).is_some_and(|(pattern, text)| matches(&pattern, text));
            assert_eq!(is_match, expected, "{pattern}");
        }
    }
}
