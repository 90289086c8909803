//! Problems of a spec, each with its place, and how they look as text.

use std::fmt;

/// A place in the text of a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters it is about; at least 1.
    pub length: usize,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, as a fragment in lower case.
    pub message: String,
    /// Where; `None` where it is about the file as a whole.
    pub place: Option<Place>,
    /// How to mend it.
    pub help: Option<String>,
}

/// The problems of one spec, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    path: String,
    lines: Vec<String>,
    problems: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn new(path: &str, text: &str, mut problems: Vec<Diagnostic>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        Self { path: path.to_owned(), lines: text.lines().map(str::to_owned).collect(), problems }
    }

    /// The path of the spec, as the caller of `parse` gave it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The problems.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.problems.iter()
    }
}

impl std::error::Error for Diagnostics {}

/// For every problem: what, where, the line with a caret under the value, and how to mend it.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            writeln!(f, "error: {}", problem.message)?;
            match problem.place {
                Some(place) => self.excerpt(f, place)?,
                None => writeln!(f, " --> {}", self.path)?,
            }
            if let Some(help) = &problem.help {
                writeln!(f, "  help: {help}")?;
            }
        }
        Ok(())
    }
}

impl Diagnostics {
    fn excerpt(&self, f: &mut fmt::Formatter<'_>, place: Place) -> fmt::Result {
        /// A line that is longer tells nobody anything.
        const WIDTH: usize = 160;

        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{margin}--> {}:{}:{}", self.path, place.line, place.column)?;
        let Some(line) = place.line.checked_sub(1).and_then(|index| self.lines.get(index)) else {
            return Ok(());
        };
        let shown: String =
            line.chars().take(WIDTH).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let before = place.column.saturating_sub(1);
        let room = shown.chars().count().saturating_sub(before).max(1);
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", shown.trim_end())?;
        if before < WIDTH {
            writeln!(f, "{margin} | {}{}", " ".repeat(before), "^".repeat(place.length.clamp(1, room)))?;
        }
        Ok(())
    }
}
