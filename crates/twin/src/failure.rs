//! Makes calls fail, regardless of the caller.

use crate::fault::Fault;

/// Calls of an operation that the twin answers with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectedFailure {
    /// Service and operation, as in [`Call::operation`](crate::Call::operation): `kms:CreateKey`.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub code: &'static str,
    /// The message.
    pub message: &'static str,
    /// The number of calls that fail.
    pub times: usize,
    /// Whether the call still takes effect, as if only its answer were lost.
    pub takes_effect: bool,
}

impl InjectedFailure {
    /// Returns the error of the next call of an operation, if the call fails.
    pub(crate) fn next(failures: &mut [Self], operation: &str) -> Option<(Fault, bool)> {
        let failure = failures.iter_mut().find(|it| it.operation == operation && it.times > 0)?;
        failure.times -= 1;
        Some((Fault::new(failure.status, failure.code, failure.message), failure.takes_effect))
    }
}
