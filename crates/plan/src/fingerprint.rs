//! Turns the managed view of a resource into a short text that changes when the resource does.

use std::fmt;

use reconcile_policy::{Document, Ownership, canonical_text, owned};
use reconcile_spec::sha256_hex;
use serde::{Deserialize, Serialize};

/// A digest of what a plan saw of a resource, `sha256:` and 64 hexadecimal digits.
///
/// Immediately before a write, apply compares it with live state. A change since the plan was not
/// in the plan that the user saw.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a view; `None` is a resource that does not exist.
    pub fn of<V: Serialize>(view: Option<&V>) -> Self {
        // Views hold strings, numbers and lists; should one fail to serialise it would equal no
        // other.
        let text = serde_json::to_string(&view).unwrap_or_default();
        Self::of_text(&text)
    }

    /// The fingerprint of a policy: of our statements alone, in canonical form. What others change
    /// in their own statements does not make a plan stale, since a merge keeps it.
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
