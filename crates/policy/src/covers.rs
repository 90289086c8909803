//! Decides whether one document allows everything that another document allows.
//!
//! The answer is yes only if it is certain. If the answer cannot be determined, it is no.

mod conditions;
mod element;

use crate::canonical::Canonical;
use crate::equivalent::reads_variables;
use crate::{Document, Effect, Statement};
use conditions::all_implied;
use element::{Dialect, Element};

/// Returns whether `a` allows everything that `b` allows.
///
/// The comparison understands wildcards, the principal `*`, an account that stands for its
/// principals, weaker or missing conditions, and grants that are split over statements differently.
/// It does not combine several statements of `a` to cover one member of a list of `b`, and it does
/// not know the list of all actions. Every Deny of `a` must either affect nothing that `b` allows,
/// or be covered by a Deny of `b`.
///
/// Every document covers itself. A yes is certain: every request that
/// [`evaluate`](fn@crate::evaluate) allows under `b` is also allowed under `a`.
pub fn covers(a: &Document, b: &Document) -> bool {
    let (ours, theirs) = (Side::of(a), Side::of(b));
    let is_allowed = |wanted: &Canonical<'_>| ours.allow(wanted, theirs.dialect());
    let is_harmless = |deny: &Canonical<'_>| {
        theirs.with_effect(Effect::Deny).any(|wide| theirs.denies_all_of(wide, deny, &ours))
            || theirs.with_effect(Effect::Allow).all(|allow| are_apart(deny, &ours, allow, &theirs))
    };
    theirs.with_effect(Effect::Allow).all(is_allowed) && ours.with_effect(Effect::Deny).all(is_harmless)
}

/// Allow statements, prepared for repeated checks of the access that they cover.
pub(crate) struct Allows<'d>(Side<'d>);

impl<'d> Allows<'d> {
    /// Selects the Allow statements. `variables` says whether `${…}` is a variable in them.
    pub(crate) fn of(statements: impl Iterator<Item = &'d Statement>, variables: bool) -> Self {
        let allows = statements.filter(|statement| statement.effect() == Effect::Allow);
        Self(Side { statements: allows.map(Canonical::of).collect(), variables })
    }

    /// Returns whether the statements allow everything that `wanted` allows, as defined by
    /// [`covers`].
    pub(crate) fn cover(&self, wanted: &Canonical<'_>, variables: bool) -> bool {
        self.0.allow(wanted, Dialect { variables })
    }
}

/// Returns whether a Deny among the statements denies everything that `deny` denies, as defined by
/// [`covers`].
pub(crate) fn denies<'d>(
    statements: impl Iterator<Item = &'d Statement>,
    variables: bool,
    deny: &Statement,
) -> bool {
    let side = Side { statements: statements.map(Canonical::of).collect(), variables };
    let (wanted, other) = (Canonical::of(deny), Side { statements: Vec::new(), variables });
    side.with_effect(Effect::Deny).any(|wide| side.denies_all_of(wide, &wanted, &other))
}

/// One of the two compared documents.
struct Side<'d> {
    statements: Vec<Canonical<'d>>,
    /// Whether `${…}` is a variable in the document.
    variables: bool,
}

impl<'d> Side<'d> {
    fn of(document: &'d Document) -> Self {
        Self {
            statements: document.statements().iter().map(Canonical::of).collect(),
            variables: reads_variables(document),
        }
    }

    fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &Canonical<'d>> {
        self.statements.iter().filter(move |statement| statement.effect == effect)
    }

    fn dialect(&self) -> Dialect {
        Dialect { variables: self.variables }
    }

    /// Returns whether the Allow statements of this side together allow everything that `wanted`
    /// allows. A different statement can allow each combination of one principal, one action and
    /// one resource.
    fn allow(&self, wanted: &Canonical<'_>, of: Dialect) -> bool {
        let dialects = (self.dialect(), of);
        let candidates: Vec<&Canonical<'_>> = self
            .with_effect(Effect::Allow)
            .filter(|wide| wide.rest.unknown == wanted.rest.unknown)
            .filter(|wide| all_implied(wide, wanted, dialects))
            .collect();
        let (principal, action, resource) =
            (Element::principal(wanted), Element::action(wanted), Element::resource(wanted));
        let includes_all = |wide: &&Canonical<'_>| {
            Element::principal(wide).includes(&principal, dialects)
                && Element::action(wide).includes(&action, dialects)
                && Element::resource(wide).includes(&resource, dialects)
        };
        candidates.iter().any(includes_all)
            || principal.parts().iter().all(|principal| {
                let candidates: Vec<_> = candidates
                    .iter()
                    .filter(|wide| Element::principal(wide).includes(principal, dialects))
                    .collect();
                action.parts().iter().all(|action| {
                    let candidates: Vec<_> = candidates
                        .iter()
                        .filter(|wide| Element::action(wide).includes(action, dialects))
                        .collect();
                    resource.parts().iter().all(|resource| {
                        candidates.iter().any(|wide| Element::resource(wide).includes(resource, dialects))
                    })
                })
            })
    }

    /// Returns whether the Deny `wide` of this side denies everything that `deny` denies. A Deny
    /// with variables is covered only by an equal Deny, because [`evaluate`](fn@crate::evaluate)
    /// applies a Deny if a variable has no value.
    fn denies_all_of(&self, wide: &Canonical<'_>, deny: &Canonical<'_>, of: &Side<'_>) -> bool {
        if self.variables == of.variables && wide == deny {
            return true;
        }
        let dialects = (self.dialect(), of.dialect());
        wide.rest.unknown == deny.rest.unknown
            && !has_variables(deny)
            && all_implied(wide, deny, dialects)
            && Element::principal(wide).includes(&Element::principal(deny), dialects)
            && Element::action(wide).includes(&Element::action(deny), dialects)
            && Element::resource(wide).includes(&Element::resource(deny), dialects)
    }
}

/// Returns whether no request can match both statements.
fn are_apart(deny: &Canonical<'_>, ours: &Side<'_>, allow: &Canonical<'_>, theirs: &Side<'_>) -> bool {
    let dialects = (ours.dialect(), theirs.dialect());
    Element::principal(deny).is_apart_from(&Element::principal(allow), dialects)
        || Element::action(deny).is_apart_from(&Element::action(allow), dialects)
        || (!has_variables(deny)
            && Element::resource(deny).is_apart_from(&Element::resource(allow), dialects))
}

/// Returns whether the statement can contain a variable, regardless of the version of its document.
fn has_variables(statement: &Canonical<'_>) -> bool {
    let resources = statement.resource.iter().chain(&statement.rest.not_resource).flatten();
    let values = statement.rest.conditions.iter().flat_map(|condition| &condition.values);
    resources.copied().chain(values.map(AsRef::as_ref)).any(|text| text.contains("${"))
}
