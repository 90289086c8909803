//! Splits lists into pages, for the services whose tokens are texts.
//!
//! A token names the last entry of the previous page. The cost of a page therefore depends only on
//! its own entries, and no entry is lost if the list changes between two pages.

use std::ops::Bound;

use serde_json::Value;

/// The start of a token. AWS does not document the form of its tokens.
const PREFIX: &str = "after:";

/// A token that does not belong to any page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UnknownToken;

/// Returns the start of the page that a token names: after a key, or at the first entry without a
/// token.
pub(super) fn start(token: Option<&str>) -> Result<(Bound<&str>, Bound<&str>), UnknownToken> {
    let after = match token {
        Some(token) => Bound::Excluded(token.strip_prefix(PREFIX).ok_or(UnknownToken)?),
        None => Bound::Unbounded,
    };
    Ok((after, Bound::Unbounded))
}

/// Returns the first entries of a list, at most `limit`, and the token of the next page if there is
/// a next page.
pub(super) fn page<K: AsRef<str> + Copy, T>(
    entries: impl IntoIterator<Item = (K, T)>,
    limit: usize,
    mut show: impl FnMut(K, T) -> Value,
) -> (Vec<Value>, Option<String>) {
    let mut entries = entries.into_iter();
    let mut last = None;
    let items = entries.by_ref().take(limit).map(|(key, value)| {
        last = Some(key);
        show(key, value)
    });
    let items = items.collect();
    let next = entries.next().and(last).map(|key| format!("{PREFIX}{}", key.as_ref()));
    (items, next)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn list() -> BTreeMap<String, u32> {
        (0..1_000).map(|number| (format!("{number:04}"), number)).collect()
    }

    /// Returns all pages of a list, and the number of entries that were read for each page.
    fn pages(mut list: BTreeMap<String, u32>, removed: Option<&str>) -> (Vec<Value>, Vec<usize>) {
        let (mut all, mut looked, mut token) = (Vec::new(), Vec::new(), None::<String>);
        loop {
            let count = Cell::new(0);
            let entries = list.range::<str, _>(start(token.as_deref()).unwrap());
            let entries = entries.inspect(|_| count.set(count.get() + 1));
            let (items, next) = page(entries, 20, |_, number| json!(number));
            all.extend(items);
            looked.push(count.get());
            match next {
                Some(next) => token = Some(next),
                None => return (all, looked),
            }
            if let Some(removed) = removed {
                list.remove(removed);
            }
        }
    }

    #[test]
    fn the_cost_of_a_page_depends_on_its_entries_only() {
        let (all, looked) = pages(list(), None);
        assert_eq!(all.len(), 1_000);
        assert_eq!(looked.len(), 50);
        assert!(looked.iter().all(|count| *count <= 21), "{looked:?}");
    }

    #[test]
    fn a_removed_entry_hides_no_other() {
        let (all, _) = pages(list(), Some("0019"));
        assert_eq!(all.len(), 1_000, "the entry was on the first page, before it was removed");
    }

    #[test]
    fn only_tokens_of_pages_are_accepted() {
        assert_eq!(start(Some("20")), Err(UnknownToken));
        assert_eq!(start(Some("after:20")), Ok((Bound::Excluded("20"), Bound::Unbounded)));
    }
}
