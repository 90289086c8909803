//! The JSON document that `--format json` prints when a command fails.
//!
//! The documents are a public interface: `docs/src/reference/schemas/error.schema.json` describes them.

use reconcile_apply::lock::LockError;
use reconcile_plan::import::ImportError;
use reconcile_plan::observed::SurveyError;
use reconcile_plan::{ObserveError, ReadError};
use reconcile_spec::Diagnostics;
use serde_json::{Value, json};

use super::CliError;

/// The version of the documents.
const FORMAT_VERSION: &str = "1.0";

impl CliError {
    /// The whole document.
    pub(crate) fn document(&self) -> Value {
        json!({ "format_version": FORMAT_VERSION, "error": self.object() })
    }

    /// The error as an object, which other documents embed.
    pub(crate) fn object(&self) -> Value {
        let mut object = json!({ "code": self.code(), "message": self.to_string(), "hint": self.hint() });
        match self {
            Self::Spec(problems) => {
                object["message"] = json!(summary(problems));
                object["diagnostics"] = json!(diagnostics(problems));
            }
            Self::UnknownAddress { known, .. } => object["known"] = json!(known),
            _ => {}
        }
        if let Some(error) = self.aws() {
            object["aws"] = json!({
                "account": error.account,
                "action": error.operation.action(),
                "code": error.code,
                "message": error.message,
                "class": error.class.name(),
            });
        }
        object
    }

    /// The kind of error, in a word that does not change.
    fn code(&self) -> &'static str {
        if self.aws().is_some_and(reconcile_operations::Error::is_of_credentials) {
            return "credentials";
        }
        match self {
            Self::Usage(_)
            | Self::NoMembers
            | Self::DestroyOfPlan { .. }
            | Self::TargetOfPlan
            | Self::PlanOverSpec { .. }
            | Self::NobodyToAsk { .. }
            | Self::Lock(LockError::NoLock)
            | Self::Target(_)
            | Self::Region(_)
            | Self::WeatherOfAws
            | Self::NoWeather
            | Self::Endpoint { .. } => "usage",
            Self::UnknownAddress { .. } => "unknown-address",
            Self::Read { .. } | Self::Write { .. } | Self::Exists { .. } | Self::Policy { .. } => "file",
            Self::Spec(_) => "spec",
            Self::NoPlan { .. }
            | Self::Plan { .. }
            | Self::SpecChanged { .. }
            | Self::PlanAltered { .. }
            | Self::OtherWorld { .. } => "plan",
            Self::Observe(_) => "read",
            Self::Import(error) => match error.as_ref() {
                ImportError::NoName { .. } | ImportError::NotAnInstallation { .. } => "usage",
                ImportError::Survey(_) | ImportError::Observe(_) => "read",
                _ => "import",
            },
            Self::Interrupted
            | Self::Aborted
            | Self::AbortedLock
            | Self::Lock(LockError::Interrupted { .. }) => "interrupted",
            Self::Lock(error) if error.is_held() => "locked",
            Self::Lock(_) => "lock",
            Self::Sandbox(_) | Self::NotCopied(_) | Self::Serve { .. } => "sandbox",
            Self::Journal(_) => "journal",
            Self::Json(_) | Self::Runtime(_) | Self::Output(_) => "internal",
        }
    }

    /// The AWS call that failed, if that is the cause.
    fn aws(&self) -> Option<&reconcile_operations::Error> {
        let read = match self {
            Self::Lock(LockError::Aws { error, .. }) => return Some(error.as_ref()),
            Self::Observe(error) => of_observation(error)?,
            Self::Import(error) => of_import(error)?,
            _ => return None,
        };
        match read {
            ReadError::Aws(error) => Some(error),
            _ => None,
        }
    }
}

/// The error of the read that failed.
fn of_observation(error: &ObserveError) -> Option<&ReadError> {
    match error {
        ObserveError::Hub { error, .. } | ObserveError::Organization { error, .. } => Some(error),
        ObserveError::Interrupted => None,
    }
}

fn of_import(error: &ImportError) -> Option<&ReadError> {
    match error {
        ImportError::Observe(error) => of_observation(error),
        ImportError::Survey(error) => match error.as_ref() {
            SurveyError::Account { error, .. } => Some(error),
            _ => None,
        },
        _ => None,
    }
}

fn summary(problems: &Diagnostics) -> String {
    let count = problems.iter().count();
    let noun = if count == 1 { "problem" } else { "problems" };
    format!("`{}` has {count} {noun}", problems.path())
}

fn diagnostics(problems: &Diagnostics) -> Vec<Value> {
    let one = |problem: &reconcile_spec::Diagnostic| {
        json!({
            "file": problems.path(),
            "line": problem.place.map(|place| place.line),
            "column": problem.place.map(|place| place.column),
            "length": problem.place.map(|place| place.length),
            "message": problem.message,
            "help": problem.help,
        })
    };
    problems.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_held_is_told_from_a_lock_that_fails() {
        let held = CliError::Lock(LockError::Unreadable { place: "s3://locks/lock".to_owned() });
        assert_eq!(held.object()["code"], "locked");
        let failed = CliError::Lock(LockError::NoSuchAccount("security".to_owned()));
        assert_eq!(failed.object()["code"], "lock");
    }

    #[test]
    fn every_problem_of_a_spec_has_its_place() {
        let text = "version: 1\nname: Audit\naccounts: { a: { id: \"111111111111\" } }\n\
            bucket: { name: audit-logs, account: a, region: us-east-1 }\nkey: { alias: audit }\ntrails: []\n";
        let problems = reconcile_spec::parse("a.yaml", text.as_bytes()).unwrap_err();
        let object = CliError::Spec(problems).object();
        assert_eq!(object["code"], "spec");
        let first = &object["diagnostics"][0];
        assert_eq!(
            (&first["file"], &first["line"], &first["column"]),
            (&json!("a.yaml"), &json!(2), &json!(7))
        );
        assert!(!first["message"].as_str().unwrap().contains("-->"), "{first}");
    }
}
