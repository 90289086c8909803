//! Reads settings that only some specs manage.

/// Reads a setting if `is_asked` is true. Otherwise, returns `None` without a call.
pub(super) async fn when<T, E>(
    is_asked: bool,
    read: impl Future<Output = Result<T, E>>,
) -> Result<Option<T>, E> {
    if is_asked { read.await.map(Some) } else { Ok(None) }
}
