//! Judges policies of others on the roles that deliver to log groups.
//!
//! CloudTrail alone assumes such a role. A policy of somebody else is of no use there, and one that denies stops the delivery
//! without a trace in the trail.

use super::{Judge, Subject};
use crate::compare::Scope;
use crate::compare::bucket::UNREADABLE_ACCESS;
use crate::compare::change::Compared;
use crate::compare::role;
use crate::drift::Severity;
use crate::foreign::ForeignAccess;
use crate::observe::OtherPolicy;

/// The policies of others.
pub(super) fn access(judge: &Judge<'_>) -> Vec<ForeignAccess> {
    let roles = judge.scope.desired.log_roles.iter().filter_map(|desired| {
        let policies = judge.scope.observed.role_policies.get(&desired.arn)?.as_ref().ok()?;
        Some((desired, policies))
    });
    roles
        .flat_map(|(desired, policies)| {
            policies.iter().map(|OtherPolicy { name, document }| {
                let document = document.as_ref().map(ToString::to_string).unwrap_or_default();
                let subject = Subject {
                    address: role::address(desired),
                    name,
                    words: format!("policy `{name}`"),
                    content: format!("{}\n{name}\n{document}", desired.arn),
                };
                let message = format!(
                    "{} is not of the installation: it can stop the delivery to the log group, and a role of CloudTrail \
                     needs no other policy",
                    subject.words
                );
                judge.report(&subject, Severity::High, message, &subject.content)
            })
        })
        .collect()
}

/// Warns of policies that cannot be read.
pub(super) fn warn(scope: &Scope<'_>, compared: &mut Compared) {
    for desired in &scope.desired.log_roles {
        if let Some(Err(error)) = scope.observed.role_policies.get(&desired.arn) {
            let message = format!(
                "the other policies of the role cannot be read ({error}): one of them may stop the delivery to the log group"
            );
            compared.warn(UNREADABLE_ACCESS, role::address(desired), message);
        }
    }
}
