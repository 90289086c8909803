//! Tells an absent resource from an error.

/// Returns `None` for the error that a resource does not exist, and every other error unchanged.
pub(super) fn found<T>(
    result: Result<T, reconcile_operations::Error>,
) -> Result<Option<T>, reconcile_operations::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}
