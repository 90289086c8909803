//! Tells an absent resource from an error.

use reconcile_aws::Session;
use reconcile_operations::Error;

/// Returns `None` for the error that a resource does not exist, and every other error unchanged.
pub(super) fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes an answer that is not in the form of AWS as an absent setting, if the endpoint is an
/// emulator of the user: moto answers so for settings that it does not know. From AWS, such an
/// answer is an error.
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
