//! The rates of calls that AWS documents, and the token buckets that keep calls below them.
//!
//! A throttled call costs a call and a pause. A call that waits for its turn costs neither.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reconcile_operations::Operation;
use reconcile_policy::{AccountId, Region};
use tokio::time::{Instant, sleep};

/// The operations that AWS counts together, for each account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Counter {
    /// Get, describe and list operations of CloudTrail.
    CloudTrailReads,
    /// All other operations of CloudTrail.
    CloudTrailWrites,
    /// Operations of SNS on tags.
    TopicTags,
    /// Operations of STS.
    Sts,
    /// One operation.
    Of(Operation),
}

/// The number of calls that AWS accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// The operations that are counted together.
    counter: Counter,
    /// The number of calls a second, on average.
    per_second: u32,
    /// The number of calls at once, after a time without calls.
    burst: u32,
}

/// Returns the documented rate of an operation, if a run can reach the rate.
///
/// - CloudTrail: "Quotas in AWS CloudTrail" in the CloudTrail user guide, and `LookupEvents` in the
///   CloudTrail API reference. The service quotas of CloudTrail list each operation separately, and
///   the user guide lists two groups. The rates of the groups are below both.
/// - Organizations: "Throttling limits" under "Quotas and service limits" in the Organizations user
///   guide, per account.
/// - KMS: "Request quotas" in the KMS developer guide. Reads have 100 calls a second and more,
///   which no run reaches.
/// - CloudWatch Logs: "CloudWatch Logs quotas" in the CloudWatch Logs user guide.
/// - CloudWatch: "CloudWatch service quotas" in the CloudWatch user guide.
/// - SNS: `TagResource` and `ListSubscriptionsByTopic` in the SNS API reference.
/// - STS: "IAM and AWS STS quotas" in the IAM user guide. The rate holds for the account that makes
///   the calls.
///
/// IAM, S3 and all other operations of SNS have no row, because their documentation gives no rate
/// for the operations that are called here. Throttled calls are retried. `models/rates.json` of
/// `reconcile-operations` contains the documented rates; tests compare this table and the embedded
/// AWS with them.
pub(crate) fn rate(operation: Operation) -> Option<Rate> {
    use Operation as Op;

    let (counter, per_second, burst) = match operation {
        Op::DescribeTrails
        | Op::ListTrails
        | Op::GetTrailStatus
        | Op::GetEventSelectors
        | Op::ListTags
        | Op::GetInsightSelectors
        | Op::GetEventConfiguration
        | Op::ListPublicKeys => (Counter::CloudTrailReads, 10, 10),
        Op::CreateTrail
        | Op::UpdateTrail
        | Op::DeleteTrail
        | Op::PutEventSelectors
        | Op::PutInsightSelectors
        | Op::PutEventConfiguration
        | Op::AddTags
        | Op::StartLogging
        | Op::StopLogging
        | Op::RegisterDelegatedAdministrator => (Counter::CloudTrailWrites, 1, 1),

        Op::LookupEvents => (Counter::Of(operation), 2, 2),

        // The same operation under another name.
        Op::DescribeOrganization | Op::DescribeOwnOrganization => {
            (Counter::Of(Op::DescribeOrganization), 1, 2)
        }
        Op::ListAccounts => (Counter::Of(operation), 8, 12),
        Op::ListOrganizationalUnitsForParent
        | Op::ListAccountsForParent
        | Op::ListDelegatedAdministrators => (Counter::Of(operation), 5, 8),
        Op::ListAccountTags => (Counter::Of(operation), 10, 15),
        Op::ListServiceAccess => (Counter::Of(operation), 1, 3),
        Op::ListRoots | Op::EnableServiceAccess => (Counter::Of(operation), 1, 2),

        Op::CreateKey
        | Op::CreateAlias
        | Op::UpdateKeyDescription
        | Op::DisableKeyRotation
        | Op::AssociateKmsKey
        | Op::PutRetentionPolicy
        | Op::DescribeSubscriptionFilters
        | Op::ListLogGroupTags
        | Op::TagLogGroup
        | Op::DescribeMetricFilters
        | Op::PutMetricFilter
        | Op::DeleteMetricFilter => (Counter::Of(operation), 5, 5),
        Op::DescribeAlarms => (Counter::Of(operation), 9, 9),
        Op::PutMetricAlarm | Op::DeleteAlarms => (Counter::Of(operation), 3, 3),
        Op::TagKey | Op::DescribeLogGroups | Op::CreateLogGroup | Op::DeleteLogGroup => {
            (Counter::Of(operation), 10, 10)
        }
        Op::DeleteAlias | Op::EnableKeyRotation | Op::PutKeyPolicy | Op::ScheduleKeyDeletion => {
            (Counter::Of(operation), 15, 15)
        }
        Op::CreateGrant | Op::RevokeGrant => (Counter::Of(operation), 50, 50),

        Op::TagTopic | Op::ListTopicTags => (Counter::TopicTags, 10, 10),
        Op::ListSubscriptionsByTopic => (Counter::Of(operation), 30, 30),

        Op::AssumeRole | Op::GetCallerIdentity => (Counter::Sts, 600, 600),
        _ => return None,
    };
    Some(Rate { counter, per_second, burst })
}

impl Rate {
    /// Returns the time after which one more call is possible. The time is a little longer than
    /// documented, because calls do not arrive at AWS at the intervals at which they were sent.
    fn every(self) -> Duration {
        const PERCENT: u32 = 105;

        Duration::from_secs(1) * PERCENT / 100 / self.per_second
    }
}

/// A token bucket. All its times are counted from the same moment.
#[derive(Debug, Clone, Copy, Default)]
struct TokenBucket {
    /// The time at which the bucket is full again.
    full: Duration,
}

impl TokenBucket {
    /// Takes a token. Returns the time to wait before the call.
    fn take(&mut self, rate: Rate, now: Duration) -> Duration {
        let every = rate.every();
        let full = self.full.max(now);
        self.full = full + every;
        full.saturating_sub(every * rate.burst.saturating_sub(1)).saturating_sub(now)
    }
}

/// The token buckets of all accounts and Regions.
#[derive(Debug)]
pub(crate) struct Limiter {
    start: Instant,
    buckets: Mutex<HashMap<RateKey, TokenBucket>>,
}

/// The key of a count: the account (`None` for the account of the ambient credentials), the Region,
/// and the operations that are counted together.
type RateKey = (Option<AccountId>, Option<Region>, Counter);

impl Limiter {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), buckets: Mutex::default() }
    }

    /// Waits for the turn of a call.
    pub(crate) async fn turn(&self, account: Option<AccountId>, region: Option<Region>, rate: Rate) {
        let wait = self.take(account, region, rate);
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }

    fn take(&self, account: Option<AccountId>, region: Option<Region>, rate: Rate) -> Duration {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((account, region, rate.counter)).or_default();
        bucket.take(rate, self.start.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_through_and_then_keeps_the_rate() {
        let of = |per_second, burst| Rate { counter: Counter::Sts, per_second, burst };
        let millis = Duration::from_millis;
        for (rate, moments, waits) in [
            (of(1, 1), [0, 0, 0, 0], [0, 1050, 2100, 3150]),
            (of(1, 1), [0, 1050, 2000, 9000], [0, 0, 100, 0]),
            (of(1, 2), [0, 0, 0, 5000], [0, 0, 1050, 0]),
            (of(10, 3), [0, 0, 0, 0], [0, 0, 0, 105]),
            (of(10, 3), [0, 0, 0, 50], [0, 0, 0, 55]),
            (of(5, 2), [1000, 1000, 1000, 1210], [0, 0, 210, 210]),
        ] {
            let mut bucket = TokenBucket::default();
            let found = moments.map(|moment| bucket.take(rate, millis(moment)));
            assert_eq!(found, waits.map(millis), "{rate:?} {moments:?}");
        }
    }

    #[test]
    fn in_any_second_a_bucket_lets_at_most_a_burst_and_the_rate_through() {
        for operation in Operation::ALL {
            let Some(rate) = rate(*operation) else { continue };
            let mut bucket = TokenBucket::default();
            // A call arrives every millisecond for three seconds.
            let moments = (0..3000).map(Duration::from_millis);
            let mut sent: Vec<Duration> = moments.map(|now| now + bucket.take(rate, now)).collect();
            sent.sort();
            for (index, first) in sent.iter().enumerate() {
                let within = sent[index..].iter().take_while(|it| **it < *first + Duration::from_secs(1));
                let most = rate.burst + rate.per_second;
                assert!(within.count() <= usize::try_from(most).unwrap(), "{operation:?} {first:?}");
            }
        }
    }

    #[test]
    fn operations_that_aws_counts_together_share_a_bucket() {
        let of = |operation| rate(operation).map(|it| (it.counter, it.per_second, it.burst));
        for (a, b) in [
            (Operation::CreateTrail, Operation::StartLogging),
            (Operation::DescribeTrails, Operation::GetEventSelectors),
            (Operation::DescribeOrganization, Operation::DescribeOwnOrganization),
        ] {
            assert_eq!(of(a), of(b));
        }
        assert_ne!(of(Operation::CreateTrail), of(Operation::DescribeTrails));
        assert_ne!(of(Operation::CreateKey), of(Operation::CreateAlias));
    }

    #[test]
    fn every_operation_keeps_to_its_documented_rate() {
        /// The lowest rate that no run reaches for one operation in one account and Region.
        const UNREACHED: u64 = 100;
        // The IAM actions of these services have the names of their operations.

        let page: Value = serde_json::from_str(include_str!("../../operations/models/rates.json")).unwrap();
        let counters: HashMap<String, Counter> = Operation::ALL
            .iter()
            .filter_map(|operation| Some((operation.action().to_owned(), rate(*operation)?.counter)))
            .collect();
        for operation in Operation::ALL {
            let is_of =
                |it: &&Value| it["operations"].as_array().unwrap().iter().any(|it| *it == operation.action());
            let documented = page["rates"].as_array().unwrap().iter().find(is_of);
            match (rate(*operation), documented) {
                (Some(rate), Some(documented)) => {
                    let found = [rate.per_second, rate.burst].map(u64::from);
                    let expected = ["per_second", "burst"].map(|it| documented[it].as_u64().unwrap());
                    assert_eq!(found, expected, "{operation:?}");
                    let others = documented["operations"].as_array().unwrap().iter();
                    for other in others.filter_map(|other| counters.get(other.as_str().unwrap())) {
                        assert_eq!(*other, rate.counter, "{operation:?}");
                    }
                }
                (None, Some(documented)) => {
                    assert!(documented["per_second"].as_u64().unwrap() >= UNREACHED, "{operation:?}");
                }
                (Some(_), None) => panic!("models/rates.json lacks {operation:?}"),
                (None, None) => {
                    let service = operation.action().split(':').next().unwrap_or_default();
                    assert!(!matches!(service, "cloudtrail" | "organizations" | "sts"), "{operation:?}");
                }
            }
        }
    }

    #[test]
    fn accounts_and_regions_do_not_wait_for_each_other() {
        let limiter = Limiter::new();
        let [a, b]: [AccountId; 2] = ["111111111111", "222222222222"].map(|id| id.parse().unwrap());
        let rate = rate(Operation::CreateTrail).unwrap();
        let waits = [(&a, "us-east-1"), (&b, "us-east-1"), (&a, "eu-west-1"), (&a, "us-east-1")].map(
            |(account, region)| limiter.take(Some(account.clone()), region.parse().ok(), rate).is_zero(),
        );
        assert_eq!(waits, [true, true, true, false]);
    }
}
