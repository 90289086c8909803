//! Classifies the members of lists by their account.

use std::collections::BTreeMap;

use super::SOURCE_ACCOUNT_VARIABLE;
use crate::names::is_account_id;

/// The start of the log files in a bucket, below the prefix of the trail.
const LOGS: &str = "AWSLogs/";

/// The folder of the log files in a bucket, below the prefix of the trail.
pub fn logs_folder(prefix: Option<&str>) -> String {
    prefix.map_or_else(|| LOGS.to_owned(), |prefix| format!("{prefix}/{LOGS}"))
}

/// The owner of a member of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner<'t> {
    /// An account.
    Account(&'t str),
    /// The accounts of an organization: only a trail of the management account writes there.
    Organization(&'t str),
    /// No single account.
    Open,
}

impl<'t> Owner<'t> {
    pub(super) fn of_account(text: &'t str) -> Self {
        if is_account_id(text) { Self::Account(text) } else { Self::Open }
    }

    /// Returns the owner of a resource: the account of
    /// `arn:aws:s3:::bucket/prefix/AWSLogs/111111111111/*`, or the organization of
    /// `…/AWSLogs/o-exampleorgid/*`.
    pub(super) fn of_resource(resource: &'t str) -> Self {
        let Some(folder) = split_at_logs(resource).and_then(|(_, below)| below.split('/').next()) else {
            return Self::Open;
        };
        // Account ids have 12 digits, so `AWSLogs/111111111111*` is also the folder of one account.
        let name = folder.trim_end_matches('*');
        match name.strip_prefix("o-") {
            Some(_) if name == folder => Self::Organization(name),
            _ => Self::of_account(name),
        }
    }

    /// The account, if it is known.
    pub(super) fn account(self, managers: &'t BTreeMap<String, String>) -> Option<&'t str> {
        match self {
            Self::Account(id) => Some(id),
            Self::Organization(id) => managers.get(id).map(String::as_str),
            Self::Open => None,
        }
    }
}

/// Returns whether a resource is in the folder of one account or one organization.
pub(crate) fn is_of_one_owner(resource: &str) -> bool {
    Owner::of_resource(resource) != Owner::Open
}

/// Replaces `${aws:SourceAccount}` or `*` in a resource by the folder of one account.
pub(super) fn for_account(resource: &str, account: &str) -> Option<String> {
    let (above, folder, rest) = around_folder(resource)?;
    (folder == "*" || folder == SOURCE_ACCOUNT_VARIABLE).then(|| format!("{above}{account}/{rest}"))
}

/// Replaces a `*` in a resource, which includes the folders of accounts, by the folders of
/// organizations.
pub(super) fn for_organizations(resource: &str) -> Option<String> {
    let (above, folder, rest) = around_folder(resource)?;
    (folder == "*").then(|| format!("{above}o-*/{rest}"))
}

/// The parts of a resource above, in and below the folder of the owner.
fn around_folder(resource: &str) -> Option<(&str, &str, &str)> {
    let (above, below) = split_at_logs(resource)?;
    let (folder, rest) = below.split_once('/').unwrap_or((below, "*"));
    Some((above, folder, rest))
}

/// Replaces the folder of the account in a resource by the variable.
pub(super) fn for_each_account(resource: &str, account: &str) -> Option<String> {
    let (above, below) = split_at_logs(resource)?;
    let rest = below.strip_prefix(account)?.strip_prefix('/')?;
    Some(format!("{above}{SOURCE_ACCOUNT_VARIABLE}/{rest}"))
}

/// Splits a resource after its `AWSLogs/`.
fn split_at_logs(resource: &str) -> Option<(&str, &str)> {
    let key = resource.contains(":s3:").then(|| resource.find('/')).flatten()? + 1;
    let at = match resource.get(key..)?.starts_with(LOGS) {
        true => key,
        false => key + resource.get(key..)?.find(&format!("/{LOGS}"))? + 1,
    };
    resource.split_at_checked(at + LOGS.len())
}

/// Returns whether a resource can match the objects of a bucket. A resource that is not an ARN of
/// S3 can match anything.
pub(super) fn is_of_objects(resource: &str) -> bool {
    resource.contains(['/', '*']) || !resource.contains(":s3:")
}

/// Returns whether a resource can match a bucket.
pub(super) fn is_of_bucket(resource: &str) -> bool {
    !resource.contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_below_the_logs_names_the_owner() {
        for (resource, expected) in [
            ("arn:aws:s3:::b/AWSLogs/111111111111/*", Owner::Account("111111111111")),
            ("arn:aws:s3:::b/a/b/AWSLogs/111111111111/CloudTrail/*", Owner::Account("111111111111")),
            ("arn:aws:s3:::b/AWSLogs/111111111111*", Owner::Account("111111111111")),
            ("arn:aws:s3:::b/AWSLogs/o-abc/*", Owner::Organization("o-abc")),
            ("arn:aws:s3:::b/AWSLogs/o-*", Owner::Open),
            ("arn:aws:s3:::b/AWSLogs/*", Owner::Open),
            ("arn:aws:s3:::b/AWSLogs/${aws:SourceAccount}/*", Owner::Open),
            ("arn:aws:s3:::b/NoAWSLogs/111111111111/*", Owner::Open),
            ("arn:aws:s3:::b/*", Owner::Open),
            ("arn:aws:s3:::b", Owner::Open),
            ("arn:aws:kms:us-east-1:111111111111:key/AWSLogs/111111111111", Owner::Open),
        ] {
            assert_eq!(Owner::of_resource(resource), expected, "{resource}");
        }
    }

    #[test]
    fn an_open_folder_becomes_the_folder_of_an_account() {
        let account = "111111111111";
        for (resource, expected, of_organizations_too) in [
            ("b/AWSLogs/*", Some("b/AWSLogs/111111111111/*"), Some("b/AWSLogs/o-*/*")),
            ("b/x/AWSLogs/*/y/*", Some("b/x/AWSLogs/111111111111/y/*"), Some("b/x/AWSLogs/o-*/y/*")),
            ("b/AWSLogs/${aws:SourceAccount}/*", Some("b/AWSLogs/111111111111/*"), None),
            ("b/AWSLogs/111111111111/*", None, None),
            ("b/*", None, None),
        ] {
            let arn = |text: &str| format!("arn:aws:s3:::{text}");
            assert_eq!(for_account(&arn(resource), account), expected.map(arn), "{resource}");
            assert_eq!(for_organizations(&arn(resource)), of_organizations_too.map(arn), "{resource}");
        }
        let own = for_each_account("arn:aws:s3:::b/AWSLogs/111111111111/*", account);
        assert_eq!(own.as_deref(), Some("arn:aws:s3:::b/AWSLogs/${aws:SourceAccount}/*"));
        assert_eq!(for_each_account("arn:aws:s3:::b/AWSLogs/222222222222/*", account), None);
    }
}
