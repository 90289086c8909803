//! Turns a text that is not a policy into the place and the reason.

/// Why a text is not a policy document, or a value not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not JSON, or is nested 128 levels deep or more.
    #[error("not valid JSON at line {line}, column {column}: {problem}")]
    Syntax {
        /// Line of the first character that does not fit, from 1.
        line: usize,
        /// Column in that line, in bytes, from 1; 0 where the text ends before the line begins.
        column: usize,
        /// What is wrong there, as a lowercase fragment.
        problem: String,
    },
    /// The text is JSON, but an element has another shape than the policy grammar gives it.
    ///
    /// See "Grammar of the IAM JSON policy language" in the IAM user guide.
    #[error("expected {expected} at {}", place(path))]
    Shape {
        /// JSON pointer (RFC 6901) to the element; empty for the whole document or statement.
        path: String,
        /// What the grammar has there, as a noun phrase: `a string or a list of strings`.
        expected: &'static str,
    },
}

impl ParseError {
    pub(crate) fn shape(path: impl Into<String>, expected: &'static str) -> Self {
        Self::Shape { path: path.into(), expected }
    }
}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let problem = message.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&message);
        Self::Syntax { line, column, problem: problem.to_owned() }
    }
}

fn place(path: &str) -> String {
    if path.is_empty() { "the top level".to_owned() } else { format!("`{path}`") }
}
