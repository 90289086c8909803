//! Checks the rules of tags that are not in the service models.
//!
//! See "Tag naming limits and requirements" in the guide to tagging AWS resources.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::Fault;

/// The maximum number of tags of a resource, not counting tags of AWS.
pub(super) const LIMIT: usize = 50;

/// The errors of a service for invalid tags.
pub(super) struct Faults {
    /// The code for a reserved key, and for a repeated key.
    pub(super) invalid: &'static str,
    /// The code for too many tags, with its status.
    pub(super) too_many: (u16, &'static str),
}

/// Returns whether AWS reserves the key for its own tags.
pub(super) fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

/// Rejects tags that a resource with `live` tags cannot have.
pub(super) fn check<'t>(
    live: &BTreeMap<String, String>,
    keys: impl Iterator<Item = &'t str>,
    faults: &Faults,
) -> Result<(), Fault> {
    let mut new = BTreeSet::new();
    for key in keys {
        if is_reserved(key) {
            let message = format!("Tag keys cannot begin with 'aws:', which is reserved: {key}");
            return Err(Fault::bad(faults.invalid, message));
        }
        if !new.insert(key) {
            return Err(Fault::bad(faults.invalid, format!("Duplicate tag keys found: {key}")));
        }
    }
    let kept = live.keys().filter(|key| !is_reserved(key) && !new.contains(key.as_str())).count();
    if kept.saturating_add(new.len()) > LIMIT {
        let (status, code) = faults.too_many;
        return Err(Fault::new(status, code, format!("A resource can have at most {LIMIT} tags.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tags of a resource, the keys of a request, and the answer.
    type Row<'r> = (BTreeMap<String, String>, &'r [&'r str], Result<(), &'r str>);

    #[test]
    fn a_resource_has_at_most_50_tags_and_none_of_aws() {
        let faults = Faults { invalid: "Invalid", too_many: (409, "TooMany") };
        let names: Vec<String> = (0..51).map(|number| format!("tag{number}")).collect();
        let live = |count: usize| names.iter().take(count).map(|it| (it.clone(), String::new())).collect();
        let of_aws: BTreeMap<String, String> = [("aws:stack".to_owned(), String::new())].into();
        let table: [Row<'_>; 8] = [
            (live(0), &[], Ok(())),
            (live(49), &["tag50"], Ok(())),
            (live(50), &["tag0"], Ok(())),
            (live(50), &["tag50"], Err("TooMany")),
            (live(49).into_iter().chain(of_aws).collect(), &["tag50"], Ok(())),
            (live(0), &["aws:x"], Err("Invalid")),
            (live(0), &["AWS:x"], Err("Invalid")),
            (live(0), &["a", "a"], Err("Invalid")),
        ];
        for (live, keys, expected) in table {
            let result = check(&live, keys.iter().copied(), &faults).map_err(|fault| fault.code);
            assert_eq!(result, expected, "{} tags and {keys:?}", live.len());
        }
    }
}
