//! Calls that fail, whoever makes them.

use crate::fault::Fault;

/// Calls of an operation that are answered with an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Service and operation, as in [`Call::operation`](crate::Call::operation): `kms:CreateKey`.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The error code.
    pub code: &'static str,
    /// The message.
    pub message: &'static str,
    /// How many calls are answered so.
    pub times: usize,
    /// Whether the call takes effect all the same, as where the answer is lost on its way.
    pub takes_effect: bool,
}

impl Failure {
    /// The answer to the next call of an operation, if it fails.
    pub(crate) fn next(failures: &mut [Self], operation: &str) -> Option<(Fault, bool)> {
        let failure = failures.iter_mut().find(|it| it.operation == operation && it.times > 0)?;
        failure.times -= 1;
        Some((Fault::new(failure.status, failure.code, failure.message), failure.takes_effect))
    }
}
