//! Decides the permissions of trails that could not be read because their accounts left the spec,
//! or left the selection of its organization.
//!
//! Such a trail may still deliver. The trail keeps its permission, with a warning, unless
//! `unlisted_accounts` is `remove`. Trails of closed accounts can deliver, too: see "AWS account
//! closure and trails" in the CloudTrail user guide.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, Document, Guest, named_trails};
use reconcile_spec::Unlisted;

use super::CompareContext;
use super::change::Compared;
use super::policy::PolicyComparison;
use crate::observed::UnreadableReason;
use crate::plan::{Warning, WarningCode};

/// The fate of the managed statements in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plans {
    /// The plan writes the statements of the spec.
    Manage,
    /// The plan removes all managed statements.
    Destroy,
}

impl PolicyComparison<'_> {
    /// Returns the trails that managed statements name, that could not be read, and that keep their
    /// permission. Warns about each of them, and about each trail that loses its permission.
    pub(super) fn departed(
        &self,
        live: Option<&Document>,
        plans: Plans,
        compared: &mut Compared,
    ) -> Vec<Guest> {
        let context = self.context;
        let named = live.map(|document| named_trails(document, self.ownership)).unwrap_or_default();
        let unseen = &context.observed.departed.unseen;
        let guests: Vec<Guest> =
            named.trails.into_iter().filter(|it| unseen.contains_key(&it.trail)).collect();
        let (unlisted, setting) = self.unlisted();
        let permission = match (plans, unlisted) {
            (Plans::Destroy, _) => DepartedPermission::Destroyed,
            (Plans::Manage, Unlisted::Remove) => DepartedPermission::Revoked,
            (Plans::Manage, Unlisted::Keep | Unlisted::Report) => DepartedPermission::Kept,
        };
        // If this plan keeps a permission that will be removed, the plan that removes it warns.
        let is_withheld = !context.desired.deletion.statements || !context.observed.unreadable.is_empty();
        if permission == DepartedPermission::Kept || !is_withheld {
            self.warn_of_departed(&guests, &permission.describe(setting), compared);
        }
        if permission == DepartedPermission::Kept { guests } else { Vec::new() }
    }

    fn warn_of_departed(&self, guests: &[Guest], then: &str, compared: &mut Compared) {
        let context = self.context;
        let mut by_account: BTreeMap<&str, BTreeSet<&Arn>> = BTreeMap::new();
        for guest in guests {
            by_account.entry(guest.trail.account()).or_default().insert(&guest.trail);
        }
        for (id, trails) in by_account {
            let Some(why) = trails.iter().find_map(|trail| context.observed.departed.unseen.get(trail))
            else {
                continue;
            };
            compared.warnings.push(Warning {
                code: WarningCode::DepartedAccount,
                address: self.address.clone(),
                message: format!("{}; {}", describe_trails(context, id, &trails, why), then),
            });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DepartedPermission {
    Kept,
    Revoked,
    Destroyed,
}

impl DepartedPermission {
    /// Describes the change of the permission, and the next step of the user. `setting` is the name
    /// of the setting in the spec.
    fn describe(self, setting: &str) -> String {
        match self {
            DepartedPermission::Kept => format!(
                "the permission of the trail is kept. To revoke the permission, set `{setting}: remove`; to \
                 delete the trail first, add the account to `accounts`, without a trail"
            ),
            DepartedPermission::Revoked => format!(
                "the trail can no longer deliver after this plan. To keep the permission, add the account to \
                 `accounts` with its trail, or set `{setting}: keep`"
            ),
            DepartedPermission::Destroyed => {
                "the trail can no longer deliver after this plan. To keep the permission, add a statement of \
                 your own that allows the delivery"
                    .to_owned()
            }
        }
    }
}

/// Describes the trails of an account, and the reason why it is unknown whether these trails still
/// deliver.
fn describe_trails(
    context: &CompareContext<'_>,
    id: &str,
    trails: &BTreeSet<&Arn>,
    why: &UnreadableReason,
) -> String {
    let names: BTreeSet<&str> = trails.iter().map(|trail| trail.resource_name()).collect();
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let called = match context.name_in_organization(id) {
        Some(name) => format!("account {id} (`{name}`)"),
        None => format!("account {id}"),
    };
    format!(
        "trail {} of {called} is not in the spec, and it is not known whether it still delivers: {why}",
        names.join(" or ")
    )
}
