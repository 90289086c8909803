//! Parses the names in a spec. Each type holds only values that AWS or this program accepts.

use std::fmt;
use std::str::FromStr;

use reconcile_policy::{AccountId, NameError, Region};
use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name!(
    /// The name of an installation. The Sids, grant names and tags that mark managed resources
    /// derive from it.
    ///
    /// A digit cannot follow a hyphen: `log-2a` and `log2a` would have the same Sids.
    SpecName,
    "a spec name (2 to 32 of a-z, 0-9 and -, from a letter to a letter or digit, no digit after a hyphen)",
    |text| {
        let bytes = text.as_bytes();
        (2..=32).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            && bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.last().is_some_and(|b| *b != b'-')
            && !bytes.windows(2).any(|pair| pair[0] == b'-' && !pair[1].is_ascii_lowercase())
    }
);

name!(
    /// The name of an account in the spec, and part of addresses.
    AccountName,
    "an account name (1 to 64 of a-z, A-Z, 0-9, `-`, `_` and `.`, from a letter or digit)",
    |text| {
        (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
    }
);

name!(
    /// The name of a bucket. See "General purpose bucket naming rules" in the S3 user guide.
    BucketName,
    "a bucket name (3 to 63 of a-z, 0-9, `-` and `.`, from and to a letter or digit, no IP address)",
    |text| {
        let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        (3..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
            && is_edge(text.bytes().next())
            && is_edge(text.bytes().last())
            && !text.contains("..")
            && text.parse::<std::net::Ipv4Addr>().is_err()
            && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| text.starts_with(prefix))
            && !["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|end| text.ends_with(end))
    }
);

name!(
    /// The name of a trail. See "Naming requirements for CloudTrail resources, S3 buckets, and KMS
    /// keys".
    TrailName,
    "a trail name (3 to 128 letters, digits, `.`, `_` and `-`, no two of these together, no IP address)",
    |text| {
        let is_separator = |b: &u8| matches!(b, b'.' | b'_' | b'-');
        let is_edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        (3..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || is_separator(&b))
            && is_edge(text.bytes().next())
            && is_edge(text.bytes().last())
            && !text.as_bytes().windows(2).any(|pair| pair.iter().all(is_separator))
            && text.parse::<std::net::Ipv4Addr>().is_err()
    }
);

name!(
    /// An alias of a key, without `alias/`. See `CreateAlias` in the KMS API reference.
    AliasName,
    "a key alias (without `alias/`: 1 to 250 letters, digits, `/`, `_` and `-`, not beginning with `aws/`)",
    |text| {
        (1..=250).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-'))
            && !text.starts_with("aws/")
            && !text.starts_with("alias/")
    }
);

name!(
    /// The name of a log group. See `CreateLogGroup` in the CloudWatch Logs API reference.
    LogGroupName,
    "a log group name (1 to 512 letters, digits and `_-/.#`, not beginning with `aws/`)",
    |text| {
        (1..=512).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b))
            && !text.starts_with("aws/")
    }
);

name!(
    /// The name of a role. See `CreateRole` in the IAM API reference.
    RoleName,
    "a role name (1 to 64 letters, digits and `+=,.@_-`)",
    |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b))
);

name!(
    /// The name of a role, after its path if the role has one: `audit/Reader`. See `CreateRole` in
    /// the IAM API reference: a path has up to 512 printable characters.
    RolePath,
    "a role name (1 to 64 letters, digits and `+=,.@_-`, after the path if the role has one)",
    |text| {
        let (path, name) = match text.rsplit_once('/') {
            Some((path, name)) => (Some(path), name),
            None => (None, text),
        };
        let is_path = |path: &str| {
            path.len() <= 510
                && path.bytes().all(|b| b.is_ascii_graphic())
                && path.split('/').all(|part| !part.is_empty())
        };
        name.parse::<RoleName>().is_ok() && path.is_none_or(is_path) && !text.starts_with("arn:")
    }
);

name!(
    /// The name of an IAM managed policy, optionally with a path: `boundaries/Logs`. See
    /// `CreatePolicy` in the IAM API reference.
    PolicyName,
    "the name of a managed policy, such as `LogsBoundary` or `boundaries/LogsBoundary`",
    |text| {
        let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
        let is_word = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
        (1..=128).contains(&name.len())
            && name.bytes().all(is_word)
            && text.len() <= 512
            && !text.starts_with('/')
            && path.bytes().all(|b| b.is_ascii_graphic() && !b"*?:".contains(&b))
    }
);

name!(
    /// The name of a topic. CloudTrail does not accept FIFO topics. See `CreateTopic` in the SNS
    /// API reference.
    TopicName,
    "a topic name (1 to 256 letters, digits, `-` and `_`)",
    |text| {
        (1..=256).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    }
);

impl BucketName {
    /// The account and the Region of the namespace of the name: `logs-111122223333-us-east-1-an`.
    /// `None` for a name of the global namespace.
    ///
    /// See "Namespaces for general purpose buckets" in the S3 user guide.
    pub fn namespace(&self) -> Option<(AccountId, Region)> {
        let name = self.0.strip_suffix("-an")?;
        let mut namespaces = name.match_indices('-').filter_map(|(at, _)| {
            let (account, region) = name.get(at + 1..)?.split_once('-')?;
            Some((account.parse().ok()?, region.parse().ok()?))
        });
        namespaces.next_back()
    }
}

impl AliasName {
    /// The name in the form of KMS: `alias/secprod-cloudtrail`.
    pub fn with_prefix(&self) -> String {
        format!("alias/{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text:?}");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_bucket_name_determines_its_namespace() {
        let namespace = |name: &str| name.parse::<BucketName>().unwrap().namespace();
        let found = namespace("audit-logs-111122223333-us-gov-west-1-an").unwrap();
        assert_eq!((found.0.as_str(), found.1.as_str()), ("111122223333", "us-gov-west-1"));
        let last = namespace("a-999999999999-eu-west-1-111122223333-us-east-1-an").unwrap();
        assert_eq!((last.0.as_str(), last.1.as_str()), ("111122223333", "us-east-1"));
        for global in ["logs", "logs-an", "logs-111122223333-us-east-1", "logs-1111-us-east-1-an"] {
            assert_eq!(namespace(global), None, "{global}");
        }
    }

    #[test]
    fn names_follow_the_rules_of_their_services() {
        check::<SpecName>(
            &["ab", "secprod", "log-archive", "a1"],
            &["", "a", "1a", "a-", "a--b", "A1", "log-2a"],
        );
        check::<AccountName>(&["master", "Prod_1", "0"], &["", "a b", "a/b", "-a", "é"]);
        check::<BucketName>(
            &["abc", "a.b-c", "0a0"],
            &["ab", "Abc", "-abc", "abc-", "a..b", "1.2.3.4", "a_b", "xn--abc", "abc-s3alias"],
        );
        check::<TrailName>(
            &["SecurityTrail", "a-b", "A.1"],
            &["ab", "a b", "a--b", "a._b", "-ab", "ab.", "10.0.0.1", "käse"],
        );
        check::<LogGroupName>(&["aws-logs", "/cloudtrail/a.b#1"], &["", "aws/x", "a b", "a:b"]);
        check::<RoleName>(&["CloudTrail_Logs", "a+=,.@-"], &["", "a/b", "a b"]);
        check::<RolePath>(
            &["Audit", "audit/a/Reader"],
            &["", "/Audit", "a//b", "a b/Audit", "arn:aws:iam::1:role/a"],
        );
        check::<PolicyName>(
            &["Logs", "boundaries/Logs", "a/b/c+=,.@_-"],
            &["", "a b", "a/", "/a", "a/*/b", "arn:aws:iam::aws:policy/Logs"],
        );
        check::<TopicName>(&["log-files_1"], &["", "a.fifo", "a b"]);
        check::<AliasName>(&["secprod-cloudtrail", "a/b_c"], &["", "aws/s3", "alias/x", "a b", "a:b"]);
    }
}
