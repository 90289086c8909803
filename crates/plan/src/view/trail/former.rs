//! Reads and writes the tags in which a trail records its earlier log group, role and topic.
//!
//! When a trail gets another destination, the earlier destination remains until `apply` deletes it.
//! Nothing else references the earlier destination, and `apply` can be interrupted in between.
//! Therefore, `apply` tags the trail first: every machine can read the tag, and the tag exists as
//! long as the trail. The tag is kept, and has no effect after the destination is deleted.

use reconcile_policy::Arn;
use reconcile_spec::{FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG};

use crate::view::Tags;

/// The characters besides letters and digits that CloudTrail accepts in the value of a tag.
const MARKS: &str = " _.:/=+-@";

/// The maximum number of characters in the value of a tag. See "Tag" in the CloudTrail API
/// reference.
const LENGTH: usize = 256;

const KEYS: [&str; 3] = [FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG];

/// Returns the destinations that the tags of a trail name.
pub(crate) fn read(tags: &Tags) -> impl Iterator<Item = Arn> {
    KEYS.into_iter().filter_map(|key| tags.0.get(key)?.parse().ok())
}

/// Returns whether a key is the key of one of these tags.
pub(crate) fn is_key(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Returns the tags that record these destinations. A destination whose ARN is not a valid tag
/// value cannot be recorded: the ARN is too long, or contains a character such as `#` or `,`.
pub(crate) fn tags(left: impl Iterator<Item = Arn>) -> Tags {
    left.filter_map(|arn| {
        let key = match arn.service() {
            "logs" => FORMER_LOG_GROUP_TAG,
            "iam" => FORMER_ROLE_TAG,
            "sns" => FORMER_TOPIC_TAG,
            _ => return None,
        };
        let value = arn.as_str();
        let fits =
            value.len() <= LENGTH && value.chars().all(|c| c.is_ascii_alphanumeric() || MARKS.contains(c));
        fits.then(|| (key.to_owned(), value.to_owned()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_what_a_tag_can_hold() {
        let long = "x".repeat(220);
        for (arn, expected) in [
            ("arn:aws:logs:eu-west-1:111111111111:log-group:aws/events", Some("reconcile:former-log-group")),
            ("arn:aws:logs:eu-west-1:111111111111:log-group:a#b", None),
            (&format!("arn:aws:logs:eu-west-1:111111111111:log-group:{long}"), None),
            ("arn:aws:iam::111111111111:role/path/R@b", Some("reconcile:former-role")),
            ("arn:aws:iam::111111111111:role/a,b", None),
            ("arn:aws:sns:eu-west-1:111111111111:files", Some("reconcile:former-topic")),
            ("arn:aws:s3:::logs", None),
        ] {
            let arn: Arn = arn.parse().unwrap();
            let tags = tags(std::iter::once(arn.clone()));
            assert_eq!(tags.0.keys().next().map(String::as_str), expected, "{arn}");
            assert_eq!(read(&tags).next(), expected.map(|_| arn));
        }
    }
}
