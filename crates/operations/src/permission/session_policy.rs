//! Limits the session of an assumed role to the operations of the table.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use reconcile_spec::{Account, Desired};
use serde_json::json;

use super::implied::implied;
use super::{Mode, has_role};
use crate::Operation;
use crate::operation::AccountRole;

/// The upper limit of the permissions of a session of an assumed role: a JSON policy document.
///
/// STS intersects the session policy with the policies of the role. The credentials of `plan` can
/// therefore only read, even with the role of an administrator. The session policy does not limit
/// the resources: STS accepts 2,048 characters, which leaves no room for ARNs.
///
/// See "Session policies" in the IAM user guide and `AssumeRole` in the STS API reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy(String);

impl SessionPolicy {
    /// Allows every operation that reads settings, in any account, but not reading log files.
    pub fn reading() -> Self {
        // Thousands of accounts share this policy.
        static READING: LazyLock<SessionPolicy> =
            LazyLock::new(|| SessionPolicy::of(super::reading().map(Operation::action)));
        READING.clone()
    }

    /// Allows listing, reading and decrypting log files, and listing the public keys of their
    /// digests.
    pub fn verifying() -> Self {
        let called = Operation::ALL.iter().filter(|it| it.account_role() == AccountRole::Evidence);
        Self::of(called.map(|it| it.action()).chain(["kms:Decrypt"]))
    }

    /// Allows only listing log files and digests.
    pub fn listing_log_files() -> Self {
        Self::of(std::iter::once(Operation::ListLogFiles.action()))
    }

    /// Allows only looking up recorded events.
    pub fn looking_up_events() -> Self {
        Self::of(std::iter::once(Operation::LookupEvents.action()))
    }

    /// Allows the operations of `apply` in one account, including the operations that remove
    /// resources that are no longer in the spec.
    pub fn applying(desired: &Desired, account: &Account) -> Self {
        let is_called = |role| match role {
            AccountRole::Trails
            | AccountRole::Logs
            | AccountRole::Topics
            | AccountRole::ExistingTopics
            | AccountRole::Encrypted => true,
            AccountRole::Key | AccountRole::Bucket | AccountRole::Organization | AccountRole::Lock => {
                has_role(desired, account, role)
            }
            AccountRole::InitialCredentials
            | AccountRole::Import
            | AccountRole::Evidence
            | AccountRole::Blame
            | AccountRole::Receiver => false,
        };
        let called = Operation::ALL.iter().filter(|it| is_called(it.account_role())).map(|it| it.action());
        Self::of(called.chain(implied(desired, account, Mode::Apply.into()).into_iter().map(|it| it.action)))
    }

    /// The document, without white space.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of<'a>(actions: impl Iterator<Item = &'a str>) -> Self {
        let mut actions: BTreeSet<String> = actions.map(str::to_owned).collect();
        let mut wider = WIDER.iter();
        loop {
            let document = document(&actions);
            match wider.next() {
                Some(prefix) if document.len() > LIMIT => {
                    let before = actions.len();
                    actions.retain(|action| !action.starts_with(prefix));
                    if actions.len() < before {
                        actions.insert(format!("{prefix}*"));
                    }
                }
                _ => return Self(document),
            }
        }
    }
}

/// The maximum number of characters of a session policy. See "IAM and AWS STS quotas" in the IAM
/// user guide.
const LIMIT: usize = 2048;

/// Prefixes that replace the actions that begin with them, in this order, until the policy is short
/// enough. The prefixes do not allow reading log files, or removing more than the listed actions
/// do.
const WIDER: [&str; 13] = [
    "s3:GetBucket",
    "s3:PutBucket",
    "logs:Describe",
    "organizations:List",
    "kms:List",
    "iam:List",
    "sns:List",
    "cloudtrail:GetEvent",
    "cloudtrail:ListT",
    "iam:GetRole",
    "iam:PutRole",
    "kms:GetKey",
    "s3:ListBucket",
];

fn document(actions: &BTreeSet<String>) -> String {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_reads_changes_nothing_and_reads_no_log_file() {
        let policy = SessionPolicy::reading();
        for operation in Operation::ALL.iter().filter(|it| !it.is_for_reading()) {
            let action = format!("\"{}\"", operation.action());
            assert!(!policy.as_str().contains(&action), "{operation}: {}", policy.as_str());
        }
        assert!(!policy.as_str().contains("**"));
        assert!(policy.as_str().contains("\"s3:GetBucketPolicy\"") && policy.as_str().len() <= LIMIT);
    }

    #[test]
    fn a_session_that_verifies_reads_and_decrypts_and_nothing_else() {
        let policy: serde_json::Value = serde_json::from_str(SessionPolicy::verifying().as_str()).unwrap();
        let expected = json!(["cloudtrail:ListPublicKeys", "kms:Decrypt", "s3:GetObject", "s3:ListBucket"]);
        assert_eq!(policy["Statement"][0]["Action"], expected);
    }

    #[test]
    fn a_session_for_one_purpose_does_nothing_else() {
        for (policy, action) in [
            (SessionPolicy::looking_up_events(), "cloudtrail:LookupEvents"),
            (SessionPolicy::listing_log_files(), "s3:ListBucket"),
        ] {
            let policy: serde_json::Value = serde_json::from_str(policy.as_str()).unwrap();
            assert_eq!(policy["Statement"][0]["Action"], json!([action]));
        }
    }

    #[test]
    fn the_longest_policy_fits() {
        // Sessions that look up events do nothing else, and notifications are sent without a
        // session policy.
        let is_alone =
            |it: &&Operation| matches!(it.account_role(), AccountRole::Blame | AccountRole::Receiver);
        let all = Operation::ALL.iter().filter(|it| !is_alone(it)).map(|it| it.action());
        let policy = SessionPolicy::of(all.chain([
            "cloudwatch:ListTagsForResource",
            "cloudwatch:TagResource",
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "organizations:RegisterDelegatedAdministrator",
            "s3:TagResource",
        ]));
        assert!(policy.as_str().len() <= LIMIT, "{}", policy.as_str().len());
        assert!(policy.as_str().contains("\"s3:GetBucket*\""), "{}", policy.as_str());
        assert!(policy.as_str().contains("\"s3:GetObject\""), "{}", policy.as_str());
    }
}
