//! Numbers and lists in sentences.

use std::fmt::Display;

/// Returns a number with its noun: `1 account`, `2 accounts`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// Returns a noun in the form that follows a number: `account`, `accounts`.
pub fn plural(number: usize, noun: &str) -> String {
    if number == 1 { noun.to_owned() } else { format!("{noun}s") }
}

/// Returns a list in a sentence: `a`, `a and b`, `a, b and c`. A list of more than `most` items
/// names the first ones and counts the others: `a, b and 4 more`.
pub fn listed(items: &[impl Display], most: usize) -> String {
    let (shown, rest) = items.split_at_checked(most).unwrap_or((items, &[]));
    let mut texts: Vec<String> = shown.iter().map(ToString::to_string).collect();
    let last = if rest.is_empty() { texts.pop() } else { Some(format!("{} more", rest.len())) };
    match (texts.as_slice(), last) {
        ([], last) => last.unwrap_or_default(),
        (first, last) => format!("{} and {}", first.join(", "), last.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_agrees_with_its_number() {
        assert_eq!([0, 1, 2].map(|number| count(number, "trail")), ["0 trails", "1 trail", "2 trails"]);
        assert_eq!([0, 1, 2].map(|number| plural(number, "trail")), ["trails", "trail", "trails"]);
    }

    #[test]
    fn a_long_list_names_the_first_items() {
        let items = ["a", "b", "c", "d"];
        for (length, most, expected) in [
            (0, 3, ""),
            (1, 3, "a"),
            (2, 3, "a and b"),
            (3, 3, "a, b and c"),
            (4, 3, "a, b, c and 1 more"),
            (3, 1, "a and 2 more"),
            (4, 9, "a, b, c and d"),
        ] {
            assert_eq!(listed(&items[..length], most), expected);
        }
    }
}
