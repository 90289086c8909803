//! Parts of Markdown that a reader can unfold.

use std::fmt::Write;

use reconcile_text::{Line, Text, count, markdown as md};

/// The maximum number of characters of all folded parts. GitHub accepts 65,536 in a comment, and
/// the rest of a document also needs space.
const LIMIT: usize = 40_000;

/// Adds lines under titles, each part folded. Parts over the limit are omitted, and the document
/// reports their number.
pub(crate) fn append(text: &mut String, parts: impl Iterator<Item = (String, Vec<Line>)>) {
    let (mut left, mut omitted) = (LIMIT, 0);
    for (title, lines) in parts.filter(|(_, lines)| !lines.is_empty()) {
        let shown: Text = lines.into_iter().collect();
        let shown = anstream::adapter::strip_str(shown.as_str()).to_string();
        let (title, block) = (md::html(&title), md::block(shown.trim_end()));
        let part = format!("\n<details><summary><code>{title}</code></summary>\n\n{block}\n\n</details>\n");
        match left.checked_sub(part.chars().count()) {
            Some(rest) => {
                left = rest;
                text.push_str(&part);
            }
            None => omitted += 1,
        }
    }
    if omitted > 0 {
        let omitted = count(omitted, "more resource");
        let _ = writeln!(text, "\nThe text output has the differences of {omitted}.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_the_limit_are_counted() {
        let part = |title: &str, lines: usize| {
            (title.to_owned(), (0..lines).map(|_| Line::from("x".repeat(100))).collect())
        };
        let mut text = String::new();
        append(&mut text, [part("a", 1), part("b", LIMIT / 100), part("c", 1)].into_iter());
        assert!(text.contains("<code>a</code>") && text.contains("<code>c</code>"));
        assert!(!text.contains("<code>b</code>"));
        assert!(text.ends_with("\nThe text output has the differences of 1 more resource.\n"), "{text}");
    }

    #[test]
    fn a_title_without_lines_is_left_out() {
        let mut text = String::new();
        append(&mut text, std::iter::once(("a".to_owned(), Vec::new())));
        assert_eq!(text, "");
    }
}
