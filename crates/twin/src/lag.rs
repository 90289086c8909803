//! Changes that show late, as those of the eventually consistent services of AWS do.
//!
//! See "Amazon S3 data consistency model" in the S3 user guide for bucket configurations, "AWS KMS eventual consistency" in the
//! KMS developer guide, and "Changes that I make are not always immediately visible" in the IAM user guide.

use std::collections::HashMap;

use crate::request::Request;
use crate::services::{self, Answer};
use crate::state::State;

/// How late an operation sees a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    /// Service and operation, as in [`Call::operation`](crate::Call::operation): `s3:GetBucketPolicy`. `*` is every read. A write is
    /// refused as long as it would have been refused before the change.
    pub operation: String,
    /// How many calls about the same thing are answered as before the last change of the answer.
    pub calls: usize,
}

/// The lags with what was there before each change.
#[derive(Default)]
pub(crate) struct Lags {
    lags: Vec<Lag>,
    /// The state before each change since the lags were set.
    past: Vec<State>,
    /// How many reads of a thing were answered as before a change.
    late: HashMap<(String, usize), usize>,
}

impl Lags {
    pub(crate) fn new(lags: Vec<Lag>) -> Self {
        Self { lags, ..Self::default() }
    }

    /// Whether changes are to be remembered.
    pub(crate) fn is_on(&self) -> bool {
        !self.lags.is_empty()
    }

    /// Remembers the state before a change.
    pub(crate) fn changed(&mut self, before: State) {
        self.past.push(before);
    }

    /// The answer to a read as it was before the last change of it, as long as that change shows late.
    pub(crate) fn answer(&mut self, request: &Request, answer: Answer) -> Answer {
        self.before(request, &answer, is_same).unwrap_or(answer)
    }

    /// The refusal of a write that would have been refused before a change, as long as that change shows late.
    pub(crate) fn refusal(&mut self, request: &Request, answer: &Answer) -> Option<Answer> {
        // Only what is named is refused: a write of a thing that does not exist yet is refused as well.
        let is_named = self.lags.iter().any(|lag| lag.operation == answer.operation);
        let is_accepted = answer.error.is_none();
        let is_no_refusal = |before: &Answer, _: &Answer| before.error.is_none();
        if is_named && is_accepted { self.before(request, answer, is_no_refusal) } else { None }
    }

    /// The answer before the last change that makes a difference, unless that many calls were answered so.
    fn before(
        &mut self,
        request: &Request,
        answer: &Answer,
        is_no_difference: impl Fn(&Answer, &Answer) -> bool,
    ) -> Option<Answer> {
        let is_meant = |lag: &&Lag| lag.operation == answer.operation || lag.operation == "*";
        let calls = self.lags.iter().find(is_meant)?.calls;
        let thing = format!(
            "{} {} {} {} {:?} {:?}",
            request.account().unwrap_or_default(),
            request.scope.region,
            answer.operation,
            request.path,
            request.query,
            request.body
        );
        for (number, past) in self.past.iter().enumerate().rev() {
            let before = services::answer(&mut past.clone(), request);
            if is_no_difference(&before, answer) {
                continue;
            }
            let late = self.late.entry((thing, number)).or_default();
            *late += 1;
            return (*late <= calls).then_some(before);
        }
        None
    }
}

fn is_same(a: &Answer, b: &Answer) -> bool {
    a.response.status() == b.response.status() && a.response.body() == b.response.body()
}
