//! Turns two documents into the answer whether they mean the same.
//!
//! It must never answer yes for documents that AWS could read differently; a wrong no costs a needless write.

use std::collections::{BTreeMap, BTreeSet};

use crate::Document;
use crate::canonical::{Canonical, atoms, sorted_text};

/// What a document without `Version` is of. See "IAM JSON policy elements: Version".
pub(crate) const IMPLIED_VERSION: &str = "2008-10-17";

/// The version in which `${…}` is a variable.
pub(crate) const CURRENT_VERSION: &str = "2012-10-17";

/// Whether two documents grant and deny the same, whatever their `Id`, their Sids, the order and spelling of
/// their elements, and the way principals, actions and resources are spread over statements.
///
/// `Version` counts (absent is 2008-10-17), and so do top-level elements that the policy grammar does not know.
/// This is an equivalence relation. It looks at what is written: `s3:*` is not the list of all S3 actions.
pub fn equivalent(a: &Document, b: &Document) -> bool {
    if version(a) != version(b) || unknown_members(a) != unknown_members(b) {
        return false;
    }
    let (a, b) = (canonical_statements(a), canonical_statements(b));
    // Statement by statement is the usual case and needs no enumeration. The two forms agree where both apply,
    // so that the relation stays transitive beyond the limit.
    a == b || matches!((atoms(&a), atoms(&b)), (Some(a), Some(b)) if a == b)
}

pub(crate) fn version(document: &Document) -> &str {
    document.version().unwrap_or(IMPLIED_VERSION)
}

/// Whether `${…}` is a variable in the document. See "IAM JSON policy elements: Version".
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
