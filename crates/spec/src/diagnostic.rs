//! Problems of a spec, each with its place, and how they look as text.

use std::fmt;

/// A place in the text of a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The number of characters; at least 1.
    pub length: usize,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The problem, as a fragment in lower case.
    pub message: String,
    /// The place; `None` if the problem concerns the file as a whole.
    pub place: Option<Place>,
    /// How to fix it, as one imperative sentence.
    pub help: Option<String>,
}

/// The problems of one spec, in the order of the file. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    path: String,
    lines: Vec<String>,
    problems: Vec<Diagnostic>,
    /// Whether the file has more problems.
    has_more: bool,
}

/// The limit of problems that are kept. A person fixes the first ones and runs the program again.
const MAX_PROBLEMS: usize = 100;

/// The limit of characters in a message, because a message quotes the value that it is about.
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
        Self { path: path.to_owned(), lines: text.lines().map(masked).collect(), problems, has_more }
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

/// Every problem with its message, its place, the line with a caret under the value, and how to fix it.
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
        if self.has_more {
            writeln!(f)?;
            writeln!(
                f,
                "error: the file has more than {MAX_PROBLEMS} problems, and the others are not shown"
            )?;
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

/// A line without the external id that it may hold, which is never printed. Columns stay the same.
fn masked(line: &str) -> String {
    const KEY: &str = "external_id:";

    let Some((before, rest)) = line.split_once(KEY) else { return line.to_owned() };
    let end = rest.find([',', '}', '#']).unwrap_or(rest.len());
    let (id, after) = rest.split_at(end);
    let hidden: String = id.chars().map(|c| if c.is_whitespace() { c } else { '*' }).collect();
    format!("{before}{KEY}{hidden}{}", masked(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_is_not_shown() {
        for (line, shown) in [
            ("  a: { role: R, external_id: hush, id: x }", "  a: { role: R, external_id: ****, id: x }"),
            ("    external_id: \"hü sh\" # why", "    external_id: *** *** # why"),
            ("    role: R", "    role: R"),
        ] {
            assert_eq!(masked(line), shown);
        }
    }
}
