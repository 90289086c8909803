//! Compares the roles with which CloudTrail delivers to log groups.

use reconcile_policy::{Document, covers};
use reconcile_spec as spec;

use super::CompareContext;
use super::change::{ChangeParts, Compared, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::plan::{Action, Changed, Phase, Risk};
use crate::view::{Role, RoleField, Tags, View};

/// Creates roles, and adds the wanted permissions to the current permissions of existing roles: a
/// trail can deliver to its current log group until the trail itself changes.
pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.log_roles {
        let Some(live) = context.observed.roles.get(&desired.arn) else { continue };
        let wanted = wanted(desired, live.as_ref());
        match live.as_ref().and_then(|live| widened(live, &wanted)) {
            Some(wide) if live.as_ref().is_some_and(|live| live.managed(&wide) == wide) => {}
            wide => {
                let parts = parts(context, desired, Phase::Expand, Vec::new());
                compared.view(parts, live.clone(), wide.unwrap_or(wanted));
            }
        }
    }
}

/// Removes the permissions that no trail needs any more.
pub(super) fn contract(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.log_roles {
        let Some(Some(live)) = context.observed.roles.get(&desired.arn) else { continue };
        let wanted = wanted(desired, Some(live));
        if let Some(wide) = widened(live, &wanted) {
            let own = context.all_trail_addresses().filter(|it| it.account == desired.site.account);
            let depends_on = own.chain([Address::role(desired)]).collect();
            compared.view(parts(context, desired, Phase::Contract, depends_on), Some(wide), wanted);
        }
    }
}

fn wanted(desired: &spec::LogRole, live: Option<&Role>) -> Role {
    Role {
        trust: desired.trust(),
        policy_name: desired.policy_name.clone(),
        permissions: Some(desired.permissions()),
        boundary: desired.boundary.clone().or_else(|| live?.boundary.clone()),
        tags: Tags::wanted(&desired.tags, live.map(|live| &live.tags)),
    }
}

/// Returns the wanted role with the current permissions added; `None` if the wanted permissions
/// cover the current ones.
fn widened(live: &Role, wanted: &Role) -> Option<Role> {
    let (now, then) = (live.permissions.as_ref()?, wanted.permissions.as_ref()?);
    if covers(then, now) {
        return None;
    }
    let both = then.statements().iter().chain(now.statements()).cloned().collect();
    let permissions = if covers(now, then) { now.clone() } else { Document::new(both) };
    Some(Role { permissions: Some(permissions), ..wanted.clone() })
}

fn parts(
    context: &CompareContext<'_>,
    desired: &spec::LogRole,
    phase: Phase,
    depends_on: Vec<Address>,
) -> ChangeParts<Action<Role>> {
    ChangeParts {
        address: Address::role(desired),
        place: context.place(&desired.site),
        phase,
        depends_on,
        changed: Changed::Role,
        explain,
    }
}

pub(super) fn explain(action: &Action<Role>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => (
            vec!["the role with which CloudTrail delivers to log groups does not exist".to_owned()],
            Risk::Safe,
        ),
        Action::Delete { .. } => (vec!["no trail of the spec uses this role".to_owned()], Risk::Disruptive),
        Action::Update { .. } => {
            let why = reasons(diff, |field, _| match field {
                RoleField::Trust => {
                    "the trust policy differs from the spec: CloudTrail, and only CloudTrail, must be \
                 able to assume the role"
                        .to_owned()
                }
                RoleField::Permissions => "the policy of the role differs from the spec".to_owned(),
                RoleField::Boundary => "the permissions boundary differs from the spec".to_owned(),
                RoleField::PolicyName => {
                    "its policy carries the previous name of the installation".to_owned()
                }
                RoleField::Tags => "tags are missing or differ".to_owned(),
            });
            (why, Risk::Safe)
        }
    }
}
