//! Chooses the key in use: the managed key that the trails use, even if the alias of the spec
//! points to another key.

use reconcile_policy::{Arn, KeyIdentifier};
use reconcile_spec::Desired;

use super::super::{KeyState, Observed, SpareKey, Spares};
use crate::view::Trail;

/// Returns the key in use, if the alias of the spec points to another key or to no key.
pub fn other_key_in_use<'o>(desired: &Desired, observed: &'o Observed) -> Option<&'o Arn> {
    let named = observed.key.as_ref().map(|hub| SpecKey {
        arn: &hub.key.arn,
        is_ours: hub.key.view.tags.belong_to(&desired.installation),
    });
    other_than_named(named.as_ref(), &observed.spare_keys, &keys_of_trails(desired, observed))
}

/// Returns the key of each trail that has the tag of the installation.
fn keys_of_trails<'o>(desired: &Desired, observed: &'o Observed) -> Vec<&'o KeyIdentifier> {
    let trails = observed.trails.values().flatten();
    let ours = trails.filter(|trail| trail.tags.belong_to(&desired.installation));
    ours.filter_map(Trail::key).collect()
}

/// The key that the spec names.
struct SpecKey<'k> {
    arn: &'k Arn,
    /// Whether the key has the tag of the installation.
    is_ours: bool,
}

/// Returns the key in use, if it is not the key that the spec names. `of_trails` contains the key
/// of each trail.
///
/// The trails decide between the keys of the installation. A foreign key to which the alias points
/// is adopted, but never in place of a key of the installation.
fn other_than_named<'s>(
    named: Option<&SpecKey<'_>>,
    spares: &'s Spares,
    of_trails: &[&KeyIdentifier],
) -> Option<&'s Arn> {
    let uses = |arn: &Arn| of_trails.iter().filter(|key| key.is_of(arn)).count();
    let is_named_used = named.is_some_and(|named| named.is_ours && uses(named.arn) > 0);
    if is_named_used {
        return None;
    }
    let most_used = spares.keys.keys().filter(|arn| uses(arn) > 0).max_by_key(|arn| uses(arn));
    most_used.or_else(|| {
        let foreign = named.filter(|named| !named.is_ours);
        let is_kept = |spare: &SpareKey| !matches!(spare.state, KeyState::PendingDeletion { .. });
        let kept = || spares.keys.iter().filter(|(_, spare)| is_kept(spare));
        let first = kept().min_by_key(|(arn, spare)| (spare.state != KeyState::Enabled, *arn));
        foreign.and_then(|_| first.map(|(arn, _)| arn))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view;

    fn arn(id: &str) -> Arn {
        format!("arn:aws:kms:us-east-1:111111111111:key/{id}").parse().unwrap()
    }

    #[test]
    fn the_managed_key_that_the_trails_use_is_in_use() {
        const PENDING: KeyState = KeyState::PendingDeletion { date: None };
        type Row<'r> =
            (&'r str, Option<(&'r str, bool)>, &'r [(&'r str, KeyState)], &'r [&'r str], Option<&'r str>);
        let rows: [Row<'_>; 10] = [
            ("the alias stands for it", Some(("a", true)), &[], &["a"], None),
            ("a key that others made is taken over", Some(("x", false)), &[], &["x"], None),
            ("the spec has no trails yet", Some(("a", true)), &[("b", KeyState::Enabled)], &[], None),
            (
                "the alias was moved to a foreign key",
                Some(("x", false)),
                &[("a", KeyState::Enabled)],
                &["a"],
                Some("a"),
            ),
            ("nobody uses either", Some(("x", false)), &[("a", KeyState::Disabled)], &[], Some("a")),
            ("the other one was given up", Some(("x", false)), &[("a", PENDING)], &[], None),
            (
                "a key with a stolen tag",
                Some(("x", true)),
                &[("a", KeyState::Enabled)],
                &["a", "a"],
                Some("a"),
            ),
            (
                "the trails are moved one by one",
                Some(("a", true)),
                &[("b", KeyState::Enabled)],
                &["a", "b", "b"],
                None,
            ),
            ("the key is about to be deleted", None, &[("a", PENDING)], &["a"], Some("a")),
            (
                "a trail was pointed to a foreign key",
                Some(("a", true)),
                &[("b", KeyState::Enabled)],
                &["x"],
                None,
            ),
        ];
        for (case, named, spares, used, expected) in rows {
            let key = named.map(|(id, is_ours)| (arn(id), is_ours));
            let named = key.as_ref().map(|(arn, is_ours)| SpecKey { arn, is_ours: *is_ours });
            let view = || view::Key {
                description: None,
                rotation: None,
                tags: view::Tags::default(),
                initial_policy: None,
            };
            let spare = |(id, state): &(&str, KeyState)| {
                (arn(id), SpareKey { state: state.clone(), aliases: Vec::new(), view: view() })
            };
            let spares = Spares { keys: spares.iter().map(spare).collect(), ..Spares::default() };
            let used: Vec<KeyIdentifier> = used.iter().map(|id| arn(id).into()).collect();
            let used: Vec<&KeyIdentifier> = used.iter().collect();
            let found = other_than_named(named.as_ref(), &spares, &used);
            assert_eq!(found, expected.map(arn).as_ref(), "{case}");
        }
    }
}
