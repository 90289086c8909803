//! The unit of a validation (an account and Region) and its result.

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_policy::{AccountId, Region};
use serde::{Deserialize, Serialize};

use crate::location::{DigestKind, Root};
use crate::verdict::{EvidenceFinding, Verdict, VerificationOutcome};

/// The trails of an account and Region, with the folders into which they deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The account of the logged events.
    pub account: AccountId,
    /// The Region of the logged events.
    pub region: Region,
    /// The folders of the trails. The validation itself finds other folders with earlier digests.
    pub roots: BTreeSet<Root>,
    /// The trails that are expected to log in this account and Region. The digests of other trails
    /// in the same folders are validated as well.
    pub trails: BTreeSet<ExpectedTrail>,
    /// Whether a trail without digests delivers into the same folders. Log files that no digest
    /// names are then expected.
    pub has_other_logs: bool,
}

/// A trail that can log in an account and Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedTrail {
    /// The name of the trail.
    pub name: String,
    /// The home Region of the trail.
    pub home: Region,
    /// Whether the trail must log. In an opt-in Region, a trail logs only if the account has
    /// enabled the Region.
    pub must_log: bool,
}

/// The number of files that are read at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    /// Digest files of a chain.
    pub digests: usize,
    /// Log files of a chain.
    pub logs: usize,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { digests: 8, logs: 32 }
    }
}

/// The result for an account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellReport {
    /// The account of the logged events.
    pub account: AccountId,
    /// The Region of the logged events.
    pub region: Region,
    /// The chains, hourly before backfill.
    pub chains: Vec<ChainReport>,
    /// The bytes of log files that were read.
    pub bytes: u64,
    /// Everything that is wrong or could not be checked.
    pub findings: Vec<EvidenceFinding>,
}

impl CellReport {
    /// Whether every object, folder and public key could be read. If not, another run can find
    /// more; unknown results for other reasons stay unknown.
    pub fn is_read(&self) -> bool {
        let is_unread = |finding: &EvidenceFinding| match finding {
            EvidenceFinding::Object { verdict, .. } => matches!(verdict, Verdict::Unreadable(_)),
            EvidenceFinding::Unlisted { .. } | EvidenceFinding::KeysUnread { .. } => true,
            EvidenceFinding::Hole { .. } => false,
        };
        !self.findings.iter().any(is_unread)
    }

    /// The worst result of the account and Region.
    pub fn outcome(&self) -> VerificationOutcome {
        self.findings.iter().map(EvidenceFinding::outcome).max().unwrap_or_default()
    }
}

/// The result for a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// The name of the trail.
    pub trail: String,
    /// The home Region of the trail.
    pub home: Region,
    /// The kind of the digests.
    pub kind: DigestKind,
    /// Whether the trail is expected to log.
    pub is_expected: bool,
    /// The digests.
    pub digests: Tally,
    /// The log files that these digests name.
    pub logs: Tally,
    /// The start of the oldest verified digest.
    pub from: Option<Timestamp>,
    /// The end of the newest verified digest.
    pub to: Option<Timestamp>,
}

/// A number of files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The files that exist or are named by a digest.
    pub total: u64,
    /// The files that are verified.
    pub verified: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, verdict: &Verdict) {
        self.total += 1;
        self.verified += u64::from(*verdict == Verdict::Verified);
    }
}
