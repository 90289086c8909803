//! The retention of a bucket.

use std::collections::BTreeMap;

use reconcile_spec::{Installation, LockMode, StorageClass};
use serde::{Deserialize, Serialize};

use super::super::OpenEnum;

/// The managed lifecycle rule. If all fields are empty, there is no rule.
///
/// See "Managing the lifecycle of objects" in the S3 user guide.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// The ID of the rule, if it still has the previous name of the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<String>,
    /// The transitions to other storage classes, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// Days until an object expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_days: Option<i32>,
    /// Days until a noncurrent version expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_expire_days: Option<i32>,
    /// Days until an incomplete multipart upload is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_incomplete_multipart_days: Option<i32>,
    /// Elements of the rule that `reconcile` never writes, in words: `disabled`, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<String>,
}

/// The lifecycle rules of a bucket by their IDs, managed and foreign, each in the view of a managed
/// rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifecycleRules(pub BTreeMap<String, Lifecycle>);

impl LifecycleRules {
    /// Returns the rule of an installation. A rule with the previous name of the installation takes
    /// precedence, because this rule exists until it is replaced.
    pub fn managed_rule(&self, installation: &Installation) -> Lifecycle {
        let ids = installation.rule_ids();
        let previous = ids.previous.filter(|id| self.0.contains_key(id));
        let rule = self.0.get(previous.as_ref().unwrap_or(&ids.present)).cloned();
        rule.map(|rule| Lifecycle { previous_id: previous, ..rule }).unwrap_or_default()
    }
}

/// A transition to another storage class.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transition {
    /// The number of days until the transition.
    pub days: i32,
    /// The storage class after the transition.
    pub storage_class: OpenEnum<StorageClass>,
}

/// A lifecycle rule by which objects expire or are archived, managed or foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiry {
    /// The ID of the rule.
    pub id: String,
    /// The prefix of the keys to which the rule applies.
    pub prefix: String,
    /// Whether the rule applies only to objects with certain tags.
    pub is_of_tagged: bool,
    /// Days until an object expires.
    pub days: Option<i32>,
    /// The date on which objects expire, as S3 prints it.
    pub date: Option<String>,
    /// Days until a noncurrent version expires.
    pub noncurrent_days: Option<i32>,
    /// The earliest transition to a storage class in which objects must be restored before anybody
    /// can read them.
    pub archive: Option<Transition>,
}

/// A rule that replicates objects to another bucket.
///
/// See "Replication configuration file elements" in the S3 user guide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replication {
    /// The ID of the rule.
    pub id: String,
    /// The prefix of the keys to which the rule applies.
    pub prefix: String,
    /// Whether the rule applies only to objects with certain tags.
    pub is_of_tagged: bool,
    /// The name of the other bucket.
    pub bucket: String,
    /// The account of the other bucket, if the rule names the account.
    pub account: Option<String>,
}

/// The default retention of new object versions under Object Lock.
///
/// See "Locking objects with Object Lock" in the S3 user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ObjectLock {
    /// There is no default retention.
    Off,
    /// New object versions have this retention.
    On {
        /// The mode of the lock.
        mode: OpenEnum<LockMode>,
        /// The retention in days; `None` if it is in years.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<i32>,
        /// The retention in years; `None` if it is in days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        years: Option<i32>,
    },
}

/// Server access logs.
///
/// See "Logging requests with server access logging" in the S3 user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum AccessLogs {
    /// Access logs are not delivered.
    Off,
    /// Access logs are delivered to a bucket.
    To {
        /// The name of the bucket.
        bucket: String,
        /// The key prefix of the access logs.
        prefix: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_an_installation_is_found_under_its_previous_name_first() {
        let days = |days| Lifecycle { expire_days: Some(days), ..Lifecycle::default() };
        let named = |id: &str, days: Lifecycle| Lifecycle { previous_id: Some(id.to_owned()), ..days };
        // The IDs and days of the live rules, and the expected rule of the installation `new` with
        // the previous name `old`.
        for (rules, expected) in [
            (vec![], Lifecycle::default()),
            (vec![("reconcile-new", 1)], days(1)),
            (vec![("reconcile-old", 2)], named("reconcile-old", days(2))),
            (vec![("reconcile-new", 1), ("reconcile-old", 2)], named("reconcile-old", days(2))),
            (vec![("foreign", 3)], Lifecycle::default()),
        ] {
            let rules = rules.iter().map(|(id, number)| ((*id).to_owned(), days(*number)));
            let rules = LifecycleRules(rules.collect());
            let renamed = Installation::new("new".parse().unwrap(), "old".parse().ok());
            assert_eq!(rules.managed_rule(&renamed), expected, "{rules:?}");
        }
        let rules = LifecycleRules([("reconcile-old".to_owned(), days(2))].into());
        assert_eq!(
            rules.managed_rule(&Installation::new("new".parse().unwrap(), None)),
            Lifecycle::default()
        );
    }
}
