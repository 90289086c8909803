//! Reads listings to their end.

/// Everything that is listed. `page` gives what is on the page of a token, and the token of the next one; a page may be empty
/// and not the last.
///
/// # Errors
/// Whatever `page` answered.
pub(super) async fn all<T, E, F>(mut page: impl FnMut(Option<String>) -> F) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), E>>,
{
    let (mut listed, mut token) = (Vec::new(), None);
    loop {
        let (items, next) = page(token).await?;
        listed.extend(items);
        if next.is_none() {
            return Ok(listed);
        }
        token = next;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::ready;

    use super::*;

    #[test]
    fn an_empty_page_is_not_the_end() {
        let mut asked = Vec::new();
        let listed = all(|token: Option<String>| {
            asked.push(token.clone());
            ready(Ok::<_, ()>(match token.as_deref() {
                None => (vec![1], Some("a".to_owned())),
                Some("a") => (Vec::new(), Some("b".to_owned())),
                Some(_) => (vec![2, 3], None),
            }))
        });
        assert_eq!(listed.now_or_never(), Some(Ok(vec![1, 2, 3])));
        assert_eq!(asked, [None, Some("a".to_owned()), Some("b".to_owned())]);
        let denied = all(|_| ready(Err::<(Vec<u8>, _), _>("denied")));
        assert_eq!(denied.now_or_never(), Some(Err("denied")));
    }
}
