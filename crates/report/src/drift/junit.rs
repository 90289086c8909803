//! The `JUnit` view of a check, for the test reports of CI systems: a suite for each spec, and a
//! failed test for each finding.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use reconcile_plan::{Finding, FindingKind};
use reconcile_text::{Line, Text, escape};

use super::{SpecDrift, message};
use crate::blame;
use crate::diff::difference_lines;
use crate::error::plain;

/// The `JUnit` view of a check: XML that Jenkins, GitLab and GitHub read. An accepted finding is a
/// skipped test.
///
/// # Errors
/// None in practice: every check can be written as XML.
pub fn junit(specs: &[SpecDrift]) -> std::io::Result<String> {
    let mut report = Report::new("reconcile drift");
    report.add_test_suites(specs.iter().map(suite));
    report.to_string().map_err(std::io::Error::other)
}

fn suite(spec: &SpecDrift) -> TestSuite {
    let mut suite = TestSuite::new(escape(&spec.spec).into_owned());
    match &spec.result {
        Ok(checked) if checked.findings.is_empty() => {
            suite.add_test_case(TestCase::new("live state matches the spec", TestCaseStatus::success()))
        }
        Ok(checked) => suite.add_test_cases(checked.findings.iter().map(case)),
        Err(failure) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(plain(failure).as_str().trim_end());
            suite.add_test_case(TestCase::new("the spec can be checked", status))
        }
    };
    suite
}

fn case(finding: &Finding) -> TestCase {
    let mut status = match (&finding.accepted, finding.kind) {
        (Some(_), _) => TestCaseStatus::skipped(),
        (None, FindingKind::Unreadable) => TestCaseStatus::non_success(NonSuccessKind::Error),
        (
            None,
            FindingKind::Missing | FindingKind::Changed | FindingKind::Unexpected | FindingKind::Delivery,
        ) => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    status.set_type(format!("{}: {}", finding.severity.as_str(), finding.code));
    status.set_message(escape(&message(finding)).into_owned());
    let authors = blame::lines(&[finding]).into_iter().map(Line::from);
    let lines: Text = authors.chain(difference_lines(&finding.diff, true)).collect();
    if !lines.is_empty() {
        // XML has no colors: `quick-junit` removes them.
        status.set_description(lines.as_str());
    }
    let mut case = TestCase::new(escape(&finding.address).into_owned(), status);
    case.set_classname(finding.code.as_str());
    case
}
