//! Lines of escaped spans, and the text that they form.

use std::fmt::{self, Display, Write};

use anstyle::Style;

use crate::escape::push_escaped;

/// The approximate maximum length of a span, in bytes. A longer value would push everything else
/// off the screen. Documents for programs have the whole value.
const LONGEST: usize = 4096;

/// One line, without its line feed: spans of escaped text, some of them coloured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// Creates a line that begins with coloured text.
    pub fn styled(style: Style, text: impl Display) -> Self {
        Self::default().and_styled(style, text)
    }

    /// Appends text to the line.
    pub fn and(mut self, text: impl Display) -> Self {
        self.push(text);
        self
    }

    /// Appends coloured text to the line.
    pub fn and_styled(mut self, style: Style, text: impl Display) -> Self {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{style}");
        self.push(text);
        let _ = write!(self.0, "{style:#}");
        self
    }

    /// Appends another line on the same line of the screen.
    pub fn append(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    fn push(&mut self, text: impl Display) {
        let mut span = Span { text: &mut self.0, left: LONGEST, omitted: 0 };
        // Writing to a string cannot fail. If `Display` fails, the text so far is kept.
        let _ = write!(span, "{text}");
        if let omitted @ 1.. = span.omitted {
            let _ = write!(self.0, "… ({omitted} more characters)");
        }
    }
}

impl<T: Display> From<T> for Line {
    fn from(text: T) -> Self {
        Self::default().and(text)
    }
}

/// Escapes the text that is written to it, up to a maximum length.
struct Span<'l> {
    text: &'l mut String,
    left: usize,
    omitted: usize,
}

impl Write for Span<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let end = piece.floor_char_boundary(self.left);
        let (shown, omitted) = piece.split_at(end);
        push_escaped(self.text, shown);
        self.left -= shown.len();
        if !omitted.is_empty() {
            self.left = 0;
            self.omitted += omitted.chars().count();
        }
        Ok(())
    }
}

/// Lines, each with its line feed.
///
/// `Display` writes the text with ANSI colours. If colours are not wanted, the caller removes them;
/// the text has the same meaning without colours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Creates a text of one line.
    pub fn of(line: impl Into<Line>) -> Self {
        let mut text = Self::default();
        text.line(line);
        text
    }

    /// Adds a line.
    pub fn line(&mut self, line: impl Into<Line>) {
        self.0.push_str(&line.into().0);
        self.0.push('\n');
    }

    /// Adds an empty line.
    pub fn blank(&mut self) {
        self.0.push('\n');
    }

    /// Adds each line of a document that this program has formatted, such as indented JSON.
    pub fn lines(&mut self, document: &str) {
        for line in document.lines() {
            self.line(line);
        }
    }

    /// Adds other text.
    pub fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Whether the text has no lines.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with ANSI colours.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromIterator<Line> for Text {
    fn from_iter<I: IntoIterator<Item = Line>>(lines: I) -> Self {
        let mut text = Self::default();
        for line in lines {
            text.line(line);
        }
        text
    }
}

impl Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    #[test]
    fn a_value_cannot_forge_a_line_or_a_colour() {
        let red = AnsiColor::Red.on_default();
        let mut text = Text::default();
        text.line(Line::styled(red, "bad\u{1b}[0m").and(format_args!(": {}", "a\n  + trail/forged")));
        assert_eq!(text.as_str(), "\u{1b}[31mbad\\u{1b}[0m\u{1b}[0m: a\\n  + trail/forged\n");
    }

    #[test]
    fn a_long_value_is_cut() {
        let Line(line) = Line::from(format_args!("{}{}", "é".repeat(LONGEST), "x".repeat(10)));
        let expected = format!("… ({} more characters)", LONGEST / 2 + 10);
        assert!(line.ends_with(&expected), "{}", &line[line.len() - 60..]);
        assert!(line.len() < LONGEST + 60);
        let Line(line) = Line::from("x".repeat(LONGEST));
        assert_eq!(line.len(), LONGEST);
    }
}
