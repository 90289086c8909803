//! Judges foreign policies and permissions boundaries of the roles that deliver to log groups.
//!
//! Only CloudTrail assumes such a role. A foreign policy has no use there, and a Deny stops the
//! delivery without a sign in the trail.

use super::{Judge, Subject};
use crate::address::Address;
use crate::compare::Scope;
use crate::compare::change::Compared;
use crate::foreign::ForeignAccess;
use crate::observed::OtherPolicy;
use crate::plan::WarningCode;
use crate::severity::Severity;

/// Returns the foreign policies and boundaries.
pub(super) fn access(judge: &Judge<'_>) -> Vec<ForeignAccess> {
    let roles = judge.scope.desired.log_roles.iter().filter_map(|desired| {
        let policies = judge.scope.observed.role_policies.get(&desired.arn)?.as_ref().ok()?;
        Some((desired, policies))
    });
    let policies = roles.flat_map(|(desired, policies)| {
        policies.iter().map(|OtherPolicy { name, document }| {
            let document = document.as_ref().map(ToString::to_string).unwrap_or_default();
            let subject = Subject {
                address: Address::of_role(desired),
                name,
                words: format!("policy `{name}`"),
                content: format!("{}\n{name}\n{document}", desired.arn),
            };
            let message = format!(
                "{} is not managed: the policy can stop the delivery to the log group, and CloudTrail needs \
                     no other policy of the role",
                subject.words
            );
            judge.report(&subject, Severity::High, message, &subject.content)
        })
    });
    policies.chain(boundaries(judge)).collect()
}

/// Returns the boundaries of roles for which the spec names no boundary.
fn boundaries<'a>(judge: &'a Judge<'_>) -> impl Iterator<Item = ForeignAccess> + 'a {
    let unbound = judge.scope.desired.log_roles.iter().filter(|desired| desired.boundary.is_none());
    unbound.filter_map(|desired| {
        let boundary = judge.scope.observed.roles.get(&desired.arn)?.as_ref()?.boundary.as_ref()?;
        let subject = Subject {
            address: Address::of_role(desired),
            name: "boundary",
            words: format!("permissions boundary `{boundary}`"),
            content: format!("{}\n{boundary}", desired.arn),
        };
        let message = format!(
            "{} is not in the spec: the delivery to the log group stops unless the boundary allows the delivery",
            subject.words
        );
        Some(judge.report(&subject, Severity::High, message, &subject.content))
    })
}

/// Warns about policies that cannot be read.
pub(super) fn warn(scope: &Scope<'_>, compared: &mut Compared) {
    for desired in &scope.desired.log_roles {
        if let Some(Err(error)) = scope.observed.role_policies.get(&desired.arn) {
            let message = format!(
                "the other policies of the role cannot be read ({error}): one of them may stop the delivery to the log group"
            );
            compared.warn(WarningCode::UnreadableAccess, Address::of_role(desired), message);
        }
    }
}
