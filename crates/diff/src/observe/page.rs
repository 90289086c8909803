//! Reads all pages of a listing.

use std::collections::HashSet;

use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};

/// The position after a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// The end of the listing.
    End,
    /// The page with this token.
    Page(String),
    /// There is another page, but the answer does not contain its token.
    Lost,
}

impl Next {
    /// Returns the position after a page whose answer has a flag for another page in addition to
    /// the token.
    pub(crate) fn truncated(is_truncated: bool, token: Option<String>) -> Self {
        match (is_truncated, Self::from(token)) {
            (false, _) => Self::End,
            (true, Self::End) => Self::Lost,
            (true, next) => next,
        }
    }
}

impl From<Option<String>> for Next {
    /// An empty token ends the listing, as in the paginators of the AWS SDKs.
    fn from(token: Option<String>) -> Self {
        token.filter(|token| !token.is_empty()).map_or(Self::End, Self::Page)
    }
}

/// The reason to stop a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Endless {
    #[error("the list does not end: the answer has the token of a page that was already read")]
    Repeated,
    #[error(
        "the list is incomplete: the answer says that more pages follow, but has no token for the next page"
    )]
    Lost,
    #[error("the list is too long: it has more than {} pages or {} items", Pages::MOST, Pages::MOST_ITEMS)]
    TooLong,
}

/// The pages of a listing that were already read.
#[derive(Debug, Default)]
struct Pages {
    tokens: HashSet<String>,
    items: usize,
}

impl Pages {
    /// The maximum number of pages. No listing has more: the largest listings are 10,000 accounts
    /// in pages of 20, and 100,000 keys in pages of 100.
    const MOST: usize = 10_000;
    const MOST_ITEMS: usize = 1_000_000;

    /// Returns the token of the next page, after a page with this number of items; `None` at the
    /// end.
    fn turn(&mut self, items: usize, next: Next) -> Result<Option<String>, Endless> {
        self.items += items;
        let token = match next {
            Next::End => return Ok(None),
            Next::Lost => return Err(Endless::Lost),
            Next::Page(token) => token,
        };
        if !self.tokens.insert(token.clone()) {
            return Err(Endless::Repeated);
        }
        if self.tokens.len() >= Self::MOST || self.items > Self::MOST_ITEMS {
            return Err(Endless::TooLong);
        }
        Ok(Some(token))
    }
}

/// Reads everything that an operation lists. `page` accepts a token, and returns the items of that
/// page and the position after it. A page can be empty without being the last page.
///
/// # Errors
/// Returns the error of `page`, or an error if the listing is incomplete or does not end.
pub(crate) async fn all<T, N, E, F>(
    session: &Session,
    operation: Operation,
    page: impl FnMut(Option<String>) -> F,
) -> Result<Vec<T>, E>
where
    N: Into<Next>,
    E: From<Error>,
    F: Future<Output = Result<(Vec<T>, N), E>>,
{
    let mut listed = Vec::new();
    let take = |items| {
        listed.extend(items);
        true
    };
    each(session, operation, page, take).await?;
    Ok(listed)
}

/// Reads the pages of a listing as [`all`] does, until `take` returns `false` for a page.
///
/// # Errors
/// Returns the same errors as [`all`].
pub(crate) async fn each<T, N, E, F>(
    session: &Session,
    operation: Operation,
    mut page: impl FnMut(Option<String>) -> F,
    mut take: impl FnMut(Vec<T>) -> bool,
) -> Result<(), E>
where
    N: Into<Next>,
    E: From<Error>,
    F: Future<Output = Result<(Vec<T>, N), E>>,
{
    let (mut pages, mut token) = (Pages::default(), None);
    loop {
        // Boxed, because the future of a request is large.
        let (items, next) = Box::pin(page(token)).await?;
        let turned = pages.turn(items.len(), next.into());
        if !take(items) {
            return Ok(());
        }
        token = turned.map_err(|endless| session.implausible(operation, &endless.to_string()))?;
        if token.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(token: &str) -> Next {
        Next::from(Some(token.to_owned()))
    }

    #[test]
    fn a_listing_ends_with_the_page_that_has_no_token() {
        let mut pages = Pages::default();
        assert_eq!(pages.turn(1, next("a")), Ok(Some("a".to_owned())));
        assert_eq!(pages.turn(0, next("b")), Ok(Some("b".to_owned())), "an empty page is not the end");
        assert_eq!(pages.turn(2, Next::from(None)), Ok(None));
        assert_eq!(Pages::default().turn(0, next("")), Ok(None), "an empty token is none");
    }

    #[test]
    fn a_token_that_comes_again_ends_the_listing_with_an_error() {
        let mut pages = Pages::default();
        for token in ["a", "b", "c"] {
            assert_eq!(pages.turn(1, next(token)), Ok(Some(token.to_owned())));
        }
        assert_eq!(pages.turn(1, next("a")), Err(Endless::Repeated));
    }

    #[test]
    fn a_listing_of_more_pages_or_items_than_aws_has_ends_with_an_error() {
        let mut pages = Pages::default();
        let mut turns = (0..).map(|page: usize| pages.turn(0, next(&page.to_string())));
        assert_eq!(turns.position(|turn| turn == Err(Endless::TooLong)), Some(Pages::MOST - 1));
        assert_eq!(Pages::default().turn(Pages::MOST_ITEMS + 1, next("a")), Err(Endless::TooLong));
    }

    #[test]
    fn a_page_that_is_not_the_last_has_a_token() {
        for (is_truncated, token, expected) in [
            (false, None, Ok(None)),
            (false, Some("a"), Ok(None)),
            (true, Some("a"), Ok(Some("a".to_owned()))),
            (true, None, Err(Endless::Lost)),
            (true, Some(""), Err(Endless::Lost)),
        ] {
            let next = Next::truncated(is_truncated, token.map(str::to_owned));
            assert_eq!(Pages::default().turn(1, next), expected, "{is_truncated} {token:?}");
        }
    }
}
