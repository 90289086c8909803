//! Compares the delegated administrators of the organization for CloudTrail. They are only
//! registered, never deregistered, because AWS does not show who else uses them.

use reconcile_policy::CLOUDTRAIL;
use reconcile_spec::Organization;

use super::CompareContext;
use super::change::{ChangeParts, Compared};
use crate::address::Address;
use crate::kind::Kind;
use crate::plan::{Changed, Phase, Risk, WarningCode};
use crate::view::DelegatedAdministrator;

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    let (Some(wanted), Some(live)) = (&context.desired.organization, &context.observed.organization) else {
        return;
    };
    let site = context.organization_site(wanted);
    let mut registered = live.delegated_administrators.len();
    for administrator in
        wanted.delegated_administrators.iter().filter_map(|name| context.desired.account(name))
    {
        let address = Address::new(Kind::DelegatedAdministrator, &wanted.account, &administrator.name);
        if live.delegated_administrators.contains(&administrator.id) {
            compared.unchanged += 1;
            continue;
        }
        if registered >= Organization::MAX_ADMINISTRATORS {
            let message = format!(
                "{registered} accounts are or become delegated administrators for CloudTrail, and an organization can \
                 have {}: deregister one of them, or AWS rejects this one",
                Organization::MAX_ADMINISTRATORS
            );
            compared.warn(WarningCode::AdministratorQuota, address.clone(), message);
        }
        registered += 1;
        let view =
            DelegatedAdministrator { account: administrator.id.clone(), service: CLOUDTRAIL.to_owned() };
        let parts = ChangeParts {
            address,
            place: context.place(&site),
            phase: Phase::Expand,
            // Organizations registers administrators only for a service with trusted access.
            depends_on: vec![Address::service_access(wanted)],
            changed: Changed::DelegatedAdministrator,
            explain: |_, _| {
                (vec!["the account is not a delegated administrator for CloudTrail".to_owned()], Risk::Safe)
            },
        };
        compared.create(parts, view);
    }
}
