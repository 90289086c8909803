//! Folds equal items in many accounts into one item.

use std::collections::HashMap;

use reconcile_text::count;

/// The minimum number of items that are folded.
const FOLDED: usize = 3;

/// Groups items with equal likeness, in their order. Each group is at the position of its first
/// item, and contains one item or at least [`FOLDED`] items.
pub(crate) fn fold<T>(items: &[T], likeness: impl Fn(&T) -> String) -> Vec<Vec<&T>> {
    let likenesses: Vec<String> = items.iter().map(likeness).collect();
    let mut same: HashMap<&str, Vec<&T>> = HashMap::new();
    for (item, likeness) in items.iter().zip(&likenesses) {
        same.entry(likeness).or_default().push(item);
    }
    let mut groups = Vec::new();
    for (item, likeness) in items.iter().zip(&likenesses) {
        match same.get(likeness.as_str()) {
            Some(alike) if alike.len() >= FOLDED => groups.extend(same.remove(likeness.as_str())),
            Some(_) => groups.push(vec![item]),
            // The item is already in the group of its first equal item.
            None => {}
        }
    }
    groups
}

/// Returns the address of resources of the same kind and name in a number of accounts.
pub(crate) fn address(address: &str, accounts: usize) -> String {
    match accounts {
        1 => address.to_owned(),
        number => format!("{} in {}", in_every_account(address), count(number, "account")),
    }
}

/// Returns the address with `*` in place of the account.
pub(crate) fn in_every_account(address: &str) -> String {
    let mut elements = address.splitn(3, '/');
    let (kind, name) = (elements.next().unwrap_or_default(), elements.nth(1));
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    format!("{kind}/*{name}")
}

/// Returns the first few names, and the number of the others.
pub(crate) fn few(all: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<String> = all.collect();
    match all.get(..SHOWN) {
        Some(shown) if all.len() > SHOWN => {
            format!("{}, … and {} more", shown.join(", "), all.len() - SHOWN)
        }
        _ => all.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_at_the_position_of_its_first_item_and_two_are_no_group() {
        for (items, expected) in [
            ("", ""),
            ("a b a", "a | b | a"),
            ("a b a c a", "a a a | b | c"),
            ("b a b a b a", "b b b | a a a"),
        ] {
            let items: Vec<&str> = items.split_whitespace().collect();
            let groups = fold(&items, |item| (*item).to_owned());
            let groups: Vec<String> =
                groups.iter().map(|it| it.iter().map(|it| **it).collect::<Vec<_>>().join(" ")).collect();
            assert_eq!(groups.join(" | "), expected);
        }
    }

    #[test]
    fn a_folded_address_has_no_account() {
        for (given, accounts, expected) in [
            ("trail/m1/Trail", 1, "trail/m1/Trail"),
            ("trail/m1/Trail", 400, "trail/*/Trail in 400 accounts"),
            ("log_group/m1/aws/trail", 3, "log_group/*/aws/trail in 3 accounts"),
            ("account/m1", 3, "account/* in 3 accounts"),
        ] {
            assert_eq!(address(given, accounts), expected);
        }
    }
}
