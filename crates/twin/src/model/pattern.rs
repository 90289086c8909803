//! Matches the regular expressions of the service models.

use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;

/// A pattern that must match a whole text.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Pattern {
    text: String,
    /// Compiled at the first use; `None` if the text is invalid, which a test excludes.
    matcher: OnceLock<Option<Matcher>>,
}

#[derive(Debug)]
enum Matcher {
    /// A repeated class of characters, such as `[a-z]+`. Session policies have such a pattern,
    /// which is slow in the engine.
    Repeated {
        /// Whether each of the first characters of Unicode is in the class.
        first: Box<[bool; 256]>,
        /// Matches one character of the class.
        one: Regex,
        accepts_empty: bool,
    },
    Whole(Regex),
}

impl Matcher {
    fn compile(pattern: &str) -> Option<Self> {
        let pattern = ascii_classes(pattern);
        let anchored = |pattern: &str| Regex::new(&format!(r"\A(?:{pattern})\z")).ok();
        let Some((class, accepts_empty)) = repeated_class(&pattern) else {
            return anchored(&pattern).map(Self::Whole);
        };
        let one = anchored(class)?;
        let first = std::array::from_fn(|code| {
            u8::try_from(code).is_ok_and(|code| one.is_match(char::from(code).encode_utf8(&mut [0; 4])))
        });
        Some(Self::Repeated { first: Box::new(first), one, accepts_empty })
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Repeated { first, one, accepts_empty } => {
                let is_in = |char: char| match first.get(char as usize) {
                    Some(is_in) => *is_in,
                    None => one.is_match(char.encode_utf8(&mut [0; 4])),
                };
                (*accepts_empty || !text.is_empty()) && text.chars().all(is_in)
            }
            Self::Whole(regex) => regex.is_match(text),
        }
    }
}

/// Splits `[…]+` and `[…]*`, with or without anchors, into the class and whether the pattern
/// matches the empty text.
fn repeated_class(pattern: &str) -> Option<(&str, bool)> {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let (class, repeat) = pattern.split_at_checked(pattern.len().checked_sub(1)?)?;
    let inner = class.strip_prefix('[')?.strip_suffix(']')?;
    let is_one_class = !inner.contains(['[', ']']);
    match repeat {
        "+" if is_one_class => Some((class, false)),
        "*" if is_one_class => Some((class, true)),
        _ => None,
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, matcher: OnceLock::new() }
    }
}

impl Pattern {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the whole text matches. The services of AWS match whole texts, even if the
    /// pattern has no anchors.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.matcher().is_none_or(|matcher| matcher.matches(text))
    }

    #[cfg(test)]
    pub(super) fn is_understood(&self) -> bool {
        self.matcher().is_some()
    }

    fn matcher(&self) -> Option<&Matcher> {
        self.matcher.get_or_init(|| Matcher::compile(&self.text)).as_ref()
    }
}

/// Replaces Unicode classes, which the engine does not support. Every character outside of ASCII
/// counts as a letter. The twin can therefore accept a text that AWS rejects, such as an emoji in a
/// tag, but never rejects a text that AWS accepts.
fn ascii_classes(pattern: &str) -> String {
    pattern
        .replace(r"\p{L}", r"a-zA-Z\u{80}-\u{10FFFF}")
        .replace(r"\p{Z}", " ")
        .replace(r"\p{N}", "0-9")
        // The engine does not support an escaped slash. A slash needs no escape.
        .replace(r"\/", "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, matches) in [
            (r"[\w+=,.@-]+", "trail-logs", true),
            (r"[\w+=,.@-]+", "trail logs", false),
            (r"[\w+=,.@-]+", "", false),
            (r"^[a-zA-Z0-9:/_-]+$", "alias/audit", true),
            (r"^[a-zA-Z0-9:/_-]+$", "alias/audit\n", false),
            (r"^(r-[0-9a-z]{4,32})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$", "r-twin", true),
            (r"^(r-[0-9a-z]{4,32})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$", "r-twin and more", false),
            (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Sécurité 2026", true),
            (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a&b", false),
            (r"[\u0009\u000A\u000D\u0020-\u00FF]+", "{\n}", true),
            (r"[\u0009\u000A\u000D\u0020-\u00FF]+", "\u{2014}", false),
            (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/", true),
            (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/logs/", true),
            (r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/logs", false),
            (r"[\w+=,.@:\/-]*", "a/b", true),
            (r"[\w+=,.@:\/-]*", "", true),
            (r"[^:]+", "a", true),
            (r"[^:]+", "a:b", false),
            (r"[a-z\]]+", "a]", true),
            (r"[a-z][a-z]+", "az", true),
            (r"[a-z][a-z]+", "a", false),
        ] {
            assert_eq!(Pattern::from(pattern.to_owned()).matches(text), matches, "{pattern} on {text:?}");
        }
    }
}
