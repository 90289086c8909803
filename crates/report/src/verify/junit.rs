//! The `JUnit` view of a validation: a suite for the spec, and a test for each account and Region.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use reconcile_evidence::{CellReport, EvidenceFinding, VerificationOutcome};
use reconcile_text::escape;

use super::{Verification, message};

/// The `JUnit` view of a validation: XML that Jenkins, GitLab and GitHub read. A finding about
/// something wrong is a failure, and a finding about something that could not be checked is an
/// error.
///
/// # Errors
/// None in practice: every validation can be written as XML.
pub fn junit(verification: &Verification) -> std::io::Result<String> {
    let mut report = Report::new("reconcile verify");
    let mut suite = TestSuite::new(escape(&verification.spec).into_owned());
    suite.add_test_cases(verification.cells.iter().map(|cell| case(verification, cell)));
    if !verification.unlisted.is_empty() {
        suite.add_test_case(TestCase::new("all folders can be listed", status(&verification.unlisted)));
    }
    for trail in &verification.without_digests {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message("`log_file_validation` is off");
        suite.add_test_case(TestCase::new(escape(trail).into_owned(), status));
    }
    report.add_test_suite(suite);
    report.to_string().map_err(std::io::Error::other)
}

fn case(verification: &Verification, cell: &CellReport) -> TestCase {
    let mut case = TestCase::new(cell.region.as_str(), status(&cell.findings));
    case.set_classname(escape(verification.name(&cell.account)).into_owned());
    case
}

fn status(findings: &[EvidenceFinding]) -> TestCaseStatus {
    let kind = match findings.iter().map(EvidenceFinding::outcome).max().unwrap_or_default() {
        VerificationOutcome::Verified => return TestCaseStatus::success(),
        VerificationOutcome::Unknown => NonSuccessKind::Error,
        VerificationOutcome::Wrong => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    let lines: Vec<String> = findings.iter().map(|finding| escape(&message(finding)).into_owned()).collect();
    status.set_message(lines.first().cloned().unwrap_or_default());
    status.set_description(lines.join("\n"));
    status
}
