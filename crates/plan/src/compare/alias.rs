//! Compares the alias of the key.

use super::CompareContext;
use super::change::{ChangeParts, Compared};
use crate::address::Address;
use crate::difference::Difference;
use crate::plan::{Changed, CreateOrDelete, Phase, Risk};
use crate::view::{Alias, KeyRef};

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    let Some(alias) = context.desired.key.identity.alias() else { return };
    // An alias that points to another key is refused, because only the owner of the alias can move
    // it.
    if context.observed.alias_target.is_some() {
        return;
    }
    // A key that was found by its alias already has the alias.
    if context.observed.key.as_ref().is_some_and(|hub| hub.key.is_aliased) {
        compared.unchanged += 1;
        return;
    }
    let parts = ChangeParts {
        address: context.alias_address(),
        place: context.place(&context.desired.key.site),
        phase: Phase::Expand,
        depends_on: vec![context.key_address()],
        changed: Changed::Alias,
        explain,
    };
    compared.create(parts, Alias { name: alias.with_prefix(), target: context.key.clone() });
}

/// Deletes the alias of a key that the same plan deletes.
pub(super) fn remove(context: &CompareContext<'_>, depends_on: Vec<Address>, compared: &mut Compared) {
    let Some(alias) = context.desired.key.identity.alias() else { return };
    if !context.observed.key.as_ref().is_some_and(|hub| hub.key.is_aliased) {
        return;
    }
    let parts = ChangeParts {
        address: context.alias_address(),
        place: context.place(&context.desired.key.site),
        phase: Phase::Contract,
        depends_on,
        changed: Changed::Alias,
        explain: |_, _| (vec!["the key of the alias is deleted in this plan".to_owned()], Risk::Disruptive),
    };
    compared.delete(parts, Alias { name: alias.with_prefix(), target: context.key.clone() });
}

fn explain(action: &CreateOrDelete<Alias>, _: &[Difference]) -> (Vec<String>, Risk) {
    let has_key = matches!(action, CreateOrDelete::Create { after: Alias { target: KeyRef::Known(_), .. } });
    let why = if has_key {
        "the key has no alias yet: an earlier apply ended before it created the alias, or somebody deleted the \
         alias"
    } else {
        "the key has no alias yet"
    };
    (vec![why.to_owned()], Risk::Safe)
}
