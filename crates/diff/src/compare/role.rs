//! Compares the roles with which CloudTrail delivers to log groups.

use reconcile_spec as spec;

use super::Scope;
use super::change::{Compared, Terms, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{Action, Changed, Phase, Risk};
use crate::view::Role;

pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) {
    for desired in &scope.desired.log_roles {
        let Some(live) = scope.observed.roles.get(&desired.arn) else { continue };
        let wanted = Role {
            trust: desired.trust(),
            policy_name: desired.policy_name.clone(),
            permissions: Some(desired.permissions()),
            tags: desired.tags.wanted(live.is_some()).collect(),
        };
        let terms = Terms {
            address: address(desired),
            place: scope.place(&desired.site),
            phase: Phase::Expand,
            depends_on: Vec::new(),
            changed: Changed::Role,
            explain,
        };
        compared.view(terms, live.clone(), wanted);
    }
}

pub(super) fn address(desired: &spec::LogRole) -> Address {
    Address::new(Kind::Role, &desired.site.account, &desired.name)
}

pub(super) fn explain(action: &Action<Role>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => {
            (vec!["there is no role for CloudTrail to deliver to log groups with".to_owned()], Risk::Safe)
        }
        Action::Delete { .. } => {
            (vec!["no trail of the spec delivers with this role".to_owned()], Risk::Disruptive)
        }
        Action::Update { .. } => {
            let why = reasons(diff, |field, _| match field {
                "trust" => "others than CloudTrail may assume the role, or CloudTrail may not".to_owned(),
                "permissions" => "the role may do less or more than deliver".to_owned(),
                "tags" => "tags are missing or differ".to_owned(),
                other => format!("{other} differs"),
            });
            (why, Risk::Safe)
        }
    }
}
