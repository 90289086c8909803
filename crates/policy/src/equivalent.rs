//! Decides whether two documents have the same meaning.
//!
//! The answer must never be yes for documents that AWS could interpret differently. A wrong no only
//! causes an unnecessary write.

use std::collections::{BTreeMap, BTreeSet};

use crate::Document;
use crate::canonical::{Canonical, atoms, sorted_text};

/// The version of a document without `Version`. See "IAM JSON policy elements: Version".
pub(crate) const IMPLIED_VERSION: &str = "2008-10-17";

/// The version in which `${…}` is a variable.
pub(crate) const CURRENT_VERSION: &str = "2012-10-17";

/// Returns whether two documents grant and deny the same access, regardless of their `Id`, their
/// Sids, the order and spelling of their elements, and the distribution of principals, actions and
/// resources over statements.
///
/// The documents must have the same `Version` (an absent `Version` is 2008-10-17) and the same
/// top-level elements that the policy grammar does not define. This is an equivalence relation. The
/// comparison does not expand wildcards: `s3:*` is not equivalent to the list of all S3 actions.
pub fn equivalent(a: &Document, b: &Document) -> bool {
    if version(a) != version(b) || unknown_members(a) != unknown_members(b) {
        return false;
    }
    let (a, b) = (canonical_statements(a), canonical_statements(b));
    // The comparison by statement is the usual case and needs no enumeration. Where both
    // comparisons are possible, they agree, so the relation stays transitive beyond the limit.
    a == b || matches!((atoms(&a), atoms(&b)), (Some(a), Some(b)) if a == b)
}

pub(crate) fn version(document: &Document) -> &str {
    document.version().unwrap_or(IMPLIED_VERSION)
}

/// Returns whether `${…}` is a variable in the document. See "IAM JSON policy elements: Version".
pub(crate) fn reads_variables(document: &Document) -> bool {
    version(document) == CURRENT_VERSION
}

fn unknown_members(document: &Document) -> BTreeMap<&str, String> {
    document
        .members()
        .filter(|(name, _)| !matches!(*name, "Version" | "Id" | "Statement"))
        .map(|(name, value)| (name, sorted_text(value)))
        .collect()
}

fn canonical_statements(document: &Document) -> BTreeSet<Canonical<'_>> {
    document.statements().iter().map(Canonical::of).collect()
}
