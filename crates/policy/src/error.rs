//! Describes why and where a text is not a policy.

/// The reason why a text is not a policy document, or a value is not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The text is not JSON, or is nested 128 levels deep or more.
    #[error("not valid JSON at line {line}, column {column}: {problem}")]
    Syntax {
        /// Line of the first unexpected character, from 1.
        line: usize,
        /// Column in the line, in bytes, from 1; 0 if the text ends before the line begins.
        column: usize,
        /// The syntax error, as a lowercase fragment.
        problem: String,
    },
    /// The text is JSON, but an element does not have the type that the policy grammar requires.
    ///
    /// See "Grammar of the IAM JSON policy language" in the IAM user guide.
    #[error("expected {expected} at {}", place(path))]
    Shape {
        /// JSON pointer (RFC 6901) to the element; empty for the whole document or statement.
        path: String,
        /// The type that the grammar requires, as a noun phrase: `a string or a list of strings`.
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
