//! The result of the validation of an object or of a range of hours.

use std::cmp::Reverse;

use jiff::Timestamp;
use reconcile_policy::Region;
use serde::{Deserialize, Serialize};

use crate::location::{DigestKind, ObjectLocation};

/// The result of a validation, from the best to the worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationOutcome {
    /// CloudTrail delivered everything that was found, and nothing is missing.
    #[default]
    Verified,
    /// Something could not be checked, so its state is unknown.
    Unknown,
    /// Something was deleted, changed or added.
    Wrong,
}

impl VerificationOutcome {
    /// The result in a word: `verified`, `unknown` or `wrong`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unknown => "unknown",
            Self::Wrong => "wrong",
        }
    }
}

/// The result of the validation of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", content = "detail", rename_all = "snake_case")]
pub enum Verdict {
    /// The object is as CloudTrail delivered it.
    Verified,
    /// A digest names the object, and the object does not exist.
    Deleted,
    /// The content is not the content that CloudTrail delivered.
    Changed,
    /// The file ends too early.
    Truncated,
    /// The file is followed by bytes that CloudTrail did not write.
    TrailingBytes,
    /// No digest names the object, although a digest covers the time at which it was delivered.
    Added,
    /// The digest is signed, but the chain does not contain the digest, or contains another version
    /// of it.
    OutOfChain,
    /// CloudTrail delivered the digest to another location.
    WrongPlace,
    /// The signature of the digest does not belong to its content.
    WrongSignature,
    /// The digest has no signature in its metadata, which CloudTrail always writes.
    NoSignature,
    /// The digest names a key that is not a key of CloudTrail in this Region at this time.
    UnknownKey,
    /// The file is not a digest.
    Malformed(String),
    /// No verified digest covers the time at which the log file was delivered.
    NotCovered,
    /// No public key of this Region and time is known.
    NoKeys,
    /// The copy of the bucket does not contain the metadata of the digest, and no later digest
    /// contains its signature.
    SignatureNotSaved,
    /// The digest has a signature or hashes of an unknown algorithm.
    UnknownAlgorithm(String),
    /// The decompressed file is larger than any file of CloudTrail.
    TooLarge,
    /// The object could not be read.
    Unreadable(String),
}

impl Verdict {
    /// The outcome of this verdict.
    pub fn outcome(&self) -> VerificationOutcome {
        match self {
            Self::Verified => VerificationOutcome::Verified,
            Self::Deleted
            | Self::Changed
            | Self::Truncated
            | Self::TrailingBytes
            | Self::Added
            | Self::OutOfChain
            | Self::WrongPlace
            | Self::WrongSignature
            | Self::NoSignature
            | Self::UnknownKey
            | Self::Malformed(_) => VerificationOutcome::Wrong,
            Self::NotCovered
            | Self::NoKeys
            | Self::SignatureNotSaved
            | Self::UnknownAlgorithm(_)
            | Self::TooLarge
            | Self::Unreadable(_) => VerificationOutcome::Unknown,
        }
    }
}

/// The kind of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// The digest of an hour.
    Digest,
    /// A digest that was delivered later.
    BackfillDigest,
    /// A log file.
    Log,
}

impl From<DigestKind> for ObjectKind {
    fn from(kind: DigestKind) -> Self {
        match kind {
            DigestKind::Hourly => Self::Digest,
            DigestKind::Backfill => Self::BackfillDigest,
        }
    }
}

/// The reason why hours have no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoleCause {
    /// The chain continues after these hours, so several digests were deleted.
    DigestsDeleted,
    /// The newest digest of a trail that logs is older than expected.
    Ended,
    /// A trail that logs has no digest at all.
    NoDigests,
    /// A new chain starts after these hours. CloudTrail starts a new chain after logging or
    /// validation was stopped; digests at the end of the old chain can have been deleted as well.
    Restarted,
    /// The first chain starts after these hours.
    NotStarted,
    /// A digest after these hours is not verified, so the state of these hours is unknown.
    Unproven,
}

impl HoleCause {
    /// The outcome for a trail that is expected to log, or for any other trail.
    pub fn outcome(self, is_expected: bool) -> VerificationOutcome {
        match self {
            Self::DigestsDeleted => VerificationOutcome::Wrong,
            Self::Ended | Self::NoDigests if is_expected => VerificationOutcome::Wrong,
            Self::Ended | Self::NoDigests | Self::Restarted | Self::NotStarted | Self::Unproven => {
                VerificationOutcome::Unknown
            }
        }
    }
}

/// Something that is wrong or could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum EvidenceFinding {
    /// An object that is not verified.
    Object {
        /// The kind of the object.
        kind: ObjectKind,
        /// The location of the object.
        #[serde(flatten)]
        place: ObjectLocation,
        /// The verdict, which is never [`Verdict::Verified`].
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// Hours without a digest.
    Hole {
        /// The name of the trail.
        trail: String,
        /// Whether the trail is expected to log.
        is_expected: bool,
        /// The start of the hours.
        from: Timestamp,
        /// The end of the hours.
        to: Timestamp,
        /// The reason.
        cause: HoleCause,
    },
    /// A folder that could not be listed.
    Unlisted {
        /// The folder.
        #[serde(flatten)]
        place: ObjectLocation,
        /// The reason.
        reason: String,
    },
    /// A Region whose public keys could not be read.
    KeysUnread {
        /// The Region.
        region: Region,
        /// The reason.
        reason: String,
    },
}

impl EvidenceFinding {
    pub(crate) fn object(kind: impl Into<ObjectKind>, place: ObjectLocation, verdict: Verdict) -> Self {
        Self::Object { kind: kind.into(), place, verdict }
    }

    /// The sort key of findings: the worst outcome first, digests before log files, and then by
    /// location.
    pub(crate) fn rank(&self) -> (Reverse<VerificationOutcome>, u8, Option<&ObjectLocation>) {
        let (kind, place) = match self {
            Self::KeysUnread { .. } => (0, None),
            Self::Unlisted { place, .. } => (0, Some(place)),
            Self::Hole { .. } => (1, None),
            Self::Object { kind: ObjectKind::Digest, place, .. } => (2, Some(place)),
            Self::Object { kind: ObjectKind::BackfillDigest, place, .. } => (3, Some(place)),
            Self::Object { kind: ObjectKind::Log, place, .. } => (4, Some(place)),
        };
        (Reverse(self.outcome()), kind, place)
    }

    /// The outcome of this finding.
    pub fn outcome(&self) -> VerificationOutcome {
        match self {
            Self::Object { verdict, .. } => verdict.outcome(),
            Self::Hole { cause, is_expected, .. } => cause.outcome(*is_expected),
            Self::Unlisted { .. } | Self::KeysUnread { .. } => VerificationOutcome::Unknown,
        }
    }

    /// The name of the finding among the findings of an account and Region. A later validation
    /// gives the finding the same name, because the name does not contain reasons, which differ
    /// between attempts, or the end of hours that last until now.
    pub fn name(&self) -> String {
        match self {
            Self::Object { place, .. } => format!("{} {place}", self.outcome().as_str()),
            Self::Hole { trail, cause: HoleCause::Ended | HoleCause::NoDigests, .. } => {
                format!("{trail} silent")
            }
            Self::Hole { trail, from, .. } => format!("{trail} from {from}"),
            Self::Unlisted { place, .. } => format!("unlisted {place}"),
            Self::KeysUnread { region, .. } => format!("keys of {region}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_keeps_its_name_while_its_reason_or_the_time_changes() {
        let place = || ObjectLocation { bucket: "logs".to_owned(), key: "a/b.json.gz".to_owned() };
        let object = |verdict| EvidenceFinding::Object { kind: ObjectKind::Log, place: place(), verdict };
        let unreadable = |reason: &str| object(Verdict::Unreadable(reason.to_owned()));
        let hole = |from: &str, to: &str, cause| EvidenceFinding::Hole {
            trail: "Audit".to_owned(),
            is_expected: true,
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            cause,
        };
        let (one, two, three) = ("2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z");
        let unlisted = |reason: &str| EvidenceFinding::Unlisted { place: place(), reason: reason.to_owned() };
        for (case, a, b, is_same) in [
            ("the reason of an unreadable file", unreadable("timeout"), unreadable("throttled"), true),
            ("unreadable and then deleted", unreadable("timeout"), object(Verdict::Deleted), false),
            ("changed and then deleted", object(Verdict::Changed), object(Verdict::Deleted), true),
            ("still silent", hole(one, two, HoleCause::Ended), hole(two, three, HoleCause::Ended), true),
            (
                "other hours",
                hole(one, two, HoleCause::DigestsDeleted),
                hole(two, three, HoleCause::DigestsDeleted),
                false,
            ),
            ("the reason of a folder", unlisted("timeout"), unlisted("denied"), true),
        ] {
            assert_eq!(a.name() == b.name(), is_same, "{case}: {} and {}", a.name(), b.name());
        }
    }
}
