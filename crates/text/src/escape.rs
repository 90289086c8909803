//! Characters that are never printed unchanged.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character controls a terminal, or is invisible and changes how its neighbours are
/// read.
///
/// Returns true for the control characters of ASCII and Latin-1, line separators, and the invisible
/// format characters of Unicode, including the bidirectional ones. See Unicode Technical Report 36,
/// "Unicode Security Considerations", and CVE-2021-42574.
pub fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A value as one visible line: hidden characters are written as in a Rust string, such as `\n` and
/// `\u{1b}`.
pub fn escape(value: &str) -> Cow<'_, str> {
    if !value.contains(is_hidden) {
        return Cow::Borrowed(value);
    }
    let mut escaped = String::with_capacity(value.len() + 16);
    push_escaped(&mut escaped, value);
    Cow::Owned(escaped)
}

/// Appends a value, escaped.
pub(crate) fn push_escaped(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some((start, letter)) = rest.char_indices().find(|(_, letter)| is_hidden(*letter)) {
        text.push_str(&rest[..start]);
        text.extend(letter.escape_default());
        rest = &rest[start + letter.len_utf8()..];
    }
    text.push_str(rest);
}

/// A JSON document with the same meaning and without hidden characters, except line feeds between
/// values.
///
/// A serializer escapes only the control characters of ASCII. In a JSON document, hidden characters
/// occur only in strings, where `\u202e` has the same meaning as the character. See section 7 of
/// RFC 8259.
pub fn escape_json<'d>(document: impl Into<Cow<'d, str>>) -> Cow<'d, str> {
    let document = document.into();
    let is_escaped = |letter: char| letter != '\n' && is_hidden(letter);
    if !document.contains(is_escaped) {
        return document;
    }
    let mut escaped = String::with_capacity(document.len() + 64);
    for letter in document.chars() {
        if is_escaped(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(letter);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_become_visible() {
        for (value, expected) in [
            ("plain – ü 日本 🦀", "plain – ü 日本 🦀"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("a\nb\r\tc\0", "a\\nb\\r\\tc\\u{0}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{7f}", "\\u{7f}"),
            ("admin\u{202e}nimda", "admin\\u{202e}nimda"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("line\u{2028}separator", "line\\u{2028}separator"),
        ] {
            assert_eq!(escape(value), expected);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        assert_eq!(escape_json("{\n  \"a\": \"b\"\n}"), "{\n  \"a\": \"b\"\n}");
        assert_eq!(escape_json("\"\u{202e}\u{9b}\u{7f}\""), r#""\u202e\u009b\u007f""#);
        // A character outside of the basic plane becomes a pair of surrogates.
        assert_eq!(escape_json("\"\u{e0041}\""), r#""\udb40\udc41""#);
    }
}
