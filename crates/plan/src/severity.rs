//! Determines the severity of differences between live state and the spec.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::ActionKind;
use crate::view::{BucketField, KeyField, LogGroupField, RoleField, TopicField, TrailField};

/// The severity of a finding for the users of the logs, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Logs are not recorded or cannot be delivered; or an account cannot be read; or outsiders can
    /// delete log files, or decide who has access.
    Critical,
    /// Logs are recorded in part, or are less protected than the spec requires; or a trail that is
    /// not in the spec cannot deliver to the bucket; or outsiders can read, write or decrypt logs.
    High,
    /// Hygiene; or it is unknown whether a trail can deliver, because the policies depend on
    /// unknown values.
    Medium,
    /// Labels; or a trail that is not in the spec can deliver through managed statements.
    Low,
}

impl Severity {
    /// All severities, the highest first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The name of the severity.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// The next lower severity.
    pub(crate) fn lower(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// Returns the severity of a change, which is the highest severity of its differences. A policy
/// that lacks a statement is critical only if the policy blocks a trail.
pub(crate) fn change_severity(
    address: &Address,
    action: ActionKind,
    diff: &[Difference],
    blocking: &BTreeSet<Address>,
) -> Severity {
    let of_difference = |difference: &Difference| match address.kind {
        Kind::BucketPolicy | Kind::KeyPolicy | Kind::TopicPolicy => match difference {
            Difference::Add { .. } | Difference::Replace { .. } if blocking.contains(address) => {
                Severity::Critical
            }
            Difference::Add { .. } | Difference::Replace { .. } => Severity::High,
            Difference::Remove { .. } => Severity::Medium,
        },
        Kind::Trail => difference.field().map_or(Severity::High, trail_severity),
        Kind::Bucket => difference.field().map_or(Severity::High, bucket_severity),
        Kind::Key => difference.field().map_or(Severity::High, key_severity),
        Kind::LogGroup => difference.field().map_or(Severity::High, log_group_severity),
        Kind::Role => difference.field().map_or(Severity::High, role_severity),
        Kind::Topic => difference.field().map_or(Severity::High, topic_severity),
        // Every field of a metric filter or an alarm affects the detection of events. Resources of
        // the other kinds are created and deleted, and never updated.
        Kind::MetricFilter
        | Kind::Alarm
        | Kind::ServiceAccess
        | Kind::DelegatedAdministrator
        | Kind::Alias
        | Kind::Grant => Severity::High,
    };
    match action {
        ActionKind::Create => severity_of_missing(address, blocking),
        ActionKind::Update => diff.iter().map(of_difference).min().unwrap_or(Severity::Medium),
        ActionKind::Delete => Severity::Medium,
    }
}

fn trail_severity(field: TrailField) -> Severity {
    match field {
        TrailField::Logging | TrailField::Bucket | TrailField::Prefix => Severity::Critical,
        TrailField::RecursiveLogging | TrailField::EventAggregation => Severity::Medium,
        TrailField::Tags => Severity::Low,
        TrailField::Arn
        | TrailField::KmsKey
        | TrailField::MultiRegion
        | TrailField::GlobalServiceEvents
        | TrailField::LogFileValidation
        | TrailField::Organization
        | TrailField::Selectors
        | TrailField::Insights
        | TrailField::CloudwatchLogs
        | TrailField::Notification => Severity::High,
    }
}

fn bucket_severity(field: BucketField) -> Severity {
    match field {
        BucketField::Tags => Severity::Low,
        // Log files are complete and protected without this setting.
        BucketField::Eventbridge => Severity::Medium,
        BucketField::Encryption
        | BucketField::BlockedEncryptionTypes
        | BucketField::Versioning
        | BucketField::PublicAccessBlock
        | BucketField::ObjectOwnership
        | BucketField::Lifecycle
        | BucketField::ObjectLock
        | BucketField::AccessLogs => Severity::High,
    }
}

fn key_severity(field: KeyField) -> Severity {
    match field {
        KeyField::Description | KeyField::Tags => Severity::Low,
        KeyField::Rotation => Severity::Medium,
        KeyField::InitialPolicy => Severity::High,
    }
}

fn log_group_severity(field: LogGroupField) -> Severity {
    match field {
        LogGroupField::Tags => Severity::Low,
        LogGroupField::RetentionDays => Severity::Medium,
        LogGroupField::Encryption => Severity::High,
    }
}

fn role_severity(field: RoleField) -> Severity {
    match field {
        RoleField::Tags => Severity::Low,
        RoleField::Trust | RoleField::PolicyName | RoleField::Permissions | RoleField::Boundary => {
            Severity::High
        }
    }
}

fn topic_severity(field: TopicField) -> Severity {
    match field {
        TopicField::Tags => Severity::Low,
        TopicField::Arn | TopicField::Encryption => Severity::High,
    }
}

/// Returns the severity of a resource that does not exist.
fn severity_of_missing(address: &Address, blocking: &BTreeSet<Address>) -> Severity {
    match address.kind {
        // Log files still arrive.
        Kind::Grant
        | Kind::DelegatedAdministrator
        | Kind::LogGroup
        | Kind::Role
        | Kind::Topic
        | Kind::TopicPolicy
        | Kind::MetricFilter
        | Kind::Alarm => Severity::High,
        Kind::BucketPolicy | Kind::KeyPolicy if !blocking.contains(address) => Severity::High,
        // Trails name the key by its ARN.
        Kind::Alias => Severity::Low,
        Kind::ServiceAccess
        | Kind::Key
        | Kind::KeyPolicy
        | Kind::Bucket
        | Kind::BucketPolicy
        | Kind::Trail => Severity::Critical,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The words of the schema, from the highest severity to the lowest.
    #[test]
    fn severities_are_ordered_and_have_a_word() {
        let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
        assert!(all.is_sorted());
        assert_eq!(all.map(Severity::as_str), ["critical", "high", "medium", "low"]);
        assert_eq!(
            all.map(Severity::lower),
            [Severity::High, Severity::Medium, Severity::Low, Severity::Low]
        );
        for severity in all {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.as_str());
        }
    }

    #[test]
    fn the_gravest_difference_of_an_update_is_its_severity() {
        let replaced = |path: &str| Difference::Replace {
            path: path.to_owned(),
            value: Value::Bool(true),
            from: Value::Bool(false),
        };
        let removed = |path: &str| Difference::Remove { path: path.to_owned(), value: Value::Null };
        for (kind, diff, expected) in [
            (Kind::Trail, vec![replaced("/tags/a")], Severity::Low),
            (Kind::Trail, vec![replaced("/tags/a"), replaced("/logging")], Severity::Critical),
            (Kind::Trail, vec![replaced("/recursive_logging")], Severity::Medium),
            (Kind::Trail, vec![replaced("/selectors/basic")], Severity::High),
            (Kind::Key, vec![replaced("/rotation")], Severity::Medium),
            (Kind::Key, vec![replaced("/description")], Severity::Low),
            (Kind::LogGroup, vec![replaced("/retention_days")], Severity::Medium),
            (Kind::LogGroup, vec![replaced("/encryption")], Severity::High),
            (Kind::KeyPolicy, vec![replaced("/Statement/A")], Severity::High),
            (Kind::KeyPolicy, vec![removed("/Statement/A")], Severity::Medium),
            (Kind::BucketPolicy, vec![replaced("/Statement/A")], Severity::Critical),
            (Kind::BucketPolicy, vec![], Severity::Medium),
        ] {
            let address = Address::new(kind, &"master".parse().unwrap(), "name");
            let blocking = BTreeSet::from([Address { kind: Kind::BucketPolicy, ..address.clone() }]);
            let found = change_severity(&address, ActionKind::Update, &diff, &blocking);
            assert_eq!(found, expected, "{kind}: {diff:?}");
        }
    }

    #[test]
    fn the_severity_of_a_missing_resource_depends_on_the_log_files() {
        for (kind, is_blocking, expected) in [
            (Kind::Trail, false, Severity::Critical),
            (Kind::Bucket, false, Severity::Critical),
            (Kind::BucketPolicy, true, Severity::Critical),
            (Kind::BucketPolicy, false, Severity::High),
            (Kind::KeyPolicy, false, Severity::High),
            (Kind::TopicPolicy, true, Severity::High),
            (Kind::Role, false, Severity::High),
            (Kind::Alias, false, Severity::Low),
        ] {
            let address = Address::new(kind, &"master".parse().unwrap(), "name");
            let blocking = is_blocking.then(|| address.clone()).into_iter().collect();
            assert_eq!(change_severity(&address, ActionKind::Create, &[], &blocking), expected, "{kind}");
            assert_eq!(
                change_severity(&address, ActionKind::Delete, &[], &blocking),
                Severity::Medium,
                "{kind}"
            );
        }
    }
}
