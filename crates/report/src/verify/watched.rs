//! The part of a verification that `watch` keeps.

use reconcile_evidence::{EvidenceFinding, Tally, VerificationOutcome};
use reconcile_spec::sha256_hex;
use serde::{Deserialize, Serialize};

use super::{Verification, message, without_digests};

/// The maximum number of findings that are kept of a verification.
const KEPT: usize = 200;

/// The result of a verification: its numbers and its worst findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The numbers.
    pub brief: Brief,
    /// The findings, at most 200: wrong findings first, then by account and Region.
    pub worst: Vec<NamedFinding>,
}

/// The result of a verification in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// The digests.
    pub digests: Tally,
    /// The log files that digests name.
    pub logs: Tally,
    /// The number of findings about something that was deleted, changed or added.
    pub wrong: u64,
    /// The number of findings about something that could not be checked.
    pub unknown: u64,
}

impl Brief {
    /// The worst outcome.
    pub fn outcome(&self) -> VerificationOutcome {
        match self {
            Self { wrong: 1.., .. } => VerificationOutcome::Wrong,
            Self { unknown: 1.., .. } => VerificationOutcome::Unknown,
            _ => VerificationOutcome::Verified,
        }
    }
}

/// A finding of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFinding {
    /// The ID of the finding, which stays the same in later verifications: 32 hexadecimal digits.
    pub id: String,
    /// The outcome of the finding: wrong or unknown.
    pub status: VerificationOutcome,
    /// The name or the number of the account, if the finding is about one.
    pub account: Option<String>,
    /// The Region, if the finding is about one.
    pub region: Option<String>,
    /// The message.
    pub message: String,
}

impl NamedFinding {
    fn new(cell: Option<(&str, &str)>, status: VerificationOutcome, name: &str, message: String) -> Self {
        let (account, region) = cell.unzip();
        let of_all = format!("{} {} {name}", account.unwrap_or_default(), region.unwrap_or_default());
        Self {
            id: sha256_hex(of_all.as_bytes()).chars().take(32).collect(),
            status,
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            message,
        }
    }

    fn of(cell: Option<(&str, &str)>, finding: &EvidenceFinding) -> Self {
        Self::new(cell, finding.outcome(), &finding.name(), message(finding))
    }
}

impl std::fmt::Display for NamedFinding {
    /// Writes the message after its account and Region.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some((account, region)) = self.account.as_ref().zip(self.region.as_ref()) {
            write!(f, "{account} in {region}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl Verification {
    /// Returns the part that `watch` keeps.
    pub fn verified(&self) -> Verified {
        let (digests, logs) = self.tallies();
        let brief = Brief {
            digests,
            logs,
            wrong: self.number(VerificationOutcome::Wrong) as u64,
            unknown: (self.number(VerificationOutcome::Unknown) + self.without_digests.len()) as u64,
        };
        Verified { brief, worst: self.worst() }
    }

    fn worst(&self) -> Vec<NamedFinding> {
        let without = self.without_digests.iter().map(|trail| {
            let message = without_digests(trail);
            NamedFinding::new(None, VerificationOutcome::Unknown, &message, message.clone())
        });
        let unlisted = self.unlisted.iter().map(|finding| NamedFinding::of(None, finding));
        let of_cells = self.cells.iter().flat_map(|cell| {
            let place = (self.name(&cell.account), cell.region.as_str());
            cell.findings.iter().map(move |finding| (place, finding))
        });
        let of_status = |status| {
            let findings = of_cells.clone().filter(move |(_, finding)| finding.outcome() == status);
            findings.map(|(place, finding)| NamedFinding::of(Some(place), finding))
        };
        let wrong = of_status(VerificationOutcome::Wrong);
        wrong
            .chain(without)
            .chain(unlisted)
            .chain(of_status(VerificationOutcome::Unknown))
            .take(KEPT)
            .collect()
    }
}
