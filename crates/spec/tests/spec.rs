//! Tests specs as users write them: valid, invalid and hostile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "spec/aws_facts.rs"]
mod aws_facts;
#[path = "spec/diagnostics.rs"]
mod diagnostics;
#[path = "spec/hostile.rs"]
mod hostile;
#[path = "spec/resolved.rs"]
mod resolved;
#[path = "spec/schema.rs"]
mod schema;

use reconcile_samples::PROD;

/// A text with another part. Where the text itself does not matter, see
/// [`reconcile_samples::EditSpec`].
trait Edited {
    /// Returns the text with another part in place of the first `from`.
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
        self.replacen(from, to, 1)
    }
}

/// The spec of the README with another part in place of the first `from`.
#[track_caller]
fn prod_with(from: &str, to: &str) -> String {
    PROD.edited(from, to)
}
