//! A baseline: findings of drift checks that somebody reviewed and accepted until a date.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::drift::{DriftReport, Finding, FindingKind, sort};
use crate::severity::Severity;

/// The version of the file format.
const FORMAT_VERSION: &str = "1.0";

/// Accepted findings, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    accepted: Vec<Accepted>,
}

/// A finding that somebody accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The name of the finding, equal to [`Finding::id`].
    pub id: String,
    /// The name of the installation.
    pub spec: String,
    /// The address of the finding, for people.
    pub address: String,
    /// The code of the finding, for people.
    pub code: String,
    /// The severity at which the finding was accepted. A more severe finding is not accepted.
    pub severity: Severity,
    /// The message of the finding at the time of the review, for people.
    pub message: String,
    /// The reason why the finding is accepted.
    pub reason: String,
    /// The last day, in UTC, on which the finding is accepted.
    pub expires: Date,
}

/// The file of a baseline.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format_version: String,
    accepted: Vec<Accepted>,
}

/// A baseline file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The file is not a baseline.
    #[error("the file is not a baseline")]
    Json(#[from] serde_json::Error),
    /// A later version of the program wrote the file.
    #[error("the file has format version `{0}`; this version of reconcile reads `{FORMAT_VERSION}`")]
    Version(String),
    /// An entry has no reason.
    #[error("the entry of `{0}` has no reason")]
    NoReason(String),
    /// Two entries accept the same finding.
    #[error("two entries have the id `{0}`")]
    Repeated(String),
}

/// The reason why an entry of a baseline no longer accepts a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lapsed {
    /// The finding still exists after the last day of the acceptance.
    Expired,
    /// The finding is more severe than the accepted one.
    Worse(Severity),
    /// The finding no longer exists.
    Resolved,
}

/// The review that new entries record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The reason.
    pub reason: String,
    /// The last day of the acceptance.
    pub expires: Date,
}

impl Baseline {
    /// Reads a baseline file.
    ///
    /// # Errors
    /// If the text is not a baseline of this version, an entry has no reason, or two entries have
    /// the same ID.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let File { format_version, accepted } = serde_json::from_str(text)?;
        if format_version != FORMAT_VERSION {
            return Err(BaselineError::Version(format_version));
        }
        for (index, entry) in accepted.iter().enumerate() {
            if entry.reason.trim().is_empty() {
                return Err(BaselineError::NoReason(entry.address.clone()));
            }
            if accepted[..index].iter().any(|earlier| earlier.id == entry.id) {
                return Err(BaselineError::Repeated(entry.id.clone()));
            }
        }
        Ok(Self { accepted })
    }

    /// Writes the baseline as a file.
    ///
    /// # Errors
    /// None in practice: every baseline can be written as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let file = File { format_version: FORMAT_VERSION.to_owned(), accepted: self.accepted.clone() };
        serde_json::to_string_pretty(&file).map(|text| text + "\n")
    }

    /// Marks the findings of a check that the baseline names as accepted. Returns the lapsed
    /// entries of this installation.
    ///
    /// A finding about an unreadable resource is never accepted, because it can hide other
    /// findings.
    pub fn accept(&self, checked: &mut DriftReport, today: Date) -> Vec<(Accepted, Lapsed)> {
        let mut lapsed = Vec::new();
        for entry in self.accepted.iter().filter(|entry| entry.spec == checked.installation) {
            let found =
                checked.findings.iter_mut().find(|finding| finding.id == entry.id && is_acceptable(finding));
            match found {
                None => lapsed.push((entry.clone(), Lapsed::Resolved)),
                Some(finding) if finding.severity < entry.severity => {
                    lapsed.push((entry.clone(), Lapsed::Worse(finding.severity)));
                }
                Some(_) if today > entry.expires => lapsed.push((entry.clone(), Lapsed::Expired)),
                // A reason in the spec takes precedence.
                Some(finding) => drop(finding.accepted.get_or_insert_with(|| entry.reason.clone())),
            }
        }
        sort(&mut checked.findings);
        lapsed
    }

    /// Adds the open findings of a check, and removes the lapsed entries of the installation. Other
    /// entries do not change.
    ///
    /// `checked` and `lapsed` are the results of [`Self::accept`].
    pub fn update(&mut self, checked: &DriftReport, lapsed: &[(Accepted, Lapsed)], review: &Review) {
        self.accepted.retain(|entry| !lapsed.iter().any(|(gone, _)| gone.id == entry.id));
        let open = checked.findings.iter().filter(|finding| finding.is_open() && is_acceptable(finding));
        self.accepted.extend(open.map(|finding| Accepted {
            id: finding.id.clone(),
            spec: checked.installation.clone(),
            address: finding.address.clone(),
            code: finding.code.to_string(),
            severity: finding.severity,
            message: finding.message.clone(),
            reason: review.reason.clone(),
            expires: review.expires,
        }));
    }
}

fn is_acceptable(finding: &Finding) -> bool {
    match finding.kind {
        FindingKind::Missing | FindingKind::Changed | FindingKind::Unexpected | FindingKind::Delivery => true,
        FindingKind::Unreadable => false,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn finding(id: &str, severity: &str, kind: &str) -> Finding {
        let value = json!({
            "id": id, "address": format!("trail/production/{id}"), "kind": kind, "code": kind, "severity": severity,
            "message": "logging is off", "before": null, "after": null, "diff": [],
        });
        serde_json::from_value(value).unwrap()
    }

    fn checked(findings: Vec<Finding>) -> DriftReport {
        DriftReport { installation: "prod".to_owned(), accounts: std::collections::BTreeMap::new(), findings }
    }

    fn review() -> Review {
        Review { reason: "SEC-1".to_owned(), expires: date(2026, 12, 31) }
    }

    /// A baseline that accepts findings `a` (high) and `b` (medium).
    fn baseline() -> Baseline {
        let mut baseline = Baseline::default();
        let found = vec![finding("a", "high", "changed"), finding("b", "medium", "missing")];
        baseline.update(&checked(found), &[], &review());
        baseline
    }

    #[test]
    fn a_finding_is_accepted_until_its_last_day_and_at_its_severity() {
        for (severity, today, expected, lapsed) in [
            ("high", date(2026, 12, 31), Some("SEC-1"), None),
            ("medium", date(2026, 12, 1), Some("SEC-1"), None),
            ("high", date(2027, 1, 1), None, Some(Lapsed::Expired)),
            ("critical", date(2026, 12, 1), None, Some(Lapsed::Worse(Severity::Critical))),
        ] {
            let mut check =
                checked(vec![finding("a", severity, "changed"), finding("b", "medium", "missing")]);
            let found = baseline().accept(&mut check, today);
            let a = check.findings.iter().find(|finding| finding.id == "a").unwrap();
            assert_eq!(a.accepted.as_deref(), expected, "{severity} on {today}");
            let of_a = found.into_iter().find(|(entry, _)| entry.id == "a").map(|(_, lapsed)| lapsed);
            assert_eq!(of_a, lapsed, "{severity} on {today}");
        }
    }

    #[test]
    fn accepted_findings_are_at_the_end() {
        let mut check = checked(vec![finding("a", "high", "changed"), finding("c", "low", "changed")]);
        baseline().accept(&mut check, date(2026, 12, 1));
        let ids: Vec<&str> = check.findings.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(ids, ["c", "a"]);
    }

    #[test]
    fn a_finding_that_could_not_be_read_is_never_accepted() {
        let mut check = checked(vec![finding("a", "high", "unreadable")]);
        let lapsed = baseline().accept(&mut check, date(2026, 12, 1));
        assert!(check.findings[0].is_open());
        assert_eq!(lapsed.len(), 2);
        let mut updated = Baseline::default();
        updated.update(&check, &[], &review());
        assert_eq!(updated, Baseline::default());
    }

    #[test]
    fn entries_of_another_installation_are_left_alone() {
        let mut check =
            DriftReport { installation: "test".to_owned(), ..checked(vec![finding("a", "high", "changed")]) };
        assert_eq!(baseline().accept(&mut check, date(2026, 12, 1)), []);
        assert!(check.findings[0].is_open());
    }

    #[test]
    fn an_update_adds_open_findings_and_removes_lapsed_entries() {
        let mut kept = baseline();
        let mut check = checked(vec![finding("a", "high", "changed"), finding("c", "low", "changed")]);
        let lapsed = kept.accept(&mut check, date(2026, 12, 1));
        let later = Review { reason: "SEC-2".to_owned(), expires: date(2027, 6, 30) };
        kept.update(&check, &lapsed, &later);
        let entries: Vec<_> = kept.accepted.iter().map(|it| (it.id.as_str(), it.reason.as_str())).collect();
        // The review of `a` stays; `b` is resolved.
        assert_eq!(entries, [("a", "SEC-1"), ("c", "SEC-2")]);
        assert_eq!(Baseline::parse(&kept.to_json().unwrap()).unwrap(), kept);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_rejected() {
        let entry = |id: &str, reason: &str| {
            format!(
                r#"{{"id":"{id}","spec":"prod","address":"trail/a/b","code":"changed","severity":"low","message":"m","reason":"{reason}","expires":"2026-12-31"}}"#
            )
        };
        let file = |version: &str, entries: &[String]| {
            format!(r#"{{"format_version":"{version}","accepted":[{}]}}"#, entries.join(","))
        };
        for (text, expected) in [
            ("[]".to_owned(), "the file is not a baseline"),
            (file("2.0", &[]), "the file has format version `2.0`; this version of reconcile reads `1.0`"),
            (file("1.0", &[entry("a", " ")]), "the entry of `trail/a/b` has no reason"),
            (file("1.0", &[entry("a", "r"), entry("a", "r")]), "two entries have the id `a`"),
            (file("1.0", &[entry("a", "r").replace("2026-12-31", "soon")]), "the file is not a baseline"),
        ] {
            assert_eq!(Baseline::parse(&text).unwrap_err().to_string(), expected, "{text}");
        }
        assert!(Baseline::parse(&file("1.0", &[entry("a", "r"), entry("b", "r")])).is_ok());
    }
}
