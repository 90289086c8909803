//! Turns extra statements of the spec into managed statements, and changes only their Sids.

use std::collections::HashSet;

use crate::{Ownership, Sid, Statement};

/// Returns the statements in the same order, each under a unique managed Sid: `Extra<Sid>`, or
/// `Extra<n>` for the nth statement if it has no Sid, an ambiguous Sid, or a repeated Sid.
pub(super) fn owned_by(ownership: &Ownership, statements: &[Statement]) -> Vec<Statement> {
    // Statements with a usable Sid are named first, so that no number takes a Sid that a later
    // statement needs.
    let mut taken: HashSet<Sid> = HashSet::new();
    let named: Vec<Option<Sid>> = statements
        .iter()
        .map(|statement| ownership.extra_sid(statement.sid()?).filter(|sid| taken.insert(sid.clone())))
        .collect();
    statements
        .iter()
        .zip(named)
        .zip(1..)
        .map(|((statement, named), number)| {
            statement.with_sid(&named.unwrap_or_else(|| first_free(ownership, number, &mut taken)))
        })
        .collect()
}

fn first_free(ownership: &Ownership, mut number: usize, taken: &mut HashSet<Sid>) -> Sid {
    loop {
        let sid = ownership.numbered_extra_sid(number);
        if taken.insert(sid.clone()) {
            return sid;
        }
        number += 1;
    }
}
