//! Represents problems of a spec, with their places and their text form.

use std::fmt;

use reconcile_text::{Text, is_hidden};

use crate::mask::masked;

/// A span of characters on one line of a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceSpan {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The number of characters; at least 1.
    pub length: usize,
}

/// The span of the first character.
impl Default for SourceSpan {
    fn default() -> Self {
        Self { line: 1, column: 1, length: 1 }
    }
}

/// One problem of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The problem, as a fragment in lower case.
    pub message: String,
    /// The place; `None` if the problem concerns the file as a whole.
    pub place: Option<SourceSpan>,
    /// The fix, as one imperative sentence.
    pub hint: Option<String>,
}

/// The problems of one spec, in the order of the file. There is always at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    path: String,
    lines: Vec<String>,
    problems: Vec<Diagnostic>,
    /// Whether the file has more problems.
    has_more: bool,
}

/// The maximum number of reported problems. A user fixes the first ones and runs the program again.
const MAX_PROBLEMS: usize = 100;

/// The maximum number of characters in a message. A message quotes the value that it is about.
const MAX_MESSAGE: usize = 400;

impl Diagnostics {
    pub(crate) fn new(path: &str, text: &str, mut problems: Vec<Diagnostic>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        let has_more = problems.len() > MAX_PROBLEMS;
        problems.truncate(MAX_PROBLEMS);
        for problem in &mut problems {
            if let Some((end, _)) = problem.message.char_indices().nth(MAX_MESSAGE) {
                problem.message.truncate(end);
                problem.message.push('…');
            }
        }
        Self { path: path.to_owned(), lines: masked(text), problems, has_more }
    }

    /// The path of the spec, as passed to `parse`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.problems.iter()
    }
}

impl std::error::Error for Diagnostics {}

/// Prints [`Diagnostics::text`].
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl Diagnostics {
    /// Returns every problem with its message, its place, the line with a caret under the value,
    /// and the hint.
    pub fn text(&self) -> Text {
        let mut text = Text::default();
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                text.blank();
            }
            text.line(format_args!("error: {}", problem.message));
            match problem.place {
                Some(place) => self.excerpt(&mut text, place),
                None => text.line(format_args!(" --> {}", self.path)),
            }
            if let Some(hint) = &problem.hint {
                text.line(format_args!("  hint: {hint}"));
            }
        }
        if self.has_more {
            text.blank();
            text.line(format_args!(
                "error: the file has more than {MAX_PROBLEMS} problems; the remaining problems are not shown"
            ));
        }
        text
    }

    fn excerpt(&self, text: &mut Text, place: SourceSpan) {
        /// The maximum number of printed characters of a line.
        const WIDTH: usize = 160;

        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        text.line(format_args!("{margin}--> {}:{}:{}", self.path, place.line, place.column));
        let Some(line) = place.line.checked_sub(1).and_then(|index| self.lines.get(index)) else { return };
        // An escape would be wider than the character, and would move the caret to a wrong column.
        let visible = |letter| if is_hidden(letter) { ' ' } else { letter };
        let shown: String = line.chars().take(WIDTH).map(visible).collect();
        let before = place.column.saturating_sub(1);
        let room = shown.chars().count().saturating_sub(before).max(1);
        text.line(format_args!("{margin} |"));
        text.line(format_args!("{number} | {}", shown.trim_end()));
        if before < WIDTH {
            let caret = "^".repeat(place.length.clamp(1, room));
            text.line(format_args!("{margin} | {}{caret}", " ".repeat(before)));
        }
    }
}
