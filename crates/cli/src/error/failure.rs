//! Errors of the command line as values that `reconcile-report` turns into text and JSON.
//!
//! The codes are a public interface: `docs/src/reference/schemas/error.schema.json` lists them.

use reconcile_apply::lock::LockError;
use reconcile_plan::import::ImportError;
use reconcile_report::error::{CommandError, Details, ErrorCode};

use super::CliError;

impl CliError {
    /// The error as text and JSON show it.
    pub(crate) fn failure(&self) -> CommandError {
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
        CommandError::new(self.code(), self, details)
    }

    /// The kind of error.
    fn code(&self) -> ErrorCode {
        if self.aws().is_some_and(reconcile_operations::Error::is_of_credentials) {
            return ErrorCode::Credentials;
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
            | Self::Endpoint(_) => ErrorCode::Usage,
            Self::UnknownAddress { .. } => ErrorCode::UnknownAddress,
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Exists { .. }
            | Self::Policy { .. }
            | Self::Baseline { .. }
            | Self::Keys { .. }
            | Self::Resume { .. }
            | Self::Merge(_) => ErrorCode::File,
            Self::Spec(_) => ErrorCode::Spec,
            Self::NoPlan { .. }
            | Self::Plan { .. }
            | Self::SpecChanged { .. }
            | Self::PlanAltered { .. }
            | Self::OtherWorld { .. } => ErrorCode::Plan,
            Self::Observe(_) => ErrorCode::Read,
            Self::Import(error) => match error.as_ref() {
                ImportError::NoName { .. } | ImportError::NotAnInstallation { .. } => ErrorCode::Usage,
                ImportError::Survey(_) | ImportError::Observe(_) => ErrorCode::Read,
                ImportError::OtherInstallations { .. }
                | ImportError::NoTrailLeft { .. }
                | ImportError::Indescribable { .. } => ErrorCode::Import,
            },
            Self::Interrupted
            | Self::Aborted
            | Self::AbortedLock
            | Self::Lock(LockError::Interrupted { .. }) => ErrorCode::Interrupted,
            Self::Lock(error) if error.is_held() => ErrorCode::Locked,
            Self::Lock(_) => ErrorCode::Lock,
            Self::Unreleased { error, .. } => error.code(),
            Self::Sandbox(_) | Self::NotCopied { .. } | Self::Serve { .. } | Self::Deliver(_) => {
                ErrorCode::Sandbox
            }
            Self::Journal(_) => ErrorCode::Journal,
            Self::WatchState(_) => ErrorCode::State,
            Self::Json(_) | Self::Runtime(_) | Self::Output(_) | Self::Certificates(_) => ErrorCode::Internal,
        }
    }

    /// The AWS call that failed, if this call is the cause.
    fn aws(&self) -> Option<&reconcile_operations::Error> {
        reconcile_operations::Error::cause_of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_has_another_code_than_a_lock_that_fails() {
        let held = CliError::Lock(LockError::Unreadable { place: "s3://locks/lock".to_owned() });
        assert_eq!(held.code(), ErrorCode::Locked);
        let failed = CliError::Lock(LockError::NoSuchAccount("security".to_owned()));
        assert_eq!(failed.code(), ErrorCode::Lock);
    }
}
