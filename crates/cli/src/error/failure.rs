//! Errors of the command line as values that `reconcile-report` turns into text and JSON.
//!
//! The codes are a public interface: `docs/src/reference/schemas/error.schema.json` lists them.

use reconcile_apply::lock::LockError;
use reconcile_plan::import::ImportError;
use reconcile_report::error::{Details, Failure};

use super::CliError;

impl CliError {
    /// The error as text and JSON show it.
    pub(crate) fn failure(&self) -> Failure {
        if let Self::Unreleased { error, lock } = self {
            return error.failure().and(lock.failure());
        }
        let details = match (self, self.aws()) {
            (_, Some(error)) => Details::Aws(Box::new(error.clone())),
            (Self::Spec(problems), None) => Details::Spec(problems.clone()),
            (Self::UnknownAddress { known, .. } | Self::UnknownAccount { known, .. }, None) => {
                Details::Known(known.clone())
            }
            (_, None) => Details::None,
        };
        Failure::new(self.code(), self, details)
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
            | Self::SameName { .. }
            | Self::NobodyToAsk { .. }
            | Self::Lock(LockError::NoLock)
            | Self::WeatherOfAws
            | Self::NoWeather
            | Self::EmptyRange { .. }
            | Self::NothingToVerify
            | Self::Shard { .. }
            | Self::UnknownAccount { .. }
            | Self::Notify { .. }
            | Self::NotSet { .. }
            | Self::NoLockToLead { .. }
            | Self::Endpoint(_) => "usage",
            Self::UnknownAddress { .. } => "unknown-address",
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Exists { .. }
            | Self::Policy { .. }
            | Self::Baseline { .. }
            | Self::Keys { .. }
            | Self::Resume { .. }
            | Self::Merge(_) => "file",
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
                ImportError::OtherInstallations { .. }
                | ImportError::NoTrailLeft { .. }
                | ImportError::Indescribable { .. } => "import",
            },
            Self::Interrupted
            | Self::Aborted
            | Self::AbortedLock
            | Self::Lock(LockError::Interrupted { .. }) => "interrupted",
            Self::Lock(error) if error.is_held() => "locked",
            Self::Lock(_) => "lock",
            Self::Unreleased { error, .. } => error.code(),
            Self::Sandbox(_) | Self::NotCopied(_) | Self::Serve { .. } | Self::Deliver(_) => "sandbox",
            Self::Journal(_) => "journal",
            Self::WatchState(_) => "state",
            Self::Json(_) | Self::Runtime(_) | Self::Output(_) | Self::Certificates(_) => "internal",
        }
    }

    /// The AWS call that failed, if that is the cause.
    fn aws(&self) -> Option<&reconcile_operations::Error> {
        match self {
            Self::Lock(error) => error.aws(),
            Self::Observe(error) => error.aws(),
            Self::Import(error) => error.aws(),
            Self::Usage(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::NoPlan { .. }
            | Self::Spec(_)
            | Self::Plan { .. }
            | Self::Baseline { .. }
            | Self::SpecChanged { .. }
            | Self::OtherWorld { .. }
            | Self::NoMembers
            | Self::Exists { .. }
            | Self::UnknownAddress { .. }
            | Self::NotCopied(_)
            | Self::Policy { .. }
            | Self::Unreleased { .. }
            | Self::DestroyOfPlan { .. }
            | Self::PlanAltered { .. }
            | Self::TargetOfPlan
            | Self::PlanOverSpec { .. }
            | Self::SameName { .. }
            | Self::Sandbox(_)
            | Self::Deliver(_)
            | Self::Journal(_)
            | Self::Interrupted
            | Self::Aborted
            | Self::AbortedLock
            | Self::NobodyToAsk { .. }
            | Self::Endpoint(_)
            | Self::WeatherOfAws
            | Self::NoWeather
            | Self::Serve { .. }
            | Self::Json(_)
            | Self::Runtime(_)
            | Self::Output(_)
            | Self::Keys { .. }
            | Self::EmptyRange { .. }
            | Self::NothingToVerify
            | Self::Resume { .. }
            | Self::Merge(_)
            | Self::Shard { .. }
            | Self::UnknownAccount { .. }
            | Self::WatchState(_)
            | Self::Notify { .. }
            | Self::NoLockToLead { .. }
            | Self::NotSet { .. }
            | Self::Certificates(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_has_another_code_than_a_lock_that_fails() {
        let held = CliError::Lock(LockError::Unreadable { place: "s3://locks/lock".to_owned() });
        assert_eq!(held.code(), "locked");
        let failed = CliError::Lock(LockError::NoSuchAccount("security".to_owned()));
        assert_eq!(failed.code(), "lock");
    }
}
