//! Turns the capabilities of outsiders into a sentence.

use std::fmt;

use super::{Allowed, Holds, Who};

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anybody => f.write_str("anybody"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Principal(arn) => {
                match arn.split_once(":cloudfront:user/CloudFront Origin Access Identity ") {
                    Some((_, id)) => write!(f, "CloudFront origin access identity `{id}`"),
                    None => write!(f, "`{arn}`"),
                }
            }
            Self::Organization(id) => write!(f, "every account of organization `{id}`"),
            Self::Matching(pattern) => write!(f, "every principal like `{pattern}`"),
            Self::CanonicalUser(id) => write!(f, "the account of canonical user `{id}`"),
            Self::Federated(id) => write!(f, "the identities of `{id}`"),
            Self::Unresolved(id) => write!(f, "`{id}`, a principal that AWS does not resolve to an ARN,"),
            Self::Service { name, source: None } => write!(f, "{name} on behalf of any account"),
            Self::Service { name, source: Some(source) } => write!(f, "{name} on behalf of `{source}`"),
        }
    }
}

/// Returns a sentence such as `lets account 444455556666 read and delete every log file`.
pub(super) fn sentence(allowed: &[Allowed]) -> String {
    // A capability that several outsiders share is written once.
    let mut clauses: Vec<(Vec<String>, String)> = Vec::new();
    let mut seen: Vec<(&Who, &Holds)> = Vec::new();
    for one in allowed {
        if seen.contains(&(&one.who, &one.holds)) {
            continue;
        }
        seen.push((&one.who, &one.holds));
        let of_clause: Vec<&Allowed> =
            allowed.iter().filter(|it| it.who == one.who && it.holds == one.holds).collect();
        let text = format!("{}{}", deeds(&of_clause), caveat(&one.holds));
        match clauses.iter_mut().find(|(_, other)| *other == text) {
            Some((who, _)) => who.push(one.who.to_string()),
            None => clauses.push((vec![one.who.to_string()], text)),
        }
    }
    let clauses = clauses.into_iter().map(|(who, text)| format!("lets {} {text}", few(&who)));
    clauses.collect::<Vec<_>>().join("; ")
}

/// Returns a list of actions such as `read and delete every log file, and have log files expire`.
fn deeds(allowed: &[&Allowed]) -> String {
    let mut deeds: Vec<String> = Vec::new();
    let mut files: Vec<&Option<Vec<String>>> = Vec::new();
    for one in allowed.iter().filter(|it| it.capability.verb().is_some()) {
        if files.contains(&&one.files) {
            continue;
        }
        files.push(&one.files);
        let same = allowed.iter().filter(|it| it.files == one.files);
        let verbs: Vec<String> = same.filter_map(|it| it.capability.verb()).map(str::to_owned).collect();
        deeds.push(format!("{} {}", list(&verbs), what(one.files.as_deref())));
    }
    let others = allowed.iter().filter(|it| it.capability.verb().is_none());
    deeds.extend(others.map(|it| it.capability.words().to_owned()));
    list(&deeds)
}

fn what(files: Option<&[String]>) -> String {
    match files {
        None => "every log file".to_owned(),
        Some(patterns) => {
            let patterns: Vec<String> = patterns.iter().map(|it| format!("`{it}`")).collect();
            format!("log files under {}", few(&patterns))
        }
    }
}

fn caveat(holds: &Holds) -> String {
    match holds {
        Holds::Always => String::new(),
        Holds::Under(keys) if keys.is_empty() => " (if that principal exists)".to_owned(),
        Holds::Under(keys) => {
            let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!(" (under conditions on {})", list(&keys))
        }
        Holds::OwnAccountOnly => {
            " (AWS accepts that only from the account of the resource, so it has no effect)".to_owned()
        }
        Holds::NotEnforced => {
            " (CloudWatch Logs enforces resource policies only for AWS services that write events, so it \
             has no effect)"
                .to_owned()
        }
    }
}

/// Returns a list such as `a, b, c and 4 more`: a list of dozens of accounts is not useful to a
/// reader.
fn few(items: &[String]) -> String {
    const SHOWN: usize = 3;

    match items.get(..SHOWN) {
        Some(shown) if items.len() > SHOWN + 1 => {
            format!("{} and {} more", shown.join(", "), items.len() - SHOWN)
        }
        _ => list(items),
    }
}

/// Returns a list such as `a`, `a and b`, `a, b and c`.
fn list(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_only_if_it_becomes_shorter() {
        let items = ["a", "b", "c", "d", "e", "f"].map(str::to_owned);
        for (count, expected) in [
            (0, ""),
            (1, "a"),
            (2, "a and b"),
            (3, "a, b and c"),
            (4, "a, b, c and d"),
            (5, "a, b, c and 2 more"),
            (6, "a, b, c and 3 more"),
        ] {
            assert_eq!(few(&items[..count]), expected);
        }
    }
}
