//! Compares the trusted access of CloudTrail to the organization. It is only enabled, never disabled,
//! because AWS does not show who else uses it.

use reconcile_policy::CLOUDTRAIL;

use super::CompareContext;
use super::change::{ChangeParts, Compared};
use crate::address::Address;
use crate::plan::{Changed, Phase, Risk};
use crate::view::ServiceAccess;

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    let (Some(wanted), Some(live)) = (&context.desired.organization, &context.observed.organization) else {
        return;
    };
    let site = context.organization_site(wanted);
    if wanted.service_access && live.service_access {
        compared.unchanged += 1;
    } else if wanted.service_access {
        let access = ServiceAccess { service: CLOUDTRAIL.to_owned() };
        let parts = ChangeParts {
            address: Address::service_access(wanted),
            place: context.place(&site),
            phase: Phase::Expand,
            depends_on: Vec::new(),
            changed: Changed::ServiceAccess,
            explain: |_, _| {
                (vec!["CloudTrail has no trusted access to the organization".to_owned()], Risk::Safe)
            },
        };
        compared.create(parts, access);
    }
}
