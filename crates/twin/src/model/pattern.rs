//! Matches the regular expressions of the service models.

use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;

/// A pattern that must match a whole text.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub(super) struct Pattern {
    text: String,
    /// The regular expression, compiled at the first use; `None` if it is invalid, which a test
    /// excludes.
    regex: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }
}

impl Pattern {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether the whole text matches. The services of AWS match whole texts, even if the
    /// pattern has no anchors.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }

    #[cfg(test)]
    pub(super) fn is_understood(&self) -> bool {
        self.regex().is_some()
    }

    fn regex(&self) -> Option<&Regex> {
        self.regex
            .get_or_init(|| Regex::new(&format!(r"\A(?:{})\z", ascii_classes(&self.text))).ok())
            .as_ref()
    }
}

/// Replaces Unicode classes, which the engine does not support: every character outside of ASCII
/// counts as a letter. The twin can therefore accept a text that AWS rejects, such as an emoji in a
/// tag, but never the reverse.
fn ascii_classes(pattern: &str) -> String {
    pattern
        .replace(r"\p{L}", r"a-zA-Z\u{80}-\u{10FFFF}")
        .replace(r"\p{Z}", " ")
        .replace(r"\p{N}", "0-9")
        // The engine does not support an escaped slash, which needs no escape.
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
        ] {
            assert_eq!(Pattern::from(pattern.to_owned()).matches(text), matches, "{pattern} on {text:?}");
        }
    }
}
