//! The keys that encrypt topics and log groups.

use std::collections::BTreeSet;

use reconcile_policy::{Arn, Document, StatementRole};
use reconcile_spec::Desired;

use super::super::Observed;
use super::super::error::ReadError;

/// The key that encrypts a topic or a log group.
#[derive(Debug, Clone, PartialEq)]
pub enum UsedKey {
    /// The key of the spec.
    Own,
    /// The AWS managed key for SNS in the account of the topic. Nobody can change the policy of
    /// this key.
    ManagedByAws,
    /// Another key.
    Other {
        /// The ARN of the key.
        arn: Arn,
        /// The policy of the key.
        policy: Document,
    },
    /// A key that cannot encrypt.
    Unusable {
        /// The ARN of the key or alias that the topic or the log group names.
        name: Arn,
        /// `disabled`, `pending deletion`, …
        state: String,
    },
    /// A key that could not be read.
    Hidden {
        /// The ARN of the key or alias that the topic or the log group names.
        name: Arn,
        /// The error of the read, if the key is in an account of the spec.
        error: Option<ReadError>,
    },
}

/// Returns the topics and log groups for which managed statements allow the use of the key.
pub fn granted(desired: &Desired, observed: &Observed) -> BTreeSet<Arn> {
    const ROLES: [(StatementRole, &str); 2] = [
        (StatementRole::TrailTopicEncrypt, "kms:EncryptionContext:aws:sns:topicArn"),
        (StatementRole::TrailLogGroupEncrypt, "kms:EncryptionContext:aws:logs:arn"),
    ];
    let mut arns = BTreeSet::new();
    for statement in observed.key.iter().flat_map(|hub| hub.policy.statements()) {
        let role = statement.sid().and_then(|sid| desired.key_policy.ownership.role(sid));
        for (_, key) in ROLES.iter().filter(|(it, _)| Some(*it) == role) {
            let conditions = statement.conditions().into_iter().filter(|it| it.key.eq_ignore_ascii_case(key));
            arns.extend(conditions.flat_map(|it| it.values).filter_map(|value| value.parse().ok()));
        }
    }
    arns
}
