//! The `JUnit` view of controls: a suite for each framework, and a test for each result.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use reconcile_plan::compliance::{Assessed, ControlVerdict, Framework};
use reconcile_text::escape;

use super::{Compliance, fix};

/// The `JUnit` view: XML that Jenkins, GitLab and GitHub read. A result that could not be checked
/// is an error, and a result that a person must check is a skipped test.
///
/// # Errors
/// None in practice: every result can be written as XML.
pub fn junit(compliance: &Compliance) -> std::io::Result<String> {
    let mut report = Report::new("reconcile compliance");
    report.add_test_suites(compliance.frameworks.iter().map(|framework| suite(compliance, *framework)));
    report.to_string().map_err(std::io::Error::other)
}

fn suite(compliance: &Compliance, framework: Framework) -> TestSuite {
    let mut suite = TestSuite::new(framework.as_str());
    let results = compliance.results.iter().filter(|it| it.control.requirements_of(framework).is_some());
    suite.add_test_cases(results.map(|result| case(result, framework)));
    suite
}

fn case(result: &Assessed, framework: Framework) -> TestCase {
    let mut status = match &result.verdict {
        ControlVerdict::Passed => TestCaseStatus::success(),
        ControlVerdict::Failed { .. } => TestCaseStatus::non_success(NonSuccessKind::Failure),
        ControlVerdict::Unreadable(_) => TestCaseStatus::non_success(NonSuccessKind::Error),
        ControlVerdict::Manual(_) | ControlVerdict::NotApplicable(_) => TestCaseStatus::skipped(),
    };
    if let Some(message) = result.verdict.message() {
        status.set_message(escape(message).into_owned());
        let fix = fix(result);
        if !fix.is_empty() {
            status.set_description(format!("{}\n{}", escape(&fix), result.control.page));
        }
    }
    let number = result.control.requirements_of(framework).filter(|number| *number != result.control.id);
    let number = number.map(|number| format!(" ({number})")).unwrap_or_default();
    let mut case = TestCase::new(escape(&result.resource).into_owned(), status);
    case.set_classname(format!("{}{number}", result.control.id));
    case
}
