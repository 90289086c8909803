//! Policies, and specs that `import` wrote, that differ from another one in one place of the text.

/// A text with another part.
pub trait Edited {
    /// Returns the text with another part in place of every `from`.
    ///
    /// # Panics
    /// If the text does not contain `from`: a test would otherwise try the text that it did not
    /// change.
    fn edited(&self, from: &str, to: &str) -> String;
}

impl Edited for str {
    #[track_caller]
    fn edited(&self, from: &str, to: &str) -> String {
        assert!(self.contains(from), "no `{from}` in:\n{self}");
        self.replace(from, to)
    }
}
