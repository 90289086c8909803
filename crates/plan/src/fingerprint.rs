//! Computes a short text from the managed view of a resource, which changes when the view changes.

use std::fmt;

use reconcile_policy::{Document, Ownership, canonical_text, owned};
use reconcile_spec::sha256_hex;
use serde::{Deserialize, Serialize};

/// A digest of the view of a resource in a plan: `sha256:` and 64 hexadecimal digits.
///
/// Immediately before a write, `apply` compares the digest with live state, because the user has
/// not seen changes that were made after the plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Returns the fingerprint of a view. `None` means that the resource does not exist.
    pub fn of<V: Serialize>(view: Option<&V>) -> Self {
        // Views contain strings, numbers and lists, so serialization does not fail. The text of a
        // failure would differ from the text of every view.
        let text = serde_json::to_string(&view).unwrap_or_default();
        Self::of_text(&text)
    }

    /// Returns the fingerprint of the managed statements of a policy, in canonical form. Changes of
    /// foreign statements do not make a plan stale, because a merge keeps these changes.
    pub fn of_policy(document: Option<&Document>, ownership: &Ownership) -> Self {
        match document {
            Some(document) => Self::of_text(&canonical_text(&owned(document, ownership))),
            None => Self::of_text(&canonical_text(&[])),
        }
    }

    fn of_text(text: &str) -> Self {
        Self(format!("sha256:{}", sha256_hex(text.as_bytes())))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
