//! Locations of objects, and the names that CloudTrail gives to objects.
//!
//! See "CloudTrail digest file structure" and "Finding your CloudTrail log files" in the CloudTrail
//! user guide.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use reconcile_policy::{AccountId, Region};
use serde::{Deserialize, Serialize};

/// The location of an object: its bucket and its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectLocation {
    /// The name of the bucket.
    pub bucket: String,
    /// The key of the object.
    pub key: String,
}

impl fmt::Display for ObjectLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// The folder of a bucket into which a trail delivers: `[prefix/]AWSLogs/[organization/]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root {
    bucket: String,
    folder: String,
}

impl Root {
    /// Returns the folder of a trail. Only an organization trail has the ID of the organization.
    pub fn new(bucket: &str, prefix: Option<&str>, organization: Option<&str>) -> Self {
        let mut folder = String::new();
        if let Some(prefix) = prefix {
            folder = format!("{prefix}/");
        }
        folder.push_str("AWSLogs/");
        if let Some(organization) = organization {
            folder.push_str(organization);
            folder.push('/');
        }
        Self { bucket: bucket.to_owned(), folder }
    }

    /// Returns the folder in which a digest of an account was delivered.
    pub(crate) fn from_digest(place: &ObjectLocation, account: &AccountId) -> Option<Self> {
        let end = place.key.find(&format!("{account}/{DIGESTS}/"))?;
        Some(Self { bucket: place.bucket.clone(), folder: place.key.get(..end)?.to_owned() })
    }

    /// The name of the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The folder that contains one folder for each account. It ends with a slash.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The folder of an account, which contains one folder for each kind of file. It ends with a
    /// slash.
    pub fn account_folder(&self, account: &AccountId) -> String {
        format!("{}{account}/", self.folder)
    }

    /// The folder of the digests of an account, which contains one folder for each Region. It ends
    /// with a slash.
    pub fn digests(&self, account: &AccountId) -> String {
        format!("{}{account}/{DIGESTS}/", self.folder)
    }

    pub(crate) fn place(&self, key: String) -> ObjectLocation {
        ObjectLocation { bucket: self.bucket.clone(), key }
    }
}

/// The name of the folder of digests.
pub(crate) const DIGESTS: &str = "CloudTrail-Digest";

/// The kind of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DigestKind {
    /// The digest of an hour.
    Hourly,
    /// A digest that was delivered later, for log files that the digest of their hour does not
    /// name. See "Backfill digest files" in "CloudTrail digest file structure".
    Backfill,
}

/// The identity of a chain of digests: every trail has one of each kind in each account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId {
    /// The account of the logged events.
    pub account: AccountId,
    /// The Region of the logged events.
    pub region: Region,
    /// The name of the trail.
    pub trail: String,
    /// The home Region of the trail.
    pub home: Region,
    /// The kind of the digests.
    pub kind: DigestKind,
}

impl ChainId {
    /// The key of the digest of this chain that ends at a time.
    pub fn key(&self, root: &Root, end: Timestamp) -> String {
        let Self { account, region, trail, home, kind } = self;
        let suffix = match kind {
            DigestKind::Hourly => "",
            DigestKind::Backfill => BACKFILL,
        };
        format!(
            "{}{region}/{}/{account}_{DIGESTS}_{region}_{trail}_{home}_{}{suffix}{ENDING}",
            root.digests(account),
            day(end),
            end.strftime("%Y%m%dT%H%M%SZ"),
        )
    }

    /// Returns the chain and the end of a digest, from its key; `None` if CloudTrail does not name
    /// digests of the account and Region like this.
    pub fn parse(account: &AccountId, region: &Region, key: &str) -> Option<(Self, Timestamp)> {
        let name = key.rsplit('/').next()?.strip_suffix(ENDING)?;
        let (name, kind) = match name.strip_suffix(BACKFILL) {
            Some(name) => (name, DigestKind::Backfill),
            None => (name, DigestKind::Hourly),
        };
        let name = name.strip_prefix(&format!("{account}_{DIGESTS}_{region}_"))?;
        // The name of a trail can contain underscores; Regions and times cannot.
        let (name, end) = name.rsplit_once('_')?;
        let (trail, home) = name.rsplit_once('_')?;
        let chain = Self {
            account: account.clone(),
            region: region.clone(),
            trail: trail.to_owned(),
            home: home.parse().ok()?,
            kind,
        };
        Some((chain, compact_time(end, 6)?))
    }
}

const BACKFILL: &str = "_backfill";
const ENDING: &str = ".json.gz";

/// The folders of a day: `2026/01/31`.
pub(crate) fn day(time: Timestamp) -> String {
    time.strftime("%Y/%m/%d").to_string()
}

/// Returns the time in the key of a log file, which is the minute of its newest event.
pub(crate) fn log_time(key: &str) -> Option<Timestamp> {
    let name = key.rsplit('/').next()?.strip_suffix(ENDING)?;
    let (name, _) = name.rsplit_once('_')?;
    compact_time(name.rsplit_once('_')?.1, 4)
}

/// Parses a time such as `20260131T0405Z` or `20260131T040506Z`, with the given number of digits
/// after the `T`.
fn compact_time(text: &str, digits: usize) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let is_number = |text: &str, length| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(date, 8) || !is_number(time, digits) {
        return None;
    }
    text.parse().ok()
}

/// A time some hours later or, with a negative number, earlier. A time out of range becomes the
/// last or the first possible time.
pub(crate) fn hours(time: Timestamp, hours: i64) -> Timestamp {
    minutes(time, hours.saturating_mul(60))
}

/// A time some minutes later or, with a negative number, earlier. A time out of range becomes the
/// last or the first possible time.
pub(crate) fn minutes(time: Timestamp, minutes: i64) -> Timestamp {
    let duration = SignedDuration::from_mins(minutes);
    time.checked_add(duration).unwrap_or(if minutes < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-2/2015/08/17/111122223333_CloudTrail-\
         Digest_us-east-2_your-trail-name_us-east-2_20150817T150131Z.json.gz";

    fn parse(key: &str) -> Option<(ChainId, Timestamp)> {
        ChainId::parse(&"111122223333".parse().unwrap(), &"us-east-2".parse().unwrap(), key)
    }

    #[test]
    fn the_documented_key_of_a_digest_is_read_and_written() {
        let (chain, end) = parse(DOCUMENTED).unwrap();
        assert_eq!((&*chain.trail, chain.kind), ("your-trail-name", DigestKind::Hourly));
        assert_eq!(end, "2015-08-17T15:01:31Z".parse().unwrap());
        assert_eq!(chain.key(&Root::new("logs", None, None), end), DOCUMENTED);
    }

    #[test]
    fn a_backfill_digest_and_a_trail_with_underscores_are_read() {
        let key = DOCUMENTED.replace("your-trail-name", "a_b_c").replace(".json", "_backfill.json");
        let (chain, end) = parse(&key).unwrap();
        assert_eq!((&*chain.trail, chain.kind), ("a_b_c", DigestKind::Backfill));
        assert_eq!(chain.key(&Root::new("logs", None, None), end), key);
    }

    #[test]
    fn other_names_are_no_digests() {
        let wrong = [
            String::new(),
            DOCUMENTED.replace("T15", "T25"),
            DOCUMENTED.replace("0131Z", "01Z"),
            DOCUMENTED.replace(".gz", ""),
            DOCUMENTED.replace("/111122223333_", "/444455556666_"),
            DOCUMENTED.replace("_us-east-2_", "_"),
        ];
        for key in wrong {
            assert_eq!(parse(&key), None, "{key}");
        }
    }

    #[test]
    fn the_folder_has_the_prefix_and_the_organization() {
        let account = "111122223333".parse().unwrap();
        let root = Root::new("logs", Some("a/b"), Some("o-abcdefghij"));
        assert_eq!(root.digests(&account), "a/b/AWSLogs/o-abcdefghij/111122223333/CloudTrail-Digest/");
        let place = root.place(format!("{}us-east-2/x", root.digests(&account)));
        assert_eq!(Root::from_digest(&place, &account), Some(root));
    }

    #[test]
    fn a_log_file_has_the_minute_of_its_newest_event() {
        let key = "AWSLogs/1/CloudTrail/us-east-2/2015/08/17/1_CloudTrail_us-east-2_20150817T1445Z_9nYN7gp2eWAJHIfT.json.gz";
        assert_eq!(log_time(key), Some("2015-08-17T14:45:00Z".parse().unwrap()));
        assert_eq!(log_time("AWSLogs/1/readme.txt"), None);
    }
}
