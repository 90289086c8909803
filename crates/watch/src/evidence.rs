//! Compares a verification of log files with the previous verification, without side effects.

use reconcile_evidence::VerificationOutcome;
use reconcile_report::verify::{Brief, NamedFinding};
use reconcile_report::watch::VerificationRecord;
use serde::{Deserialize, Serialize};

/// The maximum number of remembered verifications of a spec: a year of daily verifications.
const REMEMBERED: usize = 366;

/// The remembered verifications of a spec.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// The worst findings of the last verification with a result, which receivers know.
    pub(crate) findings: Vec<NamedFinding>,
    /// The last verifications, the oldest first.
    pub(crate) history: Vec<VerificationRecord>,
}

/// The news of a verification, for receivers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EvidenceNews {
    /// The numbers, or the error of a failed verification.
    pub(crate) result: Result<Brief, String>,
    /// The findings that the previous verification did not have.
    pub(crate) new: Vec<NamedFinding>,
}

impl Evidence {
    /// The last verification with a result.
    pub(crate) fn last(&self) -> Option<(&VerificationRecord, &Brief)> {
        self.history.iter().rev().find_map(|record| Some((record, record.result.as_ref().ok()?)))
    }

    /// Adds a verification. Returns the news for receivers: new findings, the first verification
    /// without findings after a verification with findings, the first failed verification, and the
    /// first verification after a failed one.
    ///
    /// No finding is reported as resolved, because the next verification covers other hours.
    pub(crate) fn add(
        &mut self,
        record: VerificationRecord,
        worst: Vec<NamedFinding>,
    ) -> Option<EvidenceNews> {
        let is_failing = |record: &VerificationRecord| record.result.is_err();
        let was_failing = self.history.last().is_some_and(is_failing);
        let result = record.result.clone();
        self.history.push(record);
        self.history.drain(..self.history.len().saturating_sub(REMEMBERED));
        let Ok(brief) = &result else {
            return (!was_failing).then_some(EvidenceNews { result, new: Vec::new() });
        };
        let known = std::mem::replace(&mut self.findings, worst);
        let is_new = |finding: &&NamedFinding| known.iter().all(|known| known.id != finding.id);
        let new: Vec<NamedFinding> = self.findings.iter().filter(is_new).cloned().collect();
        let is_clean_again = brief.outcome() == VerificationOutcome::Verified && !known.is_empty();
        (was_failing || is_clean_again || !new.is_empty()).then_some(EvidenceNews { result, new })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A finding from its ID, and whether it is `wrong`.
    pub(crate) fn finding(id: &str) -> NamedFinding {
        NamedFinding {
            id: id.to_owned(),
            status: VerificationOutcome::Wrong,
            account: Some("production".to_owned()),
            region: Some("eu-west-1".to_owned()),
            message: format!("log file s3://logs/{id} was deleted"),
        }
    }

    /// A verification with these findings, or a failed verification.
    pub(crate) fn verification(text: &str) -> (VerificationRecord, Vec<NamedFinding>) {
        let worst: Vec<NamedFinding> = text.split_whitespace().map(finding).collect();
        let brief = Brief { wrong: worst.len() as u64, ..Brief::default() };
        let result = if text == "failed" { Err("AWS does not answer".to_owned()) } else { Ok(brief) };
        let at = "2026-11-23T09:00:00Z".parse().unwrap();
        let worst = if result.is_ok() { worst } else { Vec::new() };
        (VerificationRecord { at, seconds: 2.5, result }, worst)
    }

    #[test]
    fn receivers_are_told_what_is_new_and_when_everything_is_verified_again() {
        for (verifications, expected) in [
            (&[""][..], &["-"][..]),
            (&["a"], &["wrong: a"]),
            (&["a", "a"], &["wrong: a", "-"]),
            (&["a", "a b"], &["wrong: a", "wrong: b"]),
            // A finding that is not found again is not reported, because the next verification
            // covers other hours.
            (&["a b", "b"], &["wrong: a b", "-"]),
            (&["a", "", ""], &["wrong: a", "verified: ", "-"]),
            (&["failed", "failed", ""], &["error: ", "-", "verified: "]),
            // A failure does not make a known finding new.
            (&["a", "failed", "a", "a"], &["wrong: a", "error: ", "wrong: ", "-"]),
            (&["a", "failed", "a b"], &["wrong: a", "error: ", "wrong: b"]),
        ] {
            let mut evidence = Evidence::default();
            let told: Vec<String> = verifications
                .iter()
                .map(|text| {
                    let (record, worst) = verification(text);
                    let status = record.status();
                    evidence.add(record, worst).map_or("-".to_owned(), |news| {
                        let ids: Vec<&str> = news.new.iter().map(|finding| finding.id.as_str()).collect();
                        format!("{status}: {}", ids.join(" "))
                    })
                })
                .collect();
            assert_eq!(told, expected, "{verifications:?}");
        }
    }

    #[test]
    fn a_year_of_verifications_is_remembered() {
        let mut evidence = Evidence::default();
        for _ in 0..400 {
            let (record, worst) = verification("a");
            evidence.add(record, worst);
        }
        let (record, worst) = verification("failed");
        evidence.add(record, worst);
        assert_eq!((evidence.history.len(), evidence.findings.len()), (REMEMBERED, 1));
        assert_eq!(evidence.last().unwrap().1.wrong, 1);
    }
}
