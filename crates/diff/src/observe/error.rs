//! Absent is an answer; every other error is one.

/// Turns "there is none" into `None`, and leaves every other error one.
pub(super) fn found<T>(
    result: Result<T, reconcile_operations::Error>,
) -> Result<Option<T>, reconcile_operations::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}
