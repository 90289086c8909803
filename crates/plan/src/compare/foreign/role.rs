//! Judges foreign policies and permissions boundaries of the roles that deliver to log groups.
//!
//! Only CloudTrail assumes such a role. A foreign policy has no use in such a role, and a Deny
//! stops the delivery without an error in the trail.

use super::{ForeignItem, ForeignReviewer};
use crate::address::Address;
use crate::compare::CompareContext;
use crate::compare::change::Compared;
use crate::foreign::ForeignAccess;
use crate::observed::OtherPolicy;
use crate::plan::WarningCode;
use crate::severity::Severity;

/// Returns the foreign policies and boundaries.
pub(super) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let roles = reviewer.context.desired.log_roles.iter().filter_map(|desired| {
        let policies = reviewer.context.observed.role_policies.get(&desired.arn)?.as_ref().ok()?;
        Some((desired, policies))
    });
    let policies = roles.flat_map(|(desired, policies)| {
        policies.iter().map(|OtherPolicy { name, document }| {
            let document = document.as_ref().map(ToString::to_string).unwrap_or_default();
            let item = ForeignItem {
                address: Address::role(desired),
                name,
                words: format!("policy `{name}`"),
                content: format!("{}\n{name}\n{document}", desired.arn),
            };
            let message = format!(
                "{} is not managed: the policy can stop the delivery to the log group, and CloudTrail needs \
                     no other policy of the role",
                item.words
            );
            reviewer.report(&item, Severity::High, message, &item.content)
        })
    });
    policies.chain(boundaries(reviewer)).collect()
}

/// Returns the boundaries of roles for which the spec names no boundary.
fn boundaries<'a>(reviewer: &'a ForeignReviewer<'_>) -> impl Iterator<Item = ForeignAccess> + 'a {
    let unbound = reviewer.context.desired.log_roles.iter().filter(|desired| desired.boundary.is_none());
    unbound.filter_map(|desired| {
        let boundary = reviewer.context.observed.roles.get(&desired.arn)?.as_ref()?.boundary.as_ref()?;
        let item = ForeignItem {
            address: Address::role(desired),
            name: "boundary",
            words: format!("permissions boundary `{boundary}`"),
            content: format!("{}\n{boundary}", desired.arn),
        };
        let message = format!(
            "{} is not in the spec: the delivery to the log group stops unless the boundary allows the delivery",
            item.words
        );
        Some(reviewer.report(&item, Severity::High, message, &item.content))
    })
}

/// Warns about policies that cannot be read.
pub(super) fn warn(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.log_roles {
        if let Some(Err(error)) = context.observed.role_policies.get(&desired.arn) {
            let message = format!(
                "the other policies of the role cannot be read ({error}): one of them may stop the delivery to the log group"
            );
            compared.warn(WarningCode::UnreadableAccess, Address::role(desired), message);
        }
    }
}
