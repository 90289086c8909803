//! Turns two documents into the answer whether one allows everything that the other does.
//!
//! It must never answer yes where a request could show otherwise; what cannot be seen is a no.

mod conditions;
mod element;

use crate::canonical::Canonical;
use crate::equivalent::reads_variables;
use crate::{Document, Effect, Statement};
use conditions::all_implied;
use element::{Element, Place};

/// Whether everything that `b` allows is allowed by `a`.
///
/// It understands wildcards, the principal `*`, an account that stands for its principals, weaker or missing
/// conditions, and grants that are split over statements differently. It does not combine several statements
/// of `a` to cover one member of a list of `b`, and it has no list of actions. Every Deny of `a` must either
/// touch nothing that `b` allows, or be covered by a Deny of `b`.
///
/// Every document covers itself. A yes is certain: [`evaluate`](fn@crate::evaluate) allows with `a` what it allows
/// with `b`, for every request.
pub fn covers(a: &Document, b: &Document) -> bool {
    let (ours, theirs) = (Side::of(a), Side::of(b));
    let is_allowed = |wanted: &Canonical<'_>| ours.allow(wanted, theirs.place());
    let is_harmless = |deny: &Canonical<'_>| {
        theirs.of_effect(Effect::Deny).any(|wide| theirs.denies_all_of(wide, deny, &ours))
            || theirs.of_effect(Effect::Allow).all(|allow| are_apart(deny, &ours, allow, &theirs))
    };
    theirs.of_effect(Effect::Allow).all(is_allowed) && ours.of_effect(Effect::Deny).all(is_harmless)
}

/// Allow statements, ready to be asked many times what they cover.
pub(crate) struct Allows<'d>(Side<'d>);

impl<'d> Allows<'d> {
    /// Those of these statements that are an Allow; `variables` says whether `${…}` is a variable in them.
    pub(crate) fn of(statements: impl Iterator<Item = &'d Statement>, variables: bool) -> Self {
        let allows = statements.filter(|statement| statement.effect() == Effect::Allow);
        Self(Side { statements: allows.map(Canonical::of).collect(), variables })
    }

    /// Whether they allow all that `wanted` does, as [`covers`] has it.
    pub(crate) fn cover(&self, wanted: &Canonical<'_>, variables: bool) -> bool {
        self.0.allow(wanted, Place { variables })
    }
}

/// Whether a Deny among the statements denies all that `deny` does, as [`covers`] has it.
pub(crate) fn denies<'d>(
    statements: impl Iterator<Item = &'d Statement>,
    variables: bool,
    deny: &Statement,
) -> bool {
    let side = Side { statements: statements.map(Canonical::of).collect(), variables };
    let (wanted, other) = (Canonical::of(deny), Side { statements: Vec::new(), variables });
    side.of_effect(Effect::Deny).any(|wide| side.denies_all_of(wide, &wanted, &other))
}

/// One of the two documents.
struct Side<'d> {
    statements: Vec<Canonical<'d>>,
    /// Whether `${…}` is a variable in it.
    variables: bool,
}

impl<'d> Side<'d> {
    fn of(document: &'d Document) -> Self {
        Self {
            statements: document.statements().iter().map(Canonical::of).collect(),
            variables: reads_variables(document),
        }
    }

    fn of_effect(&self, effect: Effect) -> impl Iterator<Item = &Canonical<'d>> {
        self.statements.iter().filter(move |statement| statement.effect == effect)
    }

    fn place(&self) -> Place {
        Place { variables: self.variables }
    }

    /// Whether our Allow statements together allow all that `wanted` does: each combination of one principal,
    /// one action and one resource may be allowed by a different statement.
    fn allow(&self, wanted: &Canonical<'_>, of: Place) -> bool {
        let places = (self.place(), of);
        let candidates: Vec<&Canonical<'_>> = self
            .of_effect(Effect::Allow)
            .filter(|wide| wide.rest.unknown == wanted.rest.unknown)
            .filter(|wide| all_implied(wide, wanted, places))
            .collect();
        let (principal, action, resource) =
            (Element::principal(wanted), Element::action(wanted), Element::resource(wanted));
        let includes_all = |wide: &&Canonical<'_>| {
            Element::principal(wide).includes(&principal, places)
                && Element::action(wide).includes(&action, places)
                && Element::resource(wide).includes(&resource, places)
        };
        candidates.iter().any(includes_all)
            || principal.parts().iter().all(|principal| {
                let candidates: Vec<_> = candidates
                    .iter()
                    .filter(|wide| Element::principal(wide).includes(principal, places))
                    .collect();
                action.parts().iter().all(|action| {
                    let candidates: Vec<_> = candidates
                        .iter()
                        .filter(|wide| Element::action(wide).includes(action, places))
                        .collect();
                    resource.parts().iter().all(|resource| {
                        candidates.iter().any(|wide| Element::resource(wide).includes(resource, places))
                    })
                })
            })
    }

    /// Whether our Deny `wide` denies all that `deny` does. In [`evaluate`](fn@crate::evaluate) a Deny
    /// applies where a variable has no value, so a Deny with variables is covered only by an equal one.
    fn denies_all_of(&self, wide: &Canonical<'_>, deny: &Canonical<'_>, of: &Side<'_>) -> bool {
        if self.variables == of.variables && wide == deny {
            return true;
        }
        let places = (self.place(), of.place());
        wide.rest.unknown == deny.rest.unknown
            && !has_variables(deny)
            && all_implied(wide, deny, places)
            && Element::principal(wide).includes(&Element::principal(deny), places)
            && Element::action(wide).includes(&Element::action(deny), places)
            && Element::resource(wide).includes(&Element::resource(deny), places)
    }
}

/// Whether no request can match both statements.
fn are_apart(deny: &Canonical<'_>, ours: &Side<'_>, allow: &Canonical<'_>, theirs: &Side<'_>) -> bool {
    let places = (ours.place(), theirs.place());
    Element::principal(deny).is_apart_from(&Element::principal(allow), places)
        || Element::action(deny).is_apart_from(&Element::action(allow), places)
        || (!has_variables(deny) && Element::resource(deny).is_apart_from(&Element::resource(allow), places))
}

/// Whether a variable may stand in the statement, whatever the version of its document.
fn has_variables(statement: &Canonical<'_>) -> bool {
    let resources = statement.resource.iter().chain(&statement.rest.not_resource).flatten();
    let values = statement.rest.conditions.iter().flat_map(|condition| &condition.values);
    resources.copied().chain(values.map(AsRef::as_ref)).any(|text| text.contains("${"))
}
