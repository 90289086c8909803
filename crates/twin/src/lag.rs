//! Shows changes late, like the eventually consistent services of AWS.
//!
//! See "Amazon S3 data consistency model" in the S3 user guide for bucket configurations, "AWS KMS
//! eventual consistency" in the KMS developer guide, and "Changes that I make are not always
//! immediately visible" in the IAM user guide.

use std::collections::HashMap;

use crate::answer::Answer;
use crate::request::Request;
use crate::services;
use crate::state::State;

/// The delay with which an operation sees a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// Service and operation, as in [`Call::operation`](crate::Call::operation):
    /// `s3:GetBucketPolicy`. `*` means every read. A write is rejected as long as it would have
    /// been rejected before the change.
    pub operation: String,
    /// The number of calls about the same resource that still get the answer from before the last
    /// change.
    pub calls: usize,
}

/// The lags, with the states before each change.
#[derive(Default)]
pub(crate) struct Lags {
    lags: Vec<Lag>,
    /// Whether the weather needs earlier states.
    is_weather: bool,
    /// The states before each change since the lags were set.
    past: Vec<Past>,
    /// The number of reads of a resource that got an answer from before a change.
    late: HashMap<(String, usize), usize>,
}

/// The state before a change, and the account that made the change. The account is empty if no
/// account made the change.
struct Past {
    account: String,
    state: State,
}

/// The maximum age of an answer.
#[derive(Clone, Copy)]
struct Limit {
    /// The number of calls about the same resource that see one change late.
    calls: usize,
    /// The number of recent changes that can be seen late.
    changes: usize,
    /// Whether only changes by the account of the caller are seen late.
    is_own: bool,
}

impl Limit {
    /// Returns the limit of the weather: the last few changes, each for at most three calls.
    const fn for_weather(is_own: bool) -> Self {
        Self { calls: 3, changes: 12, is_own }
    }

    /// Returns the limit of a lag: any change, for this many calls.
    const fn for_calls(calls: usize) -> Self {
        Self { calls, changes: usize::MAX, is_own: false }
    }
}

impl Lags {
    /// Replaces the lags.
    pub(crate) fn set(&mut self, lags: Vec<Lag>) {
        *self = Self { lags, is_weather: self.is_weather, ..Self::default() };
    }

    /// Sets whether changes are recorded for the weather.
    pub(crate) fn remember_for_weather(&mut self, is_weather: bool) {
        *self = Self { lags: std::mem::take(&mut self.lags), is_weather, ..Self::default() };
    }

    /// Returns whether changes must be recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.is_weather || !self.lags.is_empty()
    }

    /// Records the state before a change.
    pub(crate) fn changed(&mut self, account: &str, state: State) {
        self.past.push(Past { account: account.to_owned(), state });
    }

    /// Returns the states before changes, for modification: foreign writes are never seen late.
    pub(crate) fn past(&mut self) -> impl Iterator<Item = &mut State> {
        self.past.iter_mut().map(|past| &mut past.state)
    }

    /// Returns the answer to a read from before the last change, as long as the change is seen
    /// late.
    pub(crate) fn stale(&mut self, request: &Request, answer: &Answer, is_weather: bool) -> Option<Answer> {
        let is_meant = |lag: &&Lag| lag.operation == answer.operation || lag.operation == "*";
        let lag = self.lags.iter().find(is_meant).map(|lag| Limit::for_calls(lag.calls));
        let limit = lag.or(is_weather.then_some(Limit::for_weather(true)))?;
        self.before(request, answer, limit, is_same)
    }

    /// Returns the rejection of a write that would have been rejected before a change, as long as
    /// the change is seen late.
    pub(crate) fn refusal(&mut self, request: &Request, answer: &Answer, is_weather: bool) -> Option<Answer> {
        // Only named operations are rejected. A write of a resource that does not exist yet is
        // rejected as well.
        let lag = self.lags.iter().find(|lag| lag.operation == answer.operation);
        let lag = lag.map(|lag| Limit::for_calls(lag.calls));
        let limit = lag.or(is_weather.then_some(Limit::for_weather(false)))?;
        let is_no_refusal = |before: &Answer, _: &Answer| before.error.is_none();
        if answer.error.is_none() { self.before(request, answer, limit, is_no_refusal) } else { None }
    }

    /// Returns the answer from before the last change that makes a difference, unless the maximum
    /// number of calls already got this answer.
    fn before(
        &mut self,
        request: &Request,
        answer: &Answer,
        limit: Limit,
        is_no_difference: impl Fn(&Answer, &Answer) -> bool,
    ) -> Option<Answer> {
        let account = request.account().unwrap_or_default();
        let thing = format!(
            "{account} {} {} {} {:?} {:?}",
            request.scope.region, answer.operation, request.path, request.query, request.body
        );
        let is_recent = |past: &Past| !limit.is_own || past.account.is_empty() || past.account == account;
        let recent = self.past.iter().enumerate().rev().filter(|(_, past)| is_recent(past));
        for (number, past) in recent.take(limit.changes) {
            let before = services::answer(&mut past.state.clone(), request);
            if is_no_difference(&before, answer) {
                continue;
            }
            let late = self.late.entry((thing, number)).or_default();
            *late += 1;
            return (*late <= limit.calls).then_some(before);
        }
        None
    }
}

fn is_same(a: &Answer, b: &Answer) -> bool {
    a.response.status() == b.response.status() && a.response.body() == b.response.body()
}
