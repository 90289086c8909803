//! Reads and writes the tags in which a trail records the log group, role and topic that it had
//! before.
//!
//! A trail that gets another destination leaves the earlier one behind until the apply deletes
//! that. Nothing else leads to the earlier destination, and an apply can be killed in between. So
//! the trail is tagged first: the tag is a memory that every machine sees, and that lasts for as
//! long as the trail. The tag stays, and is of no account once the resource is gone.

use reconcile_policy::Arn;
use reconcile_spec::{FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG};

use crate::view::Tags;

/// The characters that CloudTrail accepts in a value of a tag besides letters and digits.
const MARKS: &str = " _.:/=+-@";

/// The most characters of a value. See "Tag" in the CloudTrail API reference.
const LENGTH: usize = 256;

const KEYS: [&str; 3] = [FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG];

/// Returns the destinations that the tags of a trail name.
pub(crate) fn read(tags: &Tags) -> impl Iterator<Item = Arn> {
    KEYS.into_iter().filter_map(|key| tags.0.get(key)?.parse().ok())
}

/// Whether a key is one of a record.
pub(crate) fn is_key(key: &str) -> bool {
    KEYS.contains(&key)
}

/// Returns the tags that record these destinations. One whose ARN is no value of a tag cannot be
/// recorded: its name is too long or has a `#` or `,`.
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
