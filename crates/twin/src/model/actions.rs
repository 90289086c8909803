//! Contains the actions and condition keys of S3, for bucket policies.
//!
//! `models/actions.json` is extracted from "Actions, resources, and condition keys for Amazon S3"
//! in the Service Authorization Reference.

use std::sync::OnceLock;

use serde::Deserialize;

/// The actions and condition keys of S3.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Actions {
    /// The actions on buckets.
    bucket: Vec<String>,
    /// The actions on objects.
    object: Vec<String>,
    /// The actions on other resources, which no bucket policy allows.
    other: Vec<String>,
    /// The condition keys. A key that ends in `/` is a prefix.
    condition_keys: Vec<String>,
}

/// The kinds of resources of the actions that match a pattern.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) bucket: bool,
    pub(crate) object: bool,
    pub(crate) other: bool,
}

impl Actions {
    /// The actions of S3.
    pub(crate) fn s3() -> &'static Self {
        static ACTIONS: OnceLock<Actions> = OnceLock::new();
        // A test parses the file, too, so it is always valid.
        ACTIONS.get_or_init(|| {
            serde_json::from_str(include_str!("../../models/actions.json")).unwrap_or_default()
        })
    }

    /// Returns the kinds of resources of the actions that match a name, without its service. The
    /// name can have wildcards, and is case-insensitive.
    pub(crate) fn levels(&self, name: &str) -> Levels {
        let pattern = name.to_ascii_lowercase();
        let any = |actions: &[String]| {
            actions.iter().any(|it| is_match(pattern.as_bytes(), it.to_ascii_lowercase().as_bytes()))
        };
        Levels { bucket: any(&self.bucket), object: any(&self.object), other: any(&self.other) }
    }

    /// Returns whether S3 has a condition key, case-insensitively.
    pub(crate) fn has_condition_key(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.condition_keys.iter().map(|key| key.to_ascii_lowercase()).any(|key| match key.ends_with('/') {
            true => name.starts_with(&key),
            false => name == key,
        })
    }
}

/// Returns whether a text matches a pattern with `*` and `?`.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) if is_match(rest, text) => true,
        (Some((b'*', _)), Some((_, text))) => is_match(pattern, text),
        (Some((b'?', rest)), Some((_, text))) => is_match(rest, text),
        (Some((byte, rest)), Some((first, text))) if byte == first => is_match(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_by_pattern_and_in_any_case() {
        for (name, (bucket, object, other)) in [
            ("GetObject", (false, true, false)),
            ("getobject*", (false, true, false)),
            ("ListBucket", (true, false, false)),
            ("*", (true, true, true)),
            ("Get?bject", (false, true, false)),
            ("ListAllMyBuckets", (false, false, true)),
            ("HeadObject", (false, false, false)),
        ] {
            assert_eq!(Actions::s3().levels(name), Levels { bucket, object, other }, "{name}");
        }
    }

    #[test]
    fn condition_keys_with_a_tag_have_any_name() {
        for (name, is_key) in [
            ("s3:x-amz-acl", true),
            ("S3:X-Amz-Acl", true),
            ("s3:ExistingObjectTag/team", true),
            ("s3:x-amz-acll", false),
        ] {
            assert_eq!(Actions::s3().has_condition_key(name), is_key, "{name}");
        }
    }
}
