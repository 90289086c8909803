//! Edits of texts, where the text itself is the subject of a test, and of policies.

/// Edits a text. For the values of a spec, see [`EditSpec`](crate::EditSpec).
pub trait EditText {
    /// Returns the text with `to` in place of the first `from`.
    ///
    /// # Panics
    /// If the text does not contain `from`: a test would otherwise try the text that it did not
    /// change.
    fn edited_once(&self, from: &str, to: &str) -> String;

    /// Returns the text with `to` in place of every `from`.
    ///
    /// # Panics
    /// As [`EditText::edited_once`].
    fn edited_everywhere(&self, from: &str, to: &str) -> String;
}

impl EditText for str {
    #[track_caller]
    fn edited_once(&self, from: &str, to: &str) -> String {
        assert!(self.contains(from), "no `{from}` in:\n{self}");
        self.replacen(from, to, 1)
    }

    #[track_caller]
    fn edited_everywhere(&self, from: &str, to: &str) -> String {
        assert!(self.contains(from), "no `{from}` in:\n{self}");
        self.replace(from, to)
    }
}
