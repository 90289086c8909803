//! The rates of requests that AWS documents, as token buckets.

use std::collections::HashMap;
use std::time::Duration;

/// Calls that share a rate, and the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate<'o> {
    /// The calls that are counted together.
    group: &'o str,
    /// The number of calls a second, on average.
    per_second: u32,
    /// The number of calls at once, after a time without calls.
    burst: u32,
}

/// Returns the documented rate of an operation. A test compares this table with `models/rates.json`
/// of `reconcile-operations`.
///
/// See "Quotas in AWS CloudTrail" in the CloudTrail user guide, "Throttling limits" in the
/// Organizations user guide, "Request quotas" in the KMS developer guide, "CloudWatch Logs quotas"
/// in the CloudWatch Logs user guide, `TagResource`, `Subscribe` and `ListSubscriptionsByTopic` in
/// the SNS API reference, and "IAM and AWS STS quotas" in the IAM user guide. S3 and IAM document
/// no rates for the operations of this twin.
fn rate(operation: &str, is_mutating: bool) -> Option<Rate<'_>> {
    let (service, name) = operation.split_once(':')?;
    let (group, per_second, burst) = match (service, name) {
        ("cloudtrail", "LookupEvents") => (operation, 2, 2),
        ("cloudtrail", _) if is_mutating => ("cloudtrail writes", 1, 1),
        ("cloudtrail", _) => ("cloudtrail reads", 10, 10),
        ("organizations", "DescribeOrganization" | "ListRoots" | "EnableAWSServiceAccess") => {
            (operation, 1, 2)
        }
        ("organizations", "ListAWSServiceAccessForOrganization") => (operation, 1, 3),
        ("organizations", "ListAccounts") => (operation, 8, 12),
        (
            "organizations",
            "ListOrganizationalUnitsForParent" | "ListAccountsForParent" | "ListDelegatedAdministrators",
        ) => (operation, 5, 8),
        ("organizations", "ListTagsForResource") => (operation, 10, 15),
        (
            "kms",
            "CreateKey"
            | "ReplicateKey"
            | "CreateAlias"
            | "UpdateAlias"
            | "DisableKeyRotation"
            | "EnableKey"
            | "DisableKey"
            | "UpdateKeyDescription"
            | "CancelKeyDeletion"
            | "UntagResource",
        )
        | (
            "logs",
            "AssociateKmsKey"
            | "PutRetentionPolicy"
            | "PutSubscriptionFilter"
            | "PutMetricFilter"
            | "DeleteMetricFilter"
            | "DescribeMetricFilters"
            | "DescribeSubscriptionFilters"
            | "ListTagsForResource"
            | "TagResource"
            | "UntagResource",
        ) => (operation, 5, 5),
        ("kms", "TagResource") | ("logs", "CreateLogGroup" | "DeleteLogGroup" | "DescribeLogGroups") => {
            (operation, 10, 10)
        }
        ("kms", "DeleteAlias" | "PutKeyPolicy" | "EnableKeyRotation" | "ScheduleKeyDeletion") => {
            (operation, 15, 15)
        }
        ("kms", "CreateGrant" | "RevokeGrant") => (operation, 50, 50),
        ("kms", "ListGrants") | ("sns", "Subscribe") => (operation, 100, 100),
        ("kms", "ListKeys" | "ListAliases") => (operation, 500, 500),
        ("kms", "GetKeyPolicy" | "GetKeyRotationStatus") => (operation, 1000, 1000),
        ("kms", "DescribeKey" | "ListResourceTags") => (operation, 2000, 2000),
        ("cloudwatch", "DescribeAlarms") => (operation, 9, 9),
        ("cloudwatch", "PutMetricAlarm" | "DeleteAlarms") => (operation, 3, 3),
        ("sns", "TagResource" | "UntagResource" | "ListTagsForResource") => ("sns tags", 10, 10),
        ("sns", "ListSubscriptionsByTopic") => (operation, 30, 30),
        ("sts", _) => ("sts", 600, 600),
        _ => return None,
    };
    Some(Rate { group, per_second, burst })
}

/// The token buckets of all accounts, Regions and groups of calls.
#[derive(Debug, Default)]
pub(super) struct TokenBuckets(HashMap<[String; 3], TokenBucket>);

/// A token bucket of an account, a Region and a group of calls.
#[derive(Debug)]
struct TokenBucket {
    /// The number of tokens, in billionths of a call.
    tokens: u128,
    /// The time at which the tokens were counted.
    at: Duration,
}

impl TokenBuckets {
    /// Takes a token for a call at the time `now`. Returns whether there was a token. Calls without
    /// a documented rate need no token.
    pub(super) fn take(
        &mut self,
        (account, region): (&str, &str),
        operation: &str,
        is_mutating: bool,
        now: Duration,
    ) -> bool {
        const CALL: u128 = 1_000_000_000;

        let Some(rate) = rate(operation, is_mutating) else { return true };
        let full = u128::from(rate.burst).saturating_mul(CALL);
        let place = [account, region, rate.group].map(str::to_owned);
        let bucket = self.0.entry(place).or_insert(TokenBucket { tokens: full, at: now });
        let passed = now.saturating_sub(bucket.at).as_nanos();
        let tokens =
            passed.saturating_mul(u128::from(rate.per_second)).saturating_add(bucket.tokens).min(full);
        let left = tokens.checked_sub(CALL);
        *bucket = TokenBucket { tokens: left.unwrap_or(tokens), at: now.max(bucket.at) };
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A documented rate, and the operations that AWS counts together.
    #[derive(serde::Deserialize)]
    struct Documented {
        operations: Vec<String>,
        per_second: u32,
        burst: u32,
    }

    #[derive(serde::Deserialize)]
    struct Page {
        rates: Vec<Documented>,
    }

    #[test]
    fn every_rate_is_the_documented_one() {
        let page = include_str!("../../../operations/models/rates.json");
        let Page { rates } = serde_json::from_str(page).unwrap();
        let mut groups = Vec::new();
        for documented in &rates {
            let of = |operation: &String| {
                let (_, name) = operation.split_once(':').unwrap();
                let is_read = ["Get", "Describe", "List", "Lookup"].iter().any(|verb| name.starts_with(verb));
                let rate = rate(operation, !is_read).unwrap_or_else(|| panic!("{operation}"));
                assert_eq!(
                    (rate.per_second, rate.burst),
                    (documented.per_second, documented.burst),
                    "{operation}"
                );
                rate.group.to_owned()
            };
            let group: std::collections::BTreeSet<String> = documented.operations.iter().map(of).collect();
            assert_eq!(group.len(), 1, "{:?}", documented.operations);
            groups.extend(group);
        }
        let all = groups.len();
        groups.sort();
        groups.dedup();
        assert_eq!(groups.len(), all, "operations that AWS does not count together share a rate");
    }

    #[test]
    fn a_burst_can_come_at_once() {
        let mut buckets = TokenBuckets::default();
        let mut lists = |seconds: u64| {
            let now = Duration::from_secs(seconds);
            let take = |buckets: &mut TokenBuckets| {
                buckets.take(("1", "us-east-1"), "organizations:ListAccounts", false, now)
            };
            (0..20).filter(|_| take(&mut buckets)).count()
        };
        assert_eq!((lists(0), lists(1)), (12, 8));
    }

    #[test]
    fn a_rate_is_kept_per_account_and_region() {
        let mut buckets = TokenBuckets::default();
        let mut take = |account: &str, region: &str, operation: &str, is_mutating, tenths: u64| {
            buckets.take((account, region), operation, is_mutating, Duration::from_millis(tenths * 100))
        };
        assert!(take("1", "eu", "cloudtrail:CreateTrail", true, 0));
        assert!(!take("1", "eu", "cloudtrail:StartLogging", true, 5), "trails are written once a second");
        assert!(take("2", "eu", "cloudtrail:StartLogging", true, 5));
        assert!(take("1", "us", "cloudtrail:StartLogging", true, 5));
        assert!(take("1", "eu", "cloudtrail:StartLogging", true, 10));
        assert!(!take("1", "eu", "cloudtrail:StartLogging", true, 11));
        let reads = (0..20).filter(|_| take("1", "eu", "cloudtrail:GetTrailStatus", false, 11)).count();
        assert_eq!(reads, 10);
        assert!(take("1", "eu", "cloudtrail:ListTags", false, 12), "a tenth of a second is one read");
        assert!((0..2000).all(|_| take("1", "eu", "s3:PutBucketPolicy", true, 12)), "S3 documents no rate");
    }
}
