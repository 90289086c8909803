//! Splits statements into the smallest statements that together have the same meaning.
//!
//! `{Action: [x, y]}` has the same atoms as two statements, one with `x` and one with `y`. Lists
//! whose members cannot stand alone (the `Not…` elements, the values of a condition) are not split.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Canonical, Rest};
use crate::Effect;

/// The maximum number of enumerated atoms. A realistic document of 20 KB has a few hundred.
const LIMIT: usize = 8192;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Atom<'c> {
    effect: Effect,
    rest: &'c Rest<'c>,
    principal: Option<&'c (&'c str, &'c str)>,
    action: Option<&'c str>,
    resource: Option<&'c str>,
}

/// Returns the atoms of all `statements` together, or `None` if there are too many.
pub(crate) fn atoms<'c>(statements: &'c BTreeSet<Canonical<'c>>) -> Option<BTreeSet<Atom<'c>>> {
    let count = statements.iter().map(count).fold(0, usize::saturating_add);
    (count <= LIMIT).then(|| statements.iter().flat_map(split).collect())
}

fn count(statement: &Canonical<'_>) -> usize {
    let principals = statement.principal.as_ref().map_or(1, BTreeSet::len);
    let actions = statement.action.as_ref().map_or(1, BTreeSet::len);
    let resources = statement.resource.as_ref().map_or(1, BTreeSet::len);
    principals.saturating_mul(actions).saturating_mul(resources)
}

fn split<'c>(statement: &'c Canonical<'c>) -> Vec<Atom<'c>> {
    let principals: Vec<_> = each(statement.principal.as_ref());
    let actions: Vec<_> = each(statement.action.as_ref());
    let resources: Vec<_> = each(statement.resource.as_ref());
    let mut atoms = Vec::with_capacity(count(statement));
    for &principal in &principals {
        for &action in &actions {
            for &resource in &resources {
                atoms.push(Atom {
                    effect: statement.effect,
                    rest: &statement.rest,
                    principal,
                    action: action.map(Cow::as_ref),
                    resource: resource.copied(),
                });
            }
        }
    }
    atoms
}

/// Returns each member of an element, or a single `None` if the element is absent.
fn each<T>(element: Option<&BTreeSet<T>>) -> Vec<Option<&T>> {
    element.map_or_else(|| vec![None], |members| members.iter().map(Some).collect())
}
