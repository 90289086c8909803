//! Compares the key policy.

use reconcile_policy::{Merged, Role, merge};

use super::Scope;
use super::change::Compared;
use super::policy::{Policy, foreign_reason};
use crate::difference::Difference;
use crate::plan::Changed;

/// Adds what lets our trails encrypt. Gives the merge, for [`contract`].
pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) -> Merged {
    let desired = &scope.desired.key_policy;
    let live = scope.observed.key.as_ref().map(|hub| &hub.policy);
    let merged = merge(live, &desired.intent.statements(&desired.ownership), &desired.ownership);
    let depends_on = vec![scope.key_address()];
    with_policy(scope, |policy| policy.expand(live, &merged, depends_on, compared));
    merged
}

/// Takes away what no trail needs any more, once all trails are what they should be.
pub(super) fn contract(scope: &Scope<'_>, merged: &Merged, compared: &mut Compared) {
    with_policy(scope, |policy| policy.contract(scope, merged, compared));
}

fn with_policy(scope: &Scope<'_>, then: impl FnOnce(&Policy<'_>)) {
    let desired = &scope.desired.key_policy;
    let explain = |difference: &Difference| {
        let is_remove = matches!(difference, Difference::Remove { .. });
        let role = [Role::Administration, Role::TrailEncrypt, Role::TrailDescribe, Role::TrailDecrypt]
            .into_iter()
            .find(|role| {
                difference.path().starts_with(&format!("/Statement/{}", desired.ownership.sid(*role)))
            });
        match (role, is_remove) {
            (Some(Role::Administration), false) => {
                "an administrator may not administer the key yet".to_owned()
            }
            (Some(Role::Administration), true) => "somebody administers the key who should not".to_owned(),
            (Some(_), false) => "not every trail may encrypt its logs with the key yet".to_owned(),
            (Some(_), true) => "the key may be used for trails that need it no more".to_owned(),
            (None, _) => foreign_reason(difference),
        }
    };
    then(&Policy {
        address: scope.key_policy_address(),
        place: scope.place(&desired.site),
        ownership: &desired.ownership,
        changed: Changed::KeyPolicy,
        explain: &explain,
    });
}
