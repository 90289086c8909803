//! Distinguishes an absent resource from an error.

use reconcile_aws::Session;
use reconcile_operations::Error;

/// Returns `None` if the error means that a resource does not exist, and returns every other error.
pub(super) fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the absent setting if the answer does not have the form of AWS, but only if the endpoint
/// is an emulator: moto returns such answers for settings that it does not support. If AWS returns
/// such an answer, this is an error.
pub(super) fn understood<T>(
    session: &Session,
    read: Result<T, Error>,
    absent: impl FnOnce() -> T,
) -> Result<T, Error> {
    match read {
        Err(error) if session.is_elsewhere() && error.is_unreadable_answer() => Ok(absent()),
        read => read,
    }
}
