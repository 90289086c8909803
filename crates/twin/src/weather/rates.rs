//! The rates of requests that AWS documents, as token buckets.

use std::collections::HashMap;
use std::time::Duration;

/// Calls that share a rate, and the rate in calls per second. A second's worth may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    group: &'static str,
    per_second: u32,
}

/// See "Service quotas" under "AWS CloudTrail endpoints and quotas" in the AWS General Reference, "Request quotas" in the KMS
/// developer guide, "CloudWatch Logs quotas" in the CloudWatch Logs user guide, `TagResource` in the SNS API reference, and
/// "IAM and AWS STS quotas" in the IAM user guide. S3 and IAM document none for what this twin does.
fn rate(operation: &str, is_mutating: bool) -> Option<Rate> {
    let (service, name) = operation.split_once(':')?;
    let (group, per_second) = match (service, name) {
        ("cloudtrail", _) if is_mutating => ("cloudtrail writes", 1),
        ("cloudtrail", _) => ("cloudtrail reads", 10),
        ("kms", "CreateKey") => ("kms:CreateKey", 5),
        ("kms", "ReplicateKey") => ("kms:ReplicateKey", 5),
        ("kms", "CreateAlias") => ("kms:CreateAlias", 5),
        ("kms", "UpdateAlias") => ("kms:UpdateAlias", 5),
        ("kms", "DeleteAlias") => ("kms:DeleteAlias", 15),
        ("kms", "CreateGrant") => ("kms:CreateGrant", 50),
        ("kms", "ListGrants") => ("kms:ListGrants", 100),
        ("kms", "RevokeGrant") => ("kms:RevokeGrant", 30),
        ("kms", "PutKeyPolicy") => ("kms:PutKeyPolicy", 15),
        ("kms", "EnableKeyRotation") => ("kms:EnableKeyRotation", 15),
        ("kms", "DisableKeyRotation") => ("kms:DisableKeyRotation", 5),
        ("kms", "EnableKey") => ("kms:EnableKey", 5),
        ("kms", "DisableKey") => ("kms:DisableKey", 5),
        ("kms", "UpdateKeyDescription") => ("kms:UpdateKeyDescription", 5),
        ("kms", "ScheduleKeyDeletion") => ("kms:ScheduleKeyDeletion", 15),
        ("kms", "CancelKeyDeletion") => ("kms:CancelKeyDeletion", 5),
        ("kms", "TagResource") => ("kms:TagResource", 10),
        ("kms", "UntagResource") => ("kms:UntagResource", 5),
        ("kms", "ListKeys") => ("kms:ListKeys", 500),
        ("kms", "ListAliases") => ("kms:ListAliases", 500),
        ("kms", _) if !is_mutating => ("kms reads", 1000),
        ("logs", "CreateLogGroup") => ("logs:CreateLogGroup", 10),
        ("logs", "DeleteLogGroup") => ("logs:DeleteLogGroup", 10),
        ("logs", "DescribeLogGroups") => ("logs:DescribeLogGroups", 10),
        ("logs", "PutRetentionPolicy") => ("logs:PutRetentionPolicy", 10),
        ("logs", "PutSubscriptionFilter") => ("logs:PutSubscriptionFilter", 5),
        ("logs", "DescribeSubscriptionFilters") => ("logs:DescribeSubscriptionFilters", 5),
        ("sns", "TagResource" | "UntagResource" | "ListTagsForResource") => ("sns tags", 10),
        ("sns", "Subscribe") => ("sns:Subscribe", 100),
        ("sns", "ListSubscriptionsByTopic") => ("sns:ListSubscriptionsByTopic", 30),
        ("sts", _) => ("sts", 600),
        _ => return None,
    };
    Some(Rate { group, per_second })
}

/// The buckets of all accounts, Regions and groups of calls.
#[derive(Debug, Default)]
pub(super) struct Buckets(HashMap<(String, String, &'static str), Bucket>);

#[derive(Debug)]
struct Bucket {
    /// In billionths of a call.
    tokens: u128,
    /// When the tokens were counted.
    at: Duration,
}

impl Buckets {
    /// Takes a token for a call at the time `now`, and returns whether there was one. Calls without a documented rate need none.
    pub(super) fn take(
        &mut self,
        (account, region): (&str, &str),
        operation: &str,
        is_mutating: bool,
        now: Duration,
    ) -> bool {
        const CALL: u128 = 1_000_000_000;

        let Some(rate) = rate(operation, is_mutating) else { return true };
        let full = u128::from(rate.per_second).saturating_mul(CALL);
        let place = (account.to_owned(), region.to_owned(), rate.group);
        let bucket = self.0.entry(place).or_insert(Bucket { tokens: full, at: now });
        let passed = now.saturating_sub(bucket.at).as_nanos();
        let tokens =
            passed.saturating_mul(u128::from(rate.per_second)).saturating_add(bucket.tokens).min(full);
        let left = tokens.checked_sub(CALL);
        *bucket = Bucket { tokens: left.unwrap_or(tokens), at: now.max(bucket.at) };
        left.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_per_account_and_region() {
        let mut buckets = Buckets::default();
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
